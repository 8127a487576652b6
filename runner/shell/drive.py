"""Turns a Flow into what happened: events are stamped and told, effects are carried out, answers are sent back in.

Cancelling is an answer too. The first Ctrl-C (KeyboardInterrupt in a blocking call, CancelledError in an awaited one,
or `cancelled()`) abandons what is under way and answers `Cancelled`, and so is every effect after it but those of a
teardown, which are carried out to their end: the flow tells its closing events and ends. A second one ends at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TypeAlias, assert_never

from runner.engine.events import Entry, Outcome, SecretsLearned
from runner.engine.flow import Answer, Cancelled, Effect, Flow, Send, Wait, Waited, is_cancelled
from runner.exchange import AsyncClock, AsyncTransport, Clock, Exchange, Transport, TransportFailure
from runner.expressions.selectors.compile import Apply, apply
from runner.records import Frozen
from runner.shell.auth.credentials import NO_CREDENTIALS, Credentials
from runner.shell.clock import never
from runner.shell.deliver import Session, acarry, carry, deliver
from runner.shell.options import USER_AGENT

Recorded: TypeAlias = Callable[[Send], Exchange]
"""Gives what came of a request when it was really sent, hops and credentials included."""


class World(Frozen):
    """Everything a driver needs of the world: how to send, what time it is, whom to tell, and whether to stop.

    `apply` is how the flow's selectors are applied. `recorded` answers every request instead of the transport. What a
    teardown does is carried out inside `shielded`.
    """

    transport: Transport
    clock: Clock
    tell: Callable[[Entry], None]
    credentials: Credentials = NO_CREDENTIALS
    cancelled: Callable[[], bool] = never
    user_agent: str = USER_AGENT
    apply: Apply = apply
    recorded: Recorded | None = None
    shielded: Callable[[], AbstractContextManager[None]] = nullcontext


class AsyncWorld(Frozen):
    """`World`, awaited."""

    transport: AsyncTransport
    clock: AsyncClock
    tell: Callable[[Entry], None]
    credentials: Credentials = NO_CREDENTIALS
    cancelled: Callable[[], bool] = never
    user_agent: str = USER_AGENT
    apply: Apply = apply
    recorded: Recorded | None = None


_OPEN = nullcontext()


def drive(flow: Flow, world: World) -> Outcome:
    """Run a flow to its end in this thread."""
    session = _session(world)
    answer: Answer = None
    with closing(_effects(flow, world)) as effects:
        while True:
            try:
                effect, stopped = effects.send(answer)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome
            try:
                with world.shielded() if effect.in_teardown else _OPEN:
                    answer = _carry_out(effect, world, session)
            except KeyboardInterrupt:
                if stopped:
                    raise
                answer = _abandoned(effect)


def _session(world: World | AsyncWorld) -> Session:
    """Begin a session; every new secret is told once, before anything is told that it could stand in."""
    told: set[str] = set()

    def learn(secrets: frozenset[str]) -> None:
        if new := secrets - told:
            told.update(new)
            world.tell(Entry(world.clock.now(), SecretsLearned(new)))

    return Session(world.clock.now, world.credentials, user_agent=world.user_agent, learn=learn)


def _carry_out(effect: Effect, world: World, session: Session) -> Answer:
    match effect:
        case Send() if world.recorded is not None:
            return world.recorded(effect)
        case Send():
            return carry(deliver(effect, session), world.transport, world.clock)
        case Wait(seconds):
            began = world.clock.monotonic()
            world.clock.sleep(seconds)
            return Waited(world.clock.monotonic() - began)
        case _:
            assert_never(effect)


async def adrive(flow: Flow, world: AsyncWorld) -> Outcome:
    """Run a flow to its end in this task; a cancelled task raises CancelledError once the flow has closed."""
    from asyncio import CancelledError  # late: a synchronous run starts faster without

    session = _session(world)
    answer: Answer = None
    cancellation: CancelledError | None = None
    with closing(_effects(flow, world)) as effects:
        while True:
            try:
                effect, stopped = effects.send(answer)
            except StopIteration as stop:
                if cancellation is not None:
                    raise cancellation from None
                outcome: Outcome = stop.value
                return outcome
            try:
                answer = await _acarry_out(effect, world, session)
            except CancelledError as error:
                if stopped:
                    raise
                answer, cancellation = _abandoned(effect), error


async def _acarry_out(effect: Effect, world: AsyncWorld, session: Session) -> Answer:
    match effect:
        case Send() if world.recorded is not None:
            return world.recorded(effect)
        case Send():
            return await acarry(deliver(effect, session), world.transport, world.clock)
        case Wait(seconds):
            began = world.clock.monotonic()
            await world.clock.sleep(seconds)
            return Waited(world.clock.monotonic() - began)
        case _:
            assert_never(effect)


def _abandoned(effect: Effect) -> Answer:
    """Answer an effect that the user broke into: a request may have arrived, and nobody can say what became of it."""
    if isinstance(effect, Wait):
        return Cancelled()
    return Exchange(
        effect.request, TransportFailure("cancelled", "interrupted before an answer came; it may have arrived")
    )


def _effects(flow: Flow, world: World | AsyncWorld) -> Generator[tuple[Effect, bool], Answer, Outcome]:
    """Tell the events of a flow and yield its effects, until one is answered `Cancelled`: then so are all others.

    Those of a teardown are yielded all the same. With each goes whether the user has ended the run before it.
    """
    answer: Answer = None
    stopped = False
    tell, now = world.tell, world.clock.now
    with closing(flow):
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as stop:
                outcome: Outcome = stop.value
                return outcome
            if not isinstance(step, (Send, Wait)):
                tell(Entry(now(), step))
                answer = None
                continue
            stopped = world.cancelled() or stopped
            if stopped and not step.in_teardown:
                answer = Cancelled()
            else:
                answer = yield step, stopped
                stopped = stopped or is_cancelled(answer)

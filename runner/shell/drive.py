"""Turns a Flow into what happened: events are stamped and told, effects are carried out, answers are sent back in.

Cancelling is an answer too. The first Ctrl-C (KeyboardInterrupt in a blocking call, CancelledError in an awaited one,
or `cancelled()`) abandons what is under way and answers `Cancelled`, and so is every effect after it but those of a
teardown, which are carried out to their end: the flow tells its closing events and ends. A second one ends at once.

Whoever stands `around` the effects of a flow (a cassette, a journal) decides whether each is carried out at all. It may
also let none follow (`Stopped`): then the flow closes without its teardown, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from typing import TypeAlias, assert_never

from runner.engine.events import Entry, Outcome, RunStarted, SecretsLearned
from runner.engine.flow import Answer, Cancelled, Effect, Flow, Send, Wait, Waited, is_cancelled
from runner.errors import UsageError
from runner.exchange import AsyncClock, AsyncTransport, Clock, Exchange, Gate, Transport, TransportFailure
from runner.expressions.selectors.compile import Apply, apply
from runner.records import Frozen, field
from runner.shell.auth.credentials import NO_CREDENTIALS, Credentials
from runner.shell.clock import SLICE, never
from runner.shell.cookies import CookieJar
from runner.shell.deliver import Session, acarry, carry, deliver
from runner.shell.options import USER_AGENT
from runner.shell.turn import ALONE, Turn

Around: TypeAlias = Callable[[Effect, Callable[[Effect], Answer]], Answer]
"""Answers an effect: with what is known of it, hops and credentials included, or by carrying it out."""

AsyncAround: TypeAlias = Callable[[Effect, Callable[[Effect], Awaitable[Answer]]], Awaitable[Answer]]


class Stopped(Exception):  # noqa: N818 - the error is its cause
    """No effect of the flow may follow. `answer` is what the one under way was answered, where there was one.

    The driver closes the flow and raises `cause`.
    """

    def __init__(self, cause: UsageError, answer: Answer = None) -> None:
        super().__init__(cause.message)
        self.cause = cause
        self.answer = answer

    @property
    def told(self) -> Answer:
        """What the flow is answered."""
        return self.answer or self.closing

    @property
    def closing(self) -> Cancelled:
        """What every effect after that is answered."""
        return Cancelled(self.cause.message)


class World(Frozen):
    """Everything a driver needs of the world: how to send, what time it is, whom to tell, and whether to stop.

    `apply` is how the flow's selectors are applied. `around` stands between the flow and the world. What a teardown
    does is carried out inside `shielded`. `jar` is there where cookies of the run are known before it begins, `seed`
    where it is known what its idempotency keys are made of. `turn` is left to wait for what another run does, and
    `gate` holds requests back until they may leave.
    """

    transport: Transport
    clock: Clock
    tell: Callable[[Entry], None]
    credentials: Credentials = NO_CREDENTIALS
    cancelled: Callable[[], bool] = never
    user_agent: str = USER_AGENT
    apply: Apply = apply
    around: Around | None = None
    shielded: Callable[[], AbstractContextManager[None]] = nullcontext
    jar: CookieJar | None = None
    seed: bytes | None = None
    turn: Turn = field(default_factory=lambda: ALONE)
    gate: Gate | None = None
    HIDDEN = ("seed",)


class AsyncWorld(Frozen):
    """`World`, awaited."""

    transport: AsyncTransport
    clock: AsyncClock
    tell: Callable[[Entry], None]
    credentials: Credentials = NO_CREDENTIALS
    cancelled: Callable[[], bool] = never
    user_agent: str = USER_AGENT
    apply: Apply = apply
    around: AsyncAround | None = None
    jar: CookieJar | None = None
    seed: bytes | None = None
    HIDDEN = ("seed",)


_OPEN = nullcontext()


def drive(flow: Flow, world: World) -> Outcome:
    """Run a flow to its end in this thread."""
    session = _session(world)
    answer: Answer = None
    halted: Stopped | None = None
    with closing(_effects(flow, world, session)) as effects:
        while True:
            try:
                effect, stopped = effects.send(answer)
            except StopIteration as stop:
                return _outcome(stop, halted)
            if halted is not None:
                answer = halted.closing
                continue
            try:
                with world.shielded() if effect.in_teardown else _OPEN:
                    answer = _answered(effect, world, session)
            except KeyboardInterrupt:
                if stopped:
                    raise
                answer = abandoned(effect)
            except Stopped as found:
                halted, answer = found, found.told


def _outcome(stop: StopIteration, halted: Stopped | None) -> Outcome:
    """Give what a flow has come to; where it was closed before its end, raise why."""
    if halted is not None:
        raise halted.cause from None
    outcome: Outcome = stop.value
    return outcome


def _session(world: World | AsyncWorld) -> Session:
    """Begin a session; every new secret is told once, before anything is told that it could stand in."""
    known: set[str] = set()

    def learn(secrets: frozenset[str]) -> None:
        if new := secrets - known:
            known.update(new)
            world.tell(Entry(world.clock.now(), SecretsLearned(new)))

    jar = CookieJar() if world.jar is None else world.jar
    gated = isinstance(world, World) and world.gate is not None
    return Session(world.clock.now, world.credentials, jar, world.user_agent, learn=learn, gated=gated, secrets=known)


def _answered(effect: Effect, world: World, session: Session) -> Answer:
    if world.around is None:
        return _carry_out(effect, world, session)
    return world.around(effect, partial(_carry_out, world=world, session=session))


def _carry_out(effect: Effect, world: World, session: Session) -> Answer:
    match effect:
        case Send():
            return carry(deliver(effect, session), world.transport, world.clock, world.turn, world.gate)
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
    halted: Stopped | None = None
    cancellation: CancelledError | None = None
    with closing(_effects(flow, world, session)) as effects:
        while True:
            try:
                effect, stopped = effects.send(answer)
            except StopIteration as stop:
                if cancellation is not None:
                    raise cancellation from None
                return _outcome(stop, halted)
            if halted is not None:
                answer = halted.closing
                continue
            try:
                answer = await _until_cancelled(effect, world, session)
            except CancelledError as error:
                if stopped:
                    raise
                answer, cancellation = abandoned(effect), error
            except Stopped as found:
                halted, answer = found, found.told


async def _until_cancelled(effect: Effect, world: AsyncWorld, session: Session) -> Answer:
    """Answer an effect in a task of its own where somebody may end the run meanwhile, and abandon it then."""
    if world.cancelled is never or effect.in_teardown:
        return await _aanswered(effect, world, session)
    from asyncio import ensure_future, wait

    task = ensure_future(_aanswered(effect, world, session))
    try:
        while not (await wait([task], timeout=SLICE))[0]:
            if world.cancelled():
                return abandoned(effect)
        return task.result()
    finally:
        if task.cancel():
            task.add_done_callback(lambda it: it.cancelled() or it.exception())  # nobody wants to know any more
            await wait([task], timeout=SLICE)


async def _aanswered(effect: Effect, world: AsyncWorld, session: Session) -> Answer:
    if world.around is None:
        return await _acarry_out(effect, world, session)
    return await world.around(effect, partial(_acarry_out, world=world, session=session))


async def _acarry_out(effect: Effect, world: AsyncWorld, session: Session) -> Answer:
    match effect:
        case Send():
            return await acarry(deliver(effect, session), world.transport, world.clock)
        case Wait(seconds):
            began = world.clock.monotonic()
            await world.clock.sleep(seconds)
            return Waited(world.clock.monotonic() - began)
        case _:
            assert_never(effect)


def abandoned(effect: Effect) -> Answer:
    """Answer an effect that the user broke into: a request may have arrived, and nobody can say what became of it."""
    if isinstance(effect, Wait):
        return Cancelled()
    return Exchange(
        effect.request, TransportFailure("cancelled", "interrupted before an answer came; it may have arrived")
    )


def _effects(
    flow: Flow, world: World | AsyncWorld, session: Session
) -> Generator[tuple[Effect, bool], Answer, Outcome]:
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
            if type(step) is not Send and type(step) is not Wait:
                if type(step) is RunStarted:
                    session.secrets.update(step.secrets)
                tell(Entry(now(), step))
                answer = None
                continue
            stopped = world.cancelled() or stopped
            if stopped and not step.in_teardown:
                answer = Cancelled()
            else:
                answer = yield step, stopped
                stopped = stopped or is_cancelled(answer)

"""Gives each thread of a suite what it performs cases with: a world of its own for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeAlias

from runner import api
from runner.cli.asking import ask_row
from runner.cli.begin import Begun, sandbox_of
from runner.cli.inputs import Given
from runner.cli.tape import Replay, played
from runner.cli.world import Ready, stand_in
from runner.engine.asked import Asked, secret_inputs
from runner.engine.events import (
    Case,
    CaseFinished,
    CaseStarted,
    Entry,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    SecretsLearned,
)
from runner.errors import UsageError
from runner.exchange import Transport
from runner.plan.plan import Plan
from runner.plan.secrets import secret_names
from runner.records import Frozen, field, replace
from runner.shell.auth import Credentials
from runner.shell.clock import SystemClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.options import HttpOptions
from runner.shell.turn import Turn
from runner.shell.worker import Worker
from runner.suite.cases import Task
from runner.suite.rate import Bucket, OwnTime, Rate
from runner.suite.rows import secrets_among
from runner.suite.schedule import Perform, Tell

Kept: TypeAlias = Callable[[World], World]


class Lanes(Frozen):
    """What the cases of a suite share: the connections, the rate, the tokens of live runs. All else is each one's own.

    `began` is the time at which every sandbox begins, `declared` the inputs there are, None where any may be given.
    Under a `replay` nothing is sent. `pace` holds back requests of live runs.
    """

    begun: Begun
    given: Given
    declared: frozenset[str] | None
    interrupt: Interrupt
    began: float
    bucket: Bucket | None = None
    replay: Replay | None = None
    pace: Callable[[Transport, OwnTime], Transport] | None = None
    turn: Turn = field(default_factory=Turn)
    _transports: dict[HttpOptions, Transport] = field(default_factory=dict)
    HIDDEN = ("pace", "_transports")

    @contextmanager
    def opened(self) -> Iterator[Lanes]:
        """Open the connections."""
        venues = [ready.venue for ready, _ in self.begun.equipped if not ready.venue.sandbox]
        with ExitStack() as stack:
            if venues and self.replay is None:
                from runner.shell.network import Network

                for http in dict.fromkeys(venue.http for venue in venues):
                    network = stack.enter_context(Network(http, self.turn))
                    self._transports[http] = self.interrupt.transport(network)
            yield self

    @contextmanager
    def lane(self) -> Iterator[Perform]:
        """Give a thread the way it performs its cases."""
        with Worker(apart=self.turn.left) as worker:
            yield partial(self.perform, worker)

    def perform(self, worker: Worker, task: Task, tell: Tell, kept: Kept | None = None) -> Outcome:
        """Perform a case; `kept` is what becomes of the world of a live one whose effects somebody keeps."""
        ready, credentials = self.begun.equipped[task.subject.home]
        asked, heard = self._asked(ready, task), _inside(tell, credentials.secrets)
        if self.replay is not None:
            asking = replace(ready, asked=(asked,) if isinstance(asked, Asked) else ())
            world = self._replayed(self.replay, asking, task.case, worker, heard)
        else:
            world = self._world(ready, credentials, worker, heard)
        if kept is not None and not ready.venue.sandbox:
            world = kept(world)
        case, now = task.case, world.clock.now
        tell(Entry(now(), CaseStarted(case)))
        if isinstance(asked, Problem):
            tell(Entry(now(), SecretsLearned(self._secrets(ready.plan, task))))
            tell(Entry(now(), CaseFinished(case, "error", asked)))
            return "error"
        outcome = api.run_plan(ready.plan, [asked], world, self.begun.limits)
        tell(Entry(now(), CaseFinished(case, outcome)))
        return outcome

    def _asked(self, ready: Ready, task: Task) -> Asked | Problem:
        key = task.subject.workflow.key
        if task.row is None:
            return next(asked for asked in ready.asked if asked.key == key)
        try:
            return ask_row(ready.plan, key, self.given, task.row, self.declared)
        except UsageError as error:
            return Problem("input", error.message, task.row.span)

    def _secrets(self, plan: Plan, task: Task) -> frozenset[str]:
        """Give what is secret of a row that was refused, and of what is given besides: why it was may quote them."""
        names = secret_names(plan, task.subject.workflow.key)
        own = {**task.row.values, **task.row.texts} if task.row else {}
        return secrets_among(self.given.plain, names) | secrets_among(own, names)

    def _replayed(self, replay: Replay, ready: Ready, case: Case, worker: Worker, tell: Tell) -> World:
        player = replay.player(case, secret_inputs(ready.plan, ready.asked))
        clock = sandbox_of(self.begun.stage, self.began).clock
        return played(player, ready, clock, self.interrupt, tell, worker.apply)

    def _world(self, ready: Ready, credentials: Credentials, worker: Worker, tell: Tell) -> World:
        cancelled = self.interrupt.cancelled
        if ready.venue.sandbox:
            sandbox = sandbox_of(self.begun.stage, self.began)
            transport, heard = stand_in(sandbox, ready.plan, worker.apply, tell)
            own = replace(credentials, keyring=credentials.keyring.anew())
            clock = self.interrupt.clock(sandbox.clock)
            return World(
                transport, clock, heard, own, cancelled=cancelled, apply=worker.apply, shielded=self.interrupt.shielded
            )
        transport = self._transports[ready.venue.http]
        own_time = OwnTime(self.turn.clock(self.interrupt.clock(SystemClock(self.interrupt.has_enough))))
        if self.pace is not None:
            transport = self.pace(transport, own_time)
        return World(
            transport,
            own_time,
            tell,
            credentials,
            cancelled=cancelled,
            apply=worker.apply,
            shielded=self.interrupt.shielded,
            turn=self.turn,
            gate=None if self.bucket is None else Rate(self.bucket, own_time),
        )


def _inside(tell: Tell, known: frozenset[str]) -> Tell:
    """Tell of a run inside a suite: its beginning is no event of its own, but may know more secrets."""

    def told(entry: Entry) -> None:
        event = entry.event
        if type(event) is RunStarted:
            if new := event.secrets - known:
                tell(Entry(entry.at, SecretsLearned(new)))
        elif type(event) is not RunFinished:
            tell(entry)

    return told

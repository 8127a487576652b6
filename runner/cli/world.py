"""Where the requests of a run go: the network, or the embedded sandbox with its virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from runner import bundled
from runner.cli.documents import refuse_empty
from runner.cli.stage import Stage
from runner.diagnostics import did_you_mean
from runner.embedded import embed
from runner.embedded import places as places
from runner.engine.asked import Asked, servers_used
from runner.engine.events import Entry, ServerUsed
from runner.errors import UsageError
from runner.exchange import Clock, Transport
from runner.expressions.selectors.compile import Apply
from runner.plan.plan import Plan
from runner.records import Frozen, field
from runner.shell.auth import Credentials
from runner.shell.clock import SystemClock, VirtualClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.worker import Worker

Tell: TypeAlias = Callable[[Entry], None]


class Venue(Frozen):
    """A document to run and the place it runs at. `servers` are the base URLs given for its sources.

    `http` is how the network is talked to.
    """

    location: str
    sandbox: bool
    servers: Mapping[str, str] = field(default_factory=dict)
    http: HttpOptions = DEFAULTS

    @classmethod
    def of(cls, target: str, sandbox: bool, live: bool, servers: Mapping[str, str]) -> Venue:
        """Decide for a target: a bundled name runs on the sandbox, a file live, unless the options say otherwise."""
        refuse_empty(target)
        if not bundled.is_name(target):
            _refuse_unknown_name(target)
            return cls(target, sandbox, servers)
        return cls(str(bundled.workflows()[target]), sandbox or not live, servers)


def _refuse_unknown_name(target: str) -> None:
    """A word that is neither a file nor a bundled name was most likely meant to be one."""
    if "/" not in target and "." not in target and not Path(target).exists():
        meant = did_you_mean(target, bundled.workflows())
        hint = meant.title if meant else "bundled names are listed by: arazzo list"
        raise UsageError(f"there is no file and no bundled workflow '{target}'", hint)


class Ready(Frozen):
    """A document that can be run: its plan, the workflows asked for, and where their requests go."""

    plan: Plan
    asked: tuple[Asked, ...]
    venue: Venue

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(each.key for each in self.asked)

    @property
    def servers(self) -> tuple[ServerUsed, ...]:
        """Where the requests go, or what the sandbox stands in for."""
        used = servers_used(self.plan, self.asked)
        return tuple(each._replace(sandbox=self.venue.sandbox) for each in used)


class SandboxSettings(Frozen):
    """One clock for all the documents of an invocation, each of which gets a sandbox of its own."""

    clock: VirtualClock
    stage: Stage


@contextmanager
def open_world(
    ready: Ready,
    credentials: Credentials,
    sandbox: SandboxSettings,
    interrupt: Interrupt,
    tell: Tell,
) -> Iterator[World]:
    """Open the transport of a venue; the first Ctrl-C ends what it does in good order."""
    with Worker() as worker, _opened(ready, sandbox, worker.apply, tell) as (transport, clock, heard):
        yield World(
            interrupt.transport(transport),
            interrupt.clock(clock),
            heard,
            credentials,
            cancelled=interrupt.cancelled,
            apply=worker.apply,
            shielded=interrupt.shielded,
        )


@contextmanager
def _opened(
    ready: Ready, sandbox: SandboxSettings, apply: Apply, tell: Tell
) -> Iterator[tuple[Transport, Clock, Tell]]:
    venue = ready.venue
    if venue.sandbox:
        transport, heard = stand_in(sandbox, ready.plan, apply, tell)
        yield transport, sandbox.clock, heard
        return
    from runner.shell.network import Network

    with Network(venue.http) as transport:
        yield transport, SystemClock(), tell


def stand_in(chosen: SandboxSettings, plan: Plan, apply: Apply, tell: Tell) -> tuple[Transport, Tell]:
    """Give what answers instead of the APIs of a plan, and what has to be told of the run for that."""
    embedded = embed(plan, chosen.stage.settings, chosen.stage.seed, chosen.clock, apply)

    def heard(entry: Entry) -> None:
        embedded.hear(entry.event)
        tell(entry)

    return embedded.transport(), heard

"""Where the requests of a run go: the network, or the embedded sandbox with its virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runner import bundled
from runner.diagnostics import did_you_mean
from runner.engine.asked import Asked, servers_used
from runner.engine.events import Entry, ServerUsed
from runner.errors import UsageError
from runner.exchange import Clock, Transport
from runner.plan.plan import Plan
from runner.shell.auth import Credentials, calls
from runner.shell.clock import SystemClock, VirtualClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.worker import Worker

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.generic import GenericSandbox


@dataclass(frozen=True, slots=True)
class Venue:
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
        if not target:
            raise UsageError("an empty name names nothing")
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


@dataclass(frozen=True, slots=True)
class Ready:
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


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One clock for all the documents of an invocation, each of which gets a sandbox of its own."""

    clock: VirtualClock
    settings: Settings


@contextmanager
def open_world(
    ready: Ready,
    credentials: Credentials,
    sandbox: SandboxSettings,
    interrupt: Interrupt,
    tell: Callable[[Entry], None],
) -> Iterator[World]:
    """Open the transport of a venue; the first Ctrl-C ends what it does in good order."""
    with _opened(ready, sandbox) as (transport, clock), Worker() as worker:
        yield World(
            interrupt.transport(transport),
            interrupt.clock(clock),
            tell,
            credentials,
            cancelled=interrupt.cancelled,
            apply=worker.apply,
        )


@contextmanager
def _opened(ready: Ready, sandbox: SandboxSettings) -> Iterator[tuple[Transport, Clock]]:
    venue = ready.venue
    if venue.sandbox:
        yield _sandbox(sandbox, ready.plan), sandbox.clock
        return
    from runner.shell.http import HttpTransport

    with HttpTransport(venue.http) as transport:
        yield transport, SystemClock()


def _sandbox(chosen: SandboxSettings, plan: Plan) -> Transport:
    from runner.sandbox.civitai.sandbox import CivitaiSandbox
    from runner.sandbox.faults import FaultyTransport
    from runner.sandbox.stand_in import Together
    from runner.sandbox.transport import SandboxTransport

    sandbox = CivitaiSandbox(chosen.clock, chosen.settings)
    together = Together((sandbox, _described(plan)))
    transport = SandboxTransport(together, chosen.clock)
    return FaultyTransport(transport, chosen.clock, sandbox.faults, together.claims)


def _described(plan: Plan) -> GenericSandbox:
    """Stand in for every API of a plan, by no more than its description, at the server that is chosen for it."""
    from runner.sandbox.generic import GenericSandbox, mount

    places = dict.fromkeys((call.server, call.contract.api) for call in calls(plan, plan.workflows))
    return GenericSandbox([mount(api, server) for server, api in places])

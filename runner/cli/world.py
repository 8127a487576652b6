"""Where the requests of a run go: the network, or the embedded sandbox with its virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from runner import bundled
from runner.diagnostics import did_you_mean
from runner.engine.events import Entry
from runner.errors import UsageError
from runner.shell.auth import Credentials, from_environment
from runner.shell.clock import SystemClock, VirtualClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Venue:
    """A document to run and the place it runs at. `servers` are the base URLs given for its sources."""

    location: str
    sandbox: bool
    servers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, target: str, sandbox: bool, live: bool, servers: Mapping[str, str]) -> Venue:
        """Decide for a target: a bundled name runs on the sandbox, a file live, unless the options say otherwise."""
        if not bundled.is_name(target):
            _refuse_unknown_name(target)
            return cls(target, sandbox, servers)
        return cls(str(bundled.workflows()[target]), sandbox or not (live or servers), servers)


def _refuse_unknown_name(target: str) -> None:
    """A word that is neither a file nor a bundled name was most likely meant to be one."""
    if "/" not in target and "." not in target and not Path(target).exists():
        meant = did_you_mean(target, bundled.workflows())
        hint = meant.title if meant else "bundled names are listed by: arazzo list"
        raise UsageError(f"there is no file and no bundled workflow '{target}'", hint)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One clock for all the documents of an invocation, each of which gets a sandbox of its own."""

    clock: VirtualClock
    balance: int | None = None


@contextmanager
def open_world(
    venue: Venue, environ: Mapping[str, str], sandbox: SandboxSettings, tell: Callable[[Entry], None]
) -> Iterator[World]:
    """Open the transport of a venue, with the credentials that belong there; the first Ctrl-C ends it in good order."""
    with Interrupt() as interrupt, _opened(venue, environ, sandbox, tell) as world:
        yield replace(
            world,
            transport=interrupt.transport(world.transport),
            clock=interrupt.clock(world.clock),
            cancelled=interrupt.cancelled,
        )


@contextmanager
def _opened(
    venue: Venue, environ: Mapping[str, str], sandbox: SandboxSettings, tell: Callable[[Entry], None]
) -> Iterator[World]:
    if venue.sandbox:
        yield _sandbox_world(sandbox, tell)
        return
    from runner.shell.http import HttpTransport

    with HttpTransport() as transport:
        yield World(transport, SystemClock(), tell, _credentials(venue, environ))


def _sandbox_world(chosen: SandboxSettings, tell: Callable[[Entry], None]) -> World:
    from runner.sandbox.civitai.sandbox import CivitaiSandbox
    from runner.sandbox.civitai.settings import ORCHESTRATION_ORIGIN, SANDBOX_TOKEN, SITE_ORIGIN, Settings
    from runner.sandbox.transport import SandboxTransport

    clock = chosen.clock
    settings = Settings() if chosen.balance is None else replace(Settings(), balance=chosen.balance)
    transport = SandboxTransport(CivitaiSandbox(clock, settings), clock)
    credentials = Credentials(by_origin={SITE_ORIGIN: SANDBOX_TOKEN, ORCHESTRATION_ORIGIN: SANDBOX_TOKEN})
    return World(transport, clock, tell, credentials)


def _credentials(venue: Venue, environ: Mapping[str, str]) -> Credentials:
    """Read credentials from the environment; a sandbox served on this machine takes its own token where there are none.

    That token opens nothing: it is sent to loopback addresses only, and only where a `--server` names one.
    """
    from runner.sandbox.civitai.settings import SANDBOX_TOKEN

    given = from_environment(environ)
    local = {
        f"{parts.scheme}://{parts.netloc}"
        for url in venue.servers.values()
        if (parts := urlsplit(url)).hostname in LOOPBACK
    }
    return Credentials(by_scheme=given.by_scheme, by_origin=dict.fromkeys(local, SANDBOX_TOKEN))

"""Turns a plan into the sandbox that answers its requests inside the process, and the credentials for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.engine.events import Event
from runner.errors import DescriptionError, UsageError
from runner.exchange import AsyncTransport, Transport
from runner.expressions.selectors.compile import Apply
from runner.loader.text import decode_bytes, read_text
from runner.openapi.document import ApiDescription
from runner.plan.plan import Plan
from runner.records import Frozen, replace
from runner.sandbox.civitai.places import ORCHESTRATION_ORIGIN, SANDBOX_TOKEN, SITE_ORIGIN
from runner.shell.auth import Credentials, calls
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.regular import refuse_special
from runner.shell.wire import origin
from runner.source import Source

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.faults import Faults
    from runner.sandbox.stand_in import Together

ANY_PAIR = f"{SANDBOX_TOKEN}:{SANDBOX_TOKEN}"
STOOD_IN = (SITE_ORIGIN, ORCHESTRATION_ORIGIN)


class Sandbox(Frozen):
    """How the embedded sandbox of a run begins, in which nothing leaves the process and the clock is virtual.

    `scenario` is the path of a scenario file, `faults` are written as `--fault` takes them, `balance` is in Buzz; these
    and `live_like` are about the stand-ins of Civitai's APIs, but for the faults that any API can meet. `seed` makes
    other values of what is no more than a description.
    """

    scenario: str | None = None
    faults: Sequence[str] = ()
    live_like: bool = False
    balance: int | None = None
    seed: str | None = None

    def settings(self) -> Settings:
        """Read the scenario and the faults; UsageError or DescriptionError says what is wrong with them."""
        from runner.sandbox.civitai.settings import Settings
        from runner.sandbox.fault_text import read_fault

        start = Settings(faults=tuple(map(read_fault, self.faults)))
        if self.scenario is not None:
            from runner.sandbox.civitai.scenario import read_scenario

            read = read_scenario(read_text(Source(self.scenario, self.scenario, _text(self.scenario))), start)
            if read.problems:
                raise DescriptionError(read.problems)
            start = read.settings
        balance = start.balance if self.balance is None else self.balance
        return replace(start, live_like=start.live_like or self.live_like, balance=balance)


class Embedded(Frozen):
    """What answers instead of the APIs of a plan. `hear` has to be told of the run: replies depend on who asks."""

    stand_ins: Together
    faults: Faults
    clock: VirtualClock
    hear: Callable[[Event], None]

    def transport(self) -> Transport:
        from runner.sandbox.faults import FaultyTransport
        from runner.sandbox.transport import SandboxTransport

        inner = SandboxTransport(self.stand_ins, self.clock)
        return FaultyTransport(inner, self.clock, self.faults, self.stand_ins.claims)

    def async_transport(self) -> AsyncTransport:
        from runner.sandbox.faults import AsyncFaultyTransport
        from runner.sandbox.transport import AsyncSandboxTransport

        clock = AsyncVirtualClock(self.clock)
        inner = AsyncSandboxTransport(self.stand_ins, clock)
        return AsyncFaultyTransport(inner, clock, self.faults, self.stand_ins.claims)


def embed(plan: Plan, settings: Settings, seed: str | None, clock: VirtualClock, apply: Apply) -> Embedded:
    """Give the sandbox of one run: Civitai's APIs, and a stand-in for every other description at its servers."""
    from runner.sandbox.civitai.sandbox import CivitaiSandbox
    from runner.sandbox.faults import Faults
    from runner.sandbox.generic import SEED, GenericSandbox, Hopes, mount
    from runner.sandbox.stand_in import Together

    hopes = Hopes.of(plan, apply)
    mounts = [mount(api, server) for server, api in places(plan)]
    generic = GenericSandbox(mounts, SEED if seed is None else seed, hopes=hopes.now)
    together = Together((CivitaiSandbox(clock, settings), generic))
    return Embedded(together, Faults(settings.faults, together.operation, together.refuse), clock, hopes.hear)


def places(plan: Plan) -> list[tuple[str, ApiDescription]]:
    """Give every API of a plan, each at every server that is chosen for it."""
    return list(dict.fromkeys((call.server, call.contract.api) for call in calls(plan, plan.workflows)))


def sandbox_credentials(plan: Plan) -> Credentials:
    """Give what authorizes requests to the embedded sandbox, and opens nothing else.

    Civitai's stand-ins know one token; those for any other API take whatever there is, also as user and password.
    """
    others = {origin(call.server): ANY_PAIR for call in calls(plan, plan.workflows)}
    return Credentials(by_origin={**others, **dict.fromkeys(STOOD_IN, SANDBOX_TOKEN)})


def _text(path: str) -> str:
    try:
        refuse_special(Path(path))
        return decode_bytes(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read --scenario {path}: {reason}") from error

"""Run a bundled flow against the sandbox, in process or over HTTP, at a time that is the same on every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from runner import api, load
from runner import compile as compile_plan
from runner.bundled import workflows
from runner.engine.events import ActionTaken, Entry, Outcome, WorkflowFinished
from runner.engine.policy import read_policy
from runner.engine.state import Limits
from runner.exchange import Request, Response, Transport
from runner.plan.plan import Plan
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import SANDBOX_TOKEN, Settings
from runner.sandbox.faults import FaultyTransport
from runner.sandbox.server import Running
from runner.sandbox.transport import SandboxTransport
from runner.shell.auth import Credentials
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from runner.shell.http import HttpTransport
from runner.values import InputValue, Value

START = 1_795_000_000.0


@cache
def planned(flow: str) -> Plan:
    """Compile a bundled flow, once."""
    return compile_plan(load(str(workflows()[flow])))


@dataclass(frozen=True)
class Told:
    """What a run told; `by` is the action that ended it, the empty text where there was none."""

    outcome: Outcome
    entries: tuple[Entry, ...]

    @property
    def by(self) -> str:
        events = (entry.event for entry in self.entries)
        names = [event.name for event in events if isinstance(event, ActionTaken) and event.type == "end"]
        return names[-1] if names else ""

    @property
    def outputs(self) -> Mapping[str, Value]:
        return [entry.event for entry in self.entries if isinstance(entry.event, WorkflowFinished)][-1].outputs


@dataclass(frozen=True)
class Bench:
    """A sandbox with a clock, and somebody's token for it; `lapse` is how long each PUT is held up, in seconds.

    A broken contract fails a run, other than on a sandbox that is like the live APIs.
    """

    clock: VirtualClock
    settings: Settings
    token: str = SANDBOX_TOKEN
    lapse: float = 0.0

    @classmethod
    def of(cls, token: str = SANDBOX_TOKEN, lapse: float = 0.0, **settings: Any) -> Bench:
        return cls(VirtualClock(START), Settings(latency=0.0, **settings), token, lapse)

    def run(self, flow: str, inputs: Mapping[str, InputValue] | None = None) -> Told:
        """Run a flow in process, with the faults of the settings in front of the sandbox."""
        sandbox = CivitaiSandbox(self.clock, self.settings)
        inside = SandboxTransport(sandbox, self.clock)
        faulty = FaultyTransport(inside, self.clock, sandbox.faults, sandbox.claims)
        return self._run(flow, inputs or {}, Late(faulty, self.clock, self.lapse), {})

    def run_over_http(self, flow: str, inputs: Mapping[str, InputValue] | None = None) -> Told:
        """Run a flow over HTTP, on a server whose clock is ours."""
        served: list[CivitaiSandbox] = []

        def answer(request: Request) -> Response:
            return served[0].answer(request)

        with Running(stand_in=answer) as server, HttpTransport() as transport:
            served.append(CivitaiSandbox(self.clock, self.settings, origin=server.url))
            servers = {"site": f"{server.url}/api/v1", "orchestration": server.url, "oauth": server.url}
            return self._run(flow, inputs or {}, Late(transport, self.clock, self.lapse), servers)

    def _run(self, flow: str, inputs: Mapping[str, InputValue], transport: Transport, servers: dict[str, str]) -> Told:
        plan = compile_plan(load(str(workflows()[flow])), servers=servers) if servers else planned(flow)
        entries: list[Entry] = []
        world = World(transport, self.clock, entries.append, Credentials({"BearerAuth": self.token}))
        asked = [api.ask(plan, key, inputs) for key in plan.entries]
        contract = "warn" if self.settings.live_like else "error"
        outcome = api.run_plan(plan, asked, world, Limits(contract=read_policy([contract])))
        return Told(outcome, tuple(entries))


@dataclass(frozen=True)
class Late:
    """A transport that holds up what is put somewhere."""

    inner: Transport
    clock: VirtualClock
    lapse: float

    def send(self, request: Request, timeout: float | None) -> Any:
        if request.method == "PUT":
            self.clock.sleep(self.lapse)
        return self.inner.send(request, timeout)

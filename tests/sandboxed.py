"""Run a plan against stand-ins for its descriptions, and tell it as text: the requests, the steps, the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from runner import api
from runner.engine.events import Answered, Entry, RunFinished, StepFinished, WorkflowFinished
from runner.engine.state import Limits
from runner.errors import InputsError
from runner.exchange import Request, Response
from runner.plan.plan import Plan
from runner.reporters.json import values_json
from runner.sandbox.generic import GenericSandbox, mount
from runner.sandbox.transport import SandboxTransport
from runner.shell.auth import calls
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from runner.values import Json

START = 1_795_000_000.0
STEPS = 100
"""Steps one run may take."""
OURS = {"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"}
"""Headers that the document does not give."""


def told(plan: Plan, inputs: Mapping[str, Json]) -> str:
    """Run every workflow that no other calls, and tell what was sent and what came of it."""
    entries: list[Entry] = []
    clock = VirtualClock(START)
    places = dict.fromkeys((call.server, call.contract.api) for call in calls(plan, plan.workflows))
    sandbox = GenericSandbox([mount(description, server) for server, description in places])
    world = World(SandboxTransport(sandbox, clock), clock, entries.append)
    try:
        asked = [api.ask(plan, key, inputs) for key in plan.entries]
    except InputsError as error:
        raise AssertionError(f"give the inputs in inputs.json: {error}") from error
    api.run_plan(plan, asked, world, Limits(steps=STEPS))
    return "\n".join(line for entry in entries for line in _lines(entry)) + "\n"


def _lines(entry: Entry) -> Iterator[str]:
    match entry.event:
        case Answered(_, exchange):
            yield from _request(exchange.sent)
            reply = exchange.reply
            yield f"  -> {reply.status}" if isinstance(reply, Response) else f"  -> {reply}"
        case StepFinished(step_id=step_id, outcome=outcome, problem=problem):
            yield f"step {step_id}: {outcome}{f' ({problem.kind})' if problem else ''}"
        case WorkflowFinished(workflow_id=workflow_id, outcome=outcome, outputs=outputs):
            yield f"workflow {workflow_id}: {outcome}"
            yield from (f"  {name} = {_json(value)}" for name, value in values_json(outputs).items())
        case RunFinished(outcome):
            yield str(outcome)
        case _:
            pass


def _request(request: Request) -> Iterator[str]:
    yield f"{request.method} {request.url}"
    yield from (f"  {name}: {value}" for name, value in request.headers if name.lower() not in OURS)
    if request.body:
        yield from (f"  {line}" for line in request.body.decode("utf-8", "backslashreplace").splitlines())


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)

"""A flow that asks a server that misbehaves, and then one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from runner.engine.events import Answered, Entry, StepFinished
from runner.exchange import TransportFailure
from runner.plan.plan import Plan
from tests.scripted import plan_of

API = """
openapi: 3.1.0
info: {{title: Faults, version: '1'}}
servers: [{{url: '{fine}'}}]
paths:
  /fault:
    servers: [{{url: '{fault}'}}]
    get: {{operationId: ask, responses: {{'200': {{description: ok}}}}}}
  /fine:
    get: {{operationId: askAgain, responses: {{'200': {{description: ok}}}}}}
"""

FLOW = """
arazzo: 1.1.0
info: {{title: T, version: '1'}}
sourceDescriptions: [{{name: things, url: things.yaml, type: openapi}}]
workflows:
- workflowId: main
  steps:
  - stepId: fault
    operationId: ask
    timeout: {timeout}
    successCriteria: [{{condition: $statusCode == 200}}]
    onFailure: [{{name: on, type: goto, stepId: fine}}]
  - stepId: fine
    operationId: askAgain
    timeout: 20000
    successCriteria: [{{condition: $response.body#/fine == true}}]
"""


def flow(fault: str, fine: str, timeout: int) -> Plan:
    """Compile the flow against two base URLs; milliseconds for the step that asks for trouble."""
    return plan_of(FLOW.format(timeout=timeout), {"things.yaml": API.format(fault=fault, fine=fine)})


def written(folder: Path, fault: str, fine: str, timeout: int) -> Path:
    """Write the flow and its description."""
    (folder / "things.yaml").write_text(API.format(fault=fault, fine=fine), encoding="utf-8")
    path = folder / "flow.arazzo.yaml"
    path.write_text(FLOW.format(timeout=timeout), encoding="utf-8")
    return path


class Told(NamedTuple):
    """What a step came to: `kind` and `message` of what came instead of an answer, and what the step says of it."""

    step_id: str
    kind: str = ""
    message: str = ""
    problem: str = ""


def told(entries: Iterable[Entry]) -> Iterator[Told]:
    """Give each step in turn."""
    replies = []
    for entry in entries:
        match entry.event:
            case Answered(_, exchange):
                replies.append(exchange.reply)
            case StepFinished() as event:
                reply = replies[-1] if replies else None
                kind, message = (reply.kind, reply.message) if isinstance(reply, TransportFailure) else ("", "")
                yield Told(event.step_id, kind, message, event.problem.message if event.problem else "")
            case _:
                pass

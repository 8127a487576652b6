"""A suite told by a script: rows that pass, fail, get no answer, are refused or skipped; calls, retries and drift."""

from __future__ import annotations

from collections.abc import Iterator

from runner.engine.events import (
    Answered,
    AttemptFinished,
    Breach,
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    ContractChecked,
    Entry,
    Frame,
    Problem,
    RunFinished,
    RunStarted,
    ServerUsed,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import TransportFailure
from runner.openapi.document import Address
from runner.openapi.mismatch import Mismatch
from runner.source import Source, Span

from .story import BASE, SECRET, SOURCE, Script, checked, exchange, outline, reply, span

API = Source("file:///flows/pets.yaml", "flows/pets.yaml", "openapi: 3.0.3\npaths: {}\nname: {type: string}\n")
NASTY = "\x1b[31mred\x1b[0m \x00\x07 ]]> \ud83d \U0001f600 <&>\"' \u2028 # | `x`"
TRAIL = (Frame("adopt"),)
STATE = "$response.body#/state == 'ready'"


def case(row: str = "", repetition: int = 0, workflow_id: str = "adopt") -> Case:
    name = workflow_id + (f"[{row}]" if row else "") + (f" #{repetition}" if repetition else "")
    place = span(f"workflowId: {workflow_id}")
    return Case(name, SOURCE.name, workflow_id, row, repetition, ("smoke", "pets"), place)


def begun(script: Script, secrets: frozenset[str] = frozenset({SECRET})) -> None:
    servers = (ServerUsed("shop", BASE, "the first of its description"),)
    script.tell(RunStarted(SOURCE.name, "Pet shop", ("adopt",), (("shop", "pets.yaml"),), secrets, servers, ("w",)))


def suite() -> list[Entry]:
    """Tell one case of each kind."""
    script = Script()
    begun(script)
    passed(script, case("rex"))
    passed(script, case("rex", 2))
    failed(script, case("tom"))
    failed(script, case("kim"))
    unreachable(script, case("bea"))
    flaky(script, case("max"))
    drifting(script, case("ida"))
    refused(script, case("x"))
    script.tell(CaseSkipped(case("zoe"), "a case before it failed"))
    failed(script, case(NASTY), NASTY * 40)
    failed(script, case("big"), "x" * 1_000_000)
    script.tell(RunFinished("failed"))
    return script.entries


def many(cases: int, body: str = "", *, each: int = 10) -> Iterator[Entry]:
    """Tell as many cases as are wanted, one in ten (or `each`) of which fails, without keeping any of them."""
    script = Script()
    begun(script)
    for number in range(cases):
        row = f"row-{number}"
        (failed if number % each == each // 3 else passed)(script, case(row), body or f'{{"state": "{number}"}}')
        yield from script.entries
        script.entries.clear()
    script.tell(RunFinished("failed"))
    yield from script.entries


def _start(script: Script, told: Case, *steps: str) -> None:
    script.tell(CaseStarted(told), 0.001)
    inputs = {"pet": told.row, "password": SECRET}
    script.tell(WorkflowStarted(TRAIL, "adopt", "asked", inputs, outline(*steps), "", told.span))


def _end(script: Script, told: Case, problem: Problem | None = None) -> None:
    outcome = problem.outcome if problem else "passed"
    script.tell(WorkflowFinished(TRAIL, "adopt", outcome, {"pet": told.row}, problem))
    script.tell(CaseFinished(told, outcome))


def passed(script: Script, told: Case, body: str = '{"state": "ready"}') -> None:
    _start(script, told, "login", "fetch")
    script.step((Frame("adopt", "login", 1, 1),), "POST /login", exchange("POST", "/login", reply(200, body)), {})
    script.step((Frame("adopt", "fetch", 1, 1),), "GET /pets/{id}", exchange("GET", "/pets/1", reply(200, body)), {})
    _end(script, told)


def failed(script: Script, told: Case, body: str = '{"state": "gone"}') -> None:
    """Tell of a case whose called workflow passes, and whose next step does not."""
    _start(script, told, "pay", "wait-for-stock", "say-thanks")
    trail = (Frame("adopt", "pay", 1, 1),)
    script.tell(StepStarted(trail, "pay", "workflow", "payment", span=span("stepId: pay")))
    inner = (*trail, Frame("payment"))
    place = span("workflowId: payment")
    script.tell(WorkflowStarted(inner, "payment", "call", {}, outline("charge"), "", place))
    charge = exchange("POST", "/charges", reply(201, "{}"), b"{}")
    script.step((*trail, Frame("payment", "charge", 1, 1)), "POST /charges", charge, {})
    script.tell(WorkflowFinished(inner, "payment", "passed", {}))
    script.tell(AttemptFinished(trail, None, {}))
    script.tell(StepFinished(trail, "pay", "passed", {}, 1))
    trail = (Frame("adopt", "wait-for-stock", 1, 1),)
    answer = reply(200, body.encode("utf-8", "replace").decode())
    script.tell(StepStarted(trail, "wait-for-stock", "operation", "GET /stock", span=span("stepId: wait-for-stock")))
    script.tell(Answered(trail, exchange("GET", "/stock", answer)), 0.05)
    script.tell(checked(trail, STATE, body[:100], "ready", passed=False))
    script.tell(checked(trail, "$statusCode == 200", 200, 201, passed=False))
    problem = Problem("criterion", f"{STATE} is not met: {body[:60]}", span(STATE))
    script.tell(AttemptFinished(trail, problem, {}))
    script.tell(StepFinished(trail, "wait-for-stock", "failed", {}, 1, problem))
    _end(script, told, problem)


def unreachable(script: Script, told: Case) -> None:
    _start(script, told, "fetch")
    trail = (Frame("adopt", "fetch", 1, 1),)
    script.tell(StepStarted(trail, "fetch", "operation", "GET /pets/{id}", span=span("stepId: fetch")))
    script.tell(Answered(trail, exchange("GET", "/pets/1", TransportFailure("connect", "connection refused"))), 0.05)
    problem = Problem("transport", "GET /pets/{id}: connection refused", span("stepId: fetch"))
    script.tell(AttemptFinished(trail, problem, {}))
    script.tell(StepFinished(trail, "fetch", "error", {}, 1, problem))
    _end(script, told, problem)


def flaky(script: Script, told: Case) -> None:
    _start(script, told, "fetch")
    trail = (Frame("adopt", "fetch", 1, 1),)
    script.tell(StepStarted(trail, "fetch", "operation", "GET /pets/{id}", span=span("stepId: fetch")))
    for status, problem in ((503, Problem("criterion", "$statusCode == 200 is not met")), (200, None)):
        script.tell(Answered(trail, exchange("GET", "/pets/1", reply(status, "{}"))), 0.05)
        script.tell(AttemptFinished(trail, problem, {}))
    script.tell(StepFinished(trail, "fetch", "passed", {}, 2))
    _end(script, told)


def drifting(script: Script, told: Case, value: str = "Rex", severity: str = "error") -> None:
    """Tell of a case that passes as written, while the API breaks its contract."""
    _start(script, told, "fetch")
    trail = (Frame("adopt", "fetch", 1, 1),)
    script.tell(StepStarted(trail, "fetch", "operation", "GET /pets/{id}", span=span("stepId: fetch")))
    script.tell(Answered(trail, exchange("GET", "/pets/1", reply(200, "{}"))), 0.05)
    place = Span(API, API.text.index("name:"), API.text.index("name:") + 4)
    mismatch = Mismatch(
        "body", "the response body", "is not a number", "", "/name", value, address=Address(API.uri, "/name/type")
    )
    script.tell(ContractChecked(trail, "200", "application/json", (Breach(severity, mismatch, None, place),)))  # type: ignore[arg-type]
    script.tell(AttemptFinished(trail, None, {}))
    script.tell(StepFinished(trail, "fetch", "passed", {}, 1))
    _end(script, told, Problem("contract", "an API broke its contract") if severity == "error" else None)


def refused(script: Script, told: Case) -> None:
    script.tell(CaseStarted(told))
    script.tell(CaseFinished(told, "error", Problem("input", "row 8 has no name", told.span)))

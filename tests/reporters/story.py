"""A run told by a script: passes, retries, a nested call, a recovery, a failure and a transport error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    ActionTaken,
    Answered,
    AttemptFinished,
    CriterionChecked,
    Entry,
    Event,
    Frame,
    Problem,
    RunFinished,
    RunStarted,
    StepFinished,
    StepOutline,
    StepStarted,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Headers, Reply, Request, Response, TransportFailure
from runner.source import Source, Span
from runner.values import ABSENT, Json, Value

DOCUMENT = """\
arazzo: 1.0.1
info: {title: Pet shop, version: 1.0.0}
workflows:
  - workflowId: adopt
    steps:
      - stepId: login
        operationId: login
      - stepId: wait-for-stock
        operationId: stock
        successCriteria:
          - condition: $response.body#/state == 'ready'
      - stepId: look-up
        operationId: getPet
      - stepId: pay
        workflowId: payment
      - stepId: fetch
        operationId: getPet
        successCriteria:
          - condition: $statusCode == 200
          - condition: $response.body#/name == 'Rex'
      - stepId: say-thanks
        operationId: thank
  - workflowId: payment
    steps:
      - stepId: charge
        operationId: charge
  - workflowId: ping
    steps:
      - stepId: ping
        operationId: ping
"""

SOURCE = Source("file:///flows/pets.arazzo.yaml", "flows/pets.arazzo.yaml", DOCUMENT)
START = 1_795_232_577.0
SECRET = "s3cr3t/Pass+word"
BASE = "https://pets.example/v1"


def span(text: str) -> Span:
    """Give the first place of a text in the document."""
    start = DOCUMENT.index(text)
    return Span(SOURCE, start, start + len(text))


def outline(*step_ids: str) -> tuple[StepOutline, ...]:
    return tuple(StepOutline(step_id, span(f"stepId: {step_id}")) for step_id in step_ids)


def exchange(method: str, path: str, reply: Reply, body: bytes = b"", took: float = 0.05) -> Exchange:
    headers: Headers = (("Accept", "application/json"), ("Authorization", "Bearer tok-12345678"))
    headers += (("Content-Type", "application/json"),) if body else ()
    return Exchange(Request(method, BASE + path, headers, body), reply, took)


def reply(status: int, body: str, reason: str = "") -> Response:
    return Response(status, (("Content-Type", "application/json"),), body.encode(), reason)


def checked(trail: tuple[Frame, ...], condition: str, left: Value, right: Value, passed: bool) -> CriterionChecked:
    verdict = Verdict(passed, left, right, condition)
    return CriterionChecked(trail, condition, "simple", verdict, span=span(condition))


class Script:
    """Collects entries; each event comes a moment after the one before."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.now = START

    def tell(self, event: Event, after: float = 0.0) -> None:
        self.now += after
        self.entries.append(Entry(self.now, event))

    def step(self, trail: tuple[Frame, ...], target: str, sent: Exchange, outputs: Mapping[str, Value]) -> None:
        """Tell of a step that passes at once."""
        step_id = str(trail[-1].step_id)
        self.tell(StepStarted(trail, step_id, "operation", target, span=span(f"stepId: {step_id}")))
        self.tell(Answered(trail, sent), sent.took)
        status = sent.reply.status if isinstance(sent.reply, Response) else 0
        implied = Verdict(True, status, ABSENT, "$statusCode is 2xx or 3xx")
        self.tell(CriterionChecked(trail, "$statusCode is 2xx or 3xx", "simple", implied, implied=True))
        self.tell(AttemptFinished(trail, None, outputs))
        self.tell(StepFinished(trail, step_id, "passed", outputs, 1))


def story() -> list[Entry]:
    """Tell the whole run: `ping` (a dependency that passes), then `adopt`, which fails at `fetch`."""
    script = Script()
    script.tell(RunStarted("flows/pets.arazzo.yaml", "Pet shop", ("adopt",), (("shop", BASE),), frozenset({SECRET})))
    _ping(script)
    trail = (Frame("adopt"),)
    steps = outline("login", "wait-for-stock", "look-up", "pay", "fetch", "say-thanks")
    inputs: dict[str, Json] = {"user": "rosa", "password": SECRET, "pets": 2}
    summary = "Adopt a pet, pay for it and say thanks"
    script.tell(WorkflowStarted(trail, "adopt", "asked", inputs, steps, summary, span("workflowId: adopt")))
    body = b'{"user":"rosa","password":"s3cr3t/Pass+word"}'
    answer = reply(200, '{"access_token": "tok-12345678", "expires_in": 3600}')
    outputs: dict[str, Value] = {"token": "tok-12345678", "user_id": 7}
    script.step(
        (Frame("adopt", "login", 1, 1),), "POST /login", exchange("POST", "/login", answer, body, 0.132), outputs
    )
    _retried(script)
    _recovered(script)
    _called(script)
    problem = _failed(script)
    ended = Problem("criterion", f"step 'fetch' failed: {problem.message}", problem.span)
    script.tell(WorkflowFinished(trail, "adopt", "failed", {"user_id": 7, "receipt": "r-1"}, ended))
    script.tell(RunFinished("failed"))
    return script.entries


def _ping(script: Script) -> None:
    trail = (Frame("ping"),)
    script.tell(WorkflowStarted(trail, "ping", "dependency", {}, outline("ping"), "", span("workflowId: ping")), 0.001)
    script.step((Frame("ping", "ping", 1, 1),), "GET /ping", exchange("GET", "/ping", Response(204)), {})
    script.tell(WorkflowFinished(trail, "ping", "passed", {}))


def _retried(script: Script) -> None:
    """Tell of a step that passes at its third attempt."""
    condition = "$response.body#/state == 'ready'"
    trail = (Frame("adopt", "wait-for-stock", 1, 0),)
    step = span("stepId: wait-for-stock")
    script.tell(StepStarted(trail, "wait-for-stock", "operation", "GET /stock/{kind}", "stock", span=step))
    for attempt, state in enumerate(("empty", "ordered", "ready"), start=1):
        trail = (Frame("adopt", "wait-for-stock", 1, attempt),)
        sent = exchange("GET", "/stock/dog", reply(200, f'{{"state": "{state}"}}'))
        script.tell(Answered(trail, sent), sent.took)
        script.tell(checked(trail, condition, state, "ready", state == "ready"))
        problem = None if state == "ready" else Problem("criterion", f"{condition} is not met", span(condition))
        script.tell(AttemptFinished(trail, problem, {"state": state}))
        if problem:
            script.tell(ActionTaken(trail, "patience", "retry", None, attempt, 5))
            script.tell(WaitStarted(trail, 2.0, "retry"))
            script.now += 2.0
    script.tell(StepFinished(trail, "wait-for-stock", "passed", {"state": "ready"}, 3))


def _recovered(script: Script) -> None:
    """Tell of a step that gets no answer, and of the action that goes on from there."""
    trail = (Frame("adopt", "look-up", 1, 1),)
    script.tell(StepStarted(trail, "look-up", "operation", "GET /pets/{id}", "getPet", span=span("stepId: look-up")))
    failure = TransportFailure("connect", "connection refused")
    script.tell(Answered(trail, exchange("GET", "/pets/1", failure, took=0.01)), 0.01)
    problem = Problem("transport", "GET /pets/{id}: connection refused", span("stepId: look-up"))
    script.tell(AttemptFinished(trail, problem, {}))
    script.tell(ActionTaken(trail, "never-mind", "goto", "pay"))
    script.tell(StepFinished(trail, "look-up", "error", {}, 1, problem, "never-mind", recovered=True))


def _called(script: Script) -> None:
    """Tell of a step that calls a workflow, which passes."""
    trail = (Frame("adopt", "pay", 1, 1),)
    script.tell(StepStarted(trail, "pay", "workflow", "payment", span=span("stepId: pay")))
    inner = (*trail, Frame("payment"))
    started = WorkflowStarted(
        inner, "payment", "call", {"amount": 12}, outline("charge"), "", span("workflowId: payment")
    )
    script.tell(started)
    sent = exchange("POST", "/charges", reply(201, '{"receipt": "r-1"}'), b'{"amount":12}', 0.3)
    script.step((*trail, Frame("payment", "charge", 1, 1)), "POST /charges", sent, {"receipt": "r-1"})
    script.tell(WorkflowFinished(inner, "payment", "passed", {"receipt": "r-1"}))
    script.tell(AttemptFinished(trail, None, {"receipt": "r-1"}))
    script.tell(StepFinished(trail, "pay", "passed", {"receipt": "r-1"}, 1))


def _failed(script: Script) -> Problem:
    """Tell of a step both of whose criteria are not met."""
    trail = (Frame("adopt", "fetch", 1, 1),)
    script.tell(StepStarted(trail, "fetch", "operation", "GET /pets/{id}", "getPet", span=span("stepId: fetch")))
    answer = reply(404, '{"error": "there is no pet 42", "hint": "try 43"}', "Not Found")
    script.tell(Answered(trail, exchange("GET", "/pets/42?token=tok-12345678", answer, took=0.041)), 0.041)
    script.tell(checked(trail, "$statusCode == 200", 404, 200, passed=False))
    script.tell(checked(trail, "$response.body#/name == 'Rex'", ABSENT, "Rex", passed=False))
    problem = Problem("criterion", "$statusCode == 200 is not met", span("$statusCode == 200"))
    script.tell(AttemptFinished(trail, problem, {}))
    script.tell(StepFinished(trail, "fetch", "failed", {}, 1, problem))
    return problem


def told(entries: list[Entry], *kinds: type[Event]) -> Iterator[Event]:
    """Give the events of some kinds."""
    return (entry.event for entry in entries if isinstance(entry.event, kinds))

"""Suites told by a script, of as many cases as one likes, with bodies that would break a page."""

from __future__ import annotations

from collections.abc import Iterator

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    Answered,
    AttemptFinished,
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    CriterionChecked,
    Entry,
    Event,
    Frame,
    Problem,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Request, Response
from runner.values import Value
from tests.reporters.story import BASE, START, outline, span

HOSTILE = (
    '<img src=x onerror="window.ran=1">'
    "</script><script>window.ran=1</script><!-- <script> --><svg onload=window.ran=1>"
    "\x00\x07\x1b[31mred\x1b[0m\u202egnp.exe\u2028 &amp; ]]> 😀"
)
"""What runs, hides or reverses where it is not escaped."""


def case(number: int, tags: tuple[str, ...] = ()) -> Case:
    return Case(f"adopt[{number}]", "flows/pets.arazzo.yaml", "adopt", str(number), 0, tags, span("workflowId: adopt"))


def suite(
    number: int, *, fails: frozenset[int] = frozenset(), skips: frozenset[int] = frozenset(), body: str = HOSTILE
) -> Iterator[Entry]:
    """Tell a suite of cases of two steps each; the second step of those that fail is not met."""
    now = START
    yield Entry(now, RunStarted("flows/pets.arazzo.yaml", "Pet shop <b>suite</b>", ("adopt",)))
    for index in range(number):
        told = case(index, ("smoke",) if index % 3 == 0 else ("slow", "nightly run"))
        if index in skips:
            yield Entry(now, CaseSkipped(told, "an earlier case failed (--fail-fast)"))
            continue
        for event in _case(told, body, failed=index in fails):
            now += 0.01
            yield Entry(now, event)
    yield Entry(now, RunFinished("failed" if fails else "passed"))


def _case(told: Case, body: str, *, failed: bool) -> Iterator[Event]:
    trail = (Frame("adopt"),)
    steps = outline("login", "fetch", "say-thanks")
    yield CaseStarted(told)
    yield WorkflowStarted(trail, "adopt", "asked", {"row": told.row}, steps, "Adopt a pet", span("workflowId: adopt"))
    yield from _step("login", 200, '{"user": "rosa"}', {"user": "rosa"})
    problem = Problem("criterion", "$statusCode == 200 is not met", span("$statusCode == 200")) if failed else None
    yield from _step("fetch", 404 if failed else 200, body, {"name": "Rex"}, problem)
    if not failed:
        yield from _step("say-thanks", 204, "", {})
    outcome = problem.outcome if problem else "passed"
    ended = Problem("criterion", f"step 'fetch' failed: {problem.message}") if problem else None
    yield WorkflowFinished(trail, "adopt", outcome, {"name": "Rex"}, ended)
    yield CaseFinished(told, outcome)


def _step(
    step_id: str, status: int, body: str, outputs: dict[str, Value], problem: Problem | None = None
) -> Iterator[Event]:
    trail = (Frame("adopt", step_id, 1, 1),)
    headers = (("Content-Type", "application/json" if body.startswith("{") else "text/html"), ("X-Odd", body[:200]))
    request = Request("GET", f"{BASE}/{step_id}?q=%3Cb%3E", (("Accept", "*/*"),))
    yield StepStarted(trail, step_id, "operation", f"GET /{step_id}", span=span(f"stepId: {step_id}"))
    yield Answered(trail, Exchange(request, Response(status, headers, body.encode(), "Told"), 0.008))
    verdict = Verdict(problem is None, status, 200, "$statusCode == 200")
    yield CriterionChecked(trail, "$statusCode == 200", "simple", verdict, span=span("$statusCode == 200"))
    yield AttemptFinished(trail, problem, outputs)
    yield StepFinished(trail, step_id, problem.outcome if problem else "passed", outputs, 1, problem)

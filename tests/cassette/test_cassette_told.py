"""Which attempt of a record is meant, what its workflow knew when the step began, and how a run begins with that."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cassette.again import judge_again
from runner.cassette.player import Nowhere
from runner.cassette.resume import read_step, resume
from runner.cassette.told import Told, Wanted, attempt_of, attempts_of
from runner.engine.asked import Asked
from runner.engine.events import Entry, StepFinished, StepStarted, WaitStarted
from runner.engine.flow import Send
from runner.engine.run import run
from runner.engine.state import Limits
from runner.errors import UsageError
from runner.exchange import Exchange
from runner.expressions.selectors.compile import apply
from runner.plan.plan import Plan
from runner.reporters.jsonl import JsonLines
from runner.shell.clock import VirtualClock
from runner.shell.drive import World, drive
from tests.scripted import header, plan_of, play, reply

STEPS = """
- workflowId: outer
  inputs: {type: object, properties: {size: {type: integer}}}
  steps:
  - {stepId: first, operationId: listThings, outputs: {n: $response.body#/n}}
  - {stepId: call, workflowId: inner, parameters: [{name: from, value: $steps.first.outputs.n}]}
  - stepId: last
    operationId: listThings
    parameters: [{name: limit, in: query, value: $steps.call.outputs.n}]
    successCriteria: [{condition: $statusCode == 500}]
- workflowId: inner
  inputs: {type: object, properties: {from: {type: integer}}}
  steps:
  - stepId: poll
    operationId: listThings
    successCriteria: [{condition: $response.body#/n > 2}]
    outputs: {n: $response.body#/n}
    onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 5}]
  outputs: {n: $steps.poll.outputs.n}
"""


def plan() -> Plan:
    return plan_of(header(STEPS))


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The record of a run: two attempts of `poll`, and a failure at the end."""
    path = tmp_path / "run.jsonl"
    replies = [reply(200, {"n": n}) for n in (1, 2, 3, 4)]
    with path.open("w", encoding="utf-8") as stream:
        lines = JsonLines(stream)
        for event in play(header(STEPS), replies, {"size": 4}).events:
            lines.tell(Entry(0.0, event))
    return path


def numbers(told: Told) -> dict[str, object]:
    return {step: dict(values) for step, values in told.earlier.items()}


def test_the_failure_is_meant_where_no_step_is_named_and_not_the_call_around_it(record: Path) -> None:
    told, attempts = attempt_of(record, Wanted())
    assert (told.started.step_id, told.attempt, attempts) == ("last", 1, 1)
    assert numbers(told) == {"first": {"n": 1}, "call": {"n": 3}}
    assert told.finished["inner"]["outputs"] == {"n": 3}


def test_each_attempt_has_its_own_answer_and_the_criteria_of_its_actions(record: Path) -> None:
    first, second = attempts_of(record, Wanted("poll"))
    assert [told.failed for told in (first, second)] == [True, False]
    assert first.answered is not None
    assert second.answered is not None
    assert first.answered.exchange.reply != second.answered.exchange.reply
    assert not any(isinstance(event, StepStarted | WaitStarted) for event in (*first.events, *second.events))
    assert first.workflow.inputs == {"from": 1}


def test_a_step_that_calls_a_workflow_has_an_attempt_without_an_answer(record: Path) -> None:
    told, _ = attempt_of(record, Wanted("call"))
    assert told.answered is None
    assert not told.failed


def test_a_record_that_ends_in_the_middle_of_a_step_tells_what_it_has(record: Path) -> None:
    lines = record.read_text().splitlines(keepends=True)
    end = max(index for index, line in enumerate(lines) if '"Answered"' in line)
    record.write_text("".join(lines[: end + 1]))
    told, _ = attempt_of(record, Wanted("last"))
    assert told.answered is not None
    assert told.failed


@pytest.mark.parametrize(("status", "passes"), [("500", False), ("200", True)])
def test_an_answer_is_judged_by_the_document_as_it_is_now(record: Path, status: str, passes: bool) -> None:
    told, _ = attempt_of(record, Wanted("last"))
    assert told.answered is not None
    now = plan_of(header(STEPS.replace("== 500", f"== {status}")))
    again = judge_again(now, told, told.answered.exchange, apply)
    assert (again.problem is None) is passes
    assert again.drift == ()


def test_a_request_that_would_be_another_one_is_said_where(record: Path) -> None:
    told, _ = attempt_of(record, Wanted("last"))
    assert told.answered is not None
    now = plan_of(header(STEPS.replace("value: $steps.call.outputs.n", "value: 7")))
    (found,) = judge_again(now, told, told.answered.exchange, apply).drift
    assert str(found) == "query parameter 'limit' was 3, is 7"


def test_a_run_begins_with_what_came_before(record: Path) -> None:
    found = resume(plan(), None, "last", record, frozenset())
    assert (found.key, found.start.step, found.inputs) == ("outer", 2, {"size": 4})
    sent: list[str] = []
    steps: list[str] = []

    def answer(send: Send) -> Exchange:
        sent.append(send.request.url)
        return Exchange(send.request, reply(500))

    def tell(entry: Entry) -> None:
        steps.extend([entry.event.step_id] if isinstance(entry.event, StepFinished) else [])

    world = World(Nowhere(), VirtualClock(0), tell, around=lambda effect, _: answer(effect))
    assert drive(run(plan(), [Asked(found.key, found.inputs, start=found.start)], Limits()), world) == "passed"
    assert sent == ["https://api.example.com/v1/things?limit=3"]
    assert steps == ["last"]


def test_a_step_of_a_called_workflow_begins_that_one(record: Path) -> None:
    found = resume(plan(), None, "poll", record, frozenset())
    assert (found.key, found.start.step, found.inputs) == ("inner", 0, {"from": 1})


def test_a_value_that_is_a_secret_stops_only_what_uses_it(record: Path) -> None:
    record.write_text(record.read_text().replace('"outputs":{"n":1}', '"outputs":{"n":"***"}'))
    assert resume(plan(), None, "last", record, frozenset()).key == "outer"
    with pytest.raises(UsageError, match="the output 'n' of step 'first' is not in"):
        resume(plan(), None, "call", record, frozenset())


@pytest.mark.parametrize(("text", "expected"), [("pay", ("pay", None)), ("pay#2", ("pay", 2)), ("a#b#3", ("a#b", 3))])
def test_a_step_may_be_named_with_its_visit(text: str, expected: tuple[str, int | None]) -> None:
    assert read_step(text) == expected


@pytest.mark.parametrize("text", ["pay#", "pay#0", "pay#x", "#1"])
def test_a_visit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write ID, or ID#2"):
        read_step(text)

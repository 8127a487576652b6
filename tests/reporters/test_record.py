"""The stream of events becomes a tree."""

from __future__ import annotations

from runner.engine.events import (
    Answered,
    AttemptFinished,
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    Entry,
    Event,
    Frame,
    Problem,
    RunStarted,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Request, Response
from runner.reporters.record import RunRecord
from runner.reporters.recorder import Recorder
from runner.reporters.slim import EARLIER_LIMIT

from .story import story


def record(*events: Event, body_limit: int = 1000) -> RunRecord:
    recorder = Recorder(body_limit)
    for at, event in enumerate(events):
        recorder.tell(Entry(float(at), event))
    return recorder.run


def whole() -> RunRecord:
    recorder = Recorder()
    for entry in story():
        recorder.tell(entry)
    return recorder.run


def start(workflow_id: str, reason: str = "asked") -> WorkflowStarted:
    return WorkflowStarted((Frame(workflow_id),), workflow_id, reason, {}, ())  # type: ignore[arg-type]


def enter(step_id: str) -> StepStarted:
    return StepStarted((), step_id, "operation", "GET /")


def leave(step_id: str, problem: Problem | None = None, *, recovered: bool = False) -> StepFinished:
    return StepFinished((), step_id, problem.outcome if problem else "passed", {}, 1, problem, recovered=recovered)


def finish(workflow_id: str, problem: Problem | None = None) -> WorkflowFinished:
    return WorkflowFinished((), workflow_id, problem.outcome if problem else "passed", {}, problem)


BROKEN = Problem("criterion", "it is not met")


def test_workflows_stand_in_the_order_they_started() -> None:
    run = whole()
    assert [(each.workflow_id, each.reason, each.outcome) for each in run.workflows] == [
        ("ping", "dependency", "passed"),
        ("adopt", "asked", "failed"),
    ]
    assert run.outcome == "failed"


def test_a_step_knows_its_attempts_and_the_criteria_of_the_last_one() -> None:
    step = whole().workflows[1].steps[1]
    assert (step.step_id, step.attempts, len(step.exchanges), len(step.problems)) == ("wait-for-stock", 3, 3, 2)
    assert [checked.verdict.left for checked in step.criteria] == ["ready"]
    assert (round(step.took, 3), step.waited) == (4.15, 4.0)


def test_a_called_workflow_stands_in_its_step() -> None:
    pay = whole().workflows[1].steps[3]
    assert pay.workflow is not None
    assert [step.step_id for step in pay.workflow.steps] == ["charge"]
    assert pay.exchange is None


def test_steps_that_were_not_reached_are_known() -> None:
    assert [step.step_id for step in whole().workflows[1].not_reached()] == ["say-thanks"]


def test_only_what_nobody_recovered_from_is_a_failure() -> None:
    assert [(step.step_id if step else None, problem.kind) for _, step, problem in whole().failures()] == [
        ("fetch", "criterion")
    ]


def test_a_failure_in_a_called_workflow_is_told_once_and_where_it_happened() -> None:
    run = record(
        *(start("outer"), enter("call"), start("inner", "call"), enter("deep"), leave("deep", BROKEN)),
        *(finish("inner", BROKEN), leave("call", Problem("workflow", "inner failed")), finish("outer", BROKEN)),
    )
    assert [(workflow.workflow_id, step and step.step_id) for workflow, step, _ in run.failures()] == [
        ("inner", "deep")
    ]


def test_a_failure_inside_a_step_that_recovered_is_none() -> None:
    run = record(
        *(start("outer"), enter("call"), start("inner", "call"), enter("deep"), leave("deep", BROKEN)),
        *(finish("inner", BROKEN), leave("call", Problem("workflow", "x"), recovered=True), finish("outer")),
    )
    assert list(run.failures()) == []


def test_a_workflow_that_stopped_outside_of_its_steps_is_a_failure() -> None:
    run = record(start("w"), finish("w", Problem("dependency", "v did not pass")))
    assert [(workflow.workflow_id, step) for workflow, step, _ in run.failures()] == [("w", None)]


def test_a_workflow_reached_by_goto_stands_before_the_one_it_left_which_ends_after_it() -> None:
    run = record(
        start("a"), start("b", "goto"), enter("b1"), leave("b1", BROKEN), finish("b", BROKEN), finish("a", BROKEN)
    )
    assert [(each.workflow_id, each.outcome, each.went_on) for each in run.workflows] == [
        ("b", "failed", False),
        ("a", "failed", True),
    ]
    assert [step and step.step_id for _, step, _ in run.failures()] == ["b1"]


def test_a_step_that_a_retry_runs_first_stands_beside_the_one_that_is_retried() -> None:
    run = record(start("w"), enter("a"), enter("refresh"), leave("refresh"), leave("a"), finish("w"))
    assert [step.step_id for step in run.workflows[0].steps] == ["a", "refresh"]


def test_what_was_broken_off_could_not_be_found_out() -> None:
    run = record(RunStarted("d", "t", ("w",)), start("w"), enter("a"))
    workflow = run.workflows[0]
    assert (run.outcome, workflow.outcome, workflow.steps[0].outcome) == ("error", "error", "error")


def test_an_attempt_that_was_not_sent_leaves_no_criteria_of_the_one_before() -> None:
    events = [entry.event for entry in story()]
    step_events = events[events.index(next(e for e in events if isinstance(e, StepStarted) and e.step_id == "fetch")) :]
    told = [start("w"), *step_events[:5], AttemptFinished((), Problem("input", "m"), {}), AttemptFinished((), None, {})]
    step = record(*told).workflows[0].steps[0]
    assert (step.attempts, step.criteria) == (3, [])


def test_bodies_are_kept_up_to_a_limit_and_less_of_earlier_attempts() -> None:
    big = Exchange(Request("POST", "https://x.example/", (), b"q" * 9000), Response(200, (), b"r" * 9000))
    run = record(start("w"), enter("a"), Answered((), big), Answered((), big), body_limit=5000)
    first, last = run.workflows[0].steps[0].exchanges
    assert isinstance(first.reply, Response)
    assert isinstance(last.reply, Response)
    assert (len(first.sent.body), len(first.reply.body)) == (EARLIER_LIMIT, EARLIER_LIMIT)
    assert (len(last.sent.body), len(last.reply.body)) == (5000, 5000)


def test_the_depth_counts_the_calls_around_the_innermost_workflow() -> None:
    recorder = Recorder()
    depths = []
    for event in (start("a"), enter("s"), start("b", "call"), enter("t"), leave("t"), finish("b"), leave("s")):
        recorder.tell(Entry(0, event))
        depths.append(recorder.depth)
    assert depths == [0, 0, 1, 1, 1, 0, 0]


ONE, TWO, THREE = (Case(f"w[{row}]", "d", "w", row) for row in ("1", "2", "3"))
SUITE: tuple[Event, ...] = (
    RunStarted("d", "t", ("w",)),
    CaseStarted(ONE),
    start("w"),
    finish("w"),
    CaseFinished(ONE, "passed"),
    CaseSkipped(TWO, "enough"),
    CaseStarted(THREE),
    CaseFinished(THREE, "error", Problem("input", "no number")),
)


def test_a_case_has_its_own_workflows_its_time_and_its_end() -> None:
    run = record(*SUITE)
    told = [(each.case.row, each.outcome, each.skipped, each.took, len(each.workflows)) for each in run.cases]
    assert told == [("1", "passed", "", 3.0, 1), ("2", "error", "enough", 0.0, 0), ("3", "error", "", 1.0, 0)]
    assert run.workflows == run.cases[0].workflows
    assert run.cases[2].problem == Problem("input", "no number")


def test_what_is_forgotten_takes_no_memory_and_what_is_open_stays() -> None:
    recorder = Recorder()
    for at, event in enumerate(SUITE[:-1]):
        recorder.tell(Entry(float(at), event))
    recorder.forget()
    assert [each.case for each in recorder.run.cases] == [THREE]
    assert recorder.run.workflows == []
    recorder.tell(Entry(9.0, SUITE[-1]))
    assert recorder.run.cases[0].outcome == "error"

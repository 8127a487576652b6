"""The teardown of a workflow: `x-finally` runs however the own steps ended, and is told apart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from runner.engine.events import (
    RunFinished,
    StepFinished,
    StepSkipped,
    TeardownFinished,
    TeardownStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.engine.flow import Cancelled
from runner.engine.state import Limits
from runner.exchange import Reply, TransportFailure
from tests.scripted import Story, header, play, reply

MADE, OK, GONE, BROKEN = reply(201, {"id": "7"}), reply(200, {}), reply(204), reply(500)
SILENT = TransportFailure("timeout", "no answer")

CREATE = """
  - stepId: create
    operationId: createThing
    outputs: {id: $response.body#/id}
"""
LOOK = """
  - stepId: look
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
"""
REMOVE = """
  - stepId: remove
    operationId: deleteThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
"""
LIST = """
  - {stepId: list, operationId: listThings}
"""


def workflow(steps: str, teardown: str = REMOVE, *, name: str = "main", more: str = "") -> str:
    return f"- workflowId: {name}\n  steps:{steps}{more}\n  x-finally:{teardown}"


def flow(steps: str = CREATE + LOOK, teardown: str = REMOVE, more: str = "", version: str = "1.0.1") -> str:
    return header(workflow(steps, teardown, more=more), version=version)


def told(story: Story) -> list[str]:
    """What happened around the steps, in order."""
    names = {WorkflowStarted: "start", TeardownStarted: "teardown", WorkflowFinished: "finish", RunFinished: "end"}
    found = []
    for event in story.events:
        if isinstance(event, StepFinished):
            found.append(f"{event.step_id} {event.outcome}")
        elif isinstance(event, StepSkipped):
            found.append(f"{event.step_id} skipped")
        elif isinstance(event, TeardownFinished):
            found.append(f"torn down {event.outcome}")
        elif type(event) in names:
            found.append(" ".join([names[type(event)], getattr(event, "workflow_id", "")]).strip())
    return found


def test_it_runs_after_the_own_steps_and_inside_of_the_workflow() -> None:
    story = play(flow(), [MADE, OK, GONE])
    assert told(story) == [
        "start main",
        "create passed",
        "look passed",
        "teardown main",
        "remove passed",
        "torn down passed",
        "finish main",
        "end",
    ]
    assert (story.outcome, story.sent) == ("passed", ["POST /things", "GET /things/7", "DELETE /things/7"])


ENDS = "\n    onSuccess: [{name: enough, type: end}]"
STOPS = "\n    onFailure: [{name: enough, type: end}]"
BAD = "\n    successCriteria: [{condition: $response.body#/state == 'good'}]"
BLIND = LOOK.replace("create.outputs.id", "create.outputs.other").replace("look", "blind")
CREATE_BOTH = CREATE.replace("{id:", "{other: $response.body#/other, id:")

ENDINGS = [
    # own steps, their replies, the outcome, what the workflow's problem begins with
    (CREATE.rstrip() + ENDS + LOOK, [MADE], "passed", ""),
    (CREATE + LOOK, [MADE, BROKEN], "failed", "step 'look' failed: $statusCode"),
    (CREATE + LOOK.rstrip() + STOPS, [MADE, BROKEN], "failed", "step 'look' failed: $statusCode"),
    (CREATE + LOOK.rstrip() + BAD, [MADE, OK], "failed", "step 'look' failed: $response.body#/state == 'good'"),
    (CREATE + LOOK, [MADE, SILENT], "error", "step 'look' failed: GET /things/{id}: no answer"),
    (CREATE_BOTH + BLIND, [MADE], "error", "step 'blind' failed: parameter 'id' cannot be sent"),
    (CREATE + LOOK, [MADE, Cancelled()], "error", "the run was cancelled"),
]


@pytest.mark.parametrize(("steps", "replies", "outcome", "problem"), ENDINGS)
def test_it_runs_however_the_own_steps_ended(
    steps: str, replies: Sequence[Reply | Cancelled], outcome: str, problem: str
) -> None:
    story = play(flow(steps), [*replies, GONE])
    assert story.sent[-1] == "DELETE /things/7"
    assert (story.outcome, story.last.outcome) == (outcome, outcome)
    assert story.problem.startswith(problem)
    assert bool(story.problem) == bool(problem)


def test_what_was_sent_when_the_run_was_cancelled_may_have_arrived_but_the_teardown_runs() -> None:
    story = play(flow(), [MADE, TransportFailure("cancelled", "interrupted"), GONE])
    assert story.sent == ["POST /things", "GET /things/7", "DELETE /things/7"]
    assert story.outcome == "error"


LOOP = LOOK.rstrip() + "\n    onSuccess: [{name: again, type: goto, stepId: look}]"


def test_a_run_that_took_too_many_steps_is_torn_down_with_a_budget_of_its_own() -> None:
    story = play(flow(CREATE + LOOP), [MADE, OK, OK, GONE], limits=Limits(steps=3, pace=0))
    assert story.sent[-1] == "DELETE /things/7"
    assert story.problem == "the run took more than 3 steps: it visited 'main.look' 2 times"


def test_a_run_that_took_too_long_is_torn_down_with_a_time_of_its_own() -> None:
    story = play(flow(), [MADE, OK, GONE], took=3.0, limits=Limits(wall=5.0, teardown=20.0, request_timeout=None))
    assert story.timeouts == [5.0, 2.0, 20.0]
    assert (story.outcome, story.problem) == ("error", "the run took longer than 5 s")
    assert story.all(TeardownFinished)[0].problem is None


def test_a_teardown_that_takes_too_long_is_broken_off() -> None:
    teardown = REMOVE + LIST
    story = play(flow(CREATE, teardown), [MADE, SILENT], limits=Limits(teardown=4.0))
    assert story.timeouts[-1] == pytest.approx(4.0)
    assert told(story)[-4:] == ["remove error", "torn down failed", "finish main", "end"]
    assert story.problem == "the teardown was broken off: the teardown took longer than 4 s"
    assert story.outcome == "failed"


def test_a_teardown_that_goes_round_is_broken_off() -> None:
    teardown = LIST.replace("}", ", onSuccess: [{name: again, type: goto, stepId: list}]}")
    story = play(flow(CREATE, teardown), [MADE, OK, OK], limits=Limits(teardown_steps=2, pace=0))
    assert story.problem.endswith("the teardown took more than 2 steps: it visited 'main.list' 2 times")


def test_what_was_not_made_is_not_deleted() -> None:
    story = play(flow(teardown=REMOVE + LIST), [BROKEN, OK])
    assert story.all(StepSkipped)[0].reason == (
        "'$steps.create.outputs.id' is not there, for step 'create' did not pass"
    )
    assert told(story)[2:5] == ["teardown main", "remove skipped", "list passed"]
    assert story.all(TeardownFinished)[0].outcome == "passed"


def test_a_step_that_was_not_reached_is_why_one_is_skipped() -> None:
    steps = LIST.replace("}", ", onSuccess: [{name: done, type: end, criteria: [{condition: $statusCode == 200}]}]}")
    story = play(flow(steps + CREATE), [OK])
    assert story.all(StepSkipped)[0].reason.endswith("for step 'create' was not reached")
    assert story.outcome == "passed"


def test_what_was_made_and_cannot_be_found_is_a_failure() -> None:
    story = play(flow(CREATE), [reply(201, {"name": "x"})])
    assert not story.all(StepSkipped)
    assert "'$steps.create.outputs.id' is not there" in story.problem
    assert story.outcome == "failed"


def test_a_step_waits_for_one_that_must_have_completed() -> None:
    teardown = "\n  - {stepId: list, operationId: listThings, dependsOn: [create]}\n"
    first = LIST.replace("list,", "first,").replace("}", ", onSuccess: [{name: done, type: end}]}")
    assert play(flow(first + CREATE, teardown, version="1.1.0"), [OK]).all(StepSkipped)[0].reason == (
        "step 'create', which it depends on, has not completed"
    )
    assert play(flow(CREATE, teardown, version="1.1.0"), [BROKEN, OK]).steps[-1] == ("list", "passed")


def test_steps_see_the_outputs_of_those_before_them_but_the_workflow_does_not() -> None:
    teardown = (
        REMOVE.rstrip()
        + "\n    outputs: {at: $response.header.X-Gone}\n"
        + LIST.rstrip().replace("}", ", parameters: [{name: cursor, in: query, value: $steps.remove.outputs.at}]}")
    )
    story = play(flow(CREATE, teardown, "\n  outputs: {id: $steps.create.outputs.id}"), [
        MADE, reply(204, None, (("X-Gone", "noon"),)), OK,
    ])  # fmt: skip
    assert story.sent[-1] == "GET /things?cursor=noon"
    assert story.outputs == {"id": "7"}


def test_a_step_that_fails_does_not_stop_the_next_one_nor_hide_why_the_workflow_failed() -> None:
    story = play(flow(teardown=REMOVE + LIST), [MADE, reply(404), BROKEN, OK])
    assert story.steps[2:] == [("remove", "failed"), ("list", "passed")]
    assert story.problem.startswith("step 'look' failed")
    torn = story.all(TeardownFinished)[0]
    assert torn.problem is not None
    assert torn.problem.message.startswith("step 'remove' of the teardown failed: $statusCode")


def test_a_teardown_that_fails_fails_a_workflow_that_passed() -> None:
    story = play(flow(CREATE), [MADE, SILENT])
    assert (story.outcome, story.last.outcome) == ("failed", "failed")
    assert story.last.problem == story.all(TeardownFinished)[0].problem
    assert story.last.problem is not None
    assert story.last.problem.kind == "teardown"


RETRY = REMOVE.rstrip() + "\n    onFailure: [{name: again, type: retry, retryAfter: 2, retryLimit: 2}]\n"


def test_a_step_may_be_tried_again_also_when_the_run_was_cancelled() -> None:
    story = play(flow(teardown=RETRY), [MADE, Cancelled(), BROKEN, GONE])
    assert (story.waits, story.sent[-2:]) == ([2], ["DELETE /things/7"] * 2)
    assert story.all(TeardownFinished)[0].outcome == "passed"


def test_a_step_may_end_the_teardown_or_go_on_from_a_failure() -> None:
    end = REMOVE.rstrip() + "\n    onFailure: [{name: enough, type: end}]\n" + LIST
    story = play(flow(CREATE, end), [MADE, BROKEN])
    assert (story.outcome, story.steps[-1]) == ("failed", ("remove", "failed"))
    on = end.replace("type: end", "type: goto, stepId: list")
    story = play(flow(CREATE, on), [MADE, BROKEN, OK])
    assert (story.outcome, story.steps[-1]) == ("passed", ("list", "passed"))


def test_the_actions_of_the_workflow_are_for_its_own_steps_but_its_parameters_for_all() -> None:
    more = """
  failureActions: [{name: stop, type: goto, stepId: look}]
  parameters: [{name: X-Run, in: header, value: '1'}]"""
    story = play(flow(teardown=REMOVE + LIST, more=more), [MADE, OK, BROKEN, OK])
    assert story.sent[-1] == "GET /things"
    assert [("X-Run", "1") in request.headers for request in story.requests] == [True] * 4


CALL = """
  - {stepId: call, workflowId: inner}
"""


def nested(outer: str = CALL + LIST, teardown: str = "\n  - {stepId: bye, operationId: login}") -> str:
    return header(workflow(outer, teardown) + "\n" + workflow(CREATE + LOOK, name="inner"))


def test_a_called_workflow_is_torn_down_when_it_ends() -> None:
    story = play(nested(), [MADE, OK, GONE, OK, OK])
    assert story.sent == ["POST /things", "GET /things/7", "DELETE /things/7", "GET /things", "POST /login"]


def test_when_the_run_is_cancelled_every_workflow_that_is_open_is_torn_down_the_innermost_first() -> None:
    story = play(nested(), [MADE, Cancelled(), GONE, OK])
    assert story.sent[2:] == ["DELETE /things/7", "POST /login"]
    assert [event.outcome for event in story.all(WorkflowFinished)] == ["error", "error"]


def test_a_called_workflow_whose_teardown_fails_does_not_change_the_way_but_fails_the_run() -> None:
    story = play(nested(), [MADE, OK, BROKEN, OK, OK])
    assert ("call", "passed") in story.steps
    assert [event.outcome for event in story.all(WorkflowFinished)] == ["failed", "failed"]
    assert story.outcome == "failed"


def test_a_step_of_a_teardown_may_call_a_workflow_that_has_one() -> None:
    document = nested(LIST, CALL)
    assert play(document, [OK, MADE, OK, GONE]).outcome == "passed"
    story = play(document, [OK, MADE, Cancelled(), GONE])
    assert story.sent[-1] == "DELETE /things/7"
    assert story.problem == "the run was cancelled"


def test_a_teardown_inside_of_another_one_shares_its_budget() -> None:
    story = play(nested(LIST, CALL + LIST.replace("list,", "last,")), [OK, MADE, OK], limits=Limits(teardown_steps=3))
    assert story.sent == ["GET /things", "POST /things", "GET /things/7"]
    assert [event.outcome for event in story.all(TeardownFinished)] == ["failed", "failed"]
    assert story.outcome == "failed"


def test_a_workflow_that_is_left_is_torn_down_before_the_other_one_starts() -> None:
    leave = LOOK.rstrip() + "\n    onSuccess: [{name: leave, type: goto, workflowId: other}]\n"
    document = header(workflow(CREATE + leave) + "\n" + workflow(LIST, LIST.replace("list,", "last,"), name="other"))
    story = play(document, [MADE, OK, GONE, OK, OK])
    assert story.sent[2:] == ["DELETE /things/7", "GET /things", "GET /things"]
    assert told(story)[3:8] == ["teardown main", "remove passed", "torn down passed", "start other", "list passed"]
    story = play(document, [MADE, OK, BROKEN, OK, OK])
    assert [event.outcome for event in story.all(WorkflowFinished)] == ["failed", "failed"]


def test_nothing_is_torn_down_where_nothing_began() -> None:
    document = header(workflow(CREATE, more="\n  dependsOn: [first]") + "\n- workflowId: first\n  steps:" + LIST)
    story = play(document, [BROKEN], workflows=["main"])
    assert not story.all(TeardownStarted)


def test_the_step_that_ctrl_c_broke_off_does_not_come_again_but_those_after_it_do() -> None:
    story = play(flow(CREATE, REMOVE + LIST), [MADE, Cancelled(), OK])
    assert story.steps[1:] == [("remove", "error"), ("list", "passed")]
    assert story.problem == "the run was cancelled"
    assert story.outcome == "error"


def test_the_run_ends_after_a_teardown_that_was_broken_off() -> None:
    story = play(nested(), [MADE, OK, Cancelled(), OK])
    assert story.sent == ["POST /things", "GET /things/7", "DELETE /things/7", "POST /login"]

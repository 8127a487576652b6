"""A contract that is broken is told, and changes nothing of the way a flow takes."""

from __future__ import annotations

from typing import Any

import pytest

from runner.engine.events import Answered, BodyUnreadable, ContractChecked, StepStarted, WorkflowFinished
from runner.engine.policy import ContractPolicy, Level, read_policy, same_level
from runner.engine.state import Limits
from runner.errors import UsageError
from runner.exchange import Response, TransportFailure
from runner.openapi.mismatch import Check
from tests.scripted import Story, header, plan_of, play, reply

PETS = """
openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'https://api.example.com/v1'}]
paths:
  /pets:
    get:
      operationId: listPets
      parameters: [{name: limit, in: query, required: true, schema: {type: integer, maximum: 100}}]
      responses:
        '200':
          description: ok
          headers: {X-Total: {schema: {type: integer}}}
          content: {application/json: {schema: {type: array, items: {type: integer}}}}
        5XX: {description: later}
    post:
      operationId: addPet
      requestBody:
        content: {application/json: {schema: {type: object, required: [name]}}}
      responses: {'201': {description: made}}
    put:
      operationId: putPet
      requestBody: {required: true, content: {text/plain: {}}}
      responses: {'204': {description: kept}}
"""
LIST = "{stepId: list, operationId: listPets, parameters: [{name: limit, in: query, value: 5}]}"
GOOD, BAD, TEAPOT = reply(200, [1]), reply(200, ["a"]), Response(418)


def flow(*steps: str, more: str = "") -> str:
    lines = "\n".join(f"  - {step}" for step in steps)
    return header(f"- workflowId: main\n  steps:\n{lines}\n{more}")


def played(document: str, replies: list[Response | TransportFailure], contract: Level | ContractPolicy) -> Story:
    policy = contract if isinstance(contract, ContractPolicy) else same_level(contract)
    return play(plan_of(document, {"things.yaml": PETS}), replies, limits=Limits(contract=policy))


def told(story: Story) -> list[tuple[str, str]]:
    return [
        (breach.severity, breach.mismatch.statement)
        for event in story.all(ContractChecked)
        for breach in event.breaches
    ]


def outcomes(story: Story) -> dict[str, str]:
    return {event.workflow_id: event.outcome for event in story.all(WorkflowFinished)}


def test_each_answer_is_followed_by_what_it_was_compared_with() -> None:
    story = played(flow(LIST), [GOOD], "error")
    kinds = [type(event) for event in story.events]
    assert kinds[kinds.index(Answered) + 1] is ContractChecked
    (checked,) = story.all(ContractChecked)
    assert (checked.response, checked.media_type, checked.breaches) == ("200", "application/json", ())
    assert story.outcome == "passed"


def test_a_step_says_which_operation_of_which_source_it_calls() -> None:
    (started,) = played(flow(LIST), [GOOD], "warn").all(StepStarted)
    assert (started.source, started.pointer) == ("things", "/paths/~1pets/get")


def test_under_warn_a_mismatch_is_told_and_the_run_passes() -> None:
    story = played(flow(LIST), [BAD], "warn")
    assert told(story) == [("warning", "'/0' in the response body must be integer")]
    assert (story.outcome, story.steps) == ("passed", [("list", "passed")])


def test_under_error_the_flow_goes_on_and_fails_at_its_end() -> None:
    story = played(flow(LIST, LIST.replace("stepId: list", "stepId: after")), [BAD, GOOD], "error")
    assert story.steps == [("list", "passed"), ("after", "passed")]
    assert story.outcome == "failed"
    assert story.last.problem is not None
    assert story.last.problem.kind == "contract"
    assert story.problem == "step 'list': '/0' in the response body must be integer"


def test_switched_off_nothing_is_told() -> None:
    story = played(flow(LIST), [BAD], "off")
    assert story.all(ContractChecked) == []
    assert story.outcome == "passed"


def test_a_body_that_cannot_be_read_is_told_before() -> None:
    broken = Response(200, (("Content-Type", "application/json"),), b"<")
    story = played(flow(LIST), [broken], "warn")
    kinds = [type(event) for event in story.events]
    assert kinds.index(ContractChecked) == kinds.index(BodyUnreadable) + 1 == kinds.index(Answered) + 2


def test_both_places_are_told() -> None:
    document = flow(LIST.replace("value: 5", "value: 500"))
    (checked,) = played(document, [BAD], "warn").all(ContractChecked)
    request, body = checked.breaches
    assert request.span is not None
    assert (request.span.source.name, request.span.text) == ("memory:///flow.arazzo.yaml", "500")
    assert request.declared is not None
    assert (request.declared.source.name, request.declared.text) == ("memory:///things.yaml", "100")
    assert body.span is None
    assert body.declared is not None
    assert body.declared.text == "integer"


def test_what_takes_several_lines_is_told_at_its_name() -> None:
    (checked,) = played(flow(LIST), [TEAPOT], "warn").all(ContractChecked)
    assert checked.breaches[0].declared is not None
    assert checked.breaches[0].declared.text == "responses"


ACTIONS = {
    "retried": "{name: again, type: retry, retryAfter: 1, retryLimit: 1}",
    "gone on from": "{name: on, type: goto, stepId: after}",
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_the_mismatches_of_an_attempt_count_that_was(action: str) -> None:
    failing = LIST[:-1] + f", successCriteria: [{{condition: $statusCode == 200}}], onFailure: [{action}]}}"
    after = LIST.replace("stepId: list", "stepId: after")
    replies = [TEAPOT, GOOD, GOOD] if "retry" in action else [TEAPOT, GOOD]
    story = played(flow(failing, after), replies, "error")
    assert story.steps[-1] == ("after", "passed")
    assert story.outcome == "failed"
    assert story.problem == "step 'list': status 418 is not documented: GET /pets has 200 and 5XX"


def test_what_failed_by_itself_keeps_its_own_reason() -> None:
    failing = LIST[:-1] + ", successCriteria: [{condition: $statusCode == 200}]}"
    story = played(flow(failing), [TEAPOT], "error")
    assert story.last.problem is not None
    assert story.last.problem.kind == "criterion"


CALLED = """
- workflowId: inner
  steps:
  - {stepId: list, operationId: listPets, parameters: [{name: limit, in: query, value: 5}]}
"""


def test_whoever_called_a_workflow_goes_on_and_fails_with_it() -> None:
    document = flow("{stepId: call, workflowId: inner}", LIST, more=CALLED)
    story = played(document, [BAD, GOOD], "error")
    assert story.steps == [("list", "passed"), ("call", "passed"), ("list", "passed")]
    assert outcomes(story) == {"inner": "failed", "main": "failed"}
    assert story.outcome == "failed"


def test_a_workflow_that_depends_on_it_runs_and_keeps_its_own_outcome() -> None:
    document = header(
        f"- workflowId: main\n  dependsOn: [inner]\n  steps:\n  - {LIST}\n{CALLED}",
    )
    story = played(document, [BAD, GOOD], "error")
    assert outcomes(story) == {"inner": "failed", "main": "passed"}
    assert story.outcome == "failed"


def test_workflows_that_goto_joined_end_alike() -> None:
    leaving = LIST[:-1] + ", onSuccess: [{name: on, type: goto, workflowId: inner}]}"
    story = played(flow(leaving, more=CALLED), [BAD, GOOD], "error")
    assert outcomes(story) == {"inner": "failed", "main": "failed"}


def test_without_an_answer_only_the_request_is_compared() -> None:
    document = flow(LIST.replace("value: 5", "value: 500"))
    story = played(document, [TransportFailure("dns", "cannot resolve host")], "error")
    (checked,) = story.all(ContractChecked)
    assert (checked.response, checked.media_type) == (None, None)
    assert told(story) == [("error", "query parameter 'limit' must be at most 100")]
    assert story.outcome == "error"
    assert played(flow(LIST), [TransportFailure("dns", "no")], "error").all(ContractChecked) == []


def test_a_required_parameter_that_is_left_out_is_told() -> None:
    document = flow(LIST.replace("value: 5", "value: $inputs.limit"))
    document = document.replace("  steps:", "  inputs: {properties: {limit: {type: integer}}}\n  steps:")
    story = played(document, [GOOD], "warn")
    assert told(story) == [("warning", "query parameter 'limit' is required, and was left out")]


def test_a_request_body_is_compared_as_it_was_before_it_was_encoded() -> None:
    step = "{stepId: add, operationId: addPet, requestBody: {payload: {nmae: Rex}}}"
    story = played(flow(step), [Response(201)], "warn")
    assert told(story) == [("warning", "'/name' in the request body is required")]


BROKEN: dict[Check, Response] = {
    "status": Response(302),
    "content-type": Response(200, (("Content-Type", "text/html"),), b"<"),
    "headers": reply(200, [1], (("X-Total", "many"),)),
    "body": BAD,
    "request": GOOD,
}


@pytest.mark.parametrize(("check", "response"), BROKEN.items(), ids=BROKEN.keys())
def test_each_check_has_a_level_of_its_own(check: Check, response: Response) -> None:
    document = flow(LIST.replace("value: 5", "value: 500") if check == "request" else LIST)
    story = played(document, [response], read_policy([f"off,{check}=error"]))
    assert [severity for severity, _ in told(story)] == ["error"]
    assert story.outcome == "failed"
    assert played(document, [response], read_policy(["error", f"{check}=off"])).outcome == "passed"


POLICIES = {
    "nothing": ([], ContractPolicy()),
    "one level for all": (["error"], same_level("error")),
    "one check": (["body=error"], ContractPolicy(body="error")),
    "several checks": (["body=error, content-type=off"], ContractPolicy(body="error", content_type="off")),
    "the later counts": (
        ["error", "body=warn", "request=off"],
        ContractPolicy("error", "error", "error", "warn", "off"),
    ),
}


@pytest.mark.parametrize(("texts", "policy"), POLICIES.values(), ids=POLICIES.keys())
def test_a_policy_is_read(texts: list[str], policy: ContractPolicy) -> None:
    assert read_policy(texts) == policy


REFUSED = {
    "eror": "there is no contract level 'eror'\ndid you mean 'error'?",
    "bodi=error": "there is no contract check 'bodi'\ndid you mean 'body'?",
    "body=loud": "there is no contract level 'loud'\nthere are off, warn, error",
    "": "there is no contract level ''",
    "body": "the contract check 'body' is given no level\nwrite body=error",
    "body=": "there is no contract level ''",
    "=off": "there is no contract check ''",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items(), ids=REFUSED.keys())
def test_a_policy_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_policy([text])
    assert str(raised.value).startswith(message)


def test_a_policy_of_a_level_that_is_none_is_refused() -> None:
    loud: Any = "loud"
    with pytest.raises(UsageError, match="there is no contract level 'loud'"):
        ContractPolicy(body=loud)


def test_a_required_body_that_the_step_has_not_is_told_at_the_step() -> None:
    create = "{stepId: create, operationId: putPet}"
    (checked,) = played(flow(create), [GOOD], "error").all(ContractChecked)
    assert [(each.mismatch.statement, each.span) for each in checked.breaches if each.mismatch.check == "request"] == [
        ("the request body is required, and was left out", None)
    ]

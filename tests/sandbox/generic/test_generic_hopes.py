"""A step is answered by the reply that it is written for, where its operation has one."""

from __future__ import annotations

import pytest

from runner import api
from runner.engine.events import Answered, Entry, WorkflowFinished
from runner.engine.state import Limits
from runner.exchange import Response
from runner.sandbox.generic import SEED, GenericSandbox, Hopes, mount
from runner.sandbox.transport import SandboxTransport
from runner.shell.auth import calls
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from tests.scripted import plan_of

JOBS = """
openapi: 3.1.0
info: {title: Jobs, version: '1'}
servers: [{url: https://jobs.example}]
paths:
  /jobs:
    post:
      operationId: submit
      requestBody: {content: {application/json: {schema: {type: object, properties: {n: {type: integer, minimum: 0}}}}}}
      responses:
        '200': {description: known, content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}}
        '201': {description: new, content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}}
        '400': {description: bad}
        default: {description: else}
  /jobs/{jobId}:
    get:
      operationId: look
      parameters: [{name: jobId, in: path, required: true, schema: {type: string}}]
      responses:
        2XX:
          description: it
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Job'}
              example: {id: j, state: queued, note: wait, next: more, done: false, count: 0}
        '404': {description: none}
components:
  schemas:
    Job:
      type: object
      required: [id, state]
      additionalProperties: false
      properties:
        id: {type: string}
        state: {enum: [queued, running, done]}
        note: {type: string}
        next: {type: [string, 'null']}
        done: {type: boolean}
        count: {type: integer, maximum: 9}
        items: {type: array, items: {type: object, properties: {id: {type: integer}}}}
"""
FLOW = """
arazzo: 1.0.1
info: {{title: F, version: '1'}}
sourceDescriptions: [{{name: jobs, url: jobs.yaml, type: openapi}}]
workflows:
- workflowId: flow
  steps:
  - stepId: it
    operationId: {operation}
    parameters: [{{name: jobId, in: path, value: j7}}]
{lines}
"""


def played(operation: str, lines: str, body: str = "") -> tuple[str, list[Response]]:
    """Run a flow of one step on the stand-in; give how it ended, and the replies."""
    text = FLOW.format(operation=operation, lines="\n".join(f"    {line}" for line in lines.splitlines()))
    if operation == "submit":
        text = text.replace("parameters: [{name: jobId, in: path, value: j7}]", f"requestBody: {{payload: {body}}}")
    plan = plan_of(text, {"jobs.yaml": JOBS})
    hopes, clock, told = Hopes.of(plan), VirtualClock(0.0), list[Entry]()
    mounts = [mount(each.contract.api, each.server) for each in calls(plan, plan.workflows)]

    def tell(entry: Entry) -> None:
        hopes.hear(entry.event)
        told.append(entry)

    sandbox = GenericSandbox(mounts, SEED, hopes=hopes.now)
    outcome = api.run_plan(plan, [api.ask(plan, "flow", {})], World(SandboxTransport(sandbox, clock), clock, tell))
    replies = [each.event.exchange.reply for each in told if isinstance(each.event, Answered)]
    assert hopes.now().criteria == ()
    return str(outcome), [each for each in replies if isinstance(each, Response)]


def criteria(*conditions: str) -> str:
    return "successCriteria:\n" + "\n".join(f'- {{condition: "{each}"}}' for each in conditions)


@pytest.mark.parametrize(
    ("operation", "condition", "status"),
    [
        ("submit", "$statusCode < 300", 200),
        ("submit", "$statusCode == 201", 201),
        ("submit", "$statusCode != 200", 201),
        ("submit", "!($statusCode == 200)", 201),
        ("submit", "$statusCode == 202 || $statusCode == 201", 201),
        ("submit", "$statusCode >= 400 && $statusCode <= 499", 400),
        ("submit", "$statusCode == 503", 503),
        ("submit", "$statusCode == 201 && $response.body#/id == $inputs.id", 201),
        ("look", "$statusCode == 200", 200),
        ("look", "$statusCode == 206", 206),
        ("look", "$statusCode == 404", 404),
        ("look", "$statusCode == 409", 200),
    ],
)
def test_a_status_that_is_hoped_for_is_given_where_it_is_declared(operation: str, condition: str, status: int) -> None:
    _, replies = played(operation, criteria(condition), "{n: 1}")
    assert [each.status for each in replies] == [status]


def test_a_status_may_be_hoped_for_by_a_pattern() -> None:
    lines = "successCriteria: [{context: $statusCode, type: regex, condition: '^201$'}]"
    assert [each.status for each in played("submit", lines, "{n: 1}")[1]] == [201]


def test_an_error_that_is_hoped_for_needs_no_request_that_is_in_order_and_no_other_reply_does_without() -> None:
    assert [each.status for each in played("submit", criteria("$statusCode == 400"), "{n: -1}")[1]] == [400]
    outcome, replies = played("submit", criteria("$statusCode == 201"), "{n: -1}")
    assert (outcome, replies[0].status) == ("failed", 400)
    assert replies[0].content.value["errors"][0]["pointer"] == "#/n"


@pytest.mark.parametrize(
    "condition",
    [
        "$response.body#/state == 'done'",
        "'done' == $response.body.state",
        "$response.body#/note == 'whatever it says'",
        "$response.body#/count > 3 && $response.body#/count < 5",
        "$response.body#/count >= 7",
        "7 <= $response.body#/count",
        "$response.body#/done",
        "$response.body#/done == true",
        "!($response.body#/done == false)",
        "$response.body#/next == null",
        "$response.body#/items/0/id == 5",
        "$response.body#/id == 'j7'",
        "$response.header.Content-Type == 'application/json'",
    ],
)
def test_a_body_that_is_hoped_for_is_given_where_it_is_valid(condition: str) -> None:
    outcome, replies = played("look", criteria("$statusCode == 200", condition))
    assert (outcome, len(replies)) == ("passed", 1)


@pytest.mark.parametrize("condition", ["$response.body#/state == 'gone'", "$response.body#/count == 10"])
def test_nothing_is_given_that_the_description_does_not_have(condition: str) -> None:
    outcome, (reply,) = played("look", criteria(condition))
    assert outcome == "failed"
    assert reply.content.value == {
        "id": "j7",
        "state": "queued",
        "note": "wait",
        "next": "more",
        "done": False,
        "count": 0,
    }


def test_queries_and_patterns_of_a_body_are_hoped_for_by_trying() -> None:
    lines = """successCriteria:
- {context: $response.body, type: jsonpath, condition: "$[?@ == 'done']"}
- {context: $response.body#/state, type: regex, condition: '^d'}"""
    assert played("look", lines)[0] == "passed"


@pytest.mark.parametrize(
    "condition",
    [
        "$response.body#/state == 'queued' || $response.body#/state == 'running'",
        "$response.body#/state != 'done'",
        "$response.body#/next != null",
        "$response.body#/done == false",
        "$response.body#/count < 3",
    ],
)
def test_a_flow_that_polls_comes_to_its_end(condition: str) -> None:
    action = f'onSuccess: [{{name: again, type: goto, stepId: it, criteria: [{{condition: "{condition}"}}]}}]'
    outcome, replies = played("look", action)
    assert (outcome, len(replies)) == ("passed", 1)


def test_what_the_flow_prefers_goes_before_what_it_hopes_for() -> None:
    lines = f"{criteria('$statusCode == 201')}\nparameters: [{{name: Prefer, in: header, value: code=200}}]"
    assert [each.status for each in played("submit", lines, "{n: 1}")[1]] == [200]


def test_a_loop_that_nothing_ends_is_ended_by_a_limit_that_says_so() -> None:
    plan = plan_of(
        FLOW.format(operation="look", lines="    onSuccess: [{name: again, type: goto, stepId: it}]"),
        {"jobs.yaml": JOBS},
    )
    clock, told = VirtualClock(0.0), list[Entry]()
    sandbox = GenericSandbox([mount(each.contract.api, each.server) for each in calls(plan, plan.workflows)])
    world = World(SandboxTransport(sandbox, clock), clock, told.append)
    assert api.run_plan(plan, [api.ask(plan, "flow", {})], world, Limits(steps=20)) == "error"
    (problem,) = [each.event.problem for each in told if isinstance(each.event, WorkflowFinished)]
    assert problem is not None
    assert "20 steps" in problem.message

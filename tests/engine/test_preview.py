"""What a run would send, as far as it is known before any answer."""

from __future__ import annotations

from typing import Any

import pytest

from runner.engine.asked import Asked
from runner.engine.events import Problem
from runner.engine.preview import PreviewedRequest, PreviewedStep, PreviewedWorkflow, named, preview
from runner.plan.inputs import accept
from tests.scripted import header, plan_of, play, reply

BASE = "https://api.example.com/v1"


def previewed(document: str, inputs: dict[str, Any] | None = None) -> list[PreviewedWorkflow]:
    plan = plan_of(document)
    asked = [Asked(key, accept(plan.workflows[key].inputs, inputs or {}).values, inputs or {}) for key in plan.entries]
    return list(preview(plan, asked))


def request(step: PreviewedStep) -> PreviewedRequest:
    assert isinstance(step.does, PreviewedRequest), step
    return step.does


def shown(step: PreviewedStep) -> str:
    """Write a request on one line, with what is unknown named in its place."""
    found = request(step)
    text = f"{found.request.method} {found.request.url} {found.request.body.decode()}".strip()
    return named(text.replace(BASE, ""), found.unknown)


def flow(steps: str, inputs: str = "") -> str:
    return header(f"- workflowId: main\n  {inputs or 'summary: x'}\n  steps:\n{steps}")


LIST = "  - {stepId: list, operationId: listThings, outputs: {id: $response.body#/0/id, sent: $url}}\n"


def test_what_is_known_is_built_as_a_run_builds_it() -> None:
    document = flow(
        "  - stepId: list\n    operationId: listThings\n"
        "    parameters: [{name: limit, in: query, value: $inputs.n}, {name: cursor, in: query, value: $inputs.none}]\n"
        "  - {stepId: make, operationId: createThing, requestBody: {payload: {a: 'x {$inputs.n}', b: $inputs.n}}}\n",
        "inputs: {properties: {n: {type: integer}, none: {}}}",
    )
    [main] = previewed(document, {"n": 3})
    story = play(document, [reply(200), reply(201)], {"n": 3})
    assert [request(step).request for step in main.steps] == story.requests
    assert all(request(step).unknown == {} for step in main.steps)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            "{stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $steps.list.outputs.id}]}",
            "GET /things/<$steps.list.outputs.id>",
        ),
        (
            (
                "{stepId: get, operationId: listThings, "
                "parameters: [{name: cursor, in: query, value: 'a/{$steps.list.outputs.id}'}]}"
            ),
            "GET /things?cursor=a%2F<$steps.list.outputs.id>",
        ),
        (
            (
                "{stepId: make, operationId: createThing, "
                "requestBody: {payload: {a: {b: $steps.list.outputs.id}, c: [1, $steps.list.outputs.id]}}}"
            ),
            'POST /things {"a":{"b":"<$steps.list.outputs.id>"},"c":[1,"<$steps.list.outputs.id>"]}',
        ),
        (
            (
                "{stepId: make, operationId: createThing, requestBody: {contentType: application/json, "
                'payload: \'{"q": "{$steps.list.outputs.id}", "n": {$steps.list.outputs.id}}\'}}'
            ),
            'POST /things {"q":"<$steps.list.outputs.id>","n":"<$steps.list.outputs.id>"}',
        ),
        (
            (
                "{stepId: make, operationId: createThing, requestBody: {payload: $steps.list.outputs.id, "
                "replacements: [{target: /a, value: 1}]}}"
            ),
            'POST /things "<$steps.list.outputs.id>"',
        ),
        (
            (
                "{stepId: make, operationId: createThing, "
                "requestBody: {payload: {a: 0}, replacements: [{target: /a, value: $steps.list.outputs.id}]}}"
            ),
            'POST /things {"a":"<$steps.list.outputs.id>"}',
        ),
    ],
)
def test_what_an_answer_gives_is_named_in_its_place(step: str, expected: str) -> None:
    [main] = previewed(flow(f"{LIST}  - {step}\n"))
    assert shown(main.steps[1]) == expected
    assert list(request(main.steps[1]).unknown.values()) == ["$steps.list.outputs.id"]


def test_an_output_that_needs_no_answer_is_known() -> None:
    steps = (
        f"{LIST}  - {{stepId: make, operationId: createThing, requestBody: {{payload: $steps.list.outputs.sent}}}}\n"
    )
    [main] = previewed(flow(steps))
    assert shown(main.steps[1]) == 'POST /things "/things"'
    assert request(main.steps[1]).unknown == {}


def test_what_could_never_be_sent_is_said() -> None:
    step = "  - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}\n"
    [main] = previewed(flow(step, "inputs: {properties: {id: {type: string}}}"))
    assert isinstance(main.steps[0].does, Problem)
    assert "path parameter 'id' has no value" in main.steps[0].does.message


CALLS = header("""
- workflowId: main
  dependsOn: [first]
  steps:
  - {stepId: list, operationId: listThings, outputs: {id: $response.body#/id}}
  - {stepId: one, workflowId: sub, parameters: [{name: id, value: $steps.list.outputs.id}], outputs: {n: $outputs.n}}
  - {stepId: two, workflowId: sub, parameters: [{name: id, value: 'x'}]}
  - stepId: last
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.one.outputs.n}]
    onFailure: [{name: off, type: goto, workflowId: rescue}]
- workflowId: sub
  inputs: {properties: {id: {type: string}, kind: {type: string, default: 'dog'}}}
  steps:
  - stepId: get
    operationId: getThing
    parameters: [{name: id, in: path, value: $inputs.id}, {name: kind, in: query, value: $inputs.kind}]
    outputs: {n: $response.body#/n}
  outputs: {n: $steps.get.outputs.n}
- workflowId: first
  steps: [{stepId: a, operationId: login}]
- workflowId: rescue
  steps: [{stepId: b, operationId: login}]
""")


def test_workflows_are_walked_once_each_in_the_order_they_would_run() -> None:
    found = previewed(CALLS)
    assert [(each.workflow_id, each.reason) for each in found] == [
        ("first", "dependency"),
        ("main", "asked"),
        ("rescue", "goto"),
    ]
    _, one, two, last = found[1].steps
    assert isinstance(one.does, PreviewedWorkflow)
    assert shown(one.does.steps[0]) == "GET /things/<$steps.list.outputs.id>?kind=dog"
    assert two.does is None
    assert shown(last) == "GET /things/<$steps.one.outputs.n>"


def test_a_circle_of_calls_comes_to_an_end() -> None:
    document = header("""
    - workflowId: main
      steps: [{stepId: a, workflowId: other}]
    - workflowId: other
      steps: [{stepId: b, workflowId: main}]
    """)
    [main] = previewed(document)
    assert isinstance(main.steps[0].does, PreviewedWorkflow)
    assert main.steps[0].does.steps[0].does is None


def test_a_part_of_an_input_that_an_answer_gives_is_unknown_too() -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: list, operationId: listThings, outputs: {it: $response.body}}
      - {stepId: one, workflowId: sub, parameters: [{name: it, value: $steps.list.outputs.it}]}
    - workflowId: sub
      inputs: {properties: {it: {}}}
      steps: [{stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.it#/id}]}]
    """)
    [main] = previewed(document)
    called = main.steps[1].does
    assert isinstance(called, PreviewedWorkflow)
    assert shown(called.steps[0]) == "GET /things/<$inputs.it#/id>"

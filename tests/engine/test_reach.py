"""What the workflows of a run know of each other: arguments, inputs, dependencies, depth."""

from __future__ import annotations

import pytest

from runner import api
from runner.engine.events import WorkflowFinished, WorkflowStarted
from runner.engine.flow import Cancelled
from runner.engine.state import Limits
from runner.errors import InputsError
from tests.scripted import compiled, header, plan_of, play, problems, reply


def test_the_arguments_of_an_action_see_the_step_it_belongs_to() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - stepId: create
            operationId: createThing
            onSuccess:
            - name: on
              type: goto
              workflowId: other
              parameters: [{name: id, value: $response.body#/id}, {name: status, value: $statusCode}]
        - workflowId: other
          inputs: {type: object, properties: {id: {type: integer}, status: {type: integer}}}
          steps:
          - stepId: list
            operationId: listThings
            parameters: [{name: limit, in: query, value: '{$inputs.id}-{$inputs.status}'}]
        """,
        version="1.1.0",
    )
    assert play(document, [reply(201, {"id": 5}), reply()]).sent == ["POST /things", "GET /things?limit=5-201"]


def test_the_arguments_of_a_retry_see_the_attempt_that_failed() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - stepId: list
            operationId: listThings
            successCriteria: [{condition: $statusCode == 200}]
            onFailure:
            - {name: renew, type: retry, workflowId: login, parameters: [{name: why, value: $statusCode}]}
        - workflowId: login
          inputs: {type: object, properties: {why: {type: integer}}}
          steps: [{stepId: create, operationId: createThing, requestBody: {payload: {why: $inputs.why}}}]
        """,
        version="1.1.0",
    )
    story = play(document, [reply(401), reply(201), reply()], workflows=["main"], limits=Limits(pace=0))
    assert story.requests[1].body == b'{"why":401}'
    assert story.outcome == "passed"


def test_pacing_does_not_eat_the_timeout_of_a_step() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - stepId: poll
            operationId: listThings
            timeout: 500
            successCriteria: [{condition: $response.body#/done == true}]
            onFailure: [{name: again, type: retry, retryLimit: 5}]
        """,
        version="1.1.0",
    )
    story = play(document, [reply(body={}), reply(body={}), reply(body={"done": True})])
    assert (story.outcome, story.waits) == ("passed", [1, 2])


def test_a_dependency_that_calls_back_is_a_circle() -> None:
    document = header("""
    - {workflowId: a, dependsOn: [b], steps: [{stepId: s, operationId: login}]}
    - {workflowId: b, steps: [{stepId: s, workflowId: a}]}
    """)
    assert ["dependency-cycle" in line for line in problems(document)] == [True]


DEPENDING = header("""
- workflowId: main
  dependsOn: [dep]
  inputs: {type: object, properties: {n: {type: integer}}}
  steps: [{stepId: s, operationId: login}]
- workflowId: dep
  inputs: {type: object, required: [tok], properties: {tok: {type: string}}}
  steps: [{stepId: s, operationId: listThings, parameters: [{name: cursor, in: query, value: $inputs.tok}]}]
""")


def test_the_inputs_of_a_dependency_are_given_with_those_of_the_run_and_checked_before_anything_is_sent() -> None:
    plan = plan_of(DEPENDING)
    assert dict(api.ask(plan, "main", {"n": 1, "tok": "x"}).inputs) == {"n": 1}
    with pytest.raises(InputsError, match="tok"):
        api.ask(plan, "main", {"n": 1})


def test_a_run_that_ends_in_a_dependency_still_tells_of_the_workflow_that_was_asked_for() -> None:
    document = DEPENDING.replace("required: [tok], ", "")
    story = play(document, [Cancelled()], workflows=["main"])
    assert [event.workflow_id for event in story.all(WorkflowStarted)] == ["dep", "main"]
    assert [event.workflow_id for event in story.all(WorkflowFinished)] == ["dep", "main"]


def test_defaults_behind_references_count_as_given() -> None:
    document = header(
        """
        - workflowId: main
          steps: [{stepId: call, workflowId: sub}]
        - workflowId: sub
          inputs: {$ref: '#/components/inputs/page'}
          steps: [{stepId: s, operationId: listThings, parameters: [{name: limit, in: query, value: $inputs.x}]}]
        """,
        extra="components: {inputs: {page: {type: object, required: [x], properties: {x: {default: 4}}}}}\n",
    )
    assert problems(document) == []
    assert play(document, [reply()]).sent == ["GET /things?limit=4"]


@pytest.mark.parametrize("reference", ["#page", "#/components/inputs/page", "#/workflows/1/inputs"])
def test_inputs_are_referred_to_by_pointer_and_by_plain_name(reference: str) -> None:
    document = header(
        f"""
        - workflowId: main
          inputs: {{$ref: '{reference}'}}
          steps: [{{stepId: s, operationId: listThings, parameters: [{{name: limit, in: query, value: $inputs.x}}]}}]
        - workflowId: other
          inputs: {{type: object, properties: {{x: {{type: integer, default: 4, format: password}}}}}}
          steps: [{{stepId: s, operationId: login}}]
        """,
        extra=(
            "components: {inputs: {page: {$anchor: page, type: object, "
            "properties: {x: {type: integer, default: 4, format: password}}}}}\n"
        ),
    )
    plan = plan_of(document)
    inputs = plan.workflows["main"].inputs
    assert (inputs.names, inputs.secret) == (frozenset({"x"}), frozenset({"x"}))
    assert [error.message for error in inputs.validator.errors({"x": "no"})] == ["must be integer"]
    assert play(document, [reply()], workflows=["main"]).sent == ["GET /things?limit=4"]


def test_a_component_with_a_location_can_be_reused_in_an_action_with_another_value() -> None:
    document = header(
        """
        - workflowId: main
          steps:
          - stepId: s
            operationId: login
            onSuccess:
            - name: on
              type: goto
              workflowId: other
              parameters: [{reference: $components.parameters.x, value: 7}]
        - workflowId: other
          inputs: {type: object, properties: {x: {type: integer}}}
          steps: [{stepId: s, operationId: listThings, parameters: [{name: limit, in: query, value: $inputs.x}]}]
        """,
        version="1.1.0",
        extra="components: {parameters: {x: {name: x, in: query, value: 1}}}\n",
    )
    assert play(document, [reply(), reply()]).sent == ["POST /login", "GET /things?limit=7"]


def test_fields_of_a_later_version_do_not_act() -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: a, operationId: login, timeout: 1, dependsOn: [b]}
      - {stepId: b, operationId: listThings}
    """)
    story = play(document, [reply(), reply()])
    assert story.sent == ["POST /login", "GET /things"]
    assert story.timeouts == [30.0, 30.0]
    assert len(compiled(document).diagnostics) == 2


def test_a_step_can_depend_on_a_step_of_another_workflow() -> None:
    document = header(
        """
        - workflowId: main
          dependsOn: [before]
          steps: [{stepId: s, operationId: login, dependsOn: [$workflows.before.steps.x]}]
        - workflowId: before
          steps: [{stepId: x, operationId: listThings}]
        - workflowId: alone
          steps: [{stepId: s, operationId: login, dependsOn: [$workflows.before.steps.x]}]
        """,
        version="1.1.0",
    )
    assert play(document, [reply(), reply()], workflows=["main"]).outcome == "passed"
    story = play(document, [], workflows=["alone"])
    assert (story.outcome, story.sent) == ("failed", [])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("$workflows.nope.steps.x", "unknown-workflow"),
        ("$workflows.main.steps.nope", "unknown-step"),
        ("$garbage", "expression-syntax"),
    ],
)
def test_a_dependency_that_leads_nowhere_is_refused(text: str, rule: str) -> None:
    document = header(
        f"- workflowId: main\n  steps: [{{stepId: s, operationId: login, dependsOn: [{text}]}}]\n", version="1.1.0"
    )
    assert [rule in line for line in problems(document)] == [True]


def test_of_a_circle_of_gotos_that_nothing_leads_to_the_first_workflow_is_an_entry() -> None:
    document = header("""
    - {workflowId: x, steps: [{stepId: s, operationId: login, onSuccess: [{name: n, type: goto, workflowId: y}]}]}
    - {workflowId: y, steps: [{stepId: s, operationId: login, onFailure: [{name: n, type: goto, workflowId: x}]}]}
    - {workflowId: c, steps: [{stepId: s, operationId: login}]}
    """)
    assert plan_of(document).entries == ("x", "c")


def test_a_field_that_a_source_does_not_have_is_refused() -> None:
    document = header("""
    - workflowId: main
      steps:
      - {stepId: s, operationId: login, parameters: [{name: a, in: query, value: $sourceDescriptions.things.nope}]}
    """)
    assert problems(document) == ["8:78 error undeclared-output: the source 'things' has no output 'nope'"]

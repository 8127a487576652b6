"""What is said of `x-finally`: its steps are steps like all others, in a place of their own."""

from __future__ import annotations

import pytest

from runner.plan.plan import OperationCall
from tests.scripted import header, plan_of, problems

STEPS = """
- workflowId: main
  steps:
  - stepId: create
    operationId: createThing
    outputs: {id: $response.body#/id}
"""
REMOVE = """
  x-finally:
  - stepId: remove
    operationId: deleteThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
"""


def said(more: str, version: str = "1.0.1") -> list[str]:
    """The rules and messages, without their places."""
    return [text.split(" ", 1)[1] for text in problems(header(STEPS + more, version=version))]


@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_every_version_admits_it(version: str) -> None:
    assert said(REMOVE, version) == []
    (workflow,) = plan_of(header(STEPS + REMOVE, version=version)).workflows.values()
    assert [step.step_id for step in workflow.steps] == ["create"]
    assert [step.step_id for step in workflow.teardown] == ["remove"]


FAULTS = [
    # what is written, what is said of it
    ("  x-finally: {}\n", "error wrong-type: 'x-finally' is a list, not an object"),
    ("  x-finally: [{operationId: listThings}]\n", "error missing-field: a step has no 'stepId'"),
    ("  x-finaly: []\n", "warning unknown-field: a workflow has no field 'x-finaly'"),
    ("  teardown: []\n", "error invented-field: a workflow has no field 'teardown'"),
    (
        REMOVE.replace("deleteThing", "deleteThink"),
        "error unknown-operation: there is no operation 'deleteThink' in the source 'things'",
    ),
    (
        "  x-finally: [{stepId: create, operationId: listThings}]\n",
        "error duplicate-id: the step 'create' is there twice",
    ),
    (
        REMOVE.replace("outputs.id", "outputs.ib"),
        "error undeclared-output: step 'create' has no output 'ib'",
    ),
    (
        REMOVE + "    dependsOn: [create]\n",
        "warning unknown-field: 'dependsOn' is a field of Arazzo 1.1; it is ignored",
    ),
]


@pytest.mark.parametrize(("more", "expected"), FAULTS)
def test_what_is_wrong_is_said_at_its_line(more: str, expected: str) -> None:
    assert said(more) == [expected]


def test_a_repair_mends_its_steps_too() -> None:
    written = REMOVE.replace("deleteThing", "deletething").replace("stepId: remove", "stepId: remove\n    timeout: 5")
    found = said(written)
    assert [text.partition(":")[0] for text in found] == ["warning unknown-field", "warning operation-spelling"]
    (step,) = plan_of(header(STEPS + written)).workflows["main"].teardown
    assert isinstance(step.call, OperationCall)
    assert (step.call.operation.operation_id, step.timeout) == ("deleteThing", None)


def test_a_step_that_actions_pass_by_is_never_reached_but_a_failure_is_no_such_thing() -> None:
    last = "  - {stepId: last, operationId: listThings}\n"
    end = "    {kind}: [{{name: done, type: end}}]\n"
    assert said(REMOVE + end.format(kind="onSuccess") + last) == []
    both = end.format(kind="onSuccess") + end.format(kind="onFailure")
    assert said(REMOVE + both + last) == ["warning unreachable-step: step 'last' is never reached"]


def test_what_ends_the_workflow_does_not_hide_its_teardown() -> None:
    ends = STEPS + "    onSuccess: [{name: done, type: end}]\n    onFailure: [{name: over, type: end}]\n"
    assert problems(header(ends + REMOVE)) == []

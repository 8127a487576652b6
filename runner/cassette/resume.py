"""Turns the record of a run into where another one may begin: at a step, with what the steps before it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from runner.cassette.again import find_step
from runner.cassette.told import Told, Wanted, attempts_of
from runner.engine.state import Start
from runner.errors import UsageError
from runner.expressions.nodes import Input, StepOutput, WorkflowValue
from runner.plan.plan import OperationCall, Plan, StepPlan, WorkflowCall, WorkflowPlan
from runner.records import Frozen, field_names
from runner.reporters.jsonl import BODY_LIMIT
from runner.reporters.secret_values import PLACEHOLDER
from runner.source import Span
from runner.values import InputValue, Value


class Resumed(Frozen):
    """A workflow that begins at a step; `inputs` are those of the record that can be used again."""

    key: str
    start: Start
    inputs: Mapping[str, InputValue]
    earlier: tuple[str, ...]


def read_step(text: str) -> tuple[str, int | None]:
    """Read `ID` or `ID#VISIT`."""
    name, sign, number = text.rpartition("#")
    if not sign:
        return text, None
    if not name or not number.isascii() or not number.isdigit() or not int(number[:9]) >= 1:
        raise UsageError(f"--from-step {text}: write ID, or ID#2 for its second visit")
    return name, int(number)


def resume(plan: Plan, workflow_id: str | None, step: str, record: Path, given: frozenset[str]) -> Resumed:
    """Find where to begin in a record; UsageError where it is of something else, or lacks what is needed.

    `given` are the names of inputs that need not be in the record.
    """
    step_id, visit = read_step(step)
    told = attempts_of(record, Wanted(step_id, workflow_id, None, visit))
    if visit is None:
        told = attempts_of(record, Wanted(step_id, workflow_id, None, max(each.visit for each in told)))
    first = told[0]
    _check_document(plan, first, record)
    workflow, index = find_step(plan, first.workflow.workflow_id, step_id)
    known = {step.step_id for step in workflow.steps}
    outputs = {name: values for name, values in first.earlier.items() if name in known}
    workflows = {key: record for key, record in first.finished.items() if key in plan.workflows and key != workflow.key}
    uses = list(_uses(workflow, index))
    _check_values(uses, first, record, given)
    inputs = {name: value for name, value in first.workflow.inputs.items() if _is_whole(value)}
    return Resumed(workflow.key, Start(index, outputs, workflows), inputs, tuple(outputs))


def _check_document(plan: Plan, told: Told, record: Path) -> None:
    """Refuse the record of another document; one that was moved is the same, and one that was edited, too."""
    if told.workflow.span is None:
        return
    name = told.workflow.span.source.name
    names = {PurePath(each.span.source.name).name for each in plan.workflows.values()}
    if PurePath(name).name not in names:
        raise UsageError(f"{record} is of {name}, and not of {plan.document}")


def _check_values(uses: list[object], told: Told, record: Path, given: frozenset[str]) -> None:
    """Refuse to begin with values that the record does not have: secrets, and what was too long for it."""
    for use in uses:
        match use:
            case StepOutput(step_id, name):
                value = told.earlier.get(step_id, {}).get(name)
                if value is not None and not _is_whole(value):
                    reason = f"the output '{name}' of step '{step_id}' is not in {record}: {_why(value)}"
                    raise UsageError(reason, f"begin with '{step_id}', or before it")
            case Input(name) if name not in given:
                value = told.workflow.inputs.get(name)
                if value is not None and not _is_whole(value):
                    raise UsageError(f"the input '{name}' is not in {record}: {_why(value)}", f"give it: -i {name}=…")
            case WorkflowValue(workflow_id, field, name):
                value = told.finished.get(workflow_id, {}).get(field, {}).get(name)
                if value is not None and not _is_whole(value):
                    what = f"'{name}' of workflow '{workflow_id}' is not in {record}: {_why(value)}"
                    raise UsageError(what, "run all of it again")
            case _:
                pass


def _why(value: Value | InputValue) -> str:
    return "it is too long for it" if isinstance(value, bytes) else "it is a secret"


def _is_whole(value: Value | InputValue) -> bool:
    """Say whether a value is in the record as it was: a secret is not, nor what is longer than a record keeps."""
    match value:
        case str():
            return PLACEHOLDER not in value
        case bytes():
            return len(value) < BODY_LIMIT and PLACEHOLDER.encode() not in value
        case list():
            return all(map(_is_whole, value))
        case dict():
            return all(map(_is_whole, value.values()))
        case _:
            return True


def _uses(workflow: WorkflowPlan, index: int) -> Iterator[object]:
    """Give the expressions that the steps from here on, and the outputs of the workflow, look at."""
    for step in workflow.steps[index:]:
        yield from _expressions(_looks_at(step))
    yield from _expressions(workflow.outputs)


def _looks_at(step: StepPlan) -> tuple[object, ...]:
    own: tuple[object, ...] = (step.criteria, step.on_success, step.on_failure, step.outputs)
    match step.call:
        case OperationCall(parameters=parameters, body=body):
            return (*own, *(each.value for each in parameters), body and (body.payload, body.replacements))
        case WorkflowCall(arguments=arguments):
            return (*own, arguments)
        case _:
            return own


def _expressions(node: object) -> Iterator[object]:
    match node:
        case StepOutput() | Input() | WorkflowValue():
            yield node
        case tuple() | list():
            for each in node:
                yield from _expressions(each)
        case Span() | str() | bytes():
            return
        case Frozen():
            for name in field_names(node):
                yield from _expressions(getattr(node, name))
        case _:
            return

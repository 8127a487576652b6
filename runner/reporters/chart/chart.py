"""Turns a plan into charts: for each workflow its steps, the ways between them, and where each value comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, assert_never

from runner.criteria.check import Simple
from runner.expressions.nodes import (
    ArrayOf,
    Computed,
    Constant,
    Escaped,
    Node,
    ObjectOf,
    Quoted,
    Selected,
    Template,
)
from runner.plan.plan import Action, Argument, Condition, OperationCall, Plan, StepPlan, WorkflowCall, WorkflowPlan
from runner.records import Frozen
from runner.reporters.text import count, seconds
from runner.secrets import is_secret_name
from runner.text import json_text, number_text
from runner.values import Json, join_pointer

WayKind: TypeAlias = Literal["next", "success", "failure", "retry"]
HIDDEN = "••••"


class Value(Frozen):
    """A value that is given to `name`, as the document writes it."""

    name: str
    text: str
    place: str = ""


class Way(Frozen):
    """How a run may go on after a step: by itself (`next`) or by an action.

    `step` is the place among all steps of the one that it leads to, None for an end or another workflow; `target` says
    it in words. `when` are the criteria of the action.
    """

    kind: WayKind
    name: str
    step: int | None
    target: str
    when: tuple[str, ...] = ()
    detail: str = ""
    ends: bool = False


class Step(Frozen):
    """A step: what it calls and where, what it is given, what has to hold, what it gives, and how it goes on.

    `calls` is the chart of the workflow that it calls, by its place among the charts.
    """

    step_id: str
    description: str
    title: str
    server: str
    given: tuple[Value, ...]
    checks: tuple[str, ...]
    outputs: tuple[Value, ...]
    ways: tuple[Way, ...]
    needs: tuple[str, ...] = ()
    calls: int | None = None


class Input(Frozen):
    """An input of a workflow, with what its schema says of it in a few words."""

    name: str
    about: str


class Chart(Frozen):
    """One workflow; `teardown` are the steps that run however the others ended."""

    workflow_id: str
    summary: str
    needs: tuple[str, ...]
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Value, ...]
    teardown: tuple[Step, ...] = ()

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """The own steps, then those of the teardown."""
        return (*self.steps, *self.teardown)


def charts(plan: Plan, keys: Sequence[str]) -> tuple[Chart, ...]:
    """Draw up the charts of some workflows and of those that they reach."""
    reached = plan.reachable(*keys)
    places = {workflow.key: place for place, workflow in enumerate(reached)}
    return tuple(_chart(workflow, places, plan) for workflow in reached)


def _chart(workflow: WorkflowPlan, places: Mapping[str, int], plan: Plan) -> Chart:
    steps = tuple(_step(workflow, index, step, places) for index, step in enumerate(workflow.all_steps))
    return Chart(
        workflow_id=workflow.workflow_id,
        summary=workflow.summary or workflow.description.partition("\n")[0],
        needs=tuple(plan.workflows[key].workflow_id for key in workflow.depends_on),
        inputs=tuple(_inputs(workflow)),
        steps=steps[: len(workflow.steps)],
        outputs=tuple(Value(name, spelled(node)) for name, node in workflow.outputs),
        teardown=steps[len(workflow.steps) :],
    )


def _inputs(workflow: WorkflowPlan) -> Iterator[Input]:
    schema = workflow.inputs.schema
    properties = schema.get("properties") if isinstance(schema, dict) else None
    written = dict(properties) if isinstance(properties, dict) else {}
    for name in (*written, *sorted(set(workflow.inputs.names or ()) - written.keys())):
        said = written.get(name)
        yield Input(name, ", ".join(_about(workflow, name, said if isinstance(said, dict) else {})))


def _about(workflow: WorkflowPlan, name: str, schema: Mapping[str, Json]) -> Iterator[str]:
    kind = schema.get("type")
    if isinstance(kind, str | list):
        yield " or ".join(map(str, kind)) if isinstance(kind, list) else kind
    if name in workflow.inputs.secret or is_secret_name(name):
        yield "secret"
    elif "default" in schema:
        yield f"default {json_text(schema['default'])}"
    if name in workflow.inputs.required and "default" not in schema:
        yield "required"


def _step(workflow: WorkflowPlan, index: int, step: StepPlan, places: Mapping[str, int]) -> Step:
    call = step.call
    return Step(
        step_id=step.step_id,
        description=step.description,
        title=f"workflow {call.title}" if isinstance(call, WorkflowCall) else call.title,
        server=call.server if isinstance(call, OperationCall) else "",
        given=tuple(_given(step)),
        checks=tuple(map(_check, step.criteria)),
        outputs=tuple(Value(name, spelled(node)) for name, node in step.outputs),
        ways=(*_ways(workflow, index, step.on_success, "success"), *_ways(workflow, index, step.on_failure, "failure")),
        needs=tuple(workflow.all_steps[need].step_id for need in step.needs),
        calls=places.get(call.key) if isinstance(call, WorkflowCall) else None,
    )


def _given(step: StepPlan) -> Iterator[Value]:
    call = step.call
    if isinstance(call, WorkflowCall):
        yield from map(_argument, call.arguments)
    if not isinstance(call, OperationCall):
        return
    for bound in call.parameters:
        name = bound.parameter.name
        yield Value(name, HIDDEN if _hides(name, bound.value) else spelled(bound.value), bound.parameter.location)
    if call.body is not None:
        yield from _payload(call.body.payload, "")
        for replacement in call.body.replacements:
            yield Value(replacement.target.text, spelled(replacement.value), "body")


def _argument(argument: Argument) -> Value:
    return Value(argument.name, HIDDEN if _hides(argument.name, argument.value) else spelled(argument.value), "input")


def _payload(node: Node | None, pointer: str) -> Iterator[Value]:
    """Give a payload member by member where a part of it is computed, else as a whole."""
    match node:
        case None:
            return
        case ObjectOf(members):
            for name, member in members:
                yield from _payload(member, join_pointer(pointer, name))
        case ArrayOf(items):
            for index, item in enumerate(items):
                yield from _payload(item, join_pointer(pointer, index))
        case _:
            name = pointer.rpartition("/")[2]
            yield Value(pointer, HIDDEN if _hides(name, node) else spelled(node), "body")


def _hides(name: str, node: Node) -> bool:
    """Say whether a value that the document writes out is a secret by its name."""
    return isinstance(node, Constant) and is_secret_name(name)


def _check(condition: Condition) -> str:
    context = "" if isinstance(condition.criterion, Simple) else f"{condition.criterion.context} "
    kinds = {"simple": "", "regex": "matches ", "jsonpath": "has ", "xpath": "has "}
    return f"{context}{kinds[condition.type]}{condition.text}"


def _ways(workflow: WorkflowPlan, index: int, actions: Iterable[Action], kind: WayKind) -> Iterator[Way]:
    """Give the ways of the actions in their order, up to one that always holds, and else what happens by itself."""
    own = index < len(workflow.steps)
    last = len(workflow.steps if own else workflow.all_steps)
    end = "the teardown ends" if not own else "the workflow fails" if kind == "failure" else "the workflow ends"
    for action in actions:
        yield _way(action, kind, end)
        if not action.criteria and action.type != "retry":
            return
    if kind == "failure":
        yield Way("failure", "", None, end if own or index + 1 == last else "the teardown goes on", ends=True)
    elif index + 1 < last:
        yield Way("next", "", index + 1, workflow.all_steps[index + 1].step_id)
    else:
        yield Way("next", "", None, end, ends=True)


def _way(action: Action, kind: WayKind, end: str) -> Way:
    when = tuple(map(_check, action.criteria))
    if action.type == "end":
        return Way(kind, action.name, None, end, when, ends=True)
    goal = f"workflow {action.workflow.workflow_id}" if action.workflow else action.step_id or ""
    if action.type == "goto":
        return Way(kind, action.name, action.step, goal, when, ends=action.workflow is not None)
    detail = count(action.retry_limit, "time")
    if action.retry_after is not None:
        detail += f" after {seconds(action.retry_after) if action.retry_after else '0 s'}"
    return Way("retry", action.name, action.step, goal, when, detail)


def spelled(node: Node) -> str:
    """Write the node as the document does."""
    match node:
        case Constant(value):
            return value if isinstance(value, str) else number_text(value) if _is_number(value) else json_text(value)  # type: ignore[arg-type]
        case Computed(expression):
            return str(expression)
        case Template(parts):
            return "".join(map(_part, parts))
        case Selected(context, selector, kind, _):
            return f"{kind} {selector} of {context}"
        case ObjectOf(members):
            return "{" + ", ".join(f"{name}: {spelled(member)}" for name, member in members) + "}"
        case ArrayOf(items):
            return "[" + ", ".join(map(spelled, items)) + "]"
        case _:
            assert_never(node)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    inner = part.expression if isinstance(part, Quoted | Escaped) else part
    return f'"{{{inner}}}"' if isinstance(part, Quoted) else f"{{{inner}}}"

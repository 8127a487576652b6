"""Turn success and failure actions, those of the workflow included, into what a step does next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from runner.arazzo.document import Action as Written
from runner.arazzo.document import ActionEntry, ActionKind, Reusable
from runner.plan.arguments import arguments, check_arguments
from runner.plan.components import component, unique_parameters
from runner.plan.conditions import conditions
from runner.plan.context import Context
from runner.plan.names import Names
from runner.plan.plan import Action, Target
from runner.plan.rules import calls, flow, names
from runner.plan.schemas import read_inputs
from runner.plan.targets import find_called
from runner.records import Frozen

COMPONENTS: Mapping[ActionKind, str] = {"success": "successActions", "failure": "failureActions"}


class Steps(Frozen):
    """The steps of the workflow that actions belong to: the place of each id in the order of execution.

    `of_teardown` are those of `x-finally`: actions lead neither into it nor out of it.
    """

    places: Mapping[str, int]
    of_teardown: frozenset[str] = frozenset()


def written_actions(ctx: Context, entries: Sequence[ActionEntry], kind: ActionKind) -> list[Written]:
    """Give the actions of one list, references resolved; a name that is there twice is reported."""
    components = ctx.arazzo.document.components
    known = components.success_actions if kind == "success" else components.failure_actions
    found: dict[str, Written] = {}
    places: dict[str, str] = {}
    for entry in entries:
        action = component(ctx, entry, COMPONENTS[kind], known) if isinstance(entry, Reusable) else entry
        if action is None:
            continue
        if action.name and action.name in found:
            span, first = ctx.value(entry.pointer), ctx.value(places[action.name])
            ctx.report(names.duplicate_id(f"{kind} action", action.name, span, first))
            continue
        name = action.name or entry.pointer
        found[name], places[name] = action, entry.pointer
    return list(found.values())


def merged(own: Sequence[Written], shared: Sequence[Written]) -> list[Written]:
    """Put a step's actions before those of the workflow that they do not override by name."""
    overridden = {action.name for action in own if action.name}
    return [*own, *(action for action in shared if action.name not in overridden)]


def compile_action(ctx: Context, scope: Names, written: Written, steps: Steps) -> Action | None:
    """Compile one action with all its texts; nothing where its type or target cannot be known."""
    criteria = conditions(ctx, scope, written.criteria)
    if written.type not in ("end", "goto", "retry"):
        return None  # diagnosed by its shape
    _check_fields(ctx, written)
    type_ = cast(Literal["end", "goto", "retry"], written.type)
    step, workflow = _target(ctx, scope, written, steps) if type_ != "end" else (None, None)
    if type_ == "goto" and step is None and workflow is None:
        return None
    return Action(
        name=written.name,
        type=type_,
        step=step,
        step_id=written.step_id if step is not None else None,
        workflow=workflow,
        criteria=criteria,
        retry_after=written.retry_after,
        retry_limit=1 if written.retry_limit is None else written.retry_limit,
        span=ctx.key(f"{written.pointer}/name"),
    )


def _check_fields(ctx: Context, written: Written) -> None:
    """Warn of fields that mean nothing to an action of this type."""
    given = {
        "stepId": written.step_id is not None and written.type == "end",
        "workflowId": written.workflow_id is not None and written.type == "end",
        "retryAfter": written.retry_after is not None and written.type != "retry",
        "retryLimit": written.retry_limit is not None and written.type != "retry",
    }
    for name in (name for name, is_idle in given.items() if is_idle):
        ctx.report(calls.unused_field(name, written.type, ctx.key(f"{written.pointer}/{name}")))


def _target(ctx: Context, scope: Names, written: Written, steps: Steps) -> tuple[int | None, Target | None]:
    if written.step_id and written.workflow_id:
        ctx.report(calls.several_targets(("stepId", "workflowId"), ctx.key(f"{written.pointer}/workflowId")))
        return None, None
    if written.step_id:
        return _step(ctx, scope, written.step_id, f"{written.pointer}/stepId", steps), None
    if written.workflow_id:
        if scope.in_teardown and written.type == "goto":
            span = ctx.value(f"{written.pointer}/workflowId")
            ctx.report(flow.leaves_teardown(f"workflow '{written.workflow_id}'", span))
            return None, None
        return None, _workflow(ctx, scope, written, written.workflow_id)
    if written.type == "goto":
        what = f"the action '{written.name}' says goto, but not where: a stepId or workflowId is missing"
        ctx.report(calls.missing_target(what, ctx.key(f"{written.pointer}/type")))
    return None, None


def _step(ctx: Context, scope: Names, step_id: str, pointer: str, steps: Steps) -> int | None:
    """Find the place of a step that can be gone to from here."""
    place, span = steps.places.get(step_id), ctx.value(pointer)
    if place is None:
        ctx.report(names.unknown_step(step_id, steps.places, span))
    elif scope.in_teardown and step_id not in steps.of_teardown:
        ctx.report(flow.leaves_teardown(f"step '{step_id}'", span))
    elif step_id in steps.of_teardown and not scope.in_teardown:
        ctx.report(flow.step_of_teardown(step_id, span))
    else:
        return place
    return None


def _workflow(ctx: Context, scope: Names, written: Written, text: str) -> Target | None:
    given = unique_parameters(ctx, written.parameters, by_location=False)
    values = arguments(ctx, scope, given, in_action=True)
    place = f"{written.pointer}/workflowId"
    found = find_called(ctx, text, place)
    if found is None:
        return None
    passed_on = scope.inputs.names  # inputs of the same names go along
    if passed_on is not None:
        inputs = read_inputs(found.workflow.inputs, found.arazzo.document.root)
        check_arguments(ctx, inputs, given, found.workflow.workflow_id, ctx.value(place), passed_on)
    return Target(found.key(ctx.description.entry), found.workflow.workflow_id, values)

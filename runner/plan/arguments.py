"""Turn the parameters of a step or action that names a workflow into values for that workflow's inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from runner.arazzo.document import Parameter
from runner.plan.context import Context
from runner.plan.names import Names
from runner.plan.plan import Argument, Inputs
from runner.plan.rules import calls, names
from runner.plan.values import value_node
from runner.source import Span
from runner.values import ABSENT, resolve_pointer


def arguments(ctx: Context, scope: Names, parameters: Iterable[Parameter], *, in_action: bool) -> tuple[Argument, ...]:
    """Compile arguments. A component may say `in`, for it can be meant for operations too."""
    found = []
    for parameter in parameters:
        if parameter.location and in_action and _says_where(ctx, parameter):
            ctx.report(calls.misplaced_location(parameter.name, ctx.key(f"{parameter.pointer}/in")))
        node = value_node(ctx, scope, parameter.value, f"{parameter.pointer}/value")
        found.append(Argument(parameter.name, node, ctx.value(f"{parameter.pointer}/value")))
    return tuple(found)


def _says_where(ctx: Context, parameter: Parameter) -> bool:
    """Say whether `in` is written here, not in a component that is reused here."""
    place = f"{parameter.pointer}/in"
    written = resolve_pointer(ctx.arazzo.document.root, place)
    return written is not ABSENT and not place.startswith("/components/")


def check_arguments(
    ctx: Context,
    inputs: Inputs,
    given: Sequence[Parameter],
    workflow_id: str,
    span: Span,
    passed_on: Collection[str] | None = None,
) -> None:
    """Report inputs that a called workflow requires and does not get, and those it does not have."""
    present = {*(parameter.name for parameter in given), *(passed_on or ())}
    missing = sorted(inputs.required - present - inputs.defaulted)
    if missing:
        ctx.report(calls.missing_input(missing, workflow_id, span, goes_along=passed_on is not None))
    for parameter in given:
        if inputs.names is not None and parameter.name and parameter.name not in inputs.names:
            place = ctx.value(f"{parameter.pointer}/name")
            ctx.report(names.undeclared_input(parameter.name, sorted(inputs.names), place, closed=False))

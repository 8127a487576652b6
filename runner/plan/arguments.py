"""Turn the parameters of a step or action that names a workflow into values for that workflow's inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.arazzo.document import Parameter
from runner.plan.context import Context
from runner.plan.names import Names
from runner.plan.plan import Argument, Inputs
from runner.plan.rules import calls, names
from runner.plan.values import value_node
from runner.source import Span


def arguments(ctx: Context, scope: Names, parameters: Iterable[Parameter], *, in_action: bool) -> tuple[Argument, ...]:
    """Compile arguments. A component may say `in`, for it can be meant for operations too."""
    found = []
    for parameter in parameters:
        if parameter.location and in_action and not parameter.pointer.startswith("/components/"):
            ctx.report(calls.misplaced_location(parameter.name, ctx.key(f"{parameter.pointer}/in")))
        node = value_node(ctx, scope, parameter.value, f"{parameter.pointer}/value")
        found.append(Argument(parameter.name, node, ctx.value(f"{parameter.pointer}/value")))
    return tuple(found)


def check_arguments(ctx: Context, inputs: Inputs, given: Sequence[Argument], workflow_id: str, span: Span) -> None:
    """Report inputs that a called workflow requires and does not get, and those it does not have."""
    present = {argument.name for argument in given}
    defaults = _defaults(inputs)
    missing = sorted(inputs.required - present - defaults)
    if missing:
        ctx.report(calls.missing_input(missing, workflow_id, span))
    for argument in given:
        if inputs.names is not None and argument.name not in inputs.names:
            ctx.report(names.undeclared_input(argument.name, sorted(inputs.names), argument.span, closed=False))


def _defaults(inputs: Inputs) -> set[str]:
    properties = inputs.schema.get("properties") if isinstance(inputs.schema, dict) else None
    if not isinstance(properties, dict):
        return set()
    return {name for name, schema in properties.items() if isinstance(schema, dict) and "default" in schema}

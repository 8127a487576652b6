"""Turn a step's `x-idempotency-key` into the header by which an API knows a request again that comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from runner.arazzo.dialect import IDEMPOTENCY_KEY
from runner.arazzo.document import Parameter as Written
from runner.arazzo.document import Step
from runner.openapi.document import Operation
from runner.openapi.serialize import undeclared
from runner.plan.constants import check_parameter
from runner.plan.context import Context
from runner.plan.names import Names
from runner.plan.parameters import declared
from runner.plan.plan import KEY_HEADER, BoundParameter
from runner.plan.rules import calls
from runner.plan.values import value_node


class Key(NamedTuple):
    """How a request gets its key: as one of its parameters, or made up for each attempt, or not at all."""

    kind: Literal["", "given", "generated"] = ""
    parameters: tuple[BoundParameter, ...] = ()


def bind_key(ctx: Context, scope: Names, step: Step, operation: Operation, written: Sequence[Written]) -> Key:
    """Bind the key of a step, unless it has none."""
    if step.idempotency_key is False:
        return Key()
    if any(each.location == "header" and each.name.lower() == KEY_HEADER.lower() for each in written):
        refuse_key(ctx, step, f"the header '{KEY_HEADER}' is given already, as a parameter")
        return Key()
    if step.idempotency_key is True:
        return Key("generated")
    pointer = f"{step.pointer}/{IDEMPOTENCY_KEY}"
    parameter = declared(operation, KEY_HEADER, "header") or undeclared(KEY_HEADER, "header")
    bound = BoundParameter(parameter, value_node(ctx, scope, step.idempotency_key, pointer), ctx.value(pointer))
    check_parameter(ctx, bound, step.pointer)
    return Key("given", (bound,))


def refuse_key(ctx: Context, step: Step, why: str) -> None:
    """Report a key that no request would carry."""
    if step.idempotency_key is not False:
        ctx.report(calls.unused_idempotency_key(why, ctx.key(f"{step.pointer}/{IDEMPOTENCY_KEY}")))

"""Turn Criterion Objects into conditions that are ready to be checked."""

from __future__ import annotations

from collections.abc import Sequence

from runner.arazzo.document import Criterion as Written
from runner.criteria.check import compile_criterion
from runner.expressions.faults import SyntaxFault
from runner.expressions.nodes import Expression
from runner.expressions.selectors.compile import DEFAULT_VERSIONS
from runner.plan.context import Context
from runner.plan.fit import check_condition
from runner.plan.mend import Reading, mend
from runner.plan.names import Names
from runner.plan.plan import Condition
from runner.plan.repairs.conditions import SIMPLE
from runner.plan.rules import language
from runner.plan.values import expression_at, fix_of, settler

KINDS = frozenset({"simple", "regex", "jsonpath", "xpath"})


def conditions(ctx: Context, scope: Names, written: Sequence[Written]) -> tuple[Condition, ...]:
    """Compile a list of criteria; those with faults are reported and left out."""
    compiled = (condition(ctx, scope, each) for each in written)
    return tuple(each for each in compiled if each is not None)


def condition(ctx: Context, scope: Names, written: Written) -> Condition | None:
    """Compile one criterion."""
    kind = written.type.type if written.type else "simple"
    pointer = f"{written.pointer}/condition"
    if not written.condition or kind not in KINDS:
        return None  # diagnosed by its shape
    context = _context(ctx, scope, written, kind)
    if kind != "simple" and context is None:
        return None
    version = (written.type.version if written.type else None) or DEFAULT_VERSIONS.get(kind, "")
    repairs = SIMPLE if kind == "simple" else ()
    mended = mend(repairs, written.condition, Reading(ctx, scope, pointer))
    try:
        criterion = compile_criterion(mended.text, kind, version, context, ctx.grammar, settler(mended))
    except SyntaxFault as fault:
        ctx.report(language.condition_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault)))
        return None
    for problem in check_condition(scope, criterion, mended):
        ctx.report(problem)
    return Condition(criterion, written.condition, kind, ctx.value(pointer))


def _context(ctx: Context, scope: Names, written: Written, kind: str) -> Expression | None:
    if kind == "simple":
        if written.context:
            ctx.report(language.unused_context(ctx.key(f"{written.pointer}/context")))
        return None
    if not written.context:
        ctx.report(language.missing_context(kind, ctx.key(f"{written.pointer}/type")))
        return None
    return expression_at(ctx, scope, written.context, f"{written.pointer}/context")

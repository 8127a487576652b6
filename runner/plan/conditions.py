"""Turn Criterion Objects into conditions that are ready to be checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runner.arazzo.document import Criterion as Written
from runner.criteria.check import Criterion, compile_criterion
from runner.expressions.faults import SyntaxFault
from runner.expressions.nodes import Expression
from runner.expressions.selectors.compile import DEFAULT_VERSIONS
from runner.plan.context import Context
from runner.plan.names import Names
from runner.plan.plan import Condition
from runner.plan.rules import language
from runner.plan.values import expression_at, fix_of, grammar_of, settler

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

    def compiled(text: str) -> Criterion:
        return compile_criterion(text, kind, version, context, grammar_of(ctx), settler(ctx, scope, pointer))

    criterion = _mended(ctx, written.condition, pointer, compiled)
    if criterion is None:
        return None
    return Condition(criterion, written.condition, kind, ctx.value(pointer))


def _mended(ctx: Context, text: str, pointer: str, compiled: Callable[[str], Criterion]) -> Criterion | None:
    """Compile a condition; in 1.0, braces round an expression are taken away with a warning."""
    shift = 0
    while True:
        try:
            return compiled(text)
        except SyntaxFault as fault:
            span = ctx.within(pointer, fault.start + shift, fault.end + shift)
            problem = language.condition_syntax(fault.message, span, fix_of(fault))
            mended = fault.mended(text)
            braces = fault.certain and text[fault.start : fault.end].startswith("{$")
            if ctx.arazzo.document.dialect.strict or mended is None or not braces:
                ctx.report(problem)
                return None
            ctx.report(replace(problem, severity="warning"))
            shift += len(text) - len(mended)
            text = mended


def _context(ctx: Context, scope: Names, written: Written, kind: str) -> Expression | None:
    if kind == "simple":
        if written.context:
            ctx.report(language.unused_context(ctx.key(f"{written.pointer}/context")))
        return None
    if not written.context:
        ctx.report(language.missing_context(kind, ctx.key(f"{written.pointer}/type")))
        return None
    return expression_at(ctx, scope, written.context, f"{written.pointer}/context")

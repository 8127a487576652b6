"""Turn a value of the document into the node that computes it, names resolved, each fault at its own characters."""

from __future__ import annotations

from typing import Literal, cast

from runner.diagnostics import Fix
from runner.expressions.faults import ExpressionSyntax, SelectorSyntax, SyntaxFault
from runner.expressions.nodes import Constant, Expression, Node, Selected
from runner.expressions.parse import Settle, parse_expression
from runner.expressions.selectors.compile import compile_selector
from runner.expressions.template import SelectorFields, Style, compile_node, parse_value, selector_fields
from runner.plan.context import Context
from runner.plan.mend import Mended, Reading, mend
from runner.plan.names import Names, settle
from runner.plan.repairs.expressions import EXPRESSION
from runner.plan.repairs.texts import VALUE
from runner.plan.rules import language
from runner.values import Json


def settler(mended: Mended) -> Settle:
    """Give the function that resolves the names of the expressions in a text."""
    ctx, scope = mended.reading.ctx, mended.reading.scope

    def at(expression: Expression, start: int, end: int) -> Expression:
        return settle(ctx, scope, expression, mended.span(start, end))

    return at


def fix_of(fault: SyntaxFault) -> Fix | None:
    """Turn what a fault suggests into a fix."""
    return None if fault.suggestion is None else Fix(f"write {fault.suggestion}")


def value_node(ctx: Context, scope: Names, value: Json, pointer: str, style: Style = "text") -> Node:
    """Compile a value with everything in it."""

    def text(written: str, below: str) -> Node:
        mended = mend(VALUE if "$" in written else (), written, Reading(ctx, scope, pointer + below, style))
        try:
            parsed = parse_value(mended.text, ctx.grammar, style, settler(mended))
        except ExpressionSyntax as fault:
            ctx.report(language.expression_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault)))
            return Constant(written)
        if parsed.warning is not None:
            odd = parsed.warning
            span = mended.span(odd.start, odd.end)
            ctx.report(language.unknown_expression(mended.text[odd.start : odd.end], span, fix_of(odd)))
        return parsed.node

    def selector(fields: SelectorFields, below: str) -> Node:
        return _selected(ctx, scope, fields, pointer + below)

    return compile_node(value, text, selector if ctx.arazzo.document.dialect.selectors else None)


def payload_node(ctx: Context, scope: Names, value: Json, pointer: str, style: Style) -> Node:
    """Compile a payload: a text is in the language of its media type, strings inside a structure are plain text."""
    return value_node(ctx, scope, value, pointer, style if isinstance(value, str) else "text")


def expression_at(ctx: Context, scope: Names, text: str, pointer: str) -> Expression | None:
    """Parse a field that has to be an expression, such as a context."""
    mended = mend(EXPRESSION, text, Reading(ctx, scope, pointer))
    try:
        expression = parse_expression(mended.text, ctx.grammar)
    except ExpressionSyntax as fault:
        ctx.report(language.expression_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault)))
        return None
    return settler(mended)(expression, 0, len(mended.text))


def output_node(ctx: Context, scope: Names, value: Json, pointer: str) -> Node:
    """Compile an output: an expression or a Selector Object; a constant is passed through with a warning."""
    if isinstance(value, dict) and _is_no_selector(ctx, value):
        ctx.report(language.malformed_selector(_selector_fault(ctx, value), ctx.value(pointer)))
        return Constant(None)
    node = value_node(ctx, scope, value, pointer)
    is_meant = isinstance(value, str) and ("{$" in value or value.startswith("$"))  # diagnosed for what it is
    if isinstance(node, Constant) and not is_meant:
        ctx.report(language.constant_output(ctx.value(pointer)))
    return node


def _is_no_selector(ctx: Context, value: dict[str, Json]) -> bool:
    """Say whether an object that must be a Selector Object is none; in 1.0 whether it was meant to be one."""
    if ctx.arazzo.document.dialect.selectors:
        return selector_fields(value) is None
    return "selector" in value


def _selector_fault(ctx: Context, value: dict[str, Json]) -> str:
    if not ctx.arazzo.document.dialect.selectors:
        return "Selector Objects are of Arazzo 1.1; write arazzo: 1.1.0 to use one"
    missing = [name for name in ("context", "selector", "type") if name not in value]
    if missing:
        return f"'{missing[0]}' is missing"
    surplus = [name for name in value if name not in ("context", "selector", "type")]
    return f"there is no field '{surplus[0]}'" if surplus else "its type is jsonpath, xpath or jsonpointer"


def _selected(ctx: Context, scope: Names, fields: SelectorFields, pointer: str) -> Node:
    context = expression_at(ctx, scope, fields.context, f"{pointer}/context")
    type_ = cast(Literal["jsonpath", "xpath", "jsonpointer"], fields.type)
    try:
        compile_selector(type_, fields.version, fields.selector)
    except SelectorSyntax as fault:
        span = ctx.within(f"{pointer}/selector", fault.start, fault.end)
        ctx.report(language.expression_syntax(fault.message, span, fix_of(fault)))
        return Constant(None)
    if context is None:
        return Constant(None)
    return Selected(context, fields.selector, type_, fields.version)

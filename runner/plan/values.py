"""Turn a value of the document into the node that computes it, names resolved, each fault at its own characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, cast

from runner.diagnostics import Diagnostic, Fix, Rewrite
from runner.expressions.faults import ExpressionSyntax, SelectorSyntax, SyntaxFault
from runner.expressions.nodes import ArrayOf, Computed, Constant, Expression, Node, ObjectOf, Selected, Template
from runner.expressions.parse import Settle, parse_expression
from runner.expressions.selectors.compile import compile_selector
from runner.expressions.template import SelectorFields, Style, compile_node, parse_value, selector_fields
from runner.plan.context import Context
from runner.plan.doubts import doubt, foreign_templates, meant_output, strays, without_dollar
from runner.plan.fit import check_expression
from runner.plan.mend import Mended, Reading, Repair, repaired, rule_name
from runner.plan.names import Names, settle
from runner.plan.once import is_by_place
from runner.plan.queries import check_query
from runner.plan.repairs.expressions import EXPRESSION
from runner.plan.repairs.payloads import unquoted_braces, whole_inputs
from runner.plan.repairs.reach import conformant, value_by_name
from runner.plan.repairs.texts import OUTPUT, VALUE
from runner.plan.rules import conditions, expressions, language
from runner.records import replace
from runner.values import Json, join_pointer


def settler(mended: Mended, *, fits: bool = True) -> Settle:
    """Give the function that resolves the names in a text; `fits`: say of each where no answer has room for it."""
    ctx, scope = mended.reading.ctx, mended.reading.scope

    def at(expression: Expression, start: int, end: int) -> Expression:
        span = mended.span(start, end)
        settled = settle(ctx, scope, expression, span)
        for problem in check_expression(scope, settled, span) if fits else ():
            ctx.report(problem)
        return settled

    return at


def fix_of(fault: SyntaxFault) -> Fix | None:
    """Turn what a fault suggests into a fix."""
    if fault.suggestion:
        return Fix(f"write {fault.suggestion}")
    return Fix(fault.advice) if fault.advice else Fix("leave it out") if fault.suggestion == "" else None


def value_node(ctx: Context, scope: Names, value: Json, pointer: str, style: Style = "text") -> Node:
    """Compile a value with everything in it."""

    def text(written: str, below: str) -> Node:
        reading = Reading(ctx, scope, pointer + below, style)
        whole = whole_inputs(written, reading)
        return _text_node(written, reading, VALUE) if whole is None else _whole_node(whole, reading)

    def selector(fields: SelectorFields, below: str) -> Node:
        return _selected(ctx, scope, fields, pointer + below)

    unbraced = _without_braces(ctx, value, pointer)
    return compile_node(unbraced, text, selector if ctx.arazzo.document.dialect.selectors else None)


def _without_braces(ctx: Context, value: Json, pointer: str) -> Json:
    """Give a value in which expressions that YAML has read as objects are expressions, and report them."""
    if isinstance(value, list):
        return [_without_braces(ctx, each, join_pointer(pointer, place)) for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    expression = unquoted_braces(value)
    if expression is None:
        return {name: _without_braces(ctx, each, join_pointer(pointer, name)) for name, each in value.items()}
    message = "braces without quotes are an object in YAML, not an expression"
    fix = Fix(f"write {expression}", (Rewrite(pointer, expression),))
    ctx.report(repaired(ctx, rule_name(unquoted_braces), message, ctx.value(pointer), fix))
    return expression


_SAYS = re.compile(r"[$.{]")


def _text_node(written: str, reading: Reading, repairs: Sequence[Repair]) -> Node:
    """Compile a text: an expression, a template or plain text; the same on the same operation is gone through once."""
    if not _SAYS.search(written):
        return Constant(written)
    if is_by_place(written):
        return _said_node(written, reading, repairs)
    scope, key = reading.scope, (written, reading.style, repairs is OUTPUT)
    return scope.once.make(
        (*key, *scope.place), reading.ctx, lambda heard: _said_node(written, replace(reading, ctx=heard), repairs)
    )


def _said_node(written: str, reading: Reading, repairs: Sequence[Repair]) -> Node:
    if (named := value_by_name(written, reading)) is not None:
        return Computed(named)
    ctx = reading.ctx
    mended = conformant(repairs if "$" in written else (), written, reading)
    said = doubt(mended)
    if said is not None:
        ctx.report(said)
        if said.severity == "error":
            return Constant(written)
    try:
        parsed = parse_value(mended.text, ctx.grammar, reading.style, settler(mended))
    except ExpressionSyntax as fault:
        ctx.report(language.expression_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault)))
        return Constant(written)
    if parsed.warning is not None:
        odd = parsed.warning
        span = mended.span(odd.start, odd.end)
        fix = fix_of(odd) or expressions.known_roots(mended.text[odd.start : odd.end], ctx.grammar)
        ctx.report(language.unknown_expression(mended.text[odd.start : odd.end], span, fix))
    for each in (*strays(mended, parsed.node), *foreign_templates(mended)):
        ctx.report(each)
    if repairs is VALUE and isinstance(parsed.node, Constant) and (meant := without_dollar(mended.text, reading)):
        ctx.report(language.missing_dollar(mended.text, meant, mended.span(0, len(mended.text))))
    return parsed.node


def _whole_node(whole: dict[str, Json], reading: Reading) -> Node:
    """Compile what is meant by a text that stands for an object."""
    ctx = reading.ctx
    message = "'$inputs' names no input, and stands for the object of all of them"
    fix = Fix("write an object with each of them", (Rewrite(reading.pointer, whole),))
    ctx.report(repaired(ctx, rule_name(whole_inputs), message, ctx.value(reading.pointer), fix, refused=True))
    quiet = replace(ctx, report=lambda problem: None)
    return value_node(quiet, reading.scope, whole, reading.pointer)


def payload_node(ctx: Context, scope: Names, value: Json, pointer: str, style: Style) -> Node:
    """Compile a payload: a text is in the language of its media type, strings inside a structure are plain text."""
    return value_node(ctx, scope, value, pointer, style if isinstance(value, str) else "text")


def expression_at(ctx: Context, scope: Names, text: str, pointer: str) -> Expression | None:
    """Parse a field that has to be an expression, such as a context."""
    mended = conformant(EXPRESSION, text, Reading(ctx, scope, pointer))
    said = doubt(mended)
    if said is not None:
        ctx.report(said)
        if said.severity == "error":
            return None
    try:
        expression = parse_expression(mended.text, ctx.grammar)
    except ExpressionSyntax as fault:
        ctx.report(language.expression_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault)))
        return None
    return settler(mended)(expression, 0, len(mended.text))


def output_node(ctx: Context, scope: Names, value: Json, pointer: str) -> Node:
    """Compile an output: an expression or a Selector Object; a constant is passed through with a warning."""
    value = _without_braces(ctx, value, pointer)
    if isinstance(value, dict) and _is_no_selector(ctx, value):
        ctx.report(language.malformed_selector(_selector_fault(ctx, value), ctx.value(pointer)))
        return Constant(None)
    said: list[Diagnostic] = []
    reading = Reading(replace(ctx, report=said.append), scope, pointer)
    text = value if isinstance(value, str) else None
    node = value_node(reading.ctx, scope, value, pointer) if text is None else _text_node(text, reading, OUTPUT)
    if isinstance(node, Computed) and not said:
        return node
    if isinstance(node, Template | ObjectOf | ArrayOf):
        said.append(expressions.composed_output(ctx.value(pointer)))
    is_selector = ctx.arazzo.document.dialect.selectors and selector_fields(value) is not None
    if isinstance(node, Constant) and not said and not is_selector:
        meant = meant_output(text, reading) if text else None
        said.append(language.constant_output(meant, ctx.value(pointer)))
    for each in said:
        ctx.report(each)
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
        ctx.report(conditions.selector_syntax(fault.message, span, fix_of(fault)))
        return Constant(None)
    if context is None:
        return Constant(None)
    if type_ == "jsonpath":
        for each in check_query(scope, context, fields.selector, lambda a, b: ctx.within(f"{pointer}/selector", a, b)):
            ctx.report(each)
    return Selected(context, fields.selector, type_, fields.version)

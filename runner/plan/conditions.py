"""Turn Criterion Objects into conditions that are ready to be checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runner.arazzo.document import Criterion as Written
from runner.criteria.bare import read_bare
from runner.criteria.check import QueryCriterion, compile_criterion
from runner.criteria.embed import may_be_jsonpath
from runner.diagnostics import Diagnostic, Fix
from runner.expressions.faults import SelectorSyntax, SyntaxFault
from runner.expressions.nodes import Body, Expression, Template
from runner.expressions.parse import parse_expression
from runner.expressions.selectors.compile import compile_selector
from runner.plan.context import Context
from runner.plan.doubts import strays_in_strings
from runner.plan.fit import check_condition
from runner.plan.mend import LONGEST, Mended, Reading, Repair, repaired, rule_name
from runner.plan.names import Names
from runner.plan.once import is_by_place
from runner.plan.patterns import check_criterion
from runner.plan.plan import Condition
from runner.plan.queries import check_query
from runner.plan.repairs.as_simple import as_simple
from runner.plan.repairs.comparison import Comparer, Unclear
from runner.plan.repairs.conditions import SIMPLE
from runner.plan.repairs.criteria import (
    comparison_in,
    filter_in,
    kind_of,
    restated,
    root_filter,
    version_beside_type,
    version_of,
)
from runner.plan.repairs.lengths import unknown_lengths
from runner.plan.repairs.reach import is_conformant
from runner.plan.repairs.texts import QUERY
from runner.plan.rules import conditions as rules
from runner.plan.shapes import described, shape_of
from runner.plan.values import expression_at, fix_of, settler
from runner.records import replace
from runner.values import resolve_pointer

KINDS = frozenset({"simple", "regex", "jsonpath", "xpath"})
REPAIRS: Mapping[str, Sequence[Repair]] = {"simple": SIMPLE, "jsonpath": QUERY, "xpath": QUERY}

# What a context that is no expression was most likely meant to be.
CONTEXTS = {
    "response": "$response.body",
    "body": "$response.body",
    "responsebody": "$response.body",
    "response.body": "$response.body",
    "request": "$request.body",
    "request.body": "$request.body",
    "statuscode": "$statusCode",
    "status": "$statusCode",
}


def conditions(ctx: Context, scope: Names, written: Sequence[Written]) -> tuple[Condition, ...]:
    """Compile a list of criteria; those with faults are reported and left out."""
    compiled = (condition(ctx, scope, each) for each in written)
    return tuple(each for each in compiled if each is not None)


def condition(ctx: Context, scope: Names, written: Written) -> Condition | None:
    """Compile one criterion; the same words about the same operation are gone through once."""
    if not written.condition or kind_of(written) not in KINDS:
        return None  # diagnosed by its shape
    words = _words(ctx, written)
    if words is None:
        return _condition(ctx, scope, written)
    compiled = scope.once.make((*words, *scope.place), ctx, lambda heard: _condition(heard, scope, written))
    return compiled and replace(compiled, span=ctx.value(f"{written.pointer}/condition"))


def _words(ctx: Context, written: Written) -> tuple[tuple[str, str], ...] | None:
    """Give all that a criterion says, or None where what that means may depend on the step."""
    members = resolve_pointer(ctx.arazzo.document.root, written.pointer)
    if not isinstance(members, dict) or is_by_place(written.condition, written.context):
        return None
    found = tuple((name, value) for name, value in members.items() if isinstance(value, str))
    return found if len(found) == len(members) else None


def _condition(ctx: Context, scope: Names, written: Written) -> Condition | None:
    pointer = f"{written.pointer}/condition"
    reading = Reading(ctx, scope, pointer)
    is_long = len(written.condition) > LONGEST
    criterion, mended = (written, Mended(written.condition, reading)) if is_long else restated(written, reading)
    mended = mended.by(REPAIRS.get(kind_of(criterion), ()))
    mended.report()
    context = _context(ctx, scope, criterion)
    if kind_of(criterion) != "simple" and context is None:
        return None
    if not is_long and (problem := _unclear(criterion, mended)):
        ctx.report(problem)
        return None
    for each in _doubts(criterion, mended) if not is_long else ():
        ctx.report(each)
    compiled = _compiled(criterion, mended, context, written.condition)
    if compiled and compiled.type == "simple" and criterion.context:
        ctx.report(rules.unused_context(ctx.key(f"{criterion.pointer}/context"), f"{criterion.pointer}/context"))
    return compiled


def _compiled(criterion: Written, mended: Mended, context: Expression | None, text: str) -> Condition | None:
    ctx, kind = mended.reading.ctx, kind_of(criterion)
    try:
        compiled = compile_criterion(
            mended.text,
            kind,
            version_of(criterion),
            context,
            ctx.grammar,
            settle=settler(mended, fits=kind != "simple"),
        )
    except SyntaxFault as fault:
        problem = rules.condition_syntax(fault.message, mended.span(fault.start, fault.end), fix_of(fault))
        ctx.report(_meant(mended, fault, problem) if kind == "simple" else _embedded(mended, fault, problem))
        return None
    if isinstance(compiled, QueryCriterion) and isinstance(compiled.query, Template) and not may_be_query(compiled):
        message = f"this is no {kind}, whatever the values in its braces are"
        ctx.report(rules.condition_syntax(message, mended.span(0, len(mended.text)), None))
        return None
    for each in check_condition(mended.reading.scope, compiled, mended):
        ctx.report(each)
    for each in check_criterion(mended.text, mended.span) if kind == "regex" else ():
        ctx.report(each)
    if kind == "jsonpath" and context is not None:
        for each in check_query(mended.reading.scope, context, mended.text, mended.span):
            ctx.report(each)
    return Condition(compiled, text, kind, ctx.value(mended.reading.pointer))


_STANDING_IN = ("0", "a", "'a'", "$.a", "")


def may_be_query(criterion: QueryCriterion) -> bool:
    """Say whether a query with expressions in it can be one, with any of a few values in the place of all of them."""
    assert isinstance(criterion.query, Template)
    for value in _STANDING_IN:
        text = "".join(part if isinstance(part, str) else value for part in criterion.query.parts)
        try:
            compile_selector(*criterion.language, text)
        except SelectorSyntax:
            continue
        return True
    return False


def _meant(mended: Mended, fault: SyntaxFault, problem: Diagnostic) -> Diagnostic:
    """Say what a faulty simple condition was most likely meant to be, where its names and paths tell."""
    reading, word = mended.reading, mended.text[fault.start : fault.end]
    if word in (reading.scope.inputs.names or ()):
        return replace(problem, fix=Fix(f"write $inputs.{word}, or '{word}' for the text"))
    if word.casefold() == "not":
        return replace(problem, fix=Fix("write ! before an operand, or before a comparison in parentheses"))
    if _FROM_END.match(word):
        advice = f"count from the end with a criterion of type jsonpath, as in $[?${word} == 'done']"
        return replace(problem, fix=Fix(advice))
    if _SEVERAL.match(word):
        advice = "select several values with a criterion of type jsonpath, as in $.items[?@.status == 'done']"
        return replace(problem, fix=Fix(advice))
    if _BY_NAME.search(word):
        return replace(problem, fix=Fix("write " + _BY_NAME.sub(r".\1", word)))
    bare = read_bare(mended.text, reading.ctx.grammar)
    if bare is None or not bare.paths:
        return problem
    path, body = next(iter(bare.paths.values())), Body("response")
    try:
        advice = f"write {as_simple(Comparer(bare, body, shape_of(body, reading.scope), reading.ctx.grammar))}"
    except Unclear as unclear:
        advice, path = unclear.advice, unclear.path
    start = mended.text.find(path.text)
    message = f"'{path.text}' is no expression: a simple condition has no context that it could begin at"
    return replace(problem, message=message, span=mended.span(start, start + len(path.text)), fix=Fix(advice))


def _embedded(mended: Mended, fault: SyntaxFault, problem: Diagnostic) -> Diagnostic:
    """Say how an expression that stands in a query without braces is embedded, where its type is known."""
    word = mended.text[fault.start : fault.end]
    reading = mended.reading
    if not is_conformant(word, reading):
        return problem
    types = described(reading.scope, parse_expression(word, reading.ctx.grammar)).only_types - {"null"}
    plain = f"{{{word}}}"
    if types == {"string"}:
        return replace(problem, fix=Fix(f"write '{plain}'"))
    return replace(problem, fix=Fix(f"write {plain}")) if types and types <= _PLAIN else problem


_PLAIN = frozenset({"integer", "number", "boolean"})
_BY_NAME = re.compile(r"\[['\"]([\w-]+)['\"]\]")
_FROM_END = re.compile(r"(?:[.\w]|\[[0-9]+\])*\[-[0-9]+\]")
_SEVERAL = re.compile(r"[.\w]*(?:\[[*?:]|\.\.|\.\*)")


def _unclear(criterion: Written, mended: Mended) -> Diagnostic | None:
    """Say why a comparison that stands where a JSONPath is wanted was not understood."""
    comparer = comparison_in(criterion, mended.reading)
    if comparer is None:
        return None
    try:
        as_simple(comparer)
    except Unclear as unclear:
        if unclear.path.steps is None and not may_be_jsonpath(unclear.path.text, ""):
            return None  # which is the first thing to say
        start = max(mended.text.find(unclear.path.text), 0)
        span = mended.span(start, start + len(unclear.path.text))
        return rules.unclear_comparison(unclear.message, span, unclear.advice)
    return None


def _doubts(criterion: Written, mended: Mended) -> list[Diagnostic]:
    """Say what may not mean what it says, though it is as the specification has it."""
    ctx, found = mended.reading.ctx, list[Diagnostic]()
    if beside := version_beside_type(criterion, mended.reading):
        span = ctx.key(f"{criterion.pointer}/version")
        fix = Fix(beside.title, beside.edits)
        found.append(repaired(ctx, rule_name(version_beside_type), beside.message, span, fix))
    doubt = filter_in(criterion, mended.reading)
    if doubt and (doubt.is_known if ctx.grammar.strict else doubt.text is None):
        span = mended.span(0, len(mended.text))
        found.append(Diagnostic(rule_name(root_filter), "warning", doubt.message, span, fix=Fix(doubt.advice)))
    if kind_of(criterion) in ("jsonpath", "xpath"):
        found += strays_in_strings(mended)
    if kind_of(criterion) == "simple":
        for each in unknown_lengths(mended.text, mended.reading):
            span = mended.span(each.start, each.end)
            found.append(rules.unknown_length(str(each.value), each.word, span, is_text="string" in each.shape.types))
    return found


def _context(ctx: Context, scope: Names, written: Written) -> Expression | None:
    kind, pointer = kind_of(written), f"{written.pointer}/context"
    if kind == "simple":
        return None
    if not written.context:
        ctx.report(rules.missing_context(kind, ctx.key(f"{written.pointer}/type")))
        return None
    if not written.context.lstrip("{ \n").startswith("$"):
        meant = CONTEXTS.get(written.context.strip().casefold())
        fix = Fix(f"write {meant}") if meant else Fix("write context: $response.body, for instance")
        ctx.report(rules.context_syntax(written.context, ctx.value(pointer), fix))
        return None
    return expression_at(ctx, scope, written.context, pointer)

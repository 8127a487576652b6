"""Turns a Criterion Object into a criterion that can be checked, and that into a Verdict.

Criterion Object, Arazzo 1.1.0. A criterion that cannot be evaluated is broken: it "MUST evaluate to fail", so that one
broken part fails the whole condition, under `!` too.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from runner.criteria.compare import compare, truth
from runner.criteria.embed import fill_query
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Or
from runner.criteria.parse import ConditionSyntax, parse_condition
from runner.criteria.verdict import Verdict
from runner.exchange import header, media_type
from runner.expressions.evaluate import evaluate
from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.fill import Missing, fill_text
from runner.expressions.nodes import Body, Expression, Payload, Template
from runner.expressions.parse import ARAZZO_1_1, Grammar, Settle, as_parsed
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import compile_selector
from runner.expressions.selectors.compiled import Compiled
from runner.expressions.template import parse_text
from runner.records import Frozen, replace
from runner.schema import Regex, RegexLimit, RegexSyntax, compile_regex
from runner.text import scalar_text
from runner.values import ABSENT, Absent, Json, Value


class Simple(Frozen):
    """A condition of literals, operators and expressions."""

    condition: Condition
    text: str


class RegexCriterion(Frozen):
    """A pattern that must be found in what `context` gives; a Template is filled in each time."""

    context: Expression
    pattern: Regex | Template
    text: str


class QueryCriterion(Frozen):
    """A JSONPath or XPath that must select something from, or be true of, what `context` gives."""

    context: Expression
    query: Compiled | Template
    language: tuple[str, str]
    text: str


Criterion: TypeAlias = Simple | RegexCriterion | QueryCriterion


def compile_criterion(
    condition: str,
    type: str = "simple",  # noqa: A002 - the specification's word
    version: str = "",
    context: Expression | None = None,
    grammar: Grammar = ARAZZO_1_1,
    settle: Settle = as_parsed,
) -> Criterion:
    """Compile a criterion, or raise a SyntaxFault with offsets in `condition`.

    A pattern or query without embedded expressions is compiled here, any other each time it is checked. `settle` sees
    the expressions in `condition`; the context is the caller's.
    """
    if type == "simple":
        return Simple(parse_condition(condition, grammar, settle), condition)
    if type not in ("regex", "jsonpath", "xpath"):
        message = f"unknown type '{type}': it is simple, regex, jsonpath or xpath"
        raise ConditionSyntax(message, 0, len(condition))
    if context is None:
        raise ConditionSyntax(f"a condition of type {type} needs a context", 0, len(condition))
    text = parse_text(condition, grammar, settle=settle)
    template = text if isinstance(text, Template) else None
    if type == "regex":
        return RegexCriterion(context, template or _pattern(condition), condition)
    if template is None:
        query: Compiled | Template = compile_selector(type, version, condition)
    else:
        query = template
    return QueryCriterion(context, query, (type, version), condition)


def _pattern(text: str) -> Regex:
    try:
        return compile_regex(text)
    except RegexSyntax as error:
        start, end = (0, len(text)) if error.position is None else (error.position, error.position + 1)
        raise ConditionSyntax(f"not a regular expression: {error}", start, end, advice=error.advice) from None


def check(criterion: Criterion, scope: Scope) -> Verdict:
    """Check a criterion; never raise."""
    match criterion:
        case Simple(condition, text):
            return _judge(condition, text, scope)
        case RegexCriterion():
            return _search(criterion, scope)
        case QueryCriterion():
            return _query(criterion, scope)
        case _:
            assert_never(criterion)


def _judge(condition: Condition, text: str, scope: Scope) -> Verdict:
    """Judge a condition; the verdict shows the comparison that decided, or was made last."""
    match condition:
        case Comparison():
            return _compare(condition, text, scope)
        case Literal() | Operand():
            value = condition.value if isinstance(condition, Literal) else evaluate(condition.expression, scope)
            return Verdict(truth(value), value, comparison=text[condition.start : condition.end])
        case Not(inner, start, end):
            verdict = _judge(inner, text, scope)
            return (
                verdict if verdict.problem else replace(verdict, passed=not verdict.passed, comparison=text[start:end])
            )
        case And(conditions):
            return _first(conditions, text, scope, passed=False)
        case Or(conditions):
            return _first(conditions, text, scope, passed=True)
        case _:
            assert_never(condition)


def _first(conditions: tuple[Condition, ...], text: str, scope: Scope, *, passed: bool) -> Verdict:
    """Judge conditions up to the first whose verdict is `passed`, or broken; else give the last one's verdict."""
    verdict = Verdict(not passed)
    for condition in conditions:
        verdict = _judge(condition, text, scope)
        if verdict.passed is passed or verdict.problem:
            break
    return verdict


def _compare(comparison: Comparison, text: str, scope: Scope) -> Verdict:
    written = text[comparison.start : comparison.end]
    sides: list[Value] = []
    for side in (comparison.left, comparison.right):
        if type(side) is Operand:
            sides.append(evaluate(side.expression, scope))
        elif type(side) is Literal:
            sides.append(side.value)
        else:
            verdict = _judge(side, text, scope)
            if verdict.problem:
                return verdict
            sides.append(verdict.passed)
    left, right = sides
    if left is ABSENT and right is ABSENT:
        names = [text[side.start : side.end] for side in (comparison.left, comparison.right)]
        problem = f"there is nothing to compare: '{names[0]}' and '{names[1]}' are both absent"
        return Verdict(False, left, right, written, problem)
    compared = compare(comparison.operator, left, right)
    return Verdict(compared.holds, left, right, written, note=compared.note)


def _search(criterion: RegexCriterion, scope: Scope) -> Verdict:
    text = criterion.text
    value = evaluate(criterion.context, scope)
    if value is None or isinstance(value, Absent | list | dict | bytes):
        return _broken(value, text, f"the context '{criterion.context}' is {_useless(value)}")
    written, pattern = text, criterion.pattern
    try:
        if isinstance(pattern, Template):
            filled = fill_text(pattern, scope)
            if isinstance(filled, Missing):
                return _broken(value, text, filled.message)
            written, pattern = filled, compile_regex(filled)
        return Verdict(pattern.search(scalar_text(value)), value, written, text)
    except RegexSyntax:  # its reason may quote a value
        return _broken(value, text, "with its values filled in it is no regular expression")
    except RegexLimit:
        return _broken(value, text, "the search takes too long")
    except ValueError as error:
        return _broken(value, text, f"the context '{criterion.context}' cannot be written as text: {error}")


def _query(criterion: QueryCriterion, scope: Scope) -> Verdict:
    text = criterion.text
    value = evaluate(criterion.context, scope)
    is_json_path = criterion.language[0] == "jsonpath"
    if value is None or isinstance(value, Absent) or (is_json_path and isinstance(value, bytes)):
        return _broken(value, text, f"the context '{criterion.context}' is {_useless(value)}")
    if is_json_path and isinstance(value, str) and _is_no_json(criterion.context, scope):
        return _broken(value, text, f"the context '{criterion.context}' is a text that is not JSON")
    query = criterion.query
    try:
        if isinstance(query, Template):
            filled = fill_query(query, criterion.language[0], scope)
            if isinstance(filled, Missing):
                return _broken(ABSENT, text, filled.message)
            query = compile_selector(*criterion.language, filled)
        found = scope.apply(query, value)
    except SelectorSyntax:  # its reason may quote a value
        name = "JSONPath" if is_json_path else "XPath"
        return _broken(ABSENT, text, f"with its values filled in it is no {name}")
    except SelectorFailure as failure:
        return _broken(ABSENT, text, str(failure))
    left = list(found.values) if is_json_path else found.value
    if found.holds is None:
        return _broken(left, text, "what it gives has no effective boolean value")
    return Verdict(found.holds, left, comparison=text)


def _is_no_json(context: Expression, scope: Scope) -> bool:
    """Say whether a text is a body of another kind ("applying JSONPath to non-JSON data"), and not a string in JSON."""
    if not isinstance(context, Body | Payload) or context.pointer:
        return False
    message = scope.request if context.side == "request" else scope.response
    if message is None:
        return False
    kind = media_type(header(message.headers, "Content-Type"))
    return bool(message.content.problem) or not (kind.is_json or not kind.essence)


def _broken(value: Value, text: str, problem: str) -> Verdict:
    return Verdict(False, value, comparison=text, problem=problem)


def _useless(value: Absent | bytes | list[Json] | dict[str, Json] | None) -> str:
    """Say what a context is that nothing can be applied to: "the condition MUST evaluate to fail"."""
    match value:
        case None:
            return "null"
        case Absent():
            return "absent"
        case bytes():
            return "a binary body"
        case list():
            return "an array, not a text"
        case dict():
            return "an object, not a text"
        case _:
            assert_never(value)

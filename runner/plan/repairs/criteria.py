"""Criterion Objects as people write them: what their `type`, `context` and `condition` mean together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from runner.arazzo.document import Criterion, ExpressionType
from runner.criteria.bare import read_bare
from runner.criteria.embed import may_be_jsonpath
from runner.criteria.nodes import Literal, Operand
from runner.criteria.parse import parse_condition
from runner.criteria.tokens import COMPARISONS
from runner.diagnostics import Add, Edit, Remove, Rewrite
from runner.expressions.faults import SyntaxFault
from runner.expressions.grammar import Grammar
from runner.expressions.nodes import Expression, StatusCode
from runner.expressions.parse import parse_expression
from runner.expressions.selectors.compile import DEFAULT_VERSIONS
from runner.plan.mend import Mended, Reading, Slip, rule_name
from runner.plan.names import settle
from runner.plan.repairs.as_query import as_query
from runner.plan.repairs.as_simple import as_simple
from runner.plan.repairs.comparison import Comparer, Unclear
from runner.plan.repairs.conditions import SIMPLE, operator_spelling, unquoted_string
from runner.plan.repairs.expressions import EXPRESSION
from runner.plan.repairs.reach import is_conformant
from runner.plan.repairs.root_filter import OfRoot, filter_of_root
from runner.plan.shapes import shape_of
from runner.records import Frozen, replace
from runner.text import scalar_text
from runner.values import Absent, Json, resolve_pointer


class Restated(Frozen):
    """A criterion as the specification has it, and the slip in its condition that led there."""

    slip: Slip
    criterion: Criterion


CriterionRepair: TypeAlias = Callable[[Criterion, Reading], Restated | None]
"""Find one particular way of writing a criterion; the function's docstring explains the rule."""


def bare_comparison(written: Criterion, reading: Reading) -> Restated | None:
    """A comparison stands where a JSONPath is wanted.

    Why: a JSONPath selects values and compares in filters only, so that a comparison around it is in no language. Read
    as "invalid, so false" it would take another branch in silence. It is understood as it looks: a simple condition on
    the context, in which what is absent compares as null, texts compare without case, and numeric texts as numbers.
    `.length` is how long an array or text is, unless the API description has such a member: JSONPath counts it where
    a filter on the root is exact, else an item is looked for. What may be an array of paths, or may ask either whether
    a value is there or whether it is true, is not guessed.
    Example: `$.status == 'processing' || $.count > 0` with `type: jsonpath` and `context: $response.body`.
    Instead: `$response.body#/status == 'processing' || $response.body#/count > 0`, without type and context.
    """
    comparer = comparison_in(written, reading)
    if comparer is None:
        return None
    try:
        text, is_simple = comparison_text(comparer)
    except Unclear:
        return None  # diagnosed, never guessed
    if is_simple:
        removed = tuple(Remove(f"{written.pointer}/{name}") for name in _given(written, reading, *_SURPLUS))
        slip = Slip(_NO_JSONPATH, 0, len(written.condition), text, refused=True, edits=removed)
        return Restated(slip, replace(written, condition=text, type=None, context=None))
    typed = _typed(written) if kind_of(written) == "simple" else written
    slip = Slip(_NO_JSONPATH, 0, len(written.condition), text, refused=True, edits=_type_edits(written))
    return Restated(slip, replace(typed, condition=text))


_NO_JSONPATH = "a comparison is no JSONPath, which compares in filters only"
_SURPLUS = ("type", "version", "context")


def comparison_in(written: Criterion, reading: Reading) -> Comparer | None:
    """Read a comparison that stands where a JSONPath is wanted, or where the type was left out; else give None."""
    grammar, text = reading.ctx.grammar, written.condition
    is_typed = kind_of(written) == "jsonpath"
    if not is_typed and not (kind_of(written) == "simple" and _is_refused(text, grammar)):
        return None
    if may_be_jsonpath(text, version_of(written)):
        return None
    bare = read_bare(Mended(text, reading).by((operator_spelling, unquoted_string)).text, grammar)
    context = quiet_context(written, reading)
    if bare is None or isinstance(bare.condition, Operand | Literal):
        return None  # what stands alone compares nothing
    if not bare.paths and not (is_typed and "$" in text):
        return None
    if context is None:
        if bare.paths or written.context:
            return None
        context = StatusCode()  # no path starts from it
    return Comparer(bare, context, shape_of(context, reading.scope), grammar)


def comparison_text(comparer: Comparer) -> tuple[str, bool]:
    """Write a comparison as the specification has it, and say whether that is a simple condition; or raise Unclear."""
    counts = any(comparer.is_length(path) for path in comparer.bare.paths.values())
    query = as_query(comparer) if counts else None
    if query is not None:
        return query, False
    try:
        return as_simple(comparer), True
    except Unclear:
        query = as_query(comparer)
        if query is None:
            raise
        return query, False


def root_filter(written: Criterion, reading: Reading) -> Restated | None:
    """A JSONPath filter on the root is meant to test the root itself.

    Why: a filter tests the items of an array and the members of an object, not the object (RFC 9535, 2.3.5). Where
    the API description says that the body is an object which has what is tested, `@` was meant as `$`, and the count
    of one list as that of its items. Where nothing says what the body is, either is tested. Arazzo 1.1 reads the
    filter as RFC 9535 does, with this warning.
    Example: `$[?count(@.products) > 0]`, where the body is `{"products": [...]}`.
    Instead: `$.products[*]`, or `$[?$.origin == 'here']`.
    """
    found = None if reading.ctx.grammar.strict else filter_in(written, reading)
    if found is None or found.text is None:
        return None
    slip = Slip(found.message, 0, len(written.condition), found.text)
    return Restated(slip, replace(written, condition=found.text))


def filter_in(written: Criterion, reading: Reading) -> OfRoot | None:
    """Say what a filter on the root was meant to test, where it was meant for the root itself."""
    context = quiet_context(written, reading)
    if context is None or not _is_jsonpath(written):
        return None
    return filter_of_root(written.condition, str(context), shape_of(context, reading.scope))


def operand_in_context(written: Criterion, reading: Reading) -> Restated | None:
    """The left operand of a simple condition stands in its context, perhaps the right one in a field of its own.

    Why: a simple condition names what it compares, and has no context. There is one reading only: the condition begins
    with the operator.
    Example: `context: $statusCode` and `condition: == 200`, or `condition: ==` and `value: 200`.
    Instead: `condition: $statusCode == 200`.
    """
    context, condition = quiet_context(written, reading), written.condition.strip()
    operator = _OPERATOR.match(condition)
    if kind_of(written) != "simple" or context is None or operator is None or operator[1] not in COMPARISONS:
        return None
    edits: list[Edit] = [Remove(f"{written.pointer}/context")]
    value = _member(written, reading, "value")
    if operator[0] == condition:
        if isinstance(value, dict | list) or not _given(written, reading, "value"):
            return None
        edits.append(Remove(f"{written.pointer}/value"))
        condition = f"{condition} {_operand(value)}"
    text = Mended(f"{context} {condition}", reading).by(SIMPLE).text
    message = "the left operand of a simple condition stands in the condition, not in the context"
    slip = Slip(message, 0, len(written.condition), text, refused=True, edits=tuple(edits))
    return Restated(slip, replace(written, condition=text, context=None))


_OPERATOR = re.compile(r"([=!<>]+)\s*")


def untyped_jsonpath(written: Criterion, reading: Reading) -> Restated | None:
    """A JSONPath has a context, but its type was left out.

    Why: a criterion without `type` is a simple condition, in which no JSONPath can stand.
    Example: `context: $response.body` and `condition: $.items[*]`.
    Instead: add `type: jsonpath`.
    """
    if kind_of(written) != "simple" or not _is_refused(written.condition, reading.ctx.grammar):
        return None
    starts = re.match(r"\$\s*[.\[]", written.condition)
    if not starts or quiet_context(written, reading) is None or not may_be_jsonpath(written.condition, ""):
        return None
    edits, title = _type_edits(written), "add type: jsonpath"
    message, end = "this is a JSONPath, and a condition without a type is a simple one", len(written.condition)
    slip = Slip(message, 0, end, written.condition, refused=True, edits=edits, title=title)
    return Restated(slip, _typed(written))


def version_beside_type(written: Criterion, reading: Reading) -> Slip | None:
    """The version of a selector language stands beside the type.

    Why: in Arazzo 1.1 it belongs into an Expression Type Object; 1.0 is written in both ways.
    Example: `type: xpath` and `version: xpath-30`.
    Instead: `type: {type: xpath, version: xpath-30}`.
    """
    version, inline = _member(written, reading, "version"), _member(written, reading, "type")
    if not reading.ctx.grammar.strict or not isinstance(version, str) or not isinstance(inline, str):
        return None
    pointer = written.pointer
    edits = (Rewrite(f"{pointer}/type", {"type": inline, "version": version}), Remove(f"{pointer}/version"))
    title = f"write type: {{type: {inline}, version: {version}}}"
    return Slip("the version of a selector language stands in its type", 0, 0, "", edits=edits, title=title)


CRITERION: tuple[CriterionRepair, ...] = (operand_in_context, bare_comparison, untyped_jsonpath, root_filter)
"""What is tried on a criterion, in this order."""


def restated(written: Criterion, reading: Reading) -> tuple[Criterion, Mended]:
    """Apply the repairs of criteria, and give the condition with them; nothing is reported yet."""
    mended = Mended(written.condition, reading)
    for repair in CRITERION:
        found = repair(written, reading)
        if found is not None:
            written, mended = found.criterion, mended.after(rule_name(repair), found.slip)
    return written, mended


def kind_of(written: Criterion) -> str:
    return written.type.type if written.type else "simple"


def version_of(written: Criterion) -> str:
    return (written.type.version if written.type else None) or DEFAULT_VERSIONS.get(kind_of(written), "")


def quiet_context(written: Criterion, reading: Reading) -> Expression | None:
    """Give the expression that a context is, without a report of what is wrong with it."""
    if not written.context:
        return None
    ctx = replace(reading.ctx, report=lambda _: None)
    pointer = f"{written.pointer}/context"
    text = written.context
    if not is_conformant(text, reading):
        text = Mended(text, replace(reading, pointer=pointer)).by(EXPRESSION).text
    try:
        return settle(ctx, reading.scope, parse_expression(text, ctx.grammar), ctx.value(pointer))
    except SyntaxFault:
        return None


def _is_jsonpath(written: Criterion) -> bool:
    return kind_of(written) == "jsonpath" and version_of(written) == DEFAULT_VERSIONS["jsonpath"]


def _is_refused(condition: str, grammar: Grammar) -> bool:
    try:
        parse_condition(condition, grammar)
    except SyntaxFault:
        return True
    return False


def _member(written: Criterion, reading: Reading, name: str) -> Json:
    found = resolve_pointer(reading.ctx.arazzo.document.root, f"{written.pointer}/{name}")
    return None if isinstance(found, Absent | bytes) else found


def _given(written: Criterion, reading: Reading, *names: str) -> list[str]:
    found = resolve_pointer(reading.ctx.arazzo.document.root, written.pointer)
    return [name for name in names if isinstance(found, dict) and name in found]


def _operand(value: Json) -> str:
    if isinstance(value, str):
        return value if value.startswith("$") else "'" + value.replace("'", "''") + "'"
    return "null" if isinstance(value, dict | list) else scalar_text(value)


def _typed(written: Criterion) -> Criterion:
    return replace(written, type=ExpressionType("jsonpath", None, f"{written.pointer}/type"))


def _type_edits(written: Criterion) -> tuple[Edit, ...]:
    if written.type is None:
        return (Add(written.pointer, "type", "jsonpath", after="condition"),)
    return () if written.type.type == "jsonpath" else (Rewrite(f"{written.pointer}/type", "jsonpath"),)

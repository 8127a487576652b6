"""Turn an operand and a path below it, or its length, into what a simple condition has for that."""

from __future__ import annotations

from runner.criteria.nodes import Operator
from runner.expressions.faults import ExpressionSyntax
from runner.expressions.grammar import OPERAND, Grammar
from runner.expressions.nodes import Accessed, Expression, Structured
from runner.expressions.parse import parse_operand
from runner.plan.shapes import Shape
from runner.records import replace
from runner.values import join_pointer

Path = tuple[str | int, ...]

TURNED: dict[str, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""Each comparison with its sides exchanged."""

_SCALARS = frozenset({"boolean", "integer", "number", "null"})


def below(expression: Expression, path: Path) -> Expression | None:
    """Give the expression for a part of what an expression gives, as a JSON Pointer; None where there is none."""
    base, own = (expression.base, expression.path) if isinstance(expression, Accessed) else (expression, ())
    if not own and not path:
        return base
    counts_from_end = any(isinstance(step, int) and step < 0 for step in path)
    if not isinstance(base, Structured) or counts_from_end:
        return None
    if own and base.pointer is not None:
        return None
    return replace(base, pointer=join_pointer(base.pointer or "", *own, *path))


def spelled(expression: Expression | None, grammar: Grammar) -> str | None:
    """Write an expression as an operand; None where a condition cannot hold it, as with white space in a name."""
    text = str(expression)
    if expression is None or OPERAND.fullmatch(text) is None:
        return None
    try:
        return text if parse_operand(text, 0, grammar)[0] == expression else None
    except ExpressionSyntax:
        return None


def part(expression: Expression, path: Path, grammar: Grammar) -> str | None:
    """Write a part of what an expression gives as an operand."""
    return spelled(below(expression, path), grammar)


def in_place(test: str, text: str, start: int, end: int) -> str:
    """Take the parentheses from a test that will stand for a whole text, or stands in parentheses already."""
    is_whole = not text[:start].strip() and not text[end:].strip()
    is_grouped = text[:start].endswith("(") and text.startswith(")", end)
    return test[1:-1] if test.startswith("(") and (is_whole or is_grouped) else test


def has_length(shape: Shape, word: str = "length") -> bool | None:
    """Say whether `.length` of such a value is how long it is: None where that is not known, False for a member."""
    types = shape.types - {"null"}
    if not types:
        return None
    return not (types <= _SCALARS or "object" in types or shape.declares(word))


def length_test(value: Expression, operator: Operator, count: int, shape: Shape, grammar: Grammar) -> str | None:
    """Write how long an array or text is as a simple condition, or give None where none says just that.

    An item is looked for: that says the same of an array whose items are never null.
    """
    types = shape.types - {"null"}
    if types == {"string"}:
        return _text_length(value, operator, count, grammar)
    if types - {"array"} or "null" in shape.at(0).types:
        return None
    here = part(value, (), grammar)
    item, before = part(value, (count,), grammar), part(value, (count - 1,), grammar) if count else here
    if here is None or item is None or before is None:
        return None
    match operator:
        case ">":
            return f"{item} != null"
        case ">=":
            return f"{before} != null"
        case "==":
            return f"({before} != null && {item} == null)"
        case "!=" if not count:
            return f"{item} != null"
        case "!=":
            return f"({before} == null || {item} != null)"
        case "<=":
            return f"({here} != null && {item} == null)"
        case _:
            return f"({here} != null && {before} == null)" if count else None


def _text_length(value: Expression, operator: Operator, count: int, grammar: Grammar) -> str | None:
    here = part(value, (), grammar)
    if here is None:
        return None
    if (operator, count) in ((">", 0), ("!=", 0), (">=", 1)):
        return f"({here} != null && {here} != '')"
    return f"{here} == ''" if (operator, count) in (("==", 0), ("<=", 0), ("<", 1)) else None

"""Turn a bare comparison into a JSONPath that selects something exactly where the comparison holds."""

from __future__ import annotations

import re

from runner.criteria.check import Simple, check
from runner.criteria.embed import may_be_jsonpath
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Or
from runner.expressions.scope import Scope
from runner.plan.repairs.comparison import Comparer, Written, parts, put
from runner.plan.repairs.operands import has_length
from runner.text import scalar_text

_NAME = re.compile(r"[^\W\d]\w*")


def as_query(comparer: Comparer) -> str | None:
    """Write a comparison as a filter on the root, or give None where none is exact.

    A filter selects every member of the root, or none: so it says nothing of a root that has no members, and what
    would hold of that, or asks how long the root is, cannot be said.
    """
    whole = [_written(comparer, each) for each in parts(comparer.bare.condition)]
    found = [each for each in whole if each is not None]
    if len(found) < len(whole) or _holds_of_nothing(comparer, comparer.bare.condition):
        return None
    text = f"$[?{put(comparer.bare.text, found)}]"
    return text if may_be_jsonpath(text, "rfc9535") else None


def _holds_of_nothing(comparer: Comparer, condition: Condition) -> bool:
    """Say whether a comparison holds where nothing is there; `length != 0` is written `length > 0`, and does not."""
    match condition:
        case And(conditions):
            return all(_holds_of_nothing(comparer, each) for each in conditions)
        case Or(conditions):
            return any(_holds_of_nothing(comparer, each) for each in conditions)
        case Not(inner):
            return not _holds_of_nothing(comparer, inner)
        case Comparison("!=") if (length := comparer.length(condition)) and length.number == 0:
            return False
        case _:
            return check(Simple(condition, comparer.bare.text), Scope()).passed


def _written(comparer: Comparer, condition: Condition) -> Written | None:
    if not isinstance(condition, Comparison):
        path = comparer.path(condition)
        exact = path is not None and path.steps is not None and comparer.is_there_or_true(path)
        return Written(condition.start, condition.end, _path(path.steps or ())) if path and exact else None
    one = _operand(comparer, condition.left, condition.right)
    other = _operand(comparer, condition.right, condition.left)
    if one is None or other is None:
        return None
    operator, length = condition.operator, comparer.length(condition)
    if operator == "!=" and "{" in (one[0], other[0]):
        return None  # it may hold of nothing
    if length and length.operator == "!=" and length.number == 0:
        one, operator, other = f"length({_path(length.path.steps or ())})", ">", "0"
    elif "null" in (one, other) and operator in ("==", "!="):
        return Written(condition.start, condition.end, _null(other if one == "null" else one, operator))
    return Written(condition.start, condition.end, f"{one} {operator} {other}")


def _null(path: str, operator: str) -> str:
    """Compare with null or nothing: by RFC 9535 nothing is not null, so that `!= null` holds of it."""
    return f"({path} == null || !{path})" if operator == "==" else f"({path} != null && {path})"


def _operand(comparer: Comparer, side: Condition, beside: Condition) -> str | None:
    if isinstance(side, Literal):
        if isinstance(side.value, str):
            return _quoted(side.value)
        return scalar_text(side.value)
    path, other = comparer.path(side), comparer.path(beside)
    if path is None and isinstance(side, Operand) and other and comparer.is_length(other):
        return f"{{{side.expression}}}"  # what a length is compared with can only be a number
    if path is None or path.steps is None:
        return None
    if not comparer.is_length(path):
        return _path(comparer.steps(path))
    counts = path.steps and has_length(comparer.shape_of(path)) is not False
    return f"length({_path(path.steps)})" if counts else None


def _path(steps: tuple[str | int, ...]) -> str:
    return "$" + "".join(_segment(step) for step in steps)


def _segment(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f"[{_quoted(step)}]"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""Turns two values and an operator into true or false.

The rules are tables over the kinds of the two values; a pair that no table lists is never equal and has no order.
"String comparisons MUST be case insensitive"; "Numeric strings SHOULD be coerced to numbers when compared with numeric
operators", so `==` compares two strings as text. Numbers are compared exactly, without rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal, NamedTuple, TypeAlias

from runner.criteria.nodes import Operator
from runner.late import late_pattern
from runner.values import Absent, Json, Value

Kind: TypeAlias = Literal["null", "boolean", "number", "numeral", "text", "array", "object", "binary body"]
Way: TypeAlias = Literal["by number", "by text", "by value"]


class Compared(NamedTuple):
    """Whether a comparison holds; `note` says that the two values are of kinds that cannot be compared."""

    holds: bool
    note: str | None = None


# number = [ minus ] int [ frac ] [ exp ]   (RFC 8259, section 6)
_NUMERAL = late_pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

_ORDER: Mapping[tuple[Kind, Kind], Way] = {
    ("number", "number"): "by number",
    ("number", "numeral"): "by number",
    ("numeral", "number"): "by number",
    ("numeral", "numeral"): "by number",
    ("text", "numeral"): "by text",
    ("numeral", "text"): "by text",
    ("text", "text"): "by text",
}
_EQUALITY: Mapping[tuple[Kind, Kind], Way] = {
    **_ORDER,
    ("numeral", "numeral"): "by text",
    ("null", "null"): "by value",
    ("boolean", "boolean"): "by value",
    ("array", "array"): "by value",
    ("object", "object"): "by value",
    ("binary body", "binary body"): "by value",
}
# What the table comes to where both are of the type, so that nobody has to ask whether a text is a numeral.
_OF_ONE_TYPE: Mapping[type, Way] = {int: "by number", str: "by text"}
_HOLDS: Mapping[Operator, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def compare(operator: Operator, left: Value, right: Value) -> Compared:
    """Compare two values; what is absent compares as null. `!=` is the negation of `==`.

    Only numbers and texts have an order: `null <= null` does not hold. A pair with null needs no note.
    """
    if operator in ("==", "!=") and type(left) is type(right) and (way := _OF_ONE_TYPE.get(type(left))):
        return Compared(_equal(way, left, right) == (operator == "=="))
    kinds = (kind_of(left), kind_of(right))
    if operator in ("==", "!="):
        way = _EQUALITY.get(kinds)
        equal = way is not None and _equal(way, left, right)
        note = None if way or "null" in kinds else _note(left, right)
        return Compared(equal == (operator == "=="), note)
    way = _ORDER.get(kinds)
    order = _order(way, left, right) if way else None
    return Compared(order is not None and _HOLDS[operator](order), None if way else _note(left, right))


def truth(value: Value) -> bool:
    """Say whether a bare value passes: true, not zero, not empty text, any array or object."""
    match value:
        case list() | dict():
            return True
        case float():
            return value == value and value != 0
        case _:
            return bool(value)


def kind_of(value: Value) -> Kind:
    """Give the kind of a value as comparisons see it; a `numeral` is a text that is exactly a JSON number."""
    match value:
        case None | Absent():
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "numeral" if _NUMERAL.fullmatch(value) else "text"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "binary body"


def _note(left: Value, right: Value) -> str:
    kinds = ["text" if kind == "numeral" else kind for kind in (kind_of(left), kind_of(right))]
    return f"{kinds[0]} and {kinds[1]} cannot be compared"


def _equal(way: Way, left: Value, right: Value) -> bool:
    if way != "by value":
        return _order(way, left, right) == 0
    if isinstance(left, bytes) or isinstance(right, bytes):
        return left == right
    return same_json(_plain(left), _plain(right))


def _plain(value: Json | Absent) -> Json:
    return None if isinstance(value, Absent) else value


def _order(way: Way, left: Value, right: Value) -> int | None:
    if way == "by text":
        first, second = str(left).casefold(), str(right).casefold()
        return (first > second) - (first < second)
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    one, other = _number(left), _number(right)
    return None if one is None or other is None else (one > other) - (one < other)


def _number(value: Value) -> Decimal | None:
    """Give the exact number; of a float the one its shortest spelling names, since that is what was written."""
    if isinstance(value, int):
        return Decimal(value)
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:  # an exponent of twenty digits
        return None
    return None if number.is_nan() else number


def same_json(left: Json, right: Json) -> bool:
    """Compare by JSON value: 1 is 1.0, true is not 1, texts are compared exactly. No recursion: bodies may be deep."""
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pending += [(one[name], other[name]) for name in one]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending += zip(one, other, strict=True)
        elif not _same_scalar(one, other):
            return False
    return True


def _same_scalar(one: Json, other: Json) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _order("by number", one, other) == 0
    return type(one) is type(other) and one == other

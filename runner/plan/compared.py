"""Turn a comparison with a literal into what makes it come out the same, by what is described of the other side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias, cast

from runner.criteria.compare import compare, kind_of, same_json
from runner.criteria.nodes import Operator
from runner.diagnostics import Diagnostic
from runner.plan.rules import api
from runner.plan.shapes import Shape, either
from runner.source import Span
from runner.text import scalar_text
from runner.values import Json

Scalar: TypeAlias = bool | int | float | str

_OF_TYPE: Mapping[str, Json] = {"string": "1", "number": 1, "integer": 1, "boolean": True, "object": {}, "array": []}
"""A value of each type, one that can be compared with as much as any of them."""


class Compared(NamedTuple):
    """A literal as it is `written`, and what is compared with it: the value at a place, in the author's words."""

    place: str
    operator: str
    value: Scalar
    written: str
    span: Span


def check_compared(shape: Shape, compared: Compared, *, in_query: bool = False) -> Iterator[Diagnostic]:
    """Say where a value of this shape never equals a literal; `in_query` says that JSONPath compares."""
    place, operator, literal, written, span = compared
    types = shape.only_types - {"null"}
    if types and types <= {"array", "object"}:
        yield api.structure_compared(place, either(types), span)
        return
    text = scalar_text(literal)
    if operator not in ("==", "!="):
        if text and not in_query and _has_no_order(shape, types, operator, literal):
            yield api.type_compared(place, either(types), written, _meant(literal, types), span, is_order=True)
        return
    if not text:
        return
    values = [value for value in shape.only_values if value is not None]
    names = list(dict.fromkeys(scalar_text(value) for value in values if isinstance(value, Scalar)))
    if names and len(names) == len(values) and text not in names:
        if not any(_equal(each, literal, in_query=in_query) for each in values):
            yield api.undeclared_value(text, place, names, span)
    elif types and not any(_may_equal(_OF_TYPE[each], literal, in_query=in_query) for each in types):
        yield api.type_compared(place, either(types), written, _meant(literal, types), span)


def _has_no_order(shape: Shape, types: frozenset[str], operator: str, literal: Scalar) -> bool:
    """Say whether no value of a shape is less or more than a literal: a text may be a number as well."""
    known: list[Json] = [value for value in shape.only_values if value is not None]
    samples = known or [_OF_TYPE[each] for each in types if each != "string"]
    if not samples or (not known and "string" in types):
        return False
    return all(compare(cast(Operator, operator), each, literal).note is not None for each in samples)


def _equal(value: Json, literal: Scalar, *, in_query: bool) -> bool:
    return same_json(value, literal) if in_query else compare("==", value, literal).holds


def _may_equal(value: Json, literal: Scalar, *, in_query: bool) -> bool:
    """Say whether values of two types are ever equal; a JSONPath takes no text for a number."""
    if not in_query:
        return compare("==", value, literal).note is None
    is_text = isinstance(value, str), isinstance(literal, str)
    return all(is_text) or (not any(is_text) and kind_of(value) == kind_of(literal))


def _meant(literal: Scalar, types: frozenset[str]) -> str:
    if not isinstance(literal, str):
        return f"write '{scalar_text(literal)}'" if "string" in types else f"compare it with {either(types)}"
    is_boolean = literal.lower() in ("true", "false") and "boolean" in types
    is_number = kind_of(literal) == "numeral" and types & {"number", "integer"}
    return f"write {literal.lower()}" if is_boolean or is_number else f"compare it with {either(types)}"

"""Turns a schema that may not be satisfied into the ways not to: each a list of schemas that can be satisfied.

What no keyword can say of the opposite, such as a pattern, stays `not`: whoever makes a value has to look at it.
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.schema.keywords import DEFINITIONS, NAMES, Object
from runner.values import Json, member

Way = tuple[Json, ...]

_KEPT = frozenset({"const", "enum", "type", "pattern", "format", "multipleOf", "uniqueItems", "contains"})
_SILENT = NAMES | {"title", "description", "example", "examples", "default", "deprecated", "readOnly", "writeOnly"}
# A bound that is broken from the other side, and the type that it speaks about: another type would keep it.
_BOUNDS = {
    "minimum": ("number", "exclusiveMaximum", 0),
    "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0),
    "exclusiveMaximum": ("number", "minimum", 0),
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}


def negations(schema: Json, root: Object) -> list[Way]:
    """Give the ways not to satisfy a schema, simple ones first; none where everything satisfies it."""
    if isinstance(schema, bool):
        return [] if schema else [()]
    if not isinstance(schema, dict):
        return []
    return [way for keyword, value in schema.items() for way in _ways(keyword, value, schema, root)]


def _ways(keyword: str, value: Json, schema: Object, root: Object) -> Iterator[Way]:
    match keyword, value:
        case "$ref", str():
            target = member(root["$defs"], value.removeprefix(DEFINITIONS))
            yield from negations(target if isinstance(target, dict | bool) else True, root)
        case "not", _:
            yield (value,)
        case "allOf", list():
            yield from ((_opposite(part),) for part in value)
        case "anyOf", list():
            yield tuple(_opposite(part) for part in value)
        case "required", list():
            yield from (_object(properties={str(name): False}) for name in value)
        case "properties", dict():
            yield from (_object(required=[name], properties={name: _opposite(part)}) for name, part in value.items())
        case _:
            yield from _simple(keyword, value, schema)


def _simple(keyword: str, value: Json, schema: Object) -> Iterator[Way]:
    bound = _BOUNDS.get(keyword)
    if bound is not None:
        kind, other, step = bound
        # In draft-04 `exclusiveMinimum: true` says something of another keyword.
        if isinstance(value, int | float) and not isinstance(value, bool) and (step == 0 or value + step >= 0):
            yield ({"type": kind, other: value + step},)
    elif keyword in _KEPT:
        yield ({"not": {keyword: value}},)
    elif keyword not in _SILENT:
        yield ({"not": dict(schema)},)


def _object(**keywords: Json) -> Way:
    return ({"type": "object", **keywords},)


def _opposite(schema: Json) -> Json:
    return not schema if isinstance(schema, bool) else {"not": schema}

"""Turns schemas that all speak about one value into what they say together: its types, values, bounds and members.

`Flat` are these schemas without any alternative left open: what refers to others has been followed already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from runner.schema import RegexLimit, RegexSyntax, compile_regex, kind_of
from runner.schema.keywords import Object
from runner.values import Json

Flat: TypeAlias = tuple[Object, ...]

KINDS = ("string", "number", "integer", "object", "array", "boolean", "null")
"""The types of JSON; `number` is one that is no integer."""

_TYPES: dict[str, tuple[str, ...]] = {**{kind: (kind,) for kind in KINDS}, "number": ("number", "integer")}
# Where no `type` says what a value is, its other keywords show what was meant.
_HINTS: dict[str, str] = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties"), "object"),
    **dict.fromkeys(("minProperties", "maxProperties", "propertyNames", "dependentRequired"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"), "array"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("pattern", "minLength", "maxLength", "format"), "string"),
}


def same(one: Json, other: Json) -> bool:
    """Say whether two values are equal as JSON has it: `1` is `1.0`, and `true` is no number."""
    match one, other:
        case bool(), _:
            return one is other
        case _, bool():
            return False
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
        case _:
            return one == other


def type_names(value: Json) -> list[str]:
    """Give the types that a `type` keyword names."""
    names = value if isinstance(value, list) else [value]
    return [kind for name in names if isinstance(name, str) for kind in _TYPES.get(name, ())]


def kinds(flat: Flat) -> tuple[str, ...]:
    """Give the types that a value may have, the likeliest first and null last; none where nothing is left."""
    listed = [type_names(schema["type"]) for schema in flat if "type" in schema]
    hints = [_HINTS[keyword] for schema in flat for keyword in schema if keyword in _HINTS]
    order = dict.fromkeys([*(listed[0] if listed else hints), *KINDS])
    ruled_out = {name for schema in flat for name in _ruled_out(schema.get("not"))}
    left = [kind for kind in order if all(kind in names for names in listed) and kind not in ruled_out]
    return tuple(sorted(left, key=lambda kind: kind == "null"))


def _ruled_out(schema: Json) -> list[str]:
    return type_names(schema["type"]) if isinstance(schema, dict) and schema.keys() == {"type"} else []


def listed_values(flat: Flat) -> list[Json] | None:
    """Give the only values that there may be, by `enum` and `const`; None where they are not limited so."""
    lists = [found for schema in flat for found in _lists(dict(schema))]
    if not lists:
        return None
    excluded = [value for schema in flat for values in _lists(schema.get("not"), alone=True) for value in values]
    allowed = kinds(flat)
    return [
        value
        for value in lists[0]
        if kind_of(value) in allowed
        and all(any(same(value, each) for each in others) for others in lists[1:])
        and not any(same(value, each) for each in excluded)
    ]


def _lists(schema: Json, *, alone: bool = False) -> Iterator[list[Json]]:
    if not isinstance(schema, dict) or (alone and len(schema) != 1):
        return
    if isinstance(values := schema.get("enum"), list):
        yield values
    if "const" in schema:
        yield [schema["const"]]


def samples(flat: Flat) -> Iterator[Json]:
    """Give the values that the schemas have as examples, then their defaults, but for one that is null."""
    for schema in flat:
        if "example" in schema:
            yield schema["example"]
        examples = schema.get("examples")
        yield from examples if isinstance(examples, list) else ()
    yield from (schema["default"] for schema in flat if schema.get("default") is not None)


def sizes(flat: Flat, what: str) -> tuple[int, int | None]:
    """Give the bounds that `min…` and `max…` of a size set."""
    least = [int(value) for value in _numbers(flat, f"min{what}")]
    most = [int(value) for value in _numbers(flat, f"max{what}")]
    return max(least, default=0), min(most, default=None)


def _numbers(flat: Flat, keyword: str) -> Iterator[int | float]:
    for schema in flat:
        value = schema.get(keyword)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield value


def texts(flat: Flat, keyword: str) -> list[str]:
    """Give the texts that a keyword has, each once."""
    return list(dict.fromkeys(value for schema in flat if isinstance(value := schema.get(keyword), str)))


def required(flat: Flat, present: Iterable[str] = ()) -> list[str]:
    """Give the members that must be there, with those that others require; `present` are there in any case."""
    found = dict.fromkeys([*present, *(name for schema in flat for name in _names(schema.get("required")))])
    pending = list(found)
    while pending:
        name = pending.pop()
        for more in (each for schema in flat for each in _dependents(schema, name)):
            if more not in found:
                found[more] = None
                pending.append(more)
    return list(found)


def _dependents(schema: Object, name: str) -> Iterator[str]:
    for keyword in ("dependentRequired", "dependencies"):
        holder = schema.get(keyword)
        if isinstance(holder, dict):
            yield from _names(holder.get(name))


def _names(value: Json) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def declared(flat: Flat) -> list[str]:
    """Give the members that `properties` name, in order."""
    return list(dict.fromkeys(name for schema in flat for name in _members(schema, "properties")))


def _members(schema: Object, keyword: str) -> dict[str, Json]:
    value = schema.get(keyword)
    return value if isinstance(value, dict) else {}


def member_schemas(flat: Flat, name: str) -> list[Json]:
    """Give every schema that the member of a name has to satisfy; `unevaluatedProperties` speaks of what is left."""
    found = [each for schema in flat for each in _own(schema, name)]
    if not found:
        found = [schema["unevaluatedProperties"] for schema in flat if "unevaluatedProperties" in schema]
    return found


def _own(schema: Object, name: str) -> Iterator[Json]:
    patterns = [part for pattern, part in _members(schema, "patternProperties").items() if searches(pattern, name)]
    properties = _members(schema, "properties")
    if name in properties:
        yield properties[name]
    yield from patterns
    if name not in properties and not patterns and "additionalProperties" in schema:
        yield schema["additionalProperties"]


def searches(pattern: str, text: str) -> bool:
    """Say whether a pattern is found in a text; one that cannot be said of is not."""
    try:
        return compile_regex(pattern).search(text)
    except (RegexLimit, RegexSyntax):
        return False


def item_schemas(flat: Flat, index: int) -> list[Json]:
    """Give every schema that an item has to satisfy by its place; an item that there may not be has `false`."""
    return [part for schema in flat for part in _item(schema, index)]


def _item(schema: Object, index: int) -> Iterator[Json]:
    items = schema.get("items")
    leading = items if isinstance(items, list) else schema.get("prefixItems")
    leading = leading if isinstance(leading, list) else []
    rest = "additionalItems" if isinstance(items, list) else "items"
    if index < len(leading):
        yield leading[index]
    elif rest in schema:
        yield schema[rest]
    elif "unevaluatedItems" in schema:
        yield schema["unevaluatedItems"]


def leading_items(flat: Flat) -> int:
    """Give how many items have a schema of their own."""
    parts = (schema.get("prefixItems", schema.get("items")) for schema in flat)
    return max((len(part) for part in parts if isinstance(part, list)), default=0)


def is_false(schemas: Sequence[Json]) -> bool:
    """Say whether one of the schemas refuses everything; `false` may have been written as `not`."""
    return any(schema is False or (isinstance(schema, dict) and schema.get("not") in (True, {})) for schema in schemas)

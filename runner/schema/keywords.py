"""Which keywords of JSON Schema hold schemas, and which of these speak about the same value: tables and walks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from runner.values import Json

Object: TypeAlias = Mapping[str, Json]

# Keywords whose value is one schema (`items` may also be a list of them, until 2019-09).
ONE = frozenset(
    {
        *("additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
        *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
    }
)
# Where false speaks about members and items that no other keyword knows, and the engines name these.
CLOSING = frozenset({"additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"})
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
NAMED = frozenset({"dependencies", "dependentSchemas", "patternProperties", "properties"})
# Whose schemas speak about the same value, and may make something required of it.
IN_PLACE = frozenset({"allOf", "anyOf", "dependencies", "dependentSchemas", "else", "oneOf", "then"})
# What names a schema rather than says something about a value; references are resolved beforehand.
NAMES = frozenset({"$anchor", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$schema", "definitions", "id"})
REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})

DEFINITIONS = "#/$defs/"


def applied(schema: Json, root: Object, *, branches: bool) -> list[Object]:
    """Give the schemas that speak about the same value as `schema`: itself, what it refers to, and `allOf`.

    With `branches` also those that may do so: `anyOf`, `if`, and their like. References are those of a gathered schema.
    """
    found: dict[int, Object] = {}
    pending = [schema]
    while pending:
        current = pending.pop()
        if isinstance(current, dict) and id(current) not in found:
            found[id(current)] = current
            pending.extend(reversed(list(_beside(current, root, branches))))
    return list(found.values())


def _beside(schema: Object, root: Object, branches: bool) -> Iterator[Json]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        definitions = root.get("$defs")
        if isinstance(definitions, dict):
            yield definitions.get(reference.removeprefix(DEFINITIONS))
    yield from _listed(schema.get("allOf"))
    if branches:
        for keyword in ("anyOf", "oneOf"):
            yield from _listed(schema.get(keyword))
        for keyword in ("if", "then", "else", "not"):
            yield schema.get(keyword)
        for keyword in ("dependentSchemas", "dependencies"):
            yield from _listed(schema.get(keyword))


def _listed(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def within(schema: Object, token: str) -> Iterator[Json]:
    """Give the schemas that may speak about the member or the item `token` of a value."""
    properties = schema.get("properties")
    if isinstance(properties, dict) and token in properties:
        yield properties[token]
    else:
        yield schema.get("additionalProperties")
    yield from _listed(schema.get("patternProperties"))
    yield from _listed(schema.get("prefixItems"))
    for keyword in ("items", "additionalItems", "contains", "unevaluatedItems", "unevaluatedProperties"):
        value = schema.get(keyword)
        yield from value if isinstance(value, list) else [value]

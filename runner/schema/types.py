"""Turns a compiled schema into the types that it may allow at a place of a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runner.schema.check import Schema
from runner.schema.keywords import applied, within
from runner.schema.messages import type_names
from runner.values import Json


def declared_types(schema: Schema, path: Sequence[str] = ()) -> frozenset[str]:
    """Name the types that a schema mentions for the value at `path`, in any branch; none where it says nothing.

    A branch that names no type mentions those of the values that it lists.
    """
    root = schema.gathered.schema
    current = applied(root, root, branches=True)
    for token in path:
        parts = [part for each in current for part in within(each, token)]
        current = list({id(found): found for part in parts for found in applied(part, root, branches=True)}.values())
    return frozenset(name for each in current for name in _mentioned(each))


def _mentioned(schema: Mapping[str, Json]) -> Iterable[str]:
    if "type" in schema:
        return type_names(schema["type"])
    listed = schema.get("enum")
    values = [schema["const"]] if "const" in schema else listed if isinstance(listed, list) else []
    return map(kind_of, values)


def kind_of(value: Json) -> str:
    """Name the type of a value; a whole number is an integer, however it is written."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"

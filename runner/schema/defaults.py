"""Turns a value and its schema into the value with the `default`s of the properties that it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from runner.schema.depth import DEEPEST, is_deeper
from runner.schema.gather import gather
from runner.schema.keywords import Object, applied
from runner.values import Json


def with_defaults(schema: Json, value: Json) -> Json:
    """Copy a value and give each property that is missing its default, through `properties`, `$ref` and `allOf`.

    A default that holds itself, by a schema that refers to itself, is filled in once.
    """
    if is_deeper(value, DEEPEST):
        return value
    root = gather(schema).schema
    return _fill(applied(root, root, branches=False), deepcopy(value), root, frozenset())


def _fill(schemas: Sequence[Object], value: Json, root: Object, within: frozenset[int]) -> Json:
    """Fill in defaults; `within` are the schemas whose default the value is part of."""
    if not isinstance(value, dict):
        return value
    declared: dict[str, list[Object]] = {}
    for schema in schemas:
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            declared.setdefault(name, []).extend(applied(inner, root, branches=False))
    for name, inner_schemas in declared.items():
        default = next((inner for inner in inner_schemas if "default" in inner), None)
        if name in value:
            value[name] = _fill(inner_schemas, value[name], root, within)
        elif default is not None and id(default) not in within:
            value[name] = _fill(inner_schemas, deepcopy(default["default"]), root, within | {id(default)})
    return value

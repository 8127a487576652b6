"""Turns a value and its schema into the value with the `default`s of the properties that it leaves out.

And finds those defaults that their own schemas refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from urllib.parse import quote

from runner.schema.check import compile_schema
from runner.schema.depth import DEEPEST, is_deeper
from runner.schema.gather import gather
from runner.schema.gathered import SchemaProblem
from runner.schema.keywords import MANY, NAMED, ONE, Object, applied
from runner.values import Json, join_pointer


def with_defaults(schema: Json, value: Json, definitions: Mapping[str, Json] | None = None) -> Json:
    """Copy a value and give each property that is missing its default, through `properties`, `$ref` and `allOf`.

    A default that holds itself, by a schema that refers to itself, is filled in once.
    """
    if is_deeper(value, DEEPEST):
        return value
    root = gather(schema, definitions).schema
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


# A name for the schema under examination, so that a reference can lead to any part of it.
_WHOLE = "schema:whole"


def refused_defaults(schema: Json, part: Json) -> Iterator[tuple[str, str]]:
    """Give the pointers of the `default`s that their own schemas refuse, each with the reason.

    `part` is the schema, or the schema without definitions that are looked at elsewhere. What the defaults of its
    properties add to a default belongs to it.
    """
    whole: dict[str, Json] = {_WHOLE: schema}
    for pointer, inner in _with_default(part):
        alone: Json = {"$ref": f"{_WHOLE}#{quote(pointer)}"}
        try:
            default = with_defaults(alone, inner["default"], whole)
            errors = compile_schema(alone, definitions=whole).errors(default)
        except SchemaProblem:  # in a definition that nothing uses
            continue
        for error in errors[:1]:
            what = f"'{error.instance.removeprefix('/')}'" if error.instance else "it"
            yield join_pointer(pointer, "default"), f"{what} {error.message}"


def _with_default(schema: Json) -> Iterator[tuple[str, Object]]:
    """Find the schemas within a schema that have a default, each with its pointer."""
    pending: list[tuple[str, Json]] = [("", schema)]
    while pending:
        pointer, current = pending.pop()
        if not isinstance(current, dict):
            continue
        if "default" in current:
            yield pointer, current
        for keyword, value in current.items():
            place = join_pointer(pointer, keyword)
            if isinstance(value, dict) and (keyword in NAMED or keyword in ("$defs", "definitions")):
                pending += [(join_pointer(place, name), part) for name, part in value.items()]
            elif isinstance(value, list) and keyword in MANY:
                pending += [(join_pointer(place, index), part) for index, part in enumerate(value)]
            elif keyword in ONE:
                pending.append((place, value))

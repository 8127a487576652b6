"""A workflow's `inputs` as a JSON Schema that stands on its own, and the names it declares."""

from __future__ import annotations

from collections.abc import Iterator

from runner.plan.plan import Inputs
from runner.values import Absent, Json, resolve_pointer

COMPONENTS = "#/components/inputs/"
DEPTH = 32


def read_inputs(schema: Json, root: Json) -> Inputs:
    """Read the inputs of a workflow; `root` is its document, into which `$ref`s point."""
    if not isinstance(schema, dict):
        return Inputs({}, frozenset(), frozenset(), frozenset())
    parts = list(_parts(schema, root))
    properties = {name: value for part in parts for name, value in _properties(part)}
    unlisted = any("patternProperties" in part or _is_dangling(part, root) for part in parts)
    required = {name for part in parts for name in _strings(part.get("required"))}
    secret = {name for name, value in properties.items() if _is_secret(value, root)}
    names = None if unlisted else frozenset(properties)
    return Inputs(_standalone(schema, root), names, frozenset(required), frozenset(secret))


def is_closed(schema: Json) -> bool:
    """Say whether a schema forbids properties that it does not name."""
    return isinstance(schema, dict) and schema.get("additionalProperties") is False


def _parts(schema: Json, root: Json, depth: int = 0) -> Iterator[dict[str, Json]]:
    """Give the objects whose properties all apply: the schema, what it refers to, and its `allOf`."""
    if not isinstance(schema, dict) or depth > DEPTH:
        return
    yield schema
    yield from _parts(_referred(schema, root), root, depth + 1)
    all_of = schema.get("allOf")
    for entry in all_of if isinstance(all_of, list) else ():
        yield from _parts(entry, root, depth + 1)


def _referred(schema: dict[str, Json], root: Json) -> Json:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    found = resolve_pointer(root, reference[1:])
    return None if isinstance(found, Absent | bytes) else found


def _is_dangling(schema: dict[str, Json], root: Json) -> bool:
    return "$ref" in schema and _referred(schema, root) is None


def _properties(part: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    properties = part.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()


def _is_secret(schema: Json, root: Json) -> bool:
    return any(part.get("format") == "password" for part in _parts(schema, root))


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _standalone(schema: dict[str, Json], root: Json) -> Json:
    """Bring the components along as `$defs`, so that the schema needs no other document."""
    components = root.get("components") if isinstance(root, dict) else None
    shared = components.get("inputs") if isinstance(components, dict) else None
    if not isinstance(shared, dict):
        return schema
    moved = _redirected(schema)
    assert isinstance(moved, dict)
    own = moved.get("$defs")
    return {**moved, "$defs": {**_members(_redirected(shared)), **_members(own)}}


def _members(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _redirected(schema: Json) -> Json:
    if isinstance(schema, dict):
        return {
            key: "#/$defs/" + value.removeprefix(COMPONENTS)
            if key == "$ref" and isinstance(value, str) and value.startswith(COMPONENTS)
            else _redirected(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_redirected(item) for item in schema]
    return schema

"""Turns a whole document into what it refers to and what it names: the only walks that do not stop at a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from runner.uri import resolve_uri, without_fragment
from runner.values import Json, join_pointer

# Members whose content is data: a `$ref` in it is somebody's value. Members whose keys are names and not keywords.
_DATA = frozenset({"const", "default", "enum", "example", "examples"})
_NAMED = frozenset(
    {
        *("properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "securityDefinitions"),
        *("schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes", "links", "callbacks"),
        *("pathItems", "mediaTypes", "paths", "webhooks", "content", "encoding", "additionalOperations"),
    }
)
_REFERENCES = ("$ref", "$dynamicRef")
_ANCHORS = ("$anchor", "$dynamicAnchor")
_CONTAINERS = frozenset({dict, list})


def base_uri(root: Json, uri: str) -> str:
    """Give what the references of a document at `uri` are relative to: its `$self` where it has one (OpenAPI 3.2)."""
    own = root.get("$self") if isinstance(root, dict) and "openapi" in root else None
    return without_fragment(resolve_uri(uri, own) if isinstance(own, str) else uri)


def external_references(root: Json, uri: str, written: Iterable[str] | None = None) -> frozenset[str]:
    """Give the absolute URIs, without fragment, of the other documents that the document at `uri` refers to anywhere.

    `written` is what `written_references` gave for the same document before, and saves the walk.
    """
    base = base_uri(root, uri)
    found = {resolve_uri(base, each) for each in (written_references(root) if written is None else written)}
    return frozenset(found - {base, without_fragment(uri)})


def written_references(root: Json) -> tuple[str, ...]:
    """Give what a document refers to outside of itself, relative to wherever it stands, without fragments, in order.

    This depends on nothing but the document. What stands in examples, defaults and extensions is data and not looked
    at; a schema that has a URI of its own, its `$id`, is not outside.
    """
    found, identities = set[str](), set[str]()
    _collect(root, _own_uri(root, ""), found, identities)
    return tuple(sorted(found - identities - {""}))


def _own_uri(value: Json, base: str) -> str:
    identity = value.get("$id") if isinstance(value, dict) else None
    return without_fragment(resolve_uri(base, identity)) if isinstance(identity, str) else base


def _collect(root: Json, base: str, found: set[str], identities: set[str]) -> None:
    """Walk over a document or a schema with an `$id`. A description has a million members, and this looks at each."""
    identities.add(base)
    values, maps = [root], list[Json]()
    while values or maps:
        is_map = not values
        value = maps.pop() if is_map else values.pop()
        if not isinstance(value, dict):
            values += [item for item in value if type(item) in _CONTAINERS] if isinstance(value, list) else ()
        elif "$id" in value and not is_map and value is not root and isinstance(value["$id"], str):
            _collect(value, _own_uri(value, base), found, identities)
        else:
            for name in _REFERENCES:
                if name in value and isinstance(reference := value[name], str) and reference[:1] != "#":
                    found.add(without_fragment(resolve_uri(base, reference)))
            for name, item in value.items():
                if type(item) not in _CONTAINERS:
                    continue
                if is_map or not _is_data(name):
                    (maps if name in _NAMED and not is_map else values).append(item)


def _is_data(name: str) -> bool:
    return name in _DATA or name[:2] == "x-"


Path: TypeAlias = "tuple[Path, str | int] | None"
"""A JSON Pointer from its end; few of those that a walk makes are ever spelled."""


def named_parts(root: Json, uri: str) -> Mapping[str, str]:
    """Find the parts of the document with base `uri` that have a name, and give their pointers.

    A name is a URI (`$id`), or one with a fragment (`$anchor`, `$dynamicAnchor`).
    """
    found: dict[str, str] = {}
    pending: list[tuple[Json, str, Path, bool]] = [(root, uri, None, False)]
    while pending:
        value, base, path, is_map = pending.pop()
        if isinstance(value, list):
            pending += [(item, base, (path, index), False) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            if not is_map:
                if "$id" in value:
                    base = _own_uri(value, base)
                    found.setdefault(base, _pointer(path))
                for key in _ANCHORS:
                    if key in value:
                        found.setdefault(f"{base}#{value[key]}", _pointer(path))
            for name, item in value.items():
                if type(item) in _CONTAINERS and (is_map or not _is_data(name)):
                    pending.append((item, base, (path, name), not is_map and name in _NAMED))
    return found


def _pointer(path: Path) -> str:
    tokens: list[str | int] = []
    while path is not None:
        path, token = path
        tokens.append(token)
    return join_pointer("", *reversed(tokens))


def absolute_references(value: Json, uri: str, *, keys_are_names: bool = False) -> Json:
    """Copy a value of the document at `uri` with every `$ref` made absolute, for use outside of that document."""
    if isinstance(value, list):
        return [absolute_references(item, uri) for item in value]
    if not isinstance(value, dict):
        return value
    copy: dict[str, Json] = {}
    for name, item in value.items():
        if not keys_are_names and _is_data(name):
            copy[name] = item
        elif name == "$ref" and isinstance(item, str):
            copy[name] = resolve_uri(uri, item)
        else:
            copy[name] = absolute_references(item, uri, keys_are_names=not keys_are_names and name in _NAMED)
    return copy

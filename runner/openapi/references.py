"""Turns a `$ref` into the value it refers to, in the same document or in another one that was given along.

Nothing is fetched here: `external_references` says which documents a loader has to provide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

from runner.openapi.document import Address
from runner.openapi.uri import resolve_uri, without_fragment
from runner.source import SourceMap
from runner.values import ABSENT, Json, join_pointer, resolve_pointer

Reason: TypeAlias = Literal["missing", "document", "circular", "anchor"]

_REASONS: dict[Reason, str] = {
    "missing": "there is nothing at that place",
    "document": "that document cannot be read",
    "circular": "it leads back to itself",
    "anchor": "only JSON Pointers are followed here",
}

MAX_HOPS = 64
"""The longest chain of references that is followed."""

# Members whose content is data: a `$ref` in it is somebody's value. Members whose keys are names and not keywords.
_DATA = frozenset({"const", "default", "enum", "example", "examples"})
_NAMED = frozenset(
    {
        *("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"),
        *("schemas", "responses", "parameters", "requestBodies", "headers", "securitySchemes", "links", "callbacks"),
        *("pathItems", "mediaTypes", "paths", "webhooks", "content", "encoding", "additionalOperations"),
    }
)


@dataclass(eq=False)
class UnresolvedReference(Exception):  # noqa: N818 - a fact about a document, which the reader reports
    """A `$ref` that leads nowhere: its text, the place of the object that holds it, and why, perhaps in `detail`."""

    reference: str
    pointer: str
    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        why = ": ".join(filter(None, (_REASONS[self.reason], self.detail)))
        return f"reference '{self.reference}' cannot be resolved: {why}"


class Documents(NamedTuple):
    """The other documents that a description refers to, by absolute URI: those read, and why others could not be.

    `places` says where the parts of those read stand.
    """

    read: Mapping[str, Json] = MappingProxyType({})
    unread: Mapping[str, str] = MappingProxyType({})
    places: Mapping[str, SourceMap] = MappingProxyType({})


class Node(NamedTuple):
    """A value, the URI of its document, and its place.

    `pointer` is a place in the entry document. Below a reference to another document it begins with the place of that
    reference, so that a SourceMap, which gives the nearest ancestor, points at the reference. `own` is the place in its
    own document.
    """

    value: Json
    uri: str
    pointer: str
    own: str

    @property
    def address(self) -> Address:
        return Address(self.uri, self.own)

    def get(self, token: str) -> Node:
        """Give a member; its value is None where there is none, which is how descriptions in the wild mean null."""
        value = self.value.get(token) if isinstance(self.value, dict) else None
        return self._below(value, token)

    def _below(self, value: Json, token: str | int) -> Node:
        return Node(value, self.uri, join_pointer(self.pointer, token), join_pointer(self.own, token))

    def members(self) -> Iterator[tuple[str, Node]]:
        """Give the members of an object; none for anything else."""
        for name in self.value if isinstance(self.value, dict) else ():
            yield name, self.get(name)

    def items(self) -> Iterator[Node]:
        """Give the items of an array; none for anything else."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield self._below(value, index)


@dataclass(frozen=True)
class Resolver:
    """Follow references from the document `root` at `uri`."""

    root: Json
    uri: str
    documents: Documents = Documents()  # noqa: RUF009 - it cannot change

    @property
    def entry(self) -> Node:
        return Node(self.root, without_fragment(self.uri), "", "")

    def resolve(self, node: Node) -> Node:
        """Follow the references at a node to a value that is none; UnresolvedReference where that fails.

        The `summary` and `description` beside a `$ref` override those of its target (OpenAPI 3.1, Reference Object).
        """
        *references, target = self.chain(node)
        if not references or not isinstance(target.value, dict):
            return target
        beside: dict[str, Json] = {
            name: link.value[name]
            for link in reversed(references)
            for name in ("summary", "description")
            if isinstance(link.value, dict) and name in link.value
        }
        return target._replace(value={**target.value, **beside}) if beside else target

    def chain(self, node: Node) -> tuple[Node, ...]:
        """Give a node, what it refers to, what that refers to, and so on; the last one is not a reference."""
        links, seen = [node], set[str]()
        while (reference := reference_of(links[-1].value)) is not None:
            target = resolve_uri(links[-1].uri, reference)
            if target in seen or len(seen) == MAX_HOPS:
                raise UnresolvedReference(reference, links[-1].pointer, "circular")
            seen.add(target)
            links.append(self._follow(links[-1], reference, target))
        return tuple(links)

    def _follow(self, node: Node, reference: str, target: str) -> Node:
        uri, _, fragment = target.partition("#")
        entry = self.entry
        root = entry.value if uri == entry.uri else self.documents.read.get(uri, ABSENT)
        if root is ABSENT:
            raise UnresolvedReference(reference, node.pointer, "document", self.documents.unread.get(uri, ""))
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            raise UnresolvedReference(reference, node.pointer, "anchor")
        value = resolve_pointer(root, pointer)
        if value is ABSENT or isinstance(value, bytes):
            raise UnresolvedReference(reference, node.pointer, "missing")
        return Node(value, uri, pointer if uri == entry.uri else node.pointer, pointer)


def reference_of(value: Json) -> str | None:
    """Give the text of a value's `$ref`, if it is a reference."""
    reference = value.get("$ref") if isinstance(value, dict) else None
    return reference if isinstance(reference, str) else None


def external_references(root: Json, uri: str) -> frozenset[str]:
    """Give the absolute URIs, without fragment, of the other documents that a document refers to anywhere.

    What stands in examples, defaults and extensions is data and not looked at.
    """
    own, found = without_fragment(uri), set[str]()
    pending: list[tuple[Json, bool]] = [(root, False)]
    while pending:
        value, keys_are_names = pending.pop()
        if isinstance(value, list):
            pending += [(item, False) for item in value if isinstance(item, dict | list)]
        elif isinstance(value, dict):
            reference = reference_of(value)
            if reference is not None and not reference.startswith("#"):
                found.add(without_fragment(resolve_uri(own, reference)))
            pending += _below(value, keys_are_names)
    return frozenset(found - {own})


def _below(value: dict[str, Json], keys_are_names: bool) -> Iterator[tuple[Json, bool]]:
    for name, item in value.items():
        if isinstance(item, dict | list) and (keys_are_names or not _is_data(name)):
            yield item, not keys_are_names and name in _NAMED


def _is_data(name: str) -> bool:
    return name in _DATA or name.startswith("x-")


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

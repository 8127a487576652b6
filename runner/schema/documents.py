"""Turns a reference into the place it leads to, within the documents that were given; nothing is ever fetched.

A JSON Pointer into a document is followed token by token, however large the document. Only an `$id` or an `$anchor` is
looked for, once for each document: what stands where in an API description is not for this module to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from runner.schema.keywords import Object
from runner.uri import resolve_uri, without_fragment
from runner.values import ABSENT, Json, join_pointer, member, split_pointer

_T = TypeVar("_T")


class Node(NamedTuple):
    """A schema as it is written: its document, its pointer there, and the base URI of its references."""

    document: str
    pointer: str
    base: str
    value: Json

    @property
    def key(self) -> tuple[str, str]:
        return (self.document, self.pointer)

    @property
    def origin(self) -> str:
        return f"{self.document}#{self.pointer}" if self.document else self.pointer

    @property
    def members(self) -> Object:
        """The keywords of the schema; none of one that is true or false."""
        return self.value if isinstance(self.value, dict) else {}

    def below(self, token: str | int, value: Json) -> Node:
        """Give a part that is no schema, and has no `$id`."""
        return Node(self.document, join_pointer(self.pointer, token), self.base, value)


class Target(NamedTuple):
    """Where a reference leads: the document or the name, without fragment, and the fragment."""

    uri: str
    fragment: str


def target_of(base: str, reference: str) -> Target:
    """Resolve a reference against a base URI."""
    uri, _, fragment = reference.partition("#")
    return Target(resolve_uri(base, uri) if uri else base, unquote(fragment))


def base_of(base: str, schema: Json) -> str:
    """Give the base URI within a schema: its `$id`, if it has one."""
    identity = schema.get("$id") if isinstance(schema, dict) else None
    return without_fragment(resolve_uri(base, identity)) if isinstance(identity, str) else base


@dataclass(frozen=True, eq=False)
class Definitions:
    """Documents by their URIs, and what was found in them: made once, it serves any number of schemas.

    The documents may not be changed afterwards.
    """

    documents: Mapping[str, Json]
    found: dict[tuple[str, ...], object] = field(default_factory=dict, init=False, repr=False)

    def document(self, uri: str) -> Node | None:
        """Give a document by the URI it is given under."""
        return Node(uri, "", uri, self.documents[uri]) if uri in self.documents else None

    def identified(self, uri: str) -> list[Node]:
        """Give the schemas that have a URI as their `$id`, resolved; `base` is that URI."""
        index = self._once(("$id",), lambda: _by_name(self._identified()))
        return index.get(uri, [])

    def anchored(self, start: Node, anchor: str) -> Node | None:
        """Give the schema within another one that has an anchor."""
        index = self._once(("$anchor", *start.key), lambda: _by_name(_anchors(start)))
        return index.get(anchor, [None])[0]

    def named(self) -> Mapping[tuple[str, str], Node]:
        """Give the schemas that have a name in a document, by document and name."""
        return self._once(("named",), lambda: {(node.document, _last(node.pointer)): node for node in self._named()})

    def heirs(self, node: Node) -> list[Node]:
        """Give the named schemas that refer to a schema by an `allOf`, those that refer to one of these, and so on."""
        index = self._once(("heirs",), lambda: _by_name(self._parents()))
        found: dict[tuple[str, str], Node] = {}
        pending = [node]
        while pending:
            children = [child for child in index.get(pending.pop().origin, []) if child.key not in found]
            found |= {child.key: child for child in children}
            pending += children
        return list(found.values())

    def _once(self, key: tuple[str, ...], find: Callable[[], _T]) -> _T:
        if key not in self.found:
            self.found[key] = find()
        found: _T = self.found[key]  # type: ignore[assignment]
        return found

    def _identified(self) -> Iterator[tuple[str, Node]]:
        for uri, document in self.documents.items():
            for node in _schemas(Node(uri, "", base_of(uri, document), document)):
                if isinstance(node.members.get("$id"), str):
                    yield node.base, node

    def _named(self) -> Iterator[Node]:
        for uri, document in self.documents.items():
            start = Node(uri, "", base_of(uri, document), document)
            for pointer in ("/$defs", "/definitions", "/components/schemas"):
                holder = follow(start, pointer)
                if holder is not None:
                    for name, value in holder.members.items():
                        yield holder.below(name, value)._replace(base=base_of(start.base, value))

    def _parents(self) -> Iterator[tuple[str, Node]]:
        for node in self.named().values():
            parts = node.members.get("allOf")
            for part in parts if isinstance(parts, list) else ():
                reference = part.get("$ref") if isinstance(part, dict) else None
                if isinstance(reference, str):
                    uri, pointer = target_of(node.base, reference)
                    yield Node(uri, pointer, "", None).origin, node


def follow(start: Node, pointer: str, *, identities: bool = False) -> Node | None:
    """Follow a JSON Pointer; with `identities` a schema on the way changes the base URI by its `$id`."""
    tokens, value, base = split_pointer(pointer), start.value, start.base
    for token in tokens:
        found = member(value, token)
        if found is ABSENT or isinstance(found, bytes):
            return None
        value = found
        if identities:
            base = base_of(base, value)
    return Node(start.document, join_pointer(start.pointer, *tokens), base, value)


def _last(pointer: str) -> str:
    return split_pointer(pointer)[-1]


def _by_name(found: Iterator[tuple[str, Node]]) -> dict[str, list[Node]]:
    index: dict[str, list[Node]] = {}
    for name, node in found:
        index.setdefault(name, []).append(node)
    return index


def _anchors(start: Node) -> Iterator[tuple[str, Node]]:
    for node in _schemas(start):
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = node.members.get(keyword)
            if isinstance(name, str) and node.base == start.base:  # no anchor of what has an `$id` of its own
                yield name, node


def _schemas(start: Node) -> Iterator[Node]:
    """Walk over everything in a document."""
    pending = [start]
    while pending:
        node = pending.pop()
        yield node
        value = node.value
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for token, item in inner:
            if isinstance(item, (dict, list)):
                pending.append(node.below(token, item)._replace(base=base_of(node.base, item)))

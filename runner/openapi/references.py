"""Turns a `$ref` into the value it refers to, in the same document or in another one that was given along.

Nothing is fetched here: `survey.external_references` says which documents a loader has to provide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

from runner.openapi.document import Address
from runner.openapi.survey import base_uri, named_parts
from runner.records import Frozen
from runner.source import SourceMap
from runner.uri import resolve_uri, without_fragment
from runner.values import Absent, Json, escape_token, member, split_pointer

Reason: TypeAlias = Literal["missing", "document", "circular", "far", "anchor"]

MAX_HOPS = 64
"""The longest chain of references that is followed."""

_REASONS: dict[Reason, str] = {
    "missing": "there is nothing at that place",
    "document": "that document cannot be read",
    "circular": "it leads back to itself",
    "far": f"more than {MAX_HOPS} references lead to it, each to the next",
    "anchor": "no schema there has that anchor",
}


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
    """A value, the URI that identifies its document and is the base of its references, and its place.

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
        step = "/" + escape_token(str(token))
        pointer = self.pointer + step
        return Node(value, self.uri, pointer, pointer if self.own == self.pointer else self.own + step)

    def members(self) -> Iterator[tuple[str, Node]]:
        """Give the members of an object; none for anything else."""
        for name in self.value if isinstance(self.value, dict) else ():
            yield name, self.get(name)

    def step(self, token: str) -> Node | None:
        """Give the member or item that a token of a JSON Pointer leads to."""
        if isinstance(self.value, dict) and token in self.value:
            return self.get(token)
        inner = member(self.value, token)
        return None if isinstance(inner, Absent | bytes) else self._below(inner, token)

    def items(self) -> Iterator[Node]:
        """Give the items of an array; none for anything else."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield self._below(value, index)


class Known(NamedTuple):
    """A document: the URI that identifies it, the one it was read from, and its value."""

    uri: str
    location: str
    root: Json


class Resolver(Frozen, dict=True):
    """Follow references from the document `root` that was read from `uri`."""

    root: Json
    uri: str
    documents: Documents = Documents()

    @cached_property
    def known(self) -> Mapping[str, Known]:
        """Every document by its location and by its `$self`, the entry document before all others."""
        known: dict[str, Known] = {}
        for location, root in ((without_fragment(self.uri), self.root), *self.documents.read.items()):
            document = Known(base_uri(root, location), location, root)
            known.setdefault(location, document)
            known.setdefault(document.uri, document)
        return known

    @cached_property
    def named(self) -> Mapping[str, Node]:
        """Every part of a document that has a URI or an anchor, which takes a walk over all of them."""
        named: dict[str, Node] = {}
        for document in {each.uri: each for each in self.known.values()}.values():
            for name, pointer in named_parts(document.root, document.uri).items():
                if (found := self.find(Node(document.root, document.uri, "", ""), pointer)) is not None:
                    named.setdefault(name, found)
        return named

    @cached_property
    def entry(self) -> Node:
        return Node(self.root, base_uri(self.root, self.uri), "", "")

    def location(self, uri: str) -> str:
        """Give where a document was read from, which is what relative server URLs are relative to."""
        return self.known[uri].location

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

    def chain(self, node: Node, seen: frozenset[str] = frozenset()) -> tuple[Node, ...]:
        """Give a node, what it refers to, what that refers to, and so on; the last one is not a reference.

        `seen` are the references that are being followed already.
        """
        links = [node]
        while (reference := reference_of(links[-1].value)) is not None:
            target = resolve_uri(links[-1].uri, reference)
            if target in seen or len(seen) == MAX_HOPS:
                raise UnresolvedReference(reference, links[-1].pointer, "circular" if target in seen else "far")
            seen |= {target}
            links.append(self._follow(links[-1], reference, seen))
        return tuple(links)

    def _follow(self, node: Node, reference: str, seen: frozenset[str]) -> Node:
        uri, _, fragment = resolve_uri(node.uri, reference).partition("#")
        fragment = unquote(fragment)
        start = self._start(uri)
        if start is None:
            raise UnresolvedReference(reference, node.pointer, "document", self.documents.unread.get(uri, ""))
        by_anchor = fragment != "" and not fragment.startswith("/")
        found = self._anchored(uri, fragment) if by_anchor else self.find(start, fragment, seen)
        if found is None:
            raise UnresolvedReference(reference, node.pointer, "anchor" if by_anchor else "missing")
        return found if found.uri == self.entry.uri else found._replace(pointer=node.pointer)

    def _start(self, uri: str) -> Node | None:
        """Find what a URI without a fragment means: a document, or a schema that has it as its `$id`."""
        if (document := self.known.get(uri)) is not None:
            return Node(document.root, document.uri, "", "")
        return None if uri in self.documents.unread else self.named.get(uri)

    def _anchored(self, uri: str, anchor: str) -> Node | None:
        document = self.known.get(uri)
        return self.named.get(f"{document.uri if document else uri}#{anchor}")

    def find(self, start: Node, pointer: str, seen: frozenset[str] = frozenset()) -> Node | None:
        """Follow a JSON Pointer down from a node, also through references that stand on the way."""
        node = start
        for token in split_pointer(pointer):
            below = node.step(token)
            if below is None and reference_of(node.value) is not None:
                below = self.chain(node, seen)[-1].step(token)
            if below is None:
                return None
            node = below
        return node


def reference_of(value: Json) -> str | None:
    """Give the text of a value's `$ref`, if it is a reference."""
    reference = value.get("$ref") if isinstance(value, dict) else None
    return reference if isinstance(reference, str) else None

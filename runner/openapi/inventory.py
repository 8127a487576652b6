"""Turns an API description into what there is to reach of it, and an exchange into what it reached.

Operations, statuses and parameters count for each operation. A property of a response counts where its schema declares
it: one of a shared schema is one property, wherever it was seen, so that a description has no more of them than lines.
Of several alternatives (`anyOf`, `oneOf`) every one that declares the property counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from runner.exchange import MediaType, Response, header, media_type
from runner.openapi.document import Address, ApiDescription, Operation
from runner.openapi.media import match_media, match_status
from runner.openapi.references import Documents, Node, Resolver, UnresolvedReference
from runner.openapi.sequential import SEQUENTIAL, items_of
from runner.records import Frozen, field
from runner.values import ABSENT, Json, Value, resolve_pointer

Kind: TypeAlias = Literal["operation", "status", "parameter", "property"]

KINDS: tuple[Kind, ...] = ("operation", "status", "parameter", "property")
LONGEST_ARRAY = 1_000
"""Items of one array that are looked at: the ones after these rarely have anything new."""


class Item(NamedTuple):
    """Something that a run can reach.

    `owner` is the pointer of an operation, of a property the document of its schema; `name` is a status, a parameter as
    `query limit`, the pointer of a property's schema, or nothing.
    """

    kind: Kind
    owner: str
    name: str = ""


_SAME_VALUE = ("allOf", "anyOf", "oneOf")
_SAME_VALUE_IF = ("if", "then", "else")
_ELEMENTS = ("prefixItems", "items", "additionalItems", "contains", "unevaluatedItems")
_MEMBERS = ("additionalProperties", "unevaluatedProperties")


class Inventory(Frozen, dict=True):
    """What one description holds."""

    api: ApiDescription
    _schemas: dict[Address, tuple[Node, ...]] = field(default_factory=dict)
    HIDDEN = ("_schemas",)

    def items(self) -> Iterator[Item]:
        """Give all there is to reach, in the order of the document."""
        for pointer, operation in self.api.by_pointer.items():
            yield Item("operation", pointer)
            yield from (Item("status", pointer, status) for status in operation.responses)
            yield from (Item("parameter", pointer, f"{each.location} {each.name}") for each in operation.parameters)
        yield from self._properties()

    def reached(self, operation: Operation, response: Response) -> Iterator[Item]:
        """Give what an answer of an operation reached: the operation, its status, and properties of the body."""
        yield Item("operation", operation.pointer)
        matched = match_status(operation.responses, response.status)
        if matched is None:
            return
        status, declared = matched
        yield Item("status", operation.pointer, status)
        content_type = header(response.headers, "content-type")
        media = match_media(declared.content, content_type)
        if media is not None and media.schema is not None and not isinstance(response.content.value, bytes):
            yield from self._seen(self._at(media.schema), response.content.value)
        if media is not None and media.item_schema is not None:
            for item in _items(response.body, media_type(content_type)):
                yield from self._seen(self._at(media.item_schema), item)

    def _properties(self) -> Iterator[Item]:
        """Walk over the schemas that responses can be made of, each once."""
        pending = deque(
            schema
            for operation in self.api.by_pointer.values()
            for response in operation.responses.values()
            for media in response.content.values()
            for schema in (media.schema, media.item_schema)
            if schema is not None
        )
        seen = set[Address]()
        while pending:
            for schema in self._at(pending.popleft()):
                if schema.address in seen:
                    continue
                seen.add(schema.address)
                declared = list(schema.get("properties").members())
                yield from (Item("property", node.uri, node.own) for _, node in declared)
                pending += [node.address for _, node in declared]
                pending += [node.address for node in (*_elements(schema), *_others(schema))]

    def _seen(self, schemas: Iterable[Node], value: Value) -> Iterator[Item]:
        """Give the properties that a value has, of those that its schemas declare."""
        pending = [(tuple(schemas), value)]
        while pending:
            known, current = pending.pop()
            if isinstance(current, dict):
                for name, member in current.items():
                    declared = [node for schema in known if (node := _property(schema, name)) is not None]
                    yield from (Item("property", node.uri, node.own) for node in declared)
                    inner = declared or [node for schema in known for node in _others(schema)]
                    pending.append((self._all(inner), member))
            elif isinstance(current, list):
                inner_schemas = self._all(node for schema in known for node in _elements(schema))
                pending += [(inner_schemas, element) for element in current[:LONGEST_ARRAY]]

    def _all(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        found = {schema.address: schema for node in nodes for schema in self._at(node.address)}
        return tuple(found.values())

    def _at(self, address: Address) -> tuple[Node, ...]:
        """Give the schemas that speak about the same value as the one at an address, itself among them."""
        if address not in self._schemas:
            self._schemas[address] = self._applied(address)
        return self._schemas[address]

    def _applied(self, address: Address) -> tuple[Node, ...]:
        found = dict[Address, Node]()
        pending = [self._node(address)]
        while pending:
            node = pending.pop(0)
            if not isinstance(node.value, dict) or node.address in found:
                continue
            found[node.address] = node
            if "$ref" in node.value:
                pending += self._referenced(node)
            pending += [part for keyword in _SAME_VALUE if keyword in node.value for part in node.get(keyword).items()]
            pending += [node.get(keyword) for keyword in _SAME_VALUE_IF if keyword in node.value]
        return tuple(found.values())

    def _node(self, address: Address) -> Node:
        root = self.api.definitions.get(address.uri, None)
        value = resolve_pointer(root, address.pointer)
        return Node(None if value is ABSENT or isinstance(value, bytes) else value, *address, address.pointer)

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(dict(self.api.root), self.api.uri, Documents(self.api.documents))

    def _referenced(self, node: Node) -> tuple[Node, ...]:
        try:
            return self._resolver.chain(node)[1:]
        except UnresolvedReference:
            return ()


def _items(body: bytes, kind: MediaType) -> list[Json]:
    """Read the items of a sequence (OpenAPI 3.2) that are looked at; none of what is no sequence."""
    try:
        return items_of(body, kind)[:LONGEST_ARRAY] if kind.essence in SEQUENTIAL else []
    except ValueError:
        return []


def _property(schema: Node, name: str) -> Node | None:
    properties = schema.get("properties")
    return properties.get(name) if isinstance(properties.value, dict) and name in properties.value else None


def _elements(schema: Node) -> Iterator[Node]:
    """Give the schemas of the items of an array."""
    yield from _parts(schema, _ELEMENTS)


def _others(schema: Node) -> Iterator[Node]:
    """Give the schemas of members that no property names."""
    yield from (node for _, node in schema.get("patternProperties").members())
    yield from _parts(schema, _MEMBERS)


def _parts(schema: Node, keywords: Iterable[str]) -> Iterator[Node]:
    for keyword in keywords:
        if isinstance(schema.value, dict) and keyword in schema.value:
            yield from _schemas(schema.get(keyword))


def _schemas(node: Node) -> Iterator[Node]:
    """Give one schema, or each of a list, which `items` may be."""
    value: Json = node.value
    if isinstance(value, list):
        yield from node.items()
    elif isinstance(value, dict):
        yield node

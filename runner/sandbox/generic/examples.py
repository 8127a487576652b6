"""Turns what a description has as examples of a reply, or of a header, into values in order, each with its name."""

from __future__ import annotations

from collections.abc import Iterator

from runner.exchange import media_type, parse_json
from runner.openapi.document import Address, ApiDescription, MediaTypeObject, ResponseObject
from runner.openapi.references import Documents, Node, Resolver, UnresolvedReference
from runner.records import Frozen
from runner.values import ABSENT, Json, resolve_pointer


class Example(Frozen):
    """A value, or the text of one that is written out in its media type already; `name` is empty for the only one."""

    name: str
    value: Json
    serialized: str | None = None


def body_examples(api: ApiDescription, declared: ResponseObject, key: str) -> list[Example]:
    """Give the examples of the content under a key, in order."""
    media = declared.content[key]
    found = list(_examples(api, Node(dict(media.written), api.uri, "", "")))
    if declared.address is not None and api.dialect == "swagger-2.0":
        written = _node(api, declared.address.below("examples")).value
        found += [Example("", written[key])] if isinstance(written, dict) and key in written else []
    return [*found, *(each for example in found for each in _parsed(example, key))]


def header_examples(api: ApiDescription, address: Address) -> list[Example]:
    """Give the examples of a header, which stand in it or in its content."""
    node = _node(api, address)
    content = [media for _, media in node.get("content").members()]
    return [example for each in (node, *content) for example in _examples(api, each)]


def _parsed(example: Example, key: str) -> Iterator[Example]:
    """Read an example of JSON that is written as its text, as many are."""
    if isinstance(example.value, str) and media_type(key).is_json:
        try:
            yield Example(example.name, parse_json(example.value))
        except ValueError:
            return


def _node(api: ApiDescription, address: Address) -> Node:
    value = resolve_pointer(api.definitions.get(address.uri, None), address.pointer)
    return Node(None if value is ABSENT or isinstance(value, bytes) else value, *address, address.pointer)


def _examples(api: ApiDescription, holder: Node) -> Iterator[Example]:
    if isinstance(holder.value, dict) and "example" in holder.value:
        yield Example("", holder.value["example"])
    resolver = Resolver(dict(api.root), api.uri, Documents(api.documents))
    for name, node in holder.get("examples").members():
        try:
            written = resolver.resolve(node).value
        except UnresolvedReference:
            continue
        if isinstance(written, dict):
            yield from (Example(name, written[field]) for field in ("value", "dataValue") if field in written)
            serialized = written.get("serializedValue")  # since OpenAPI 3.2, like `dataValue`
            yield from [Example(name, None, serialized)] if isinstance(serialized, str) else []


def is_file(media: MediaTypeObject) -> bool:
    """Say whether content is a file: its schema says so, as Swagger 2.0 has it, or that it is binary."""
    schema = media.written.get("schema")
    return isinstance(schema, dict) and schema.get("format") == "binary"

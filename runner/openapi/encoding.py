"""Turns a Media Type Object into how each value of a form is written: its Encoding Objects, and what its schema says.

"The presence of at least one of `style`, `explode`, or `allowReserved` with an explicit value is equivalent to using
`schema` with `in: query` Parameter Objects. The absence of all three of those fields is the equivalent of using
`content`" (OpenAPI 3.2, Encoding Object). References are followed here, so that a form can be written without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest

from runner.exchange import media_type
from runner.openapi.document import Address, ApiDescription, MediaTypeObject, Parameter
from runner.openapi.references import Documents, Node, Resolver, UnresolvedReference, reference_of
from runner.openapi.serialize import default_explode
from runner.records import Frozen, field
from runner.text import scalar_text
from runner.values import Absent, Json, resolve_pointer

# Schemas that say nothing of a value: "absent" in the column `type` of the table of default content types.
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "nullable"}
)
_SUBSCHEMAS = 1000
_DEPTH = 4  # "Implementations MUST support one level of nesting, and MAY support additional levels."


class Encoding(Frozen):
    """How one value of a form is written.

    `content_types` are the media types and ranges that the API takes, in its order; none where the value decides.
    `style` is set where the value is serialized like a query parameter. `headers` are those of a part that can have
    one value only. `is_binary`: the schema describes raw bytes. `text_encoding`: it wants them in base64 or base64url.
    `parts` is how the parts of a part are written.
    """

    content_types: tuple[str, ...] = ()
    style: Parameter | None = None
    headers: tuple[tuple[str, str], ...] = ()
    is_binary: bool = False
    text_encoding: str | None = None
    parts: Layout | None = None


class Layout(Frozen):
    """How the values of a form are written: by name, or by position, `leading` before `rest`."""

    named: Mapping[str, Encoding] = field(default_factory=dict)
    leading: tuple[Encoding, ...] = ()
    rest: Encoding = Encoding()

    def at(self, index: int) -> Encoding:
        return self.leading[index] if index < len(self.leading) else self.rest


PLAIN = Layout()
"""What the defaults of the specification make of values, where nothing is declared."""


def layout_of(api: ApiDescription, media: MediaTypeObject, content_type: str) -> Layout:
    """Read how the parts of a form of this type are written.

    A style "SHALL be ignored if the request body media type is not `application/x-www-form-urlencoded` or
    `multipart/form-data`", and in 3.0 for the latter too. The form that Swagger 2.0 makes of parameters has no place
    of its own: its schema is what is written there.
    """
    essence = media_type(content_type).essence
    styled = not essence.startswith("multipart/") or (essence.endswith("/form-data") and api.version[:3] != "3.0")
    reader = _Reader(Resolver(api.definitions[api.uri], api.uri, Documents(api.documents)), styled)
    holder = Node(dict(media.written), api.uri, "", "")
    schema = reader.schema_at(media.schema) if media.schema else _given(holder.get("schema"))
    return reader.layout(holder, schema, _DEPTH)


class _Reader(Frozen):
    resolver: Resolver
    styled: bool

    def schema_at(self, address: Address) -> Node | None:
        entry = self.resolver.entry
        root = entry.value if address.uri == entry.uri else self.resolver.documents.read.get(address.uri)
        value = resolve_pointer(root, address.pointer)
        return None if isinstance(value, Absent | bytes) else Node(value, address.uri, "", address.pointer)

    def layout(self, holder: Node, schema: Node | None, depth: int) -> Layout:
        """Read `encoding`, `prefixEncoding` and `itemEncoding` of a Media Type Object or an Encoding Object."""
        schemas = list(self.parts(schema)) if schema else []
        properties = {name: node for part in schemas for name, node in part.get("properties").members()}
        encodings = dict(holder.get("encoding").members())
        named = {
            name: self.encoding(encodings.get(name), self.one_of_many(properties.get(name)), depth)
            for name in {**properties, **encodings}
        }
        items = _given(*(part.get("items") for part in schemas), holder.get("itemSchema"))
        rest = _given(holder.get("itemEncoding"))
        leading = zip_longest(
            holder.get("prefixEncoding").items(), (item for part in schemas for item in part.get("prefixItems").items())
        )
        return Layout(
            named,
            tuple(self.encoding(written or rest, each or items, depth) for written, each in leading),
            self.encoding(rest, items, depth),
        )

    def one_of_many(self, schema: Node | None) -> Node | None:
        """Give the schema of a property, or of the items of one that is an array: each of them is a value."""
        for part in self.parts(schema) if schema else ():
            if part.get("type").value == "array" or part.get("items").value is not None:
                return part.get("items")._replace(value=part.get("items").value or {})
        return schema

    def encoding(self, written: Node | None, schema: Node | None, depth: int) -> Encoding:
        found = self.resolved(written) if written else None
        schemas = [part.value for part in self.parts(schema)] if schema else []
        text_encoding = next(_texts("contentEncoding", schemas), None)
        nested = found and _given(found.get("encoding"), found.get("prefixEncoding"), found.get("itemEncoding"))
        return Encoding(
            content_types=_content_types(found.get("contentType").value) if found else (),
            style=_style(found) if found and self.styled else None,
            headers=tuple(self.headers(found.get("headers"))) if found else (),
            is_binary=bool(schemas) and _is_binary(schemas),
            text_encoding=text_encoding if text_encoding in ("base64", "base64url") else None,
            parts=self.layout(found, schema, depth - 1) if found and nested and depth else None,
        )

    def headers(self, headers: Node) -> Iterator[tuple[str, str]]:
        """Give the headers whose schema leaves no choice; `Content-Type` "SHALL be ignored in this section"."""
        for name, item in headers.members():
            header = self.resolved(item)
            schema = header.get("schema") if header else item
            only = next((text for part in self.parts(schema) if (text := _only_value(part)) is not None), None)
            if only is not None and name.lower() not in ("content-type", "content-disposition"):
                yield name, only

    def resolved(self, node: Node) -> Node | None:
        try:
            return self.resolver.resolve(node)
        except UnresolvedReference:
            return None  # told where the operation is read

    def parts(self, schema: Node) -> Iterator[Node]:
        """Give the schemas that all apply to a value: the one written, what it refers to, and its `allOf`."""
        return islice(self._parts(schema), _SUBSCHEMAS)

    def _parts(self, schema: Node) -> Iterator[Node]:
        pending, seen = [schema], set[tuple[str, str]]()
        while pending:
            part = pending.pop(0)
            if (part.uri, part.own) in seen and part.own:
                continue
            seen.add((part.uri, part.own))
            target = self.resolved(part) if reference_of(part.value) is not None else None
            if target is not None and isinstance(part.value, dict):
                part = part._replace(value={name: each for name, each in part.value.items() if name != "$ref"})
                pending.append(target)
            yield part
            pending += part.get("allOf").items()


def _given(*nodes: Node) -> Node | None:
    return next((node for node in nodes if node.value is not None), None)


def _only_value(schema: Node) -> str | None:
    """Give the text of the one value that a schema allows, if it says so."""
    enum = schema.get("enum").value
    only = enum[0] if isinstance(enum, list) and len(enum) == 1 else schema.get("const").value
    return None if only is None or isinstance(only, list | dict) else scalar_text(only)


def _texts(keyword: str, schemas: list[Json]) -> Iterator[str]:
    for schema in schemas:
        value = schema.get(keyword) if isinstance(schema, dict) else None
        if isinstance(value, str):
            yield value


def _is_binary(schemas: list[Json]) -> bool:
    """Say whether schemas describe raw bytes: `format: binary` in 3.0, since 3.1 nothing, or only a media type."""
    keywords = {name for schema in schemas if isinstance(schema, dict) for name in schema}
    if "binary" in _texts("format", schemas) or ("contentMediaType" in keywords and "contentEncoding" not in keywords):
        return True
    said = {name for name in keywords - _ANNOTATIONS if not name.startswith(("x-", "$comment", "allOf"))}
    return not said and all(isinstance(schema, dict) or schema is True for schema in schemas)


def _content_types(declared: Json) -> tuple[str, ...]:
    types = declared.split(",") if isinstance(declared, str) else []
    return tuple(text for each in types if (text := each.strip()))


def _style(encoding: Node) -> Parameter | None:
    """Give the parameter that an Encoding Object with an explicit style amounts to; its name is the value's."""
    style, explode = encoding.get("style").value, encoding.get("explode").value
    reserved = encoding.get("allowReserved").value
    if not any((isinstance(style, str), isinstance(explode, bool), isinstance(reserved, bool))):
        return None
    style = style if isinstance(style, str) else "form"
    explode = explode if isinstance(explode, bool) else default_explode(style)
    return Parameter("", "query", False, style, explode, reserved is True, None, None, "")

"""Turns one Operation Object of Swagger 2.0 into an Operation, as if it had been written in OpenAPI 3.

The `body` parameter is the request body, parameters of `formData` are the members of a form, `consumes` and `produces`
are the keys of `content`. Addresses are those of the original document, in which a parameter is its own schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from runner.exchange import media_type
from runner.openapi.document import (
    HeaderObject,
    Location,
    MediaTypeObject,
    Operation,
    Parameter,
    RequestBody,
    ResponseObject,
    Security,
    Server,
)
from runner.openapi.parts import read_security
from runner.openapi.reading import Reader, ReadOperation, Slot, address_of, security_schemes
from runner.openapi.references import Node, Resolver
from runner.openapi.security import check_security
from runner.openapi.swagger_parts import security_scheme, servers_of, style_of
from runner.openapi.url import template_variables
from runner.records import Frozen
from runner.source import SourceMap
from runner.uri import is_http
from runner.values import Json

_LOCATIONS: Mapping[str, Location] = {"path": "path", "query": "query", "header": "header"}
_ALL_LOCATIONS = (*_LOCATIONS, "body", "formData")

# A document that does not say what it consumes and produces leaves it open.
_ANYTHING = ("*/*",)
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


class Given(NamedTuple):
    """A parameter with its name, as it is written."""

    name: str
    node: Node


def operation_reader(document: Reader) -> ReadOperation:
    """Check what a document says for all of its operations, and give what reads one of them."""
    entry = document.resolver.entry
    for name in ("host", "basePath"):
        document.expect(str, entry.get(name))
    for name in ("schemes", "consumes", "produces"):
        document.expect(list, entry.get(name))
    defaults = Defaults(document.resolver)
    _check_servers(document, entry, defaults)
    return lambda slot, pointer: read_operation(slot, pointer, defaults, document.places)


class Defaults(Frozen, dict=True):
    """What a document says for all of its operations."""

    resolver: Resolver

    @property
    def location(self) -> str:
        return self.resolver.location(self.resolver.entry.uri)

    @cached_property
    def servers(self) -> tuple[Server, ...]:
        return self.servers_by(texts(self.resolver.entry.get("schemes")))

    def servers_by(self, schemes: Sequence[str]) -> tuple[Server, ...]:
        entry = self.resolver.entry
        host, base_path = entry.get("host").value, entry.get("basePath").value
        return servers_of(
            host if isinstance(host, str) else "",
            base_path if isinstance(base_path, str) else "",
            schemes,
            self.location,
        )

    @cached_property
    def security(self) -> Security:
        return read_security(self.resolver.entry.get("security")) or ()

    @cached_property
    def security_schemes(self) -> Mapping[str, Mapping[str, Json]]:
        written = security_schemes(self.resolver, self.resolver.entry.get("securityDefinitions"))
        return {name: security_scheme(scheme) for name, scheme in written.items()}

    def media_types(self, node: Node, name: str) -> tuple[str, ...]:
        """Give what an operation `consumes` or `produces`: what it says itself "overrides" what the document says."""
        own = node.get(name)
        return texts(self.resolver.entry.get(name) if own.value is None else own)


def texts(node: Node) -> tuple[str, ...]:
    """Give the texts of a list; a single text is what many write for a list of one."""
    items = [node] if isinstance(node.value, str) else node.items()
    return tuple(item.value for item in items if isinstance(item.value, str))


def _check_servers(document: Reader, entry: Node, defaults: Defaults) -> None:
    """Warn of servers that no request can go to, and of one that is a guess."""
    schemes = {scheme.lower() for scheme in texts(entry.get("schemes"))}
    if schemes and not schemes & {"http", "https"}:
        listed = " and ".join(f"'{scheme}'" for scheme in sorted(schemes))
        message = f"no request can go to {listed}: only http and https are sent"
        document.warn("unusable-server", message, entry.get("schemes").pointer)
    host = entry.get("host").value
    if not isinstance(host, str) or not host:
        return
    url = defaults.servers[0].url
    if "://" in host:
        document.warn("malformed-openapi", f"'host' takes no scheme: it is read as {url}", entry.get("host").pointer)
    elif not schemes and not is_http(defaults.location):
        message, pointer = f"the description has no 'schemes': {url} is used", entry.get("host").pointer
        document.warn("assumed-scheme", message, pointer, "add schemes: [https]")


def read_operation(slot: Slot, pointer: str, defaults: Defaults, places: SourceMap) -> Operation:
    """Read an operation; `pointer` is its place below `paths`."""
    reader = Reader(defaults.resolver, places)
    node = reader.chain(slot.node)[-1]
    for name in ("schemes", "consumes", "produces"):
        reader.expect(list, node.get(name))
    operation_id = node.get("operationId").value
    security, schemes = read_security(own := node.get("security")), texts(node.get("schemes"))
    written = own if security is not None else defaults.resolver.entry.get("security")
    check_security(reader, written, defaults.security_schemes)
    given = list(reader.parameters(slot, node, _ALL_LOCATIONS))
    produces = defaults.media_types(node, "produces")
    reserved = template_variables(slot.path)
    return Operation(
        operation_id=operation_id if isinstance(operation_id, str) else None,
        method=slot.method,
        path=slot.path,
        parameters=tuple(
            _parameter(each, name, _LOCATIONS[location], reserved=reserved.get(name, False))
            for name, location, each in given
            if location in _LOCATIONS
        ),
        request_body=_request_body(
            reader,
            [each for _, location, each in given if location == "body"],
            [Given(name, each) for name, location, each in given if location == "formData"],
            defaults.media_types(node, "consumes"),
        ),
        responses=reader.responses(node.get("responses"), partial(_response, reader, produces)),
        servers=defaults.servers_by(schemes) if schemes else defaults.servers,
        servers_of="operation" if schemes else "description",
        security=defaults.security if security is None else security,
        security_schemes=defaults.security_schemes,
        pointer=pointer,
        address=node.address,
        deprecated=node.get("deprecated").value is True,
        problems=tuple(reader.problems),
    )


def _parameter(node: Node, name: str, location: Location, *, reserved: bool) -> Parameter:
    style, explode = style_of(location, _object(node.value))
    return Parameter(
        name=name,
        location=location,
        required=location == "path" or node.get("required").value is True,
        style=style,
        explode=explode,
        allow_reserved=False,
        schema=node.address,
        content_type=None,
        pointer=node.pointer,
        allow_slashes=location == "path" and reserved,
    )


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _request_body(
    reader: Reader, bodies: Sequence[Node], fields: Sequence[Given], consumes: Sequence[str]
) -> RequestBody | None:
    """Make a request body of the `body` parameter, or else of those in `formData`.

    "Body and form parameters cannot exist together for the same operation".
    """
    if bodies and fields:
        message = "parameters in 'body' and in 'formData' cannot exist together: the body counts"
        reader.warn("malformed-parameter", message, fields[0].node.pointer)
    if bodies:
        return _body(reader, bodies[0], consumes)
    return _form(reader, fields, consumes) if fields else None


def _body(reader: Reader, node: Node, consumes: Sequence[str]) -> RequestBody:
    media = _media_type(reader, node)
    required = node.get("required").value is True
    return RequestBody(required, dict.fromkeys(consumes or _ANYTHING, media), node.pointer)


def _media_type(reader: Reader, holder: Node) -> MediaTypeObject:
    """Read the `schema` of a body parameter or response; `file` is any content at all, and no type of a schema."""
    schema = holder.get("schema")
    reader.expect(dict, schema)
    if schema.value is None or not isinstance(schema.value, dict):
        return MediaTypeObject()
    if schema.get("type").value == "file":
        return MediaTypeObject(None, {"schema": dict(_FILE)})
    return MediaTypeObject(address_of(schema), {"schema": reader.portable(schema)})


_FILE: Mapping[str, Json] = {"type": "string", "format": "binary"}


def _form(reader: Reader, fields: Sequence[Given], consumes: Sequence[str]) -> RequestBody:
    required: list[Json] = [name for name, node in fields if node.get("required").value is True]
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {name: _field(reader, node) for name, node in fields},
        **({"required": required} if required else {}),
    }
    media = MediaTypeObject(None, {"schema": schema, "encoding": _encoding(fields)})
    has_file = any(each.node.get("type").value == "file" for each in fields)
    types = _form_types(consumes, has_file=has_file)
    return RequestBody(bool(required), dict.fromkeys(types, media), fields[0].node.pointer)


def _field(reader: Reader, node: Node) -> Json:
    return dict(_FILE) if node.get("type").value == "file" else reader.portable(node)


def _encoding(fields: Sequence[Given]) -> dict[str, Json]:
    arrays = [Given(name, node) for name, node in fields if node.get("type").value == "array"]
    return {name: dict(style_of("query", _object(node.value))._asdict()) for name, node in arrays}


def _form_types(consumes: Sequence[str], *, has_file: bool) -> Sequence[str]:
    """Choose a form's media types: those of forms that are consumed; a file travels in one of them only.

    "If type is "file", the consumes MUST be either "multipart/form-data", " application/x-www-form-urlencoded" or both"
    """
    forms = (_MULTIPART,) if has_file else (_URLENCODED, _MULTIPART)
    return [each for each in consumes if media_type(each).essence in forms] or forms[:1]


def _response(reader: Reader, produces: Sequence[str], node: Node) -> ResponseObject:
    """Read a Response Object: if there is no `schema`, "no content is returned as part of the response"."""
    headers = {
        name: _header(header)
        for name, item in node.get("headers").members()
        if (header := reader.resolved(item)) is not None
    }
    has_content = node.get("schema").value is not None
    media = _media_type(reader, node)
    return ResponseObject(headers, dict.fromkeys(produces or _ANYTHING, media) if has_content else {}, node.address)


def _header(node: Node) -> HeaderObject:
    """Read a Header Object; an array that is not written with commas has no style, and cannot be read."""
    can_be_read = style_of("header", _object(node.value)).style == "simple"
    return HeaderObject(
        required=False,
        explode=False,
        schema=node.address if can_be_read else None,
        content_type=None,
        address=node.address,
    )

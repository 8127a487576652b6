"""Turns one Operation Object of OpenAPI 3, with the path item around it, into an Operation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import get_args

from runner.openapi.document import (
    Address,
    HeaderObject,
    Location,
    Operation,
    Parameter,
    RequestBody,
    ResponseObject,
    Security,
    Server,
    ServerLevel,
)
from runner.openapi.parts import read_security, read_servers
from runner.openapi.reading import Reader, ReadOperation, Slot, address_of, security_schemes
from runner.openapi.references import Node, Resolver
from runner.openapi.security import check_security
from runner.openapi.serialize import DEFAULT_STYLE, default_explode
from runner.openapi.url import template_variables
from runner.records import Frozen
from runner.source import SourceMap
from runner.uri import split_uri
from runner.values import Json

LOCATIONS: Mapping[str, Location] = {location: location for location in get_args(Location)}


def operation_reader(document: Reader) -> ReadOperation:
    """Check what a document says for all of its operations, and give what reads one of them."""
    check_servers(document, document.resolver.entry.get("servers"))
    defaults = Defaults(document.resolver)
    return lambda slot, pointer: read_operation(slot, pointer, defaults, document.places)


class Defaults(Frozen, dict=True):
    """What a document says for all of its operations."""

    resolver: Resolver

    @cached_property
    def servers(self) -> tuple[tuple[Server, ...], ServerLevel]:
        # OpenAPI Object: "If the `servers` field is not provided, or is an empty array, the default value would be a
        # Server Object with a url value of /."
        entry = self.resolver.entry
        own = self.servers_at(entry.get("servers"))
        default = self.servers_at(entry._replace(value=[{"url": "/"}]))
        return (own, "description") if own else (default, "default")

    def servers_at(self, node: Node) -> tuple[Server, ...]:
        return read_servers(node, self.resolver.location(node.uri))

    @cached_property
    def security(self) -> Security:
        return read_security(self.resolver.entry.get("security")) or ()

    @cached_property
    def security_schemes(self) -> Mapping[str, Mapping[str, Json]]:
        return security_schemes(self.resolver, self.resolver.entry.get("components").get("securitySchemes"))

    def schemes_for(self, security: Security) -> Mapping[str, Mapping[str, Json]]:
        """Give the schemes by name, with those that a requirement names by URI (OpenAPI 3.2)."""
        names = dict.fromkeys(name for required in security for name in required if "/" in name)
        links: Json = {name: {"$ref": name} for name in names if name not in self.security_schemes}
        if not links:
            return self.security_schemes
        return {**self.security_schemes, **security_schemes(self.resolver, self.resolver.entry._replace(value=links))}


def read_operation(slot: Slot, pointer: str, defaults: Defaults, places: SourceMap) -> Operation:
    """Read an operation; `pointer` is its place below `paths`."""
    reader = Reader(defaults.resolver, places)
    node = reader.chain(slot.node)[-1]
    for listed in (node.get("servers"), slot.around("servers")):
        check_servers(reader, listed)
    operation_id = node.get("operationId").value
    security = read_security(own := node.get("security"))
    written = own if security is not None else defaults.resolver.entry.get("security")
    security = defaults.security if security is None else security
    schemes = defaults.schemes_for(security)
    check_security(reader, written, schemes)
    servers, servers_of = _servers(slot, node, defaults)
    return Operation(
        operation_id=operation_id if isinstance(operation_id, str) else None,
        method=slot.method,
        path=slot.path,
        parameters=_parameters(reader, slot, node),
        request_body=_request_body(reader, node.get("requestBody")),
        responses=reader.responses(node.get("responses"), partial(_response, reader)),
        servers=servers,
        servers_of=servers_of,
        security=security,
        security_schemes=schemes,
        pointer=pointer,
        address=node.address,
        deprecated=node.get("deprecated").value is True,
        problems=tuple(reader.problems),
    )


def _servers(slot: Slot, node: Node, defaults: Defaults) -> tuple[tuple[Server, ...], ServerLevel]:
    """Give the servers of an operation, which "override" those around it, and where they are listed."""
    if own := defaults.servers_at(node.get("servers")):
        return own, "operation"
    if around := defaults.servers_at(slot.around("servers")):
        return around, "path item"
    return defaults.servers


def check_servers(reader: Reader, servers: Node) -> None:
    """Warn of servers that no request can go to."""
    reader.expect(list, servers)
    for item in servers.items():
        reader.expect(dict, item)
        url = item.get("url").value
        if isinstance(item.value, dict) and not isinstance(url, str):
            reader.warn("malformed-openapi", "this server has no 'url' that is a text", item.pointer)
        scheme = split_uri(url).scheme if isinstance(url, str) else None
        if scheme is not None and scheme.lower() not in ("http", "https"):
            pointer = item.get("url").pointer
            reader.warn("unusable-server", f"'{scheme}' is not http or https: no request can go there", pointer)


def _parameters(reader: Reader, slot: Slot, node: Node) -> tuple[Parameter, ...]:
    reserved = template_variables(slot.path)
    return tuple(
        _parameter(reader, each, name, LOCATIONS[location], reserved=location == "path" and reserved.get(name, False))
        for name, location, each in reader.parameters(slot, node, LOCATIONS)
    )


def _parameter(reader: Reader, node: Node, name: str, location: Location, *, reserved: bool) -> Parameter:
    style = node.get("style").value
    style = style if isinstance(style, str) and style else DEFAULT_STYLE[location]
    explode = node.get("explode").value
    content_type, schema = _content(reader, node, f"parameter '{name}'")
    return Parameter(
        name=name,
        location=location,
        required=location == "path" or node.get("required").value is True,
        style=style,
        explode=explode if isinstance(explode, bool) else default_explode(style),
        allow_reserved=node.get("allowReserved").value is True and location in _may_allow_reserved(reader, style),
        schema=schema,
        content_type=content_type,
        pointer=node.pointer,
        allow_slashes=reserved,
    )


def _content(reader: Reader, node: Node, what: str) -> tuple[str | None, Address | None]:
    """Give the media type that the content of a parameter or header has, if it says so, and where its schema stands.

    "A parameter MUST contain either a `schema` property, or a `content` property, but not both", and of `content`:
    "The map MUST only contain one entry". Where there is more, `content` counts, and the first of its entries.
    """
    entries = list(node.get("content").members())
    if not entries:
        return None, address_of(node.get("schema"))
    if node.get("schema").value is not None:
        reader.warn("malformed-parameter", f"{what} has both 'schema' and 'content': 'content' counts", node.pointer)
    if len(entries) > 1:
        message = f"{what} has more than one 'content': '{entries[0][0]}' counts"
        reader.warn("malformed-parameter", message, node.get("content").pointer)
    content_type, media = entries[0]
    found = reader.resolved(media)
    return content_type, address_of(found.get("schema")) if found else None


def _may_allow_reserved(reader: Reader, style: str) -> tuple[Location, ...]:
    """Until 3.1, `allowReserved` "only applies to parameters with an `in` value of `query`".

    In 3.2 it applies to those "that automatically percent-encode (that is: `in: path`, `in: query`, and `in: cookie`
    with `style: form`)".
    """
    version = reader.resolver.entry.get("openapi").value
    if not isinstance(version, str) or version.startswith(("3.0", "3.1")):
        return ("query",)
    return ("path", "query", "cookie") if style != "cookie" else ("path", "query")


def _request_body(reader: Reader, node: Node) -> RequestBody | None:
    found = reader.resolved(node, "error")
    if found is None:
        return None
    reader.expect(dict, found)
    if not isinstance(found.value, dict):
        return None
    return RequestBody(
        required=found.get("required").value is True,
        content=reader.media_types(found.get("content")),
        pointer=found.pointer,
    )


def _response(reader: Reader, node: Node) -> ResponseObject:
    headers = {
        name: _header(reader, header, name)
        for name, item in node.get("headers").members()
        if (header := reader.resolved(item)) is not None
    }
    return ResponseObject(headers, reader.media_types(node.get("content")), node.address)


def _header(reader: Reader, node: Node, name: str) -> HeaderObject:
    content_type, schema = _content(reader, node, f"header '{name}'")
    return HeaderObject(
        required=node.get("required").value is True,
        explode=node.get("explode").value is True,
        schema=schema,
        content_type=content_type,
        address=node.address,
    )

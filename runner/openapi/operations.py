"""Turns one Operation Object, with the path item around it, into an Operation.

What cannot be read is left out and told in `problems`, so that a description that is partly bad can be run where it is
good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, get_args

from runner.diagnostics import Diagnostic, Severity
from runner.openapi.document import (
    HeaderObject,
    Location,
    MediaTypeObject,
    Operation,
    Parameter,
    RequestBody,
    ResponseObject,
    Server,
    ServerLevel,
)
from runner.openapi.parts import read_security, read_servers, status_key
from runner.openapi.references import Node, Resolver, UnresolvedReference, absolute_references
from runner.openapi.serialize import DEFAULT_STYLE, default_explode
from runner.openapi.uri import split_uri
from runner.openapi.url import template_variables
from runner.source import SourceMap
from runner.text import describe
from runner.values import Json, join_pointer, pointer_name

LOCATIONS: Mapping[Json, Location] = {location: location for location in get_args(Location)}

# Parameter Object: "If `in` is `header` and the `name` field is `Accept`, `Content-Type` or `Authorization`, the
# parameter definition SHALL be ignored."
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


class Slot(NamedTuple):
    """Where an operation stands: its path and method, its object, and the path item with what it refers to."""

    path: str
    method: str
    node: Node
    path_item: tuple[Node, ...]

    def around(self, name: str) -> Node:
        """Give a field of the path item; beside a `$ref` its own fields come first."""
        fields = [layer.get(name) for layer in self.path_item]
        return next((field for field in fields if field.value is not None), fields[0])


@dataclass(frozen=True)
class Defaults:
    """What a document says for all of its operations."""

    entry: Node
    resolver: Resolver

    @cached_property
    def servers(self) -> tuple[tuple[Server, ...], ServerLevel]:
        # OpenAPI Object: "If the `servers` field is not provided, or is an empty array, the default value would be a
        # Server Object with a url value of /."
        own = read_servers(self.entry.get("servers"))
        default = read_servers(self.entry._replace(value=[{"url": "/"}]))
        return (own, "description") if own else (default, "default")

    @cached_property
    def security(self) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        return read_security(self.entry.get("security")) or ()

    @cached_property
    def security_schemes(self) -> Mapping[str, Mapping[str, Json]]:
        schemes = self.entry.get("components").get("securitySchemes")
        return {name: value for name, node in schemes.members() if (value := self._scheme(node)) is not None}

    def _scheme(self, node: Node) -> dict[str, Json] | None:
        try:
            value = self.resolver.resolve(node).value
        except UnresolvedReference:
            return None  # told where an operation asks for it: there is no scheme of that name
        return value if isinstance(value, dict) else None


@dataclass(frozen=True)
class Reader:
    """Read parts of one operation and note what is wrong with them."""

    resolver: Resolver
    places: SourceMap
    problems: list[Diagnostic] = field(default_factory=list)

    def resolved(self, node: Node, severity: Severity = "warning") -> Node | None:
        """Follow the references at a node; None, and a diagnostic, where they lead nowhere."""
        try:
            return self.resolver.resolve(node)
        except UnresolvedReference as problem:
            self._unresolved(problem, severity)
            return None

    def chain(self, node: Node) -> tuple[Node, ...]:
        """Give a node and all it refers to; just the node, and a warning, where that leads nowhere."""
        try:
            return self.resolver.chain(node)
        except UnresolvedReference as problem:
            self._unresolved(problem)
            return (node,)

    def _unresolved(self, problem: UnresolvedReference, severity: Severity = "warning") -> None:
        span = self.places.value(join_pointer(problem.pointer, "$ref"))
        self.problems.append(Diagnostic("unresolved-reference", severity, str(problem), span))

    def warn(self, rule: str, message: str, pointer: str) -> None:
        self.problems.append(Diagnostic(rule, "warning", message, self.places.value(pointer)))

    def expect(self, kind: type[dict[str, Json]] | type[list[Json]], node: Node) -> None:
        """Warn where a node is neither of a kind nor null, which counts as nothing."""
        if node.value is not None and not isinstance(node.value, kind):
            wanted = "an object" if kind is dict else "a list"
            name = pointer_name(node.pointer)
            self.warn("malformed-openapi", f"'{name}' is {wanted}, not {describe(node.value)}", node.pointer)

    def portable(self, node: Node) -> Json:
        """Give a value as it is read in the entry document: references in other documents become absolute."""
        same = node.uri == self.resolver.entry.uri
        return node.value if same else absolute_references(node.value, node.uri)

    def media_types(self, content: Node) -> dict[str, MediaTypeObject]:
        """Read a map of Media Type Objects, references followed; an empty one where there is none."""
        return {name: self._media_type(item) for name, item in content.members()}

    def _media_type(self, item: Node) -> MediaTypeObject:
        node = self.resolved(item)
        value = self.portable(node) if node is not None else None
        if node is None or not isinstance(value, dict):
            return MediaTypeObject()
        schema = node.get("schema")
        return MediaTypeObject(None if schema.value is None else schema.address, value)


def read_operation(slot: Slot, pointer: str, defaults: Defaults, places: SourceMap) -> Operation:
    """Read an operation; `pointer` is its place below `paths`."""
    reader = Reader(defaults.resolver, places)
    node = reader.chain(slot.node)[-1]
    for listed in (node.get("servers"), slot.around("servers")):
        check_servers(reader, listed)
    operation_id = node.get("operationId").value
    security = read_security(node.get("security"))
    servers, servers_of = _servers(slot, node, defaults)
    return Operation(
        operation_id=operation_id if isinstance(operation_id, str) else None,
        method=slot.method,
        path=slot.path,
        parameters=_parameters(reader, slot, node),
        request_body=_request_body(reader, node.get("requestBody")),
        responses=_responses(reader, node.get("responses")),
        servers=servers,
        servers_of=servers_of,
        security=defaults.security if security is None else security,
        security_schemes=defaults.security_schemes,
        pointer=pointer,
        address=node.address,
        deprecated=node.get("deprecated").value is True,
        problems=tuple(reader.problems),
    )


def _servers(slot: Slot, node: Node, defaults: Defaults) -> tuple[tuple[Server, ...], ServerLevel]:
    """Give the servers of an operation, which "override" those around it, and where they are listed."""
    if own := read_servers(node.get("servers")):
        return own, "operation"
    if around := read_servers(slot.around("servers")):
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
    """Read the parameters of path item and operation; those of the operation override by name and location."""
    merged: dict[tuple[Location, str], Parameter] = {}
    reserved = template_variables(slot.path)
    for holder in (slot.around("parameters"), node.get("parameters")):
        for parameter in _parameter_list(reader, holder, reserved):
            name = parameter.name.lower() if parameter.location == "header" else parameter.name
            if parameter.location != "header" or name not in IGNORED_HEADERS:
                merged[parameter.location, name] = parameter
    return tuple(merged.values())


def _parameter_list(reader: Reader, holder: Node, reserved: Mapping[str, bool]) -> Iterator[Parameter]:
    reader.expect(list, holder)
    for item in holder.items():
        node = reader.resolved(item, "error")  # whatever the step gives for it could only be sent as a guess
        if node is None or node.value is None:
            continue
        name, location = node.get("name").value, LOCATIONS.get(_hashable(node.get("in").value))
        if isinstance(name, str) and location is not None:
            yield _parameter(reader, node, name, location, reserved=location == "path" and reserved.get(name, False))
        else:
            reader.warn(
                "malformed-parameter", "this parameter has no 'name' or no 'in' that OpenAPI knows", item.pointer
            )


def _hashable(value: Json) -> Json:
    return None if isinstance(value, list | dict) else value


def _parameter(reader: Reader, node: Node, name: str, location: Location, *, reserved: bool) -> Parameter:
    style = node.get("style").value
    style = style if isinstance(style, str) and style else DEFAULT_STYLE[location]
    explode = node.get("explode").value
    content_type, media = next(node.get("content").members(), (None, node))
    schema = (reader.resolved(media) or media).get("schema")
    return Parameter(
        name=name,
        location=location,
        required=location == "path" or node.get("required").value is True,
        style=style,
        explode=explode if isinstance(explode, bool) else default_explode(style),
        # only `{+name}` lets a path keep its slashes: "path parameters MUST NOT contain unescaped generic syntax"
        allow_reserved=reserved or (location == "query" and node.get("allowReserved").value is True),
        schema=None if schema.value is None else schema.address,
        content_type=content_type,
        pointer=node.pointer,
    )


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


def _responses(reader: Reader, node: Node) -> dict[str, ResponseObject]:
    found = reader.resolved(node) or node
    reader.expect(dict, found)
    return {status_key(key): _response(reader, item) for key, item in found.members() if not key.startswith("x-")}


def _response(reader: Reader, node: Node) -> ResponseObject:
    found = reader.resolved(node)
    if found is None:
        return ResponseObject()
    reader.expect(dict, found)
    if not isinstance(found.value, dict):
        return ResponseObject()
    headers = {
        name: _header(reader, header)
        for name, item in found.get("headers").members()
        if (header := reader.resolved(item)) is not None
    }
    return ResponseObject(headers, reader.media_types(found.get("content")), found.address)


def _header(reader: Reader, node: Node) -> HeaderObject:
    content_type, media = next(node.get("content").members(), (None, node))
    schema = (reader.resolved(media) or media).get("schema")
    return HeaderObject(
        required=node.get("required").value is True,
        explode=node.get("explode").value is True,
        schema=None if schema.value is None else schema.address,
        content_type=content_type,
        address=node.address,
    )

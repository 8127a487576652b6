"""Turn an operation call and what its values give at this moment into the request to send, or say why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import cast
from urllib.parse import unquote

from runner.engine.events import Problem
from runner.exchange import Headers, Request, media_type, parse_json
from runner.expressions.faults import SelectorFailure
from runner.expressions.fill import Missing, fill, is_too_large
from runner.expressions.nodes import Node
from runner.expressions.replace import replaced, replaced_in_form
from runner.expressions.scope import Scope
from runner.openapi.body import encode_body
from runner.openapi.media import choose_content_type, is_form
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import cookie_pairs, header_value, path_segment, query_text
from runner.openapi.url import build_url
from runner.plan.plan import KEY_HEADER, Argument, BoundBody, BoundParameter, BoundReplacement, OperationCall
from runner.records import Frozen, Mutable, field, replace
from runner.source import Span
from runner.values import ABSENT, Absent, InputValue, Json, Value


class Built(Frozen):
    """A request, and its path and query parameters as `$request.path` and `$request.query` see them.

    `values` are what the parameters were given, by location and name, and `body` is what the body was made from.
    """

    request: Request
    parameters: Mapping[tuple[str, str], str]
    values: Mapping[tuple[str, str], Json] = field(default_factory=dict)
    body: Value = ABSENT

    def with_key(self, key: str) -> Built:
        """Give the same request with a key by which its receiver knows it again."""
        request = replace(self.request, headers=(*self.request.headers, (KEY_HEADER, key)))
        return replace(self, request=request, values={**self.values, ("header", KEY_HEADER): key})


class _Pieces(Mutable):
    """The parts of a request, serialized so far."""

    path: dict[str, str] = field(default_factory=dict)
    query: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    parameters: dict[tuple[str, str], str] = field(default_factory=dict)
    values: dict[tuple[str, str], Json] = field(default_factory=dict)


class _Unsendable(Exception):  # noqa: N818 - a way out of nested calls, never seen outside this module
    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.problem = Problem("input", message, span)


def build_request(call: OperationCall, scope: Scope) -> Built | Problem:
    """Build the request of an operation call. Optional inputs that are not given are left out."""
    pieces = _Pieces()
    try:
        for bound in call.parameters:
            _place(pieces, bound, scope)
        _require_key(call, pieces)
        value = _body(call.body, scope) if call.body else ABSENT
        body, content_type = _encoded(call, call.body, value) if call.body else (b"", None)
    except _Unsendable as unsendable:
        return unsendable.problem
    try:
        url = build_url(call.server, call.operation.path, pieces.path, pieces.query)
    except SerializationProblem as problem:
        span = call.parameters[0].span if call.parameters else None
        return Problem("input", f"{call.title} cannot be sent: {problem}", span)
    request = Request(call.operation.method, url, _headers(call, pieces, content_type), body)
    return Built(request, pieces.parameters, pieces.values, value)


def _place(pieces: _Pieces, bound: BoundParameter, scope: Scope) -> None:
    parameter = bound.parameter
    value = _value(bound.value, scope, bound.span, f"parameter '{parameter.name}'")
    if value is ABSENT:
        return
    pieces.values[parameter.location, parameter.name] = value
    try:
        match parameter.location:
            case "path":
                pieces.path[parameter.name] = text = path_segment(parameter, value)
                pieces.parameters["path", parameter.name] = unquote(text)
            case "querystring" if not isinstance(value, str):
                raise _Unsendable("the value of a querystring parameter is a string", bound.span)
            case "query" | "querystring":
                pieces.query.append(text := query_text(parameter, value))
                pieces.parameters.update({("query", name): each for name, each in _decoded(text)})
            case "header":
                header = header_value(parameter, value)
                if header is not None:
                    pieces.headers.append((parameter.name, header))
            case "cookie":
                pieces.cookies.append(cookie_pairs(parameter, value))
    except SerializationProblem as problem:
        raise _Unsendable(str(problem), bound.span) from problem


def _require_key(call: OperationCall, pieces: _Pieces) -> None:
    """Refuse a request whose key came to nothing: it counts as safe to send twice, and its API would not know it."""
    if call.key != "given":
        return
    keys = [text for name, text in pieces.headers if name.lower() == KEY_HEADER.lower()]
    if not any(map(str.strip, keys)):
        raise _Unsendable("the idempotency key is empty", call.parameters[-1].span)


def _decoded(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield unquote(name.replace("+", " ")), unquote(value.replace("+", " "))


def _value(node: Node, scope: Scope, span: Span, what: str) -> Json | Absent:
    value = _filled(node, scope, span, what)
    if isinstance(value, bytes):
        raise _Unsendable(f"{what} cannot be sent: it is a binary body", span)
    return value


def _filled(node: Node, scope: Scope, span: Span, what: str, *, files: bool = False) -> Value:
    value = fill(node, scope, files=files)
    if type(value) is Missing:
        raise _Unsendable(f"{what} cannot be sent: {value.message}", span)
    return value


def _body(bound: BoundBody, scope: Scope) -> Value:
    files = is_form(bound.content_type)
    value: Value = ABSENT
    if bound.payload is not None:
        value = _filled(bound.payload, scope, bound.span, "the request body", files=files)
    if bound.is_json_text and isinstance(value, str):
        value = _parsed(value, bound.span)
    for replacement in bound.replacements:
        what = f"the replacement at '{replacement.target.text}'"
        read = partial(_filled, files=True) if files else _value
        new = read(replacement.value, scope, replacement.span, what)
        if not isinstance(new, Absent):
            value = _replaced(value, bound, replacement, cast(Json, new), scope)
            if is_too_large(value):
                raise _Unsendable(f"{what} makes a body that is too large to be sent", replacement.span)
    return value


def _encoded(call: OperationCall, bound: BoundBody, value: Value) -> tuple[bytes, str | None]:
    if value is ABSENT:
        return b"", None
    content_type = bound.content_type
    if isinstance(value, bytes) and bound.is_chosen:
        content_type = choose_content_type(call.operation.request_body, None, value)
    try:
        return encode_body(value, content_type, bound.layout)
    except SerializationProblem as problem:
        raise _Unsendable(f"the request body cannot be sent: {problem}", bound.span) from problem


def _parsed(text: str, span: Span) -> Json:
    """Read a payload that is written as JSON text; a text that does not look like JSON is a JSON string."""
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] in ("{", "["):
            raise _Unsendable(f"the request body cannot be sent: the payload is not JSON: {error}", span) from error
        return text


def _replaced(payload: Value, bound: BoundBody, replacement: BoundReplacement, new: Json, scope: Scope) -> Json:
    is_form = media_type(bound.content_type).essence == "application/x-www-form-urlencoded"
    try:
        if is_form and isinstance(payload, str):
            return replaced_in_form(payload, replacement.target, new, scope.apply)
        return replaced(payload, replacement.target, new, scope.apply)
    except SelectorFailure as failure:
        raise _Unsendable(f"the payload cannot be changed: {failure}", replacement.span) from failure


def _headers(call: OperationCall, pieces: _Pieces, content_type: str | None) -> Headers:
    kept: list[tuple[str, str]] = []
    given: set[str] = set()
    cookies: list[str] = []
    for name, value in pieces.headers:
        lowered = name.lower()
        if lowered == "cookie":
            cookies.append(value)
        elif lowered != "content-type" or not _says_less(value, content_type):
            kept.append((name, value))
            given.add(lowered)
    if call.accept is not None and "accept" not in given:
        kept.append(("Accept", call.accept))
    if content_type is not None and "content-type" not in given:
        kept.append(("Content-Type", content_type))
    if cookie := "; ".join(filter(None, [*cookies, *pieces.cookies])):  # RFC 6265: one header
        kept.append(("Cookie", cookie))
    return tuple(kept)


def _says_less(value: str, content_type: str | None) -> bool:
    """Say whether a Content-Type is the one that the body has, which knows its boundary or charset as well."""
    return media_type(value).essence == media_type(content_type).essence


def argument_values(arguments: tuple[Argument, ...], scope: Scope) -> dict[str, InputValue] | Problem:
    """Give the values of arguments for a workflow; those that are not there are left out."""
    values: dict[str, InputValue] = {}
    for argument in arguments:
        try:
            value = _filled(argument.value, scope, argument.span, f"input '{argument.name}'")
        except _Unsendable as unsendable:
            return unsendable.problem
        if not isinstance(value, Absent):
            values[argument.name] = value
    return values

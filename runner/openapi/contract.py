"""Turns what was sent and what came back into the ways in which they differ from what an API description says.

What a description does not speak about is allowed, as JSON Schema has it: undeclared headers, parameters and members.
After a mismatch that leaves nothing to compare with (an undocumented status or content type) nothing more is said of
that part. Text on the wire has no types, so a parameter or header fits if one reading of its text does.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from runner.exchange import MediaType, Response, header, header_lines, media_type, parse_json
from runner.openapi.deserialize import form_values, readings, retyped
from runner.openapi.document import (
    Address,
    ApiDescription,
    HeaderObject,
    MediaTypeObject,
    Operation,
    Parameter,
    ResponseObject,
)
from runner.openapi.media import is_form, match_media, match_status
from runner.openapi.mismatch import Check, Mismatch, Subject, grouped
from runner.openapi.schemas import Compiled, Types
from runner.openapi.sequential import EVENTS, SEQUENTIAL, items_of
from runner.records import Frozen, replace
from runner.schema import Direction, SchemaError, SchemaProblem
from runner.schema.messages import shown
from runner.values import ABSENT, Absent, Json, Value, resolve_pointer, split_pointer

MOST = 100
"""Ways in which one value differs that are told, and members that it has too many: who has these has them all."""

BODY = "the response body"
# "If a response header is defined with the name "Content-Type", it SHALL be ignored" (Response Object).
_IGNORED = "content-type"
# RFC 9112, section 6.3: these have no body, whatever their fields say.
_WITHOUT_BODY = frozenset({204, 304})
_SCALARS = frozenset({"boolean", "integer", "number"})


class Compared(NamedTuple):
    """The keys of a description that a response was compared with, None where none fits, and how it differs."""

    response: str | None
    media_type: str | None
    mismatches: tuple[Mismatch, ...] = ()


_RESPONSE_BODY = Subject("body", BODY)
_REQUEST_BODY = Subject("request", "the request body")


class Contract(Frozen, eq=False):
    """What a description says of one operation. `checks` names the checks that are wanted."""

    operation: Operation
    api: ApiDescription

    def check_response(self, method: str, response: Response, checks: Container[Check]) -> Compared:
        """Compare a response to a request of this method."""
        matched = match_status(self.operation.responses, response.status)
        if matched is None:
            return Compared(None, None, self._undocumented(response.status) if "status" in checks else ())
        key, declared = matched
        has_body = method != "HEAD" and response.status not in _WITHOUT_BODY and response.status >= 200
        content_type = header(response.headers, "content-type")
        media = _media_key(tuple(declared.content), content_type) if content_type and has_body else None
        found: list[Mismatch] = []
        if "content-type" in checks and has_body and media is None and response.body:
            found += self._content_type(key, declared, content_type)
        if "headers" in checks and declared.headers:
            found += self._headers(declared, response)
        if "body" in checks and has_body:
            found += self._body(key, declared, response, media_type(content_type), media)
        return Compared(key, media, grouped(found) if found else ())

    def check_parameter(self, parameter: Parameter, value: Json | Absent) -> tuple[Mismatch, ...]:
        """Compare what a parameter is given; an optional one may be left out."""
        if value is ABSENT:
            address = Address(self.api.uri, parameter.pointer)
            missing = "is required, and was left out"
            return (_subject_of(parameter).differs(missing, address),) if parameter.required else ()
        if parameter.schema is None or value is None or parameter.location == "querystring":
            return ()
        if parameter.content_type is not None and not media_type(parameter.content_type).is_json:
            return ()
        found = self._compiled(parameter.schema, "request")
        sent: Json = value
        if isinstance(found, Compiled):
            sent = value if parameter.content_type is not None else retyped(value, found.types)
            if found.schema.valid(sent):
                return ()
        return grouped(self._held(_subject_of(parameter), parameter.schema, found, [sent]))

    def check_request_body(self, value: Value, content_type: str | None) -> tuple[Mismatch, ...]:
        """Compare a body, before it is encoded for its media type."""
        body = self.operation.request_body
        if body is None or not body.content:
            return ()
        if value is ABSENT:
            address = Address(self.api.uri, body.pointer)
            missing = _REQUEST_BODY.differs("is required, and was left out", address)
            return (missing,) if body.required else ()
        media = match_media(body.content, content_type)
        if media is None:
            address = Address(self.api.uri, body.pointer)
            message = f"is not offered by {self.operation.title}: it takes {_listed(body.content)}"
            kind = Subject("request", f"content type '{media_type(content_type).essence}'")
            return (kind.differs(message, address.below("content")),)
        if media.schema is not None:
            found = self._compiled(media.schema, "request")
        elif self.api.dialect == "swagger-2.0" and "schema" in media.written:
            found = self.api.schemas.written(media.written["schema"], "request")
        else:
            return ()
        read: tuple[Value, frozenset[str]] = (value, frozenset())
        if isinstance(found, Compiled):
            read = _as_read(value, media_type(content_type), found.types)
        sent, files = read
        if isinstance(sent, (bytes, Absent)):
            return ()
        told = self._held(_REQUEST_BODY, media.schema or Address(self.api.uri, body.pointer), found, [sent])
        return grouped(each for each in told if not files or _sees(each.instance, files))

    def unusable_schemas(self) -> Iterator[tuple[Address, str]]:
        """Give the place of each schema with which nothing can be compared, and why; this compiles all of them."""
        operation, body = self.operation, self.operation.request_body
        answers = [*operation.responses.values()]
        content = [media for answer in answers for media in answer.content.values()]
        bodies = body.content.values() if body else ()
        asked = [*(each.schema for each in operation.parameters), *(media.schema for media in bodies)]
        headers = [each.schema for answer in answers for each in answer.headers.values()]
        given = [*headers, *(schema for media in content for schema in (media.schema, media.item_schema))]
        directions: tuple[tuple[Direction, list[Address | None]], ...] = (("request", asked), ("response", given))
        for direction, schemas in directions:
            for address in filter(None, schemas):
                found = self._compiled(address, direction)
                if isinstance(found, SchemaProblem):
                    yield _address(found.pointer) or address, found.message

    def _undocumented(self, status: int) -> tuple[Mismatch, ...]:
        operation = self.operation
        if not operation.responses:
            subject = Subject("status", f"status {status}")
            return (subject.differs(f"is not documented: {operation.title} has no responses", operation.address),)
        message = f"is not documented: {operation.title} has {_listed(operation.responses)}"
        return (Subject("status", f"status {status}").differs(message, operation.address.below("responses")),)

    def _content_type(self, key: str, declared: ResponseObject, given: str | None) -> Iterator[Mismatch]:
        address = declared.address
        if address is None:
            return
        if not declared.content:
            yield Subject("content-type", BODY).differs(f"is not documented: {key} has no content", address)
        elif given is None:
            message = f"has no content type: {key} has {_listed(declared.content)}"
            yield Subject("content-type", BODY).differs(message, address.below("content"))
        else:
            subject = Subject("content-type", f"content type '{media_type(given).essence}'")
            message = f"is not documented: {key} has {_listed(declared.content)}"
            yield subject.differs(message, address.below("content"))

    def _headers(self, declared: ResponseObject, response: Response) -> Iterator[Mismatch]:
        for name, expected in declared.headers.items():
            key = name.lower()
            if key == _IGNORED:
                continue
            subject = Subject("headers", f"response header '{name}'", name)
            lines = header_lines(response.headers, name)
            if not lines and expected.required:
                yield subject.differs("is required", expected.address)
            # Set-Cookie is the one field whose lines cannot be joined (RFC 9110, section 5.3).
            for text in lines if key == "set-cookie" else [", ".join(lines)] if lines else []:
                yield from self._header(subject, expected, text)

    def _header(self, subject: Subject, expected: HeaderObject, text: str) -> Iterator[Mismatch]:
        if expected.schema is None:
            return
        if expected.content_type is not None:
            try:
                value = parse_json(text) if media_type(expected.content_type).is_json else text
            except ValueError as error:
                yield subject.differs(f"is not JSON: {error}", expected.address, value=text)
                return
            yield from self._against(subject, expected.schema, [value], "response")
            return
        found = self._compiled(expected.schema, "response")
        read: Iterable[Json] = [text]
        if not isinstance(found, SchemaProblem):
            read = readings(text, found.types, explode=expected.explode)
        yield from self._against(subject, expected.schema, read, "response")

    def _body(
        self, key: str, declared: ResponseObject, response: Response, kind: MediaType, media: str | None
    ) -> Iterator[Mismatch]:
        if declared.address is None:
            return
        if media is None:
            if not response.body and declared.content and all(media_type(each).is_json for each in declared.content):
                content = declared.address.below("content")
                yield _RESPONSE_BODY.differs(f"is missing: {key} has {_listed(declared.content)}", content)
            return
        found = declared.content[media]
        place = found.schema or declared.address.below("content", media)
        if kind.essence in SEQUENTIAL:
            yield from self._items(found, response, kind, place)
        elif response.content.problem:
            yield _RESPONSE_BODY.differs(response.content.problem.removeprefix("it "), place)
        elif kind.is_json and not response.body:
            yield _RESPONSE_BODY.differs("is empty, which is not JSON", place)
        elif found.schema is not None:
            read = self._read(response.content.value, kind, found.schema)
            yield from self._against(_RESPONSE_BODY, found.schema, read, "response")

    def _read(self, value: Value, kind: MediaType, address: Address) -> Iterable[Json]:
        """Give what a body may mean to a schema; what it says of XML or bytes is not for a JSON Schema to check."""
        if kind.is_json and value is not ABSENT and not isinstance(value, bytes):
            return [value]
        text = "" if isinstance(value, Absent) and kind.is_text else value
        if not isinstance(text, str):
            return []
        found = self._compiled(address, "response")
        if isinstance(found, SchemaProblem) or "string" in (types := found.types(())):
            return [text]
        scalar = kind.essence == "text/plain" and types and types <= _SCALARS
        return readings(text.strip(), found.types) if scalar else []

    def _items(
        self, declared: MediaTypeObject, response: Response, kind: MediaType, place: Address
    ) -> Iterator[Mismatch]:
        """Compare a sequence: as a whole with `schema`, item by item with `itemSchema` (OpenAPI 3.2).

        Before 3.2 a `schema` that is for no array was written for a line, or for text.
        """
        try:
            items = items_of(response.body, kind)
        except ValueError as error:
            yield _RESPONSE_BODY.differs(str(error), place)
            return
        if declared.item_schema is not None:
            yield from self._against(_RESPONSE_BODY, declared.item_schema, [items], "response", each=True)
        if declared.schema is not None:
            found = self._compiled(declared.schema, "response")
            types = frozenset() if isinstance(found, SchemaProblem) else found.types(())
            each = bool(types) and "array" not in types
            if not each or (kind.essence != EVENTS and "string" not in types):
                yield from self._against(_RESPONSE_BODY, declared.schema, [items], "response", each=each)

    def _compiled(self, address: Address, direction: Direction, *, each: bool = False) -> Compiled | SchemaProblem:
        return self.api.schemas.at(address.uri, address.pointer, direction, each=each)

    def _against(
        self, subject: Subject, address: Address, values: Iterable[Json], direction: Direction, *, each: bool = False
    ) -> Iterator[Mismatch]:
        """Compare a value, of which there may be several readings, or each of a list, with the schema at an address."""
        return self._held(subject, address, self._compiled(address, direction, each=each), values)

    def _held(
        self, subject: Subject, address: Address, found: Compiled | SchemaProblem, values: Iterable[Json]
    ) -> Iterator[Mismatch]:
        if not isinstance(found, Compiled):
            yield subject.differs(f"cannot be checked: {found.message}", _address(found.pointer) or address)
            return
        first: Json | Absent = ABSENT
        for value in values:
            if found.schema.valid(value):
                return
            first = value if first is ABSENT else first
        if not isinstance(first, Absent):
            for error, count in found.schema.kinds(first, MOST):
                yield replace(self._told(subject, address, first, error), count=count)

    def _told(self, subject: Subject, address: Address, whole: Json, error: SchemaError) -> Mismatch:
        """Take the value out of an error's message, so that whoever reports it can hide it."""
        at = _address(error.schema) or address
        if error.keyword == "required":
            at = self._missing_name(at, error)
        value = resolve_pointer(whole, error.instance)
        if isinstance(value, str | int | float | None) and error.message.endswith(quoted := f", is {shown(value)}"):
            return subject.differs(error.message.removesuffix(quoted), at, error.instance, value)
        if error.keyword not in ("anyOf", "oneOf"):
            return subject.differs(error.message, at, error.instance)
        message, _, causes = error.message.partition(": ")
        # A value that is cut could be a part of a secret, which nobody would find in it.
        whole_ones = "; ".join(cause for cause in causes.split("; ") if "…" not in cause)
        return replace(subject.differs(message, at, error.instance), causes=whole_ones)

    def _missing_name(self, address: Address, error: SchemaError) -> Address:
        """Point at the name in a list of `required` ones."""
        names = resolve_pointer(self.api.definitions.get(address.uri, ABSENT), address.pointer)
        missing = split_pointer(error.instance)[-1:]
        if isinstance(names, list) and missing and missing[0] in names:
            return address.below(names.index(missing[0]))
        return address


def _subject_of(parameter: Parameter) -> Subject:
    return Subject("request", f"{parameter.location} parameter '{parameter.name}'", parameter.name)


@lru_cache(maxsize=256)
def _media_key(keys: tuple[str, ...], content_type: str) -> str | None:
    return match_media({key: key for key in keys}, content_type)


def _as_read(value: Value, kind: MediaType, types: Types) -> tuple[Value, frozenset[str]]:
    """Give a request body as its reader will see it; nothing where a JSON Schema does not speak about it.

    With it come the names of the members of a form that are files.
    """
    if kind.is_json:
        return value, frozenset()
    if is_form(kind.essence) and isinstance(value, dict):
        return form_values(value, types)
    return value if isinstance(value, str) and "string" in types(()) else ABSENT, frozenset()


def _sees(instance: str, files: frozenset[str]) -> bool:
    """Say whether a schema can judge a place in a form with files: it sees neither into them nor the whole of it."""
    return bool(instance) and split_pointer(instance)[0] not in files


def _address(place: str) -> Address | None:
    """Read the `uri#pointer` of a schema error."""
    uri, sign, pointer = place.partition("#")
    return Address(uri, pointer) if sign and uri else None


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last

"""Turns the body of a request into the value that its media type says it is."""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Iterable
from email.message import EmailMessage

from runner.exchange import Request, header, media_type, parse_json
from runner.openapi.document import ApiDescription, MediaTypeObject, Operation
from runner.openapi.encoding import Encoding, layout_of
from runner.openapi.media import is_form, match_media
from runner.openapi.schemas import Types
from runner.records import replace
from runner.sandbox.generic.arguments import decoded, form_member, split_pairs
from runner.sandbox.generic.problems import Refusal
from runner.schema import SchemaProblem
from runner.values import ABSENT, File, InputValue, Json, Value


def read_body(api: ApiDescription, operation: Operation, request: Request) -> Value:
    """Read a body, or raise Refusal: 415 for a media type that is not offered, 400 for what is not of its type."""
    declared = operation.request_body
    if not request.body or declared is None or not declared.content:
        return ABSENT
    content_type = header(request.headers, "content-type")
    media = match_media(declared.content, content_type)
    if media is None:
        offered = ", ".join(declared.content)
        what = f"content type '{media_type(content_type).essence}'" if content_type else "a body without content type"
        # RFC 9110, 15.5.16: the Accept field of a 415 says "which content types would have been accepted"
        raise Refusal(415, f"{what} is not offered by {operation.title}: it takes {offered}", (("Accept", offered),))
    if is_form(content_type or ""):
        return _form(api, media, request, content_type or "")
    if request.content.problem:
        raise _unreadable(f"the request body is not what its content type says: {request.content.problem}")
    return request.content.value


def _unreadable(detail: str) -> Refusal:
    return Refusal(400, detail, errors=({"detail": detail, "pointer": "#"},))


def types_of(api: ApiDescription, media: MediaTypeObject) -> Types:
    """Give the types that a schema mentions; none of a schema that is not there or means nothing."""
    found = media.schema and api.schemas.at(media.schema.uri, media.schema.pointer, "request")
    return (lambda _: frozenset()) if found is None or isinstance(found, SchemaProblem) else found.types


def _form(api: ApiDescription, media: MediaTypeObject, request: Request, content_type: str) -> Value:
    """Read the members of a form: what may be an array is one, an object is JSON, all else is text or a file."""
    types, layout = types_of(api, media), layout_of(api, media, content_type)
    if media_type(content_type).essence.startswith("multipart/"):
        members = _parts(request.body, content_type)
    else:
        text = request.body.decode("utf-8", "replace")
        pairs = [(decoded(name), value) for name, _, value in split_pairs(text, "&")]
        styled = {name: each for name, each in layout.named.items() if each.style is not None}
        members = [(name, decoded(value)) for name, value in pairs if name not in styled]
        for name, encoding in styled.items():
            members += _styled(name, encoding, pairs, types)
    found: dict[str, list[InputValue]] = {}
    for name, value in members:
        found.setdefault(name, []).append(_typed(value, types((name,))))
    made: dict[str, InputValue] = {
        name: values if len(values) > 1 or _is_list(values[0], types((name,))) else values[0]  # type: ignore[misc]
        for name, values in found.items()
    }
    return made  # type: ignore[return-value] # a file in a form is bytes, which no other JSON holds


def _styled(
    name: str, encoding: Encoding, pairs: list[tuple[str, str]], types: Types
) -> Iterable[tuple[str, InputValue]]:
    assert encoding.style is not None
    value = form_member(replace(encoding.style, name=name), pairs, lambda path: types((name, *path)))
    return [] if value is None else [(name, value)]


def _is_list(value: InputValue, types: frozenset[str]) -> bool:
    return "array" in types and not isinstance(value, list) and not ("string" in types and isinstance(value, str))


def _typed(value: InputValue, types: frozenset[str]) -> InputValue:
    """Read a member that has to be an object as the JSON that it is written in."""
    if isinstance(value, str) and "object" in types and "string" not in types:
        try:
            return parse_json(value)
        except ValueError:
            return value
    return value


def _parts(body: bytes, content_type: str) -> list[tuple[str, InputValue]]:
    """Read the parts of a multipart body by name; one with a file name is a file."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        if body.strip() == f"--{message.get_boundary('')}--".encode("latin-1", "replace"):
            return []  # a form of no members ends where it begins
        raise _unreadable("the request body is not multipart: its boundary does not part anything")
    return [(_name(part), _part(part)) for part in message.iter_parts() if isinstance(part, EmailMessage)]


def _name(part: EmailMessage) -> str:
    return str(part.get_param("name", "", header="content-disposition"))


def _part(part: EmailMessage) -> InputValue:
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    filename, kind = part.get_filename(), media_type(part.get("content-type"))
    if filename is not None or (kind.essence and not kind.is_text):
        return File(data, filename or "", kind.essence or None)
    text = data.decode(kind.charset if kind.charset.isascii() else "utf-8", "replace")
    if kind.is_json:
        try:
            return parse_json(text)
        except ValueError as error:
            raise _unreadable(f"the part '{_name(part)}' of the request body is not JSON: {error}") from None
    return text


def json_of(value: Value) -> Json:
    """Give the members of a body that JSON can hold, for whoever wants to repeat them."""
    if isinstance(value, dict):
        return {name: each for name, each in value.items() if not isinstance(each, bytes)}
    return None

"""Turns an object into a form: `application/x-www-form-urlencoded` or `multipart/form-data`.

Encoding by name (OpenAPI 3.2 spells out what 3.0 and 3.1 mean): an array gives one entry for each of its items, an
object is JSON, anything else is text. Null is left out. Bytes, such as a body downloaded before, are a file of a
multipart form. Style, explode and allowReserved of an Encoding Object count in a URL-encoded form, where they replace
all of this by the rules for query parameters.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runner.exchange import media_type
from runner.openapi.document import Parameter
from runner.openapi.fields import header_text
from runner.openapi.percent import encode_form
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import default_explode, query_text
from runner.text import json_text, scalar_text
from runner.values import Json, member

NOT_JSON = "a number or binary content that JSON cannot spell"


def urlencoded_body(value: Mapping[str, Json], media: Mapping[str, Json]) -> str:
    """Write an object as a URL-encoded form."""
    pieces: list[str] = []
    for name, item in value.items():
        encoding = _encoding(media, name)
        if encoding.keys() & {"style", "explode", "allowReserved"}:
            pieces.append(query_text(_as_parameter(name, encoding), item))
        else:
            content_type = _content_type(encoding)
            pieces += [f"{encode_form(name)}={encode_form(_text(name, one, content_type))}" for one in _entries(item)]
    return "&".join(filter(None, pieces))


def _encoding(media: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    encodings = media.get("encoding")
    encoding = encodings.get(name) if isinstance(encodings, dict) else None
    return encoding if isinstance(encoding, dict) else {}


def _as_parameter(name: str, encoding: Mapping[str, Json]) -> Parameter:
    style, explode = encoding.get("style"), encoding.get("explode")
    style = style if isinstance(style, str) else "form"
    explode = explode if isinstance(explode, bool) else default_explode(style)
    return Parameter(name, "query", False, style, explode, encoding.get("allowReserved") is True, None, None, "")


def _content_type(encoding: Mapping[str, Json]) -> str | None:
    """Give the first media type of an Encoding Object that is not a range."""
    declared = encoding.get("contentType")
    types = declared.split(",") if isinstance(declared, str) else []
    return next((text.strip() for text in types if text.strip() and "*" not in text), None)


def _entries(value: Json) -> list[Json]:
    return [item for item in (value if isinstance(value, list) else [value]) if item is not None]


def _text(name: str, value: Json | bytes, content_type: str | None) -> str:
    if isinstance(value, bytes):
        raise SerializationProblem(f"'{name}' is binary and has no form as text")
    if not isinstance(value, list | dict) and not media_type(content_type).is_json:
        return scalar_text(value)
    try:
        return json_text(value)
    except (TypeError, ValueError):
        raise SerializationProblem(f"'{name}' holds {NOT_JSON}") from None


class Part(NamedTuple):
    """One part of a multipart form."""

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def multipart_body(value: Mapping[str, Json], media: Mapping[str, Json]) -> tuple[bytes, str]:
    """Write an object as `multipart/form-data` (RFC 7578) and give the Content-Type with its boundary.

    A member that is an object of `content` with `filename` or `contentType`, or both, is a file;
    `contentEncoding: base64` says that its `content` is to be decoded. Text of a binary schema is a file too, named
    after its member: servers take a part without a file name for a plain field.
    """
    parts = [_part(name, one, media) for name, item in value.items() for one in _entries(item)]
    written = [_headers(part) + part.content for part in parts]
    boundary = _boundary(written)
    line = f"--{boundary}".encode("ascii")
    body = b"".join(line + b"\r\n" + text + b"\r\n" for text in written) + line + b"--\r\n"
    return body, f"multipart/form-data; boundary={boundary}"


def _part(name: str, value: Json | bytes, media: Mapping[str, Json]) -> Part:
    content_type = _content_type(_encoding(media, name))
    if isinstance(value, bytes):
        return Part(name, name, content_type or "application/octet-stream", value)
    if isinstance(value, dict) and _is_file(value):
        return _file(name, value, content_type)
    if isinstance(value, list | dict):
        return Part(name, None, content_type or "application/json", _utf8(name, _text(name, value, content_type)))
    filename = None
    if isinstance(value, str) and _is_binary(media, name):
        filename, content_type = name, content_type or "application/octet-stream"
    return Part(name, filename, content_type, _utf8(name, _text(name, value, content_type)))


def _is_file(value: Mapping[str, Json]) -> bool:
    keys = value.keys()
    return "content" in keys and bool(keys & {"filename", "contentType"}) and keys <= _FILE


_FILE = frozenset({"filename", "contentType", "content", "contentEncoding"})


def _file(name: str, value: Mapping[str, Json], declared: str | None) -> Part:
    filename, content_type = value.get("filename"), value.get("contentType")
    return Part(
        name,
        filename if isinstance(filename, str) else None,
        content_type if isinstance(content_type, str) else declared or "application/octet-stream",
        _file_content(name, value.get("content"), value.get("contentEncoding")),
    )


def _file_content(name: str, content: Json | bytes, encoding: Json) -> bytes:
    if isinstance(content, bytes):
        return content
    text = _text(name, content, None)
    if encoding != "base64":
        return _utf8(name, text)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SerializationProblem(f"the content of file '{name}' is not base64") from None


def _is_binary(media: Mapping[str, Json], name: str) -> bool:
    """Say whether the schema describes raw bytes: `format: binary` in 3.0, since 3.1 nothing, or only a media type."""
    schema = member(member(member(dict(media), "schema"), "properties"), name)
    if isinstance(schema, dict) and schema.get("type") == "array":
        schema = schema.get("items")
    if not isinstance(schema, dict):
        return False
    unencoded = "contentMediaType" in schema and "contentEncoding" not in schema
    return not schema or schema.get("format") == "binary" or unencoded


def _utf8(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise SerializationProblem(f"'{name}' holds half of a surrogate pair, which is not text") from None


def _headers(part: Part) -> bytes:
    lines = [f'Content-Disposition: form-data; name="{_quoted(part.name)}"']
    if part.filename is not None:
        lines[0] += f'; filename="{_quoted(part.filename)}"'
    if part.content_type is not None:
        lines.append(f"Content-Type: {header_text('Content-Type', part.content_type)}")
    return _utf8(part.name, "\r\n".join(lines) + "\r\n\r\n")


def _quoted(text: str) -> str:
    """Escape a name as browsers do (HTML, multipart form data): a quote or line break would end the header."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _boundary(parts: list[bytes]) -> str:
    """Derive a boundary from the parts, which occurs in none of them: the same form gives the same bytes."""
    return next(boundary for boundary in _candidates(parts) if not any(boundary.encode() in part for part in parts))


def _candidates(parts: list[bytes]) -> Iterator[str]:
    digest = hashlib.sha256(b"\0".join(parts))
    while True:
        yield f"arazzo-{digest.hexdigest()[:32]}"
        digest.update(b"\0")

"""Turns an object or an array into a multipart body: `multipart/form-data` (RFC 7578), `multipart/mixed` and the like.

Encoding by name is that of `forms`, each value a part. Bytes, such as a body downloaded before or an input that is a
file, are a file. Encoding by position (OpenAPI 3.2): an array gives the parts of a type whose parts have no names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from runner.exchange import MediaType, media_type
from runner.openapi.encoding import Encoding, Layout
from runner.openapi.fields import header_text
from runner.openapi.forms import NOTHING_SAID, entries, first_type, value_text
from runner.openapi.media import OCTETS, matches
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import form_pairs
from runner.records import replace
from runner.values import File, InputValue, Json


class Part(NamedTuple):
    """One part of a multipart body: its header fields and its content. `name` is what messages call it."""

    name: str
    fields: tuple[tuple[str, str], ...]
    content: bytes


def multipart_body(
    value: Mapping[str, Json] | Sequence[Json], layout: Layout, content_type: str = "multipart/form-data"
) -> tuple[bytes, str]:
    """Write an object or, by position, an array as a multipart body, and give the Content-Type with its boundary.

    A value that is an object of `content` with `filename` or `contentType`, or both, is a file (RFC 7578);
    `contentEncoding: base64` says that its `content` is to be decoded, `headers` are those of its part. Text of a
    binary schema is a file too, named after its member: servers take a part without a file name for a plain field.
    """
    parts = list(_named_parts(value, layout) if isinstance(value, Mapping) else _unnamed_parts(value, layout))
    written = [piece for part in parts for piece in (_head(part), part.content)]
    boundary = _boundary(written, content_type)
    line = f"--{boundary}\r\n".encode("ascii")
    pieces: list[bytes] = []
    for head, content in zip(written[::2], written[1::2], strict=True):
        pieces += [line, head, content, b"\r\n"]
    body = b"".join([*pieces, f"--{boundary}--\r\n".encode("ascii")])
    return body, content_type if _GIVEN_BOUNDARY.search(content_type) else f"{content_type}; boundary={boundary}"


def _named_parts(value: Mapping[str, Json], layout: Layout) -> Iterator[Part]:
    for name, item in value.items():
        encoding = layout.named.get(name, NOTHING_SAID)
        if encoding.style is None:
            yield from (_part(name, one, encoding, f'form-data; name="{_quoted(name)}"') for one in entries(item))
            continue
        # "When using RFC6570-style serialization for `multipart/form-data`, URI percent-encoding MUST NOT be applied"
        for field, text in form_pairs(replace(encoding.style, name=name), item):
            yield Part(name, (("Content-Disposition", f'form-data; name="{_quoted(field)}"'),), _utf8(name, text))


def _unnamed_parts(value: Sequence[Json], layout: Layout) -> Iterator[Part]:
    for index, item in enumerate(value):
        yield _part(f"part {index + 1}", item, layout.at(index), None)


class _Content(NamedTuple):
    """What a part holds, as far as it does not matter whether it has a name."""

    body: bytes
    content_type: str | None
    filename: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def _part(name: str, value: InputValue, encoding: Encoding, disposition: str | None) -> Part:
    """Write one part; one by position has no disposition of its own, and says its media type in any case."""
    content = _content(name, value, encoding)
    content_type = content.content_type
    if disposition is None:
        content_type = content_type or "text/plain; charset=utf-8"
        disposition = None if content.filename is None else "attachment"
    if disposition is not None and content.filename is not None:
        disposition += f'; filename="{_quoted(content.filename)}"'
    fields = (("Content-Disposition", disposition), ("Content-Type", content_type))
    given = tuple((field, text) for field, text in fields if text is not None)
    own = {field.lower() for field, _ in content.headers}
    described = (header for header in encoding.headers if header[0].lower() not in own)
    return Part(name, (*given, *described, *content.headers), content.body)


def _content(name: str, value: InputValue, encoding: Encoding) -> _Content:
    if isinstance(value, bytes) and encoding.text_encoding is None:
        filename = value.filename if isinstance(value, File) else ""
        return _Content(value, _type_of(value, encoding), filename or name)
    if isinstance(value, dict) and is_file(value):
        return _file(name, value, encoding)
    content_type = first_type(encoding)
    if isinstance(value, list | dict) and encoding.parts is not None:
        kind = content_type if content_type and content_type.startswith("multipart/") else "multipart/mixed"
        return _Content(*multipart_body(value, encoding.parts, kind))
    content = _encoded(name, value_text(name, value, content_type, encoding), media_type(content_type))
    if isinstance(value, str) and encoding.is_binary:
        return _Content(content, content_type or OCTETS, name)
    default = "application/json" if isinstance(value, list | dict) else OCTETS if encoding.text_encoding else None
    return _Content(content, content_type or default)


def _type_of(value: bytes, encoding: Encoding) -> str:
    """Choose the media type of a file: its own where the API takes it, else the first that the API names."""
    own = value.content_type if isinstance(value, File) else None
    if own is not None and (not encoding.content_types or any(matches(own, each) for each in encoding.content_types)):
        return own
    return first_type(encoding) or OCTETS


def is_file(value: Mapping[str, Json]) -> bool:
    """Say whether an object is a file: its content, and what it is called or what it is."""
    keys = value.keys()
    return "content" in keys and bool(keys & {"filename", "contentType"}) and keys <= _FILE


_FILE = frozenset({"filename", "contentType", "content", "contentEncoding", "headers"})


def _file(name: str, file: Mapping[str, Json], encoding: Encoding) -> _Content:
    filename, content_type, content = file.get("filename"), file.get("contentType"), file["content"]
    if not isinstance(content_type, str):
        content_type = _type_of(content, encoding) if isinstance(content, File) else first_type(encoding) or OCTETS
    return _Content(
        file_content(name, file),
        content_type,
        filename if isinstance(filename, str) else None,
        tuple(_own_headers(name, file)),
    )


def file_content(name: str, file: Mapping[str, Json]) -> bytes:
    """Give the bytes of an object that is a file."""
    content: InputValue = file["content"]
    encoding = file.get("contentEncoding")
    if encoding not in (None, "base64", "identity"):
        raise SerializationProblem(f"the contentEncoding of file '{name}' is base64, or is left out")
    if isinstance(content, bytes):
        return content
    text = value_text(name, content, None, NOTHING_SAID)
    if encoding != "base64":
        return _utf8(name, text)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SerializationProblem(f"the content of file '{name}' is not base64") from None


def _own_headers(name: str, file: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    headers = file.get("headers")
    if headers is not None and not isinstance(headers, dict):
        raise SerializationProblem(f"the headers of file '{name}' are an object of names and texts")
    for field, value in (headers or {}).items():
        if field.lower() in ("content-disposition", "content-type"):
            raise SerializationProblem(f"the {field} of file '{name}' is made from its filename and contentType")
        if value is not None:
            yield field, value_text(field, value, None, NOTHING_SAID)


def _encoded(name: str, text: str, kind: MediaType) -> bytes:
    """Write the text of a part in the charset that its media type names."""
    if kind.charset == "utf-8" or kind.is_json:
        return _utf8(name, text)
    try:
        return text.encode(kind.charset)
    except (LookupError, UnicodeEncodeError):
        raise SerializationProblem(f"'{name}' cannot be written in the charset '{kind.charset}'") from None


def _utf8(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise SerializationProblem(f"'{name}' holds half of a surrogate pair, which is not text") from None


def _head(part: Part) -> bytes:
    # a disposition is quoted already, and may hold names in UTF-8 (RFC 7578, section 5.1)
    texts = (value if name == "Content-Disposition" else header_text(name, value) for name, value in part.fields)
    lines = [f"{name}: {text}" for (name, _), text in zip(part.fields, texts, strict=True)]
    return _utf8(part.name, "\r\n".join([*lines, "", ""]))


def _quoted(text: str) -> str:
    """Escape a name as browsers do (HTML, multipart form data): a quote or line break would end the header."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


# RFC 2046, section 5.1.1: bcharsnospace, quoted or not
_GIVEN_BOUNDARY = re.compile(
    r";\s*boundary=\"?([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])\"?", re.IGNORECASE
)


def _boundary(pieces: Sequence[bytes], content_type: str) -> str:
    """Derive a boundary from the parts, which occurs in none of them: the same form gives the same bytes."""
    given = _GIVEN_BOUNDARY.search(content_type)
    candidates = [given[1]] if given else _candidates(pieces)
    for boundary in candidates:
        if not any(boundary.encode() in piece for piece in pieces):
            return boundary
    raise SerializationProblem("the boundary in the content type occurs in a part")


def _candidates(pieces: Sequence[bytes]) -> Iterator[str]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    while True:
        digest.update(b"\0")
        yield f"arazzo-{digest.hexdigest()[:32]}"

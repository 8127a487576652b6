"""Turns a request body's value into bytes, by its media type.

Text that is already in its media type, such as a JSON text made from a template, goes through `encode_text`.
"""

from __future__ import annotations

import math
import re

from runner.exchange import MediaType, media_type
from runner.late import late_pattern
from runner.openapi.encoding import PLAIN, Layout
from runner.openapi.fields import header_text
from runner.openapi.forms import NOT_JSON, urlencoded_body
from runner.openapi.media import is_media_type
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import NO_NUMBER
from runner.text import json_text, scalar_text
from runner.values import ABSENT, Json, Value

_JSON_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_BOUNDARY = late_pattern(r";\s*boundary=", re.IGNORECASE)
_RECORD_SEPARATOR = "\x1e"  # RFC 7464, section 2.2: possible-JSON is written as RS, JSON text, LF


def encode_body(value: Value, content_type: str, layout: Layout = PLAIN) -> tuple[bytes, str]:
    """Encode a value and give its bytes and final Content-Type; `layout` says how the parts of a form are written.

    Bytes go as they are. Numbers are written as the author or the API wrote them, in JSON.
    """
    kind = media_type(header_text("Content-Type", content_type))
    if value is ABSENT:
        return b"", content_type
    if not is_media_type(content_type):
        raise SerializationProblem(f"'{content_type}' is not a media type: write it as type/subtype")
    if "*" in kind.essence:
        raise SerializationProblem(f"'{kind.essence}' is a range of media types: say which one with contentType")
    if isinstance(value, bytes):
        _check_boundary(kind, content_type)
        return value, content_type
    if kind.is_json:
        return _json(value).encode(), content_type
    if is_json_sequence(kind) and isinstance(value, list):
        start = "" if kind.essence in _JSON_LINES else _RECORD_SEPARATOR
        return "".join(f"{start}{_json(item)}\n" for item in value).encode(), content_type
    if kind.essence == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return urlencoded_body(value, layout).encode("ascii"), content_type
    from runner.openapi.multipart import file_content, is_file, multipart_body  # late: most bodies are JSON

    is_form_data = kind.essence == "multipart/form-data"
    if kind.essence.startswith("multipart/") and isinstance(value, dict if is_form_data else list | dict):
        return multipart_body(value, layout, content_type)
    if isinstance(value, dict) and is_file(value):
        return file_content("the body", value), content_type
    if isinstance(value, list | dict):
        raise SerializationProblem(_refusal(kind, value))
    if isinstance(value, float) and not math.isfinite(value):
        raise SerializationProblem(f"the body is {NO_NUMBER}")
    return encode_text(scalar_text(value), content_type)


def is_json_sequence(kind: MediaType) -> bool:
    """Say whether a media type is a sequence of JSON values: lines of them, or RFC 7464's (`+json-seq`, RFC 8091)."""
    return kind.essence in _JSON_LINES or kind.essence == "application/json-seq" or kind.essence.endswith("+json-seq")


def encode_text(text: str, content_type: str) -> tuple[bytes, str]:
    """Encode a body that is written out already, in the charset of its Content-Type, which `text/*` then names."""
    kind = media_type(header_text("Content-Type", content_type))
    _check_boundary(kind, content_type)
    try:
        body = text.encode("utf-8" if kind.is_json else kind.charset)
    except LookupError:
        raise SerializationProblem(f"the charset of '{content_type}' is unknown") from None
    except UnicodeEncodeError:
        raise SerializationProblem(f"the body holds characters that {kind.charset} does not have") from None
    named = not kind.essence.startswith("text/") or text.isascii() or "charset" in content_type.lower()
    return body, content_type if named else f"{content_type}; charset=utf-8"


def _check_boundary(kind: MediaType, content_type: str) -> None:
    if kind.essence.startswith("multipart/") and not _BOUNDARY.search(content_type):
        raise SerializationProblem(f"a {kind.essence} body given whole needs a boundary in its content type")


def _json(value: Json) -> str:
    try:
        return json_text(value)
    except (TypeError, ValueError):
        raise SerializationProblem(f"the body holds {NOT_JSON}") from None


def _refusal(kind: MediaType, value: list[Json] | dict[str, Json]) -> str:
    what = "an object" if isinstance(value, dict) else "an array"
    if is_json_sequence(kind):
        return f"'{kind.essence}' is made from an array, one item for each value"
    if kind.essence in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return f"'{kind.essence}' is made from an object, not from {what}"
    advice = "give the XML as text" if kind.is_xml else "give it as text"
    return f"{what} has no form in '{kind.essence}': {advice}"

"""Turns a request body's value into bytes, by its media type.

Text that is already in its media type, such as a JSON text made from a template, goes through `encode_text`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.exchange import MediaType, media_type
from runner.openapi.fields import header_text
from runner.openapi.forms import NOT_JSON, multipart_body, urlencoded_body
from runner.openapi.problem import SerializationProblem
from runner.text import json_text, scalar_text
from runner.values import ABSENT, Json, Value

_JSON_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_BOUNDARY = re.compile(r";\s*boundary=", re.IGNORECASE)


def encode_body(value: Value, content_type: str, media: Mapping[str, Json] | None = None) -> tuple[bytes, str]:
    """Encode a value and give its bytes and final Content-Type; `media` is the Media Type Object the API declares.

    Bytes go as they are. Numbers are written as the author or the API wrote them, in JSON.
    """
    kind = media_type(header_text("Content-Type", content_type))
    if value is ABSENT:
        return b"", content_type
    if isinstance(value, bytes):
        return value, content_type
    if kind.is_json:
        return _json(value).encode(), content_type
    if kind.essence in _JSON_LINES and isinstance(value, list):
        return "".join(_json(item) + "\n" for item in value).encode(), content_type
    if kind.essence == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return urlencoded_body(value, media or {}).encode("ascii"), content_type
    if kind.essence == "multipart/form-data" and isinstance(value, dict):
        return multipart_body(value, media or {})
    if isinstance(value, list | dict):
        raise SerializationProblem(_refusal(kind, value))
    return encode_text(scalar_text(value), content_type)


def encode_text(text: str, content_type: str) -> tuple[bytes, str]:
    """Encode a body that is written out already, in the charset of its Content-Type, which `text/*` then names."""
    kind = media_type(header_text("Content-Type", content_type))
    if kind.essence.startswith("multipart/") and not _BOUNDARY.search(content_type):
        raise SerializationProblem(f"a {kind.essence} body given as text needs a boundary in its content type")
    try:
        body = text.encode("utf-8" if kind.is_json else kind.charset)
    except LookupError:
        raise SerializationProblem(f"the charset of '{content_type}' is unknown") from None
    except UnicodeEncodeError:
        raise SerializationProblem(f"the body holds characters that {kind.charset} does not have") from None
    named = not kind.essence.startswith("text/") or text.isascii() or "charset" in content_type.lower()
    return body, content_type if named else f"{content_type}; charset=utf-8"


def _json(value: Json) -> str:
    try:
        return json_text(value)
    except (TypeError, ValueError):
        raise SerializationProblem(f"the body holds {NOT_JSON}") from None


def _refusal(kind: MediaType, value: list[Json] | dict[str, Json]) -> str:
    what = "an object" if isinstance(value, dict) else "an array"
    if kind.essence in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return f"a {kind.essence} body is made from an object, not from {what}"
    advice = "give the XML as text" if kind.is_xml else "give it as text"
    return f"{what} has no form in '{kind.essence}': {advice}"

"""Turns a body of a sequential media type (OpenAPI 3.2) into its items."""

from __future__ import annotations

from runner.exchange import MediaType, parse_json
from runner.values import Json

_LINES = frozenset({"application/jsonl", "application/x-jsonlines", "application/x-ndjson", "application/ndjson"})
_SEQUENCE = "application/json-seq"
SEQUENTIAL = _LINES | {_SEQUENCE}

_RECORD_SEPARATOR = "\x1e"  # RFC 7464, section 2.2


def items_of(body: bytes, kind: MediaType) -> list[Json]:
    """Read JSON lines, or a JSON text sequence; ValueError says what is wrong, and in which item."""
    try:
        text = body.decode(kind.charset)
    except (ValueError, LookupError):
        raise ValueError(f"is not {kind.charset}") from None
    separator = _RECORD_SEPARATOR if kind.essence == _SEQUENCE else "\n"
    return [_item(number, part) for number, part in enumerate(text.split(separator), 1) if part.strip()]


def _item(number: int, text: str) -> Json:
    try:
        return parse_json(text)
    except ValueError as error:
        raise ValueError(f"has an item that is not JSON, number {number}: {error}") from None

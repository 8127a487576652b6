"""Turns a body of a sequential media type (OpenAPI 3.2) into its items."""

from __future__ import annotations

from collections.abc import Iterator

from runner.exchange import MediaType, parse_json
from runner.late import late_pattern
from runner.values import Json

EVENTS = "text/event-stream"
_LINES = frozenset({"application/jsonl", "application/x-jsonlines", "application/x-ndjson", "application/ndjson"})
_SEQUENCE = "application/json-seq"
SEQUENTIAL = _LINES | {_SEQUENCE, EVENTS}

_RECORD_SEPARATOR = "\x1e"  # RFC 7464, section 2.2
_END_OF_LINE = late_pattern("\r\n|\n|\r")


def items_of(body: bytes, kind: MediaType) -> list[Json]:
    """Read JSON lines, a JSON text sequence or server-sent events; ValueError says what is wrong, and in which item."""
    charset = "utf-8" if kind.essence == EVENTS else kind.charset  # "Event streams are always decoded as UTF-8"
    try:
        text = body.decode(charset)
    except (ValueError, LookupError):
        raise ValueError(f"is not {charset}") from None
    if kind.essence == EVENTS:
        return list(_events(text.removeprefix("\ufeff")))
    separator = _RECORD_SEPARATOR if kind.essence == _SEQUENCE else "\n"
    return [_item(number, part) for number, part in enumerate(text.split(separator), 1) if part.strip()]


def _item(number: int, text: str) -> Json:
    try:
        return parse_json(text)
    except ValueError as error:
        raise ValueError(f"has an item that is not JSON, number {number}: {error}") from None


def _events(text: str) -> Iterator[Json]:
    """Read events as objects of their fields (HTML, section 9.2.6): one without data, or without its end, is none."""
    event: dict[str, Json] = {}
    data: list[str] = []
    *lines, _ = _END_OF_LINE.split(text)
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield {**event, "data": "\n".join(data)}
            event, data = {}, []
        elif name == "data":
            data.append(value)
        elif name == "retry" and value.isascii() and value.isdecimal():
            event[name] = int(value)
        elif name in ("event", "id"):
            event[name] = value

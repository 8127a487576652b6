"""Turns the bytes of a body into text that a person can read: JSON on many lines, what is too long cut and counted."""

from __future__ import annotations

import re

from runner.exchange import Headers, MediaType, header, media_type, parse_json

INDENT = "  "
DEEPEST = 24
"""Levels of JSON that are indented: what is deeper is not set further to the right."""
GROWTH = 4
"""How many times as long as the body its indented form may become."""

# Text that was cut has a string without an end; what is no token of JSON stands as it is.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)
_OPENS, _CLOSES = frozenset("{["), frozenset("}]")
_BREAKS = _OPENS | {","}
_MARKS = _BREAKS | _CLOSES | {":"}


def body_text(body: bytes, size: int, headers: Headers, limit: int) -> tuple[str, str]:
    """Give the text of a body and what is to be said of it.

    `size` is the length of the body before it was cut to what is there; at most `limit` bytes of it are shown.
    """
    if not size:
        return "", "no body"
    kind = media_type(header(headers, "content-type"))
    shown = body[:limit]
    read = _decoded(shown, kind, whole=len(shown) == size)
    if read is None:
        return "", f"not text: {_bytes(size)}"
    note = f"the first {_bytes(len(shown))} of {_bytes(size)}: {_bytes(size - len(shown))} left out"
    if kind.is_json or not kind.essence:
        read = _pretty(read, whole=len(shown) == size)
    return read, note if len(shown) < size else _bytes(size)


def _decoded(body: bytes, kind: MediaType, *, whole: bool) -> str | None:
    try:
        # What is cut may end in the midst of a character.
        text = body.decode(kind.charset, "strict" if whole else "ignore")
    except (ValueError, LookupError):
        return None
    return None if "\0" in text and not kind.is_text else text


def _bytes(number: int) -> str:
    return "1 byte" if number == 1 else f"{number:,} bytes".replace(",", "\u202f")


def _pretty(text: str, *, whole: bool) -> str:
    if text.lstrip()[:1] not in _OPENS:
        return text
    if whole:
        try:
            parse_json(text)
        except ValueError:
            return text
    return pretty_json(text)


def pretty_json(text: str) -> str:
    """Put the members of JSON text on lines of their own; every token is kept as it is, also where the text is cut."""
    parts: list[str] = []
    depth, last, room = 0, "", len(text) * GROWTH + 1000
    for token in _TOKEN.findall(text):
        depth = max(0, depth - (token in _CLOSES))
        if (last in _BREAKS and not (last in _OPENS and token in _CLOSES)) or (token in _CLOSES and last not in _OPENS):
            parts.append("\n" + INDENT * min(depth, DEEPEST))
        elif last == ":" or (last not in _MARKS and token not in _MARKS and last):
            parts.append(" ")
        room -= len(parts[-1]) if parts else 0
        if room < 0:
            return text
        parts.append(token)
        depth += token in _OPENS
        last = token
    return "".join(parts)

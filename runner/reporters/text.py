"""Turns text from anywhere into text a terminal can show: control characters visible, widths counted, length cut."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from runner.late import late_pattern
from runner.reporters.body import whole_length
from runner.text import json_text
from runner.values import Absent, Value

TAB = 4

_HIDDEN = late_pattern(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

_COLOUR = late_pattern(r"\x1b\[[0-9;:]*m")

# Most texts hide nothing, and are looked at once.
_PLAIN = re.compile(r"[ -~]*")
_PLAIN_LINE = re.compile(r"[!-~]+(?: [!-~]+)*")


def glyph(char: str) -> str:
    """Write one character so that it can be seen and does nothing: ESC is `\\x1b`, a direction override `\\u202e`."""
    if not _HIDDEN.match(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def visible(text: str) -> str:
    """Make control characters visible, but for line breaks; tabs become spaces, colours are dropped."""
    if _PLAIN.fullmatch(text):
        return text
    lines = _COLOUR.sub("", text).expandtabs(TAB).replace("\r\n", "\n").split("\n")
    return "\n".join(_HIDDEN.sub(lambda found: glyph(found[0]), line) for line in lines)


def one_line(text: str) -> str:
    """Make text visible on one line."""
    return text if _PLAIN_LINE.fullmatch(text) else " ".join(visible(text).split())


def cells(char: str) -> int:
    """Give the terminal cells that a character takes: none for a combining mark, two for a wide one."""
    if char < "\u0300":
        return 1
    if char == "\u200d" or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Give the terminal cells that a text takes."""
    return len(text) if text.isascii() else sum(map(cells, text))


def cut(text: str, limit: int, ellipsis: str = "…") -> str:
    """Shorten text to `limit` cells, with an ellipsis where something is left out."""
    if width(text) <= limit:
        return text
    room, kept = max(0, limit - width(ellipsis)), 0
    if text.isascii():
        return text[:room] + ellipsis
    for index, char in enumerate(text):
        kept += cells(char)
        if kept > room:
            return text[:index] + ellipsis
    return text


def pad(text: str, cells_: int) -> str:
    """Fill text with spaces up to a number of cells."""
    return text + " " * max(0, cells_ - width(text))


def shown(value: Value, limit: int = 120, ellipsis: str = "…") -> str:
    """Write a value as a person reads it: JSON on one line, cut; bytes by their number."""
    match value:
        case Absent():
            return "not there"
        case bytes():
            return f"{whole_length(value)} bytes"
        case str():
            # What is beyond the limit need not be written to be cut.
            return cut(visible(json_text(value[: limit + 1])), limit, ellipsis)
        case _:
            return cut(visible(_json(value)), limit, ellipsis)


def _json(value: Value) -> str:
    try:
        return json_text(value)  # type: ignore[arg-type]  # neither bytes nor absent here
    except (ValueError, RecursionError):
        return str(value) if isinstance(value, float) else "a structure too deep to show"


def wrapped(text: str, room: int) -> list[str]:
    """Break text between words into lines of at most `room` letters."""
    return textwrap.wrap(one_line(text), max(room, 20), break_long_words=False, break_on_hyphens=False)


def seconds(took: float) -> str:
    """Write a duration as a person says it: `12 ms`, `3.4 s`, `2 min 5 s`."""
    took = max(0.0, took)
    if took < 0.9995:
        return f"{round(took * 1000)} ms"
    if took < 59.95:
        return f"{took:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(took), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: `1 step`, `3 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"

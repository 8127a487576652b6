"""Turns an offset in the value of a YAML scalar into the offset in its raw text, for every style of scalar.

The raw text is walked as a reader would: each step gives the place of the next character of the value. Where a break is
folded into a space, the space stands at the break.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_BREAK = r"(?:\r\n?|\n)"
_FOLD = rf"[ \t]*{_BREAK}[ \t\r\n]*"
# What is one step in flow style: a folded break, or what stands for a single character.
_PLAIN = re.compile(rf"(?P<fold>{_FOLD})|(?P<one>.)", re.DOTALL)
_SINGLE = re.compile(rf"(?P<fold>{_FOLD})|(?P<one>''|.)", re.DOTALL)
_DOUBLE = re.compile(
    rf"(?P<fold>{_FOLD})|(?P<joined>\\{_BREAK}[ \t\r\n]*)"
    r"|(?P<one>\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|.)",
    re.DOTALL,
)
_BREAKS = re.compile(_BREAK)
# What may stand for another character than itself, in some style.
_TRANSFORMED = re.compile(r"[\r\n\\]|''")
_HEADER = re.compile(rf"[|>](?P<indicators>[^\r\n]*){_BREAK}")
_LINE = re.compile(rf"(?P<indent> *)(?P<text>[^\r\n]*)(?P<break>{_BREAK}|\Z)")


def align(raw: str, offset: int) -> int:
    """Give the place in `raw` of character `offset` of the value it stands for; beyond the value: its end.

    The indentation of a block with an indentation indicator depends on its parent, which `raw` does not show: its
    least indented line is taken to have no spaces of its own.
    """
    quoted = raw[:1] in ("'", '"')
    start, end = (1, len(raw) - 1) if quoted else (0, len(raw))
    if _stands_for_itself(raw):
        return min(start + offset, end)
    places = _places(raw)
    return places[offset] if offset < len(places) else end


@lru_cache(maxsize=64)
def _stands_for_itself(raw: str) -> bool:
    quoted = raw[:1] in ("'", '"')
    start, end = (1, len(raw) - 1) if quoted else (0, len(raw))
    return raw[:1] not in ("|", ">") and not _TRANSFORMED.search(raw, start, end)


@lru_cache(maxsize=2)  # a long text may hold thousands of expressions, and each asks where it stands
def _places(raw: str) -> array[int]:
    match raw[:1]:
        case "'":
            steps = _flow(_SINGLE, raw, 1, len(raw) - 1)
        case '"':
            steps = _flow(_DOUBLE, raw, 1, len(raw) - 1)
        case "|":
            steps = _literal(_lines(raw))
        case ">":
            steps = _folded(_lines(raw))
        case _:
            steps = _flow(_PLAIN, raw, 0, len(raw))
    return array("L", steps)


def _flow(step: re.Pattern[str], raw: str, start: int, end: int) -> Iterator[int]:
    for found in step.finditer(raw, start, end):
        if found.lastgroup == "one":
            yield found.start()
            continue
        # Line folding (YAML 1.2, 6.5): one break is a space, or nothing where it is escaped; of n breaks n - 1 stay.
        _, *others = (found_break.start() for found_break in _BREAKS.finditer(raw, found.start(), found.end()))
        if others:
            yield from others
        elif found.lastgroup == "fold":
            yield found.start()


class _Line(NamedTuple):
    """A line of a block scalar without its indentation: where its text starts and ends, and whether it is folded."""

    start: int
    end: int
    blank: bool
    folds: bool


def _lines(raw: str) -> list[_Line]:
    header = _HEADER.match(raw)
    if header is None:
        return []
    found = [line for line in _LINE.finditer(raw, header.end()) if line.end() > line.start()]
    indents = [len(line["indent"]) for line in found if line["text"]]
    explicit = any(char.isdigit() for char in header["indicators"].partition("#")[0])
    indent = (min(indents) if explicit else indents[0]) if indents else len(raw)
    return [_line(line, indent) for line in found]


def _line(found: re.Match[str], indent: int) -> _Line:
    start = min(found.start() + indent, found.end("text"))
    text = found.string[start : found.end("text")]
    return _Line(start, found.end("text"), not text, not text.startswith((" ", "\t")))


def _literal(lines: list[_Line]) -> Iterator[int]:
    for line in lines:
        yield from range(line.start, line.end + 1)


def _folded(lines: list[_Line]) -> Iterator[int]:
    """Walk a folded block: a break between lines of text is a space, or nothing where empty lines follow (8.1.3)."""
    for index, line in enumerate(lines):
        yield from range(line.start, line.end)
        if line.blank:
            yield line.end
            continue
        following = next((later for later in lines[index + 1 :] if not later.blank), None)
        if following is None or not (line.folds and following.folds) or not lines[index + 1].blank:
            yield line.end

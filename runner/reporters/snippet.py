"""Turns spans into quoted source lines with carets under what is meant."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from runner.records import Frozen
from runner.reporters.style import Role, Style
from runner.reporters.text import TAB, cells, glyph, one_line, width
from runner.source import Source, Span

NARROWEST = 20  # cells of source that are shown however narrow the terminal is


class Underline(Frozen):
    """A place to show: the text stands beside the line drawn under it."""

    span: Span
    text: str
    mark: str
    role: Role


def draw(underlines: Sequence[Underline], style: Style) -> list[str]:
    """Draw each place at its line; places of one file share a block, the file of the first one comes first."""
    blocks: dict[str, list[Underline]] = {}
    for underline in underlines:
        blocks.setdefault(underline.span.source.uri, []).append(underline)
    gutter = gutter_width(underlines)
    lines: list[str] = []
    for block in blocks.values():
        arrow = "-->" if not lines else ":::"
        lines.append(f"{' ' * gutter}{style.paint(arrow, 'gutter')} {one_line(str(block[0].span))}")
        lines += _block(block, gutter, style)
    return lines


def gutter_width(underlines: Sequence[Underline]) -> int:
    """Give the digits of the largest line number."""
    return max(len(str(underline.span.begin.line)) for underline in underlines)


def _block(underlines: list[Underline], gutter: int, style: Style) -> list[str]:
    bar = style.paint("|", "gutter")
    if not underlines[0].span.source.text:
        return []
    lines = [f"{' ' * gutter} {bar}"]
    last: int | None = None
    for underline in sorted(underlines, key=lambda each: each.span.begin):
        number = underline.span.begin.line
        quoted, carets = _line(underline, style, gutter)
        if last is not None and number > last + 1:
            lines.append(style.paint("...", "gutter"))
        if number != last:
            lines.append(f"{style.paint(f'{number:>{gutter}}', 'gutter')} {bar} {quoted}".rstrip())
        lines.append(f"{' ' * gutter} {bar} {carets}")
        last = number
    return lines


class _Measured(NamedTuple):
    """A line of a source: what is shown for each character, and the cells that are taken up to each of them.

    `end` is where its last word ends.
    """

    glyphs: Sequence[str]
    before: Sequence[int]
    end: int


def _line(underline: Underline, style: Style, gutter: int) -> tuple[str, str]:
    """Give the quoted line, cut where it is too long, and the line with the carets."""
    glyphs, cells_before, line_end = _measured(underline.span.source, underline.span.begin.line)
    first, last = _columns(underline.span, len(glyphs), line_end)
    room = max(NARROWEST, style.width - gutter - 3)
    begin, end = _window(cells_before, first, room)
    dots = style.mark("ellipsis")
    before, after = dots if begin else "", dots if end < len(glyphs) else ""
    indent = " " * (width(before) + cells_before[first] - cells_before[begin])
    length = max(1, cells_before[min(last, end)] - cells_before[first])
    drawn = underline.mark * length + (f" {one_line(underline.text)}" if underline.text else "")
    return before + "".join(glyphs[begin:end]) + after, indent + style.paint(drawn, underline.role)


def _columns(span: Span, length: int, line_end: int) -> tuple[int, int]:
    """Give the characters of the span's first line that are meant; a span over several lines runs to the line's end."""
    first = span.begin.column - 1
    last = span.finish.column - 1 if span.finish.line == span.begin.line else line_end
    return min(first, length), max(first, min(last, length))


@lru_cache(4)  # thousands of problems may lie on one long line
def _measured(source: Source, number: int) -> _Measured:
    text = source.line(number)
    end = len(text.rstrip())
    if text.isascii() and text.isprintable():
        return _Measured(text, range(len(text) + 1), end)
    glyphs = _glyphs(text)
    return _Measured(glyphs, list(accumulate(map(width, glyphs), initial=0)), end)


def _glyphs(text: str) -> list[str]:
    """Give what is shown for each character: a tab reaches to the next stop."""
    shown: list[str] = []
    column = 0
    for char in text:
        shown.append(" " * (TAB - column % TAB) if char == "\t" else glyph(char))
        column += width(shown[-1]) if len(shown[-1]) > 1 else cells(char)
    return shown


def _window(before: Sequence[int], first: int, room: int) -> tuple[int, int]:
    """Choose the characters of a long line that fit, with some context before the first one that is meant."""
    whole = before[-1]
    if whole <= room:
        return 0, len(before) - 1
    room -= 6  # an ellipsis on either side, in ASCII too
    begin = min(bisect_left(before, before[first] - room // 3), first)
    # Near the end of the line there is room to begin earlier.
    begin = min(begin, bisect_left(before, whole - room))
    return begin, bisect_right(before, before[begin] + room) - 1

"""Turns spans into quoted source lines with carets under what is meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from runner.records import Frozen
from runner.reporters.style import Role, Style
from runner.reporters.text import TAB, cells, glyph, one_line, width
from runner.source import Span

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


def _line(underline: Underline, style: Style, gutter: int) -> tuple[str, str]:
    """Give the quoted line, cut where it is too long, and the line with the carets."""
    text = underline.span.source.line(underline.span.begin.line)
    first, last = _columns(underline.span, text)
    glyphs = _glyphs(text)
    room = max(NARROWEST, style.width - gutter - 3)
    begin, end = _window([width(each) for each in glyphs], first, room)
    dots = style.mark("ellipsis")
    before, after = dots if begin else "", dots if end < len(glyphs) else ""
    indent = " " * (width(before) + sum(map(width, glyphs[begin:first])))
    length = max(1, sum(map(width, glyphs[first : min(last, end)])))
    drawn = underline.mark * length + (f" {one_line(underline.text)}" if underline.text else "")
    return before + "".join(glyphs[begin:end]) + after, indent + style.paint(drawn, underline.role)


def _columns(span: Span, text: str) -> tuple[int, int]:
    """Give the characters of the span's first line that are meant; a span over several lines runs to the line's end."""
    first = span.begin.column - 1
    last = span.finish.column - 1 if span.finish.line == span.begin.line else len(text.rstrip())
    return min(first, len(text)), max(first, min(last, len(text)))


def _glyphs(text: str) -> list[str]:
    """Give what is shown for each character: a tab reaches to the next stop."""
    if text.isascii() and text.isprintable():
        return list(text)
    shown: list[str] = []
    column = 0
    for char in text:
        shown.append(" " * (TAB - column % TAB) if char == "\t" else glyph(char))
        column += width(shown[-1]) if len(shown[-1]) > 1 else cells(char)
    return shown


def _window(widths: list[int], first: int, room: int) -> tuple[int, int]:
    """Choose the characters of a long line that fit, with some context before the first one that is meant."""
    if sum(widths) <= room:
        return 0, len(widths)
    room -= 6  # an ellipsis on either side, in ASCII too
    before = list(accumulate(widths, initial=0))
    begin = min(next(i for i, total in enumerate(before) if total >= before[first] - room // 3), first)
    # Near the end of the line there is room to begin earlier.
    begin = min(begin, next(i for i, total in enumerate(before) if before[-1] - total <= room))
    end = max(i for i, total in enumerate(before) if total - before[begin] <= room)
    return begin, end

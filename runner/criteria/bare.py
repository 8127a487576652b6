"""Turns comparisons of JSONPaths that stand outside of a filter into a condition whose operands they are.

`$.status == 'done' && $.files.length > 0` is in no language, and can be read in one way only. The text is made a simple
condition: each path becomes an operand, a text in double quotes one in single quotes, an expression loses its braces.
The parser of simple conditions says whether that is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.criteria.nodes import Condition
from runner.criteria.parse import parse_condition
from runner.criteria.pieces import Piece, bracket_end, pieces
from runner.criteria.tokens import in_single_quotes
from runner.expressions.faults import SyntaxFault
from runner.expressions.parse import Grammar
from runner.records import Frozen
from runner.values import split_pointer

_SEGMENT = re.compile(
    r"\.(?P<name>[^\W\d][\w-]*)"
    r"|\['(?P<single>[^'\\]*)'\]"
    r'|\["(?P<double>[^"\\]*)"\]'
    r"|\[(?P<index>0|-?[1-9][0-9]{0,14})\]"
)
_LENGTH = re.compile(r"\.length(?:\(\))?$")


class BarePath(Frozen):
    """A path of names and indexes as it is written; `steps` is None for any other path.

    `is_length` says that `.length` stands behind the path, which is not among its steps.
    """

    text: str
    steps: tuple[str | int, ...] | None
    is_length: bool


class Bare(Frozen):
    """A condition whose operands at the offsets of `paths` are these paths; `text` is what the offsets count in."""

    condition: Condition
    text: str
    paths: Mapping[int, BarePath]


def read_bare(text: str, grammar: Grammar) -> Bare | None:
    """Read comparisons of paths, literals and expressions; give None for a text that is anything else."""
    written, paths = "", dict[int, BarePath]()
    position = 0
    for piece in pieces(text):
        written += text[position : piece.start]
        if piece.kind in ("path", "pointer"):
            paths[len(written)] = _path(piece)
        written += _as_simple(piece)
        position = piece.end
    try:
        return Bare(parse_condition(written, grammar), written, paths)
    except SyntaxFault:
        return None


def _as_simple(piece: Piece) -> str:
    match piece.kind:
        case "path" | "pointer":
            return "$url"  # stands for the path
        case "quoted":
            return in_single_quotes(piece.text)
        case "braced":
            return piece.text[1:-1]
        case _:
            return piece.text


def _path(piece: Piece) -> BarePath:
    text = piece.text
    if piece.kind == "pointer":
        return BarePath(text, split_pointer(text[1:]), is_length=False)
    length = _LENGTH.search(text)
    return BarePath(text, _steps(text[: length.start()] if length else text), length is not None)


def _steps(text: str) -> tuple[str | int, ...] | None:
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        found = _SEGMENT.match(text, position)
        if found is None:
            return None
        index = found["index"]
        steps.append(found[found.lastgroup or ""] if index is None else int(index))
        position = found.end()
    return tuple(steps)


class RootFilter(Frozen):
    """A filter on the root: `test` is what stands behind the `?`, `own` where in it `@` is what the filter tests."""

    test: str
    own: tuple[int, ...]
    rest: str


_OPENING = re.compile(r"\$\s*\[\s*\?\s*")
_SIGNS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\{\$[^{}]*\}|[\[\]()@$,]", re.DOTALL)


def read_root_filter(text: str) -> RootFilter | None:
    """Read `$[?…]` with what follows it; None where that is not all, or where the test looks at the root already."""
    opening = _OPENING.match(text)
    end = bracket_end(text, text.index("[")) if opening else None
    if opening is None or end is None:
        return None
    test = text[opening.end() : end - 1]
    own: list[int] = []
    brackets, parentheses = 0, 0
    for found in _SIGNS.finditer(test):
        sign = found.group()
        brackets += {"[": 1, "]": -1}.get(sign, 0)
        parentheses += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "$" or (sign == "," and not brackets and not parentheses):
            return None
        if sign == "@" and not brackets:
            own.append(found.start())
    return RootFilter(test.rstrip(), tuple(own), text[end:])

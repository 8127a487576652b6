"""Turns the text of a condition, however it is written, into its pieces: nothing is refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from runner.expressions.grammar import OPERAND

Kind: TypeAlias = Literal["string", "quoted", "braced", "expression", "path", "pointer", "sign", "number", "word"]


class Piece(NamedTuple):
    """A literal, an operand, an operator or a word, with the offsets of its characters.

    A `string` stands in single quotes, what is `quoted` in double ones. A `path` is a JSONPath, which begins with `$`
    or `@` and no name; a `pointer` is a JSON Pointer behind a `#` that nothing stands before.
    """

    kind: Kind
    text: str
    start: int
    end: int


_STRING = r"(?P<string>'(?:[^']|'')*')"
_QUOTED = r'|(?P<quoted>"(?:[^"\\]|\\.)*")'
_OTHERS = (
    r"|(?P<braced>\{\$[^{}]*\})"
    rf"|(?P<expression>\$(?=[A-Za-z_]){OPERAND.pattern})"
    rf"|(?P<pointer>#/{OPERAND.pattern})"
    r"|(?P<path>[$@])"
    r"|(?P<sign>===?|!==?|<>|<=|>=|=<|=>|=~|&&?|\|\|?|[=!<>()])"
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.:/+-]))"
    r"|(?P<word>[^\s()&|<>=!'\"]+|\S)"
)
_PIECE = re.compile(_STRING + _QUOTED + _OTHERS, re.DOTALL)
_UNQUOTED = re.compile(_STRING + _OTHERS, re.DOTALL)
_NAME = re.compile(r"\.\.?(?:\*|(?:[^\W\d]|-(?=[^\W\d])|(?<=\w)\d)+(?:\(\))?)|\.\.(?=\[)")
_IN_BRACKETS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[\[\]]", re.DOTALL)


@lru_cache(maxsize=4)  # every repair of conditions asks for them, of one text after the other
def pieces(text: str) -> tuple[Piece, ...]:
    """Split the text of a condition."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[Piece]:
    position, piece = 0, _PIECE
    while found := piece.search(text, position):
        kind, end = found.lastgroup or "word", found.end()
        if kind == "word" and found[0] == '"':
            piece = _UNQUOTED  # where one is not closed, none behind it is
        if kind == "path":
            end = _path_end(text, end)
        yield Piece(kind, text[found.start() : end], found.start(), end)  # type: ignore[arg-type]
        position = end


def _path_end(text: str, position: int) -> int:
    """Give where a JSONPath ends whose `$` stands before `position`."""
    while True:
        if text.startswith("[", position):
            end = bracket_end(text, position)
            if end is None:
                return position
            position = end
        elif found := _NAME.match(text, position):
            position = found.end()
        else:
            return position


def bracket_end(text: str, position: int) -> int | None:
    """Give the offset behind the bracket that closes the one at `position`; what stands in quotes does not count."""
    depth = 0
    for found in _IN_BRACKETS.finditer(text, position):
        depth += {"[": 1, "]": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
    return None

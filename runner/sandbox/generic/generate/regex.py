"""Turns an ECMA-262 pattern into a tree that texts can be written from; assertions are kept as what cannot be written.

Pattern     :: Disjunction               Disjunction :: Alternative ( "|" Alternative )*
Alternative :: Term*                     Term        :: Assertion | Atom Quantifier?
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from runner.records import Frozen

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points, as ranges of which both ends belong to it."""

LAST = 0x10FFFF


class Characters(Frozen):
    """One character of a set."""

    ranges: Ranges

    def holds(self, char: str) -> bool:
        return any(low <= ord(char) <= high for low, high in self.ranges)


class Sequence(Frozen):
    """One after the other; a capturing group knows its number and its name."""

    parts: tuple[Node, ...]
    number: int = 0
    name: str = ""


class Choice(Frozen):
    """One of several."""

    options: tuple[Node, ...]


class Repeat(Frozen):
    """The same thing several times; without `most` as often as one likes."""

    part: Node
    least: int
    most: int | None


class Back(Frozen):
    """What a group matched, by its number or its name."""

    group: str


class Assertion(Frozen):
    """What has no text of its own: `^`, `$`, `\\b` and what is looked for ahead or behind."""


Node: TypeAlias = Characters | Sequence | Choice | Repeat | Back | Assertion


class Unwritable(ValueError):  # noqa: N818 - the name says what happened
    """A pattern is not one that texts can be written from."""


def complement(ranges: Ranges) -> Ranges:
    """Give every other code point, surrogates left out."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted((*ranges, (0xD800, 0xDFFF))):
        if start < low:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, LAST)) if start <= LAST else tuple(found)


_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = (*_DIGIT, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x20, 0x20), (0x09, 0x0D), (0xA0, 0xA0))
_LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_CLASSES: dict[str, Ranges] = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
# Of the many properties of Unicode, what there is of each in ASCII: enough to write a text from.
_UPPER, _LOWER = ((0x41, 0x5A),), ((0x61, 0x7A),)
_PROPERTIES: dict[str, Ranges] = {
    **dict.fromkeys(("L", "Letter", "Alphabetic", "Script=Latin", "sc=Latin", "Latin"), (*_LOWER, *_UPPER)),
    **dict.fromkeys(("Lu", "Uppercase_Letter", "Uppercase"), _UPPER),
    **dict.fromkeys(("Ll", "Lowercase_Letter", "Lowercase"), _LOWER),
    **dict.fromkeys(("N", "Nd", "Number", "Decimal_Number"), _DIGIT),
    **dict.fromkeys(("P", "Punctuation", "Pd", "Po"), ((0x2D, 0x2D), (0x21, 0x21), (0x3A, 0x3B), (0x3F, 0x3F))),
    **dict.fromkeys(("S", "Symbol", "Sc", "Sm"), ((0x24, 0x24), (0x2B, 0x2B), (0x3C, 0x3E))),
    **dict.fromkeys(("Z", "Zs", "Separator", "Space_Separator", "White_Space"), ((0x20, 0x20),)),
}

_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_GROUP = re.compile(r"\?:|\?<([A-Za-z_$][\w$]*)>|(\?<?[=!])")
_ESCAPE = re.compile(r"x([0-9A-Fa-f]{2})|u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})")
_PROPERTY = re.compile(r"([pP])\{(?:General_Category=|gc=)?([\w=]+)\}")


def parse_regex(pattern: str) -> Node:
    """Parse a pattern; Unwritable where it is none, or has what ECMA-262 does not know."""
    try:
        parser = _Parser(pattern)
        node = parser.disjunction()
    except (IndexError, RecursionError, OverflowError):
        raise Unwritable(pattern) from None
    if parser.at != len(pattern):
        raise Unwritable(pattern)
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.groups = text, 0, 0

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        found = self.peek(text)
        self.at += len(text) if found else 0
        return found

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def disjunction(self) -> Node:
        options = [self.alternative()]
        while self.take("|"):
            options.append(self.alternative())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def alternative(self) -> Node:
        return Sequence(tuple(self.terms()))

    def terms(self) -> Iterator[Node]:
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            atom = self.atom()
            found = self.match(_QUANTIFIER)
            yield _repeated(atom, found) if found else atom

    def atom(self) -> Node:
        char = self.text[self.at]
        self.at += 1
        match char:
            case "^" | "$":
                return Assertion()
            case ".":
                return Characters(complement(_LINE_ENDS))
            case "(":
                return self.group()
            case "[":
                return self.char_class()
            case "\\":
                return self.escape()
            case _:
                return _one(char)

    def group(self) -> Node:
        kind = self.match(_GROUP)
        number = 0
        if kind is None or kind[1]:
            self.groups += 1
            number = self.groups
        inner = self.disjunction()
        if not self.take(")"):
            raise Unwritable(self.text)
        if kind is not None and kind[2]:
            return Assertion()
        return Sequence((inner,), number, (kind and kind[1]) or "")

    def escape(self) -> Node:
        if self.peek("b") or self.peek("B"):
            self.at += 1
            return Assertion()
        if found := self.match(re.compile(r"k<([^>]+)>|([1-9]\d*)")):
            return Back(found[1] or found[2])
        return Characters(self.escaped())

    def escaped(self) -> Ranges:
        """Read what follows a backslash as a set of characters."""
        if found := self.match(_PROPERTY):
            known = _PROPERTIES.get(found[2], _PROPERTIES["L"])
            return known if found[1] == "p" else complement(known)
        if found := self.match(_ESCAPE):
            return self.code(int(found[1] or found[2] or found[3], 16))
        char = self.text[self.at]
        self.at += 1
        if char.lower() in _CLASSES:
            return _CLASSES[char] if char.islower() else complement(_CLASSES[char.lower()])
        if char == "c":
            self.at += 1
            return self.code(ord(self.text[self.at - 1]) % 32)
        return self.code(ord(_CONTROLS.get(char, char)))

    def code(self, code: int) -> Ranges:
        """Give one code point; a pair of surrogates, each written by itself, is one."""
        low = re.compile(r"\\u([dD][c-fC-F][0-9A-Fa-f]{2})").match(self.text, self.at)
        if 0xD800 <= code <= 0xDBFF and low:
            self.at = low.end()
            code = 0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00
        if code > LAST:
            raise Unwritable(self.text)
        return ((code, code),)

    def char_class(self) -> Node:
        negated = self.take("^")
        found: list[tuple[int, int]] = []
        while not self.take("]"):
            ranges = self.class_atom()
            if self.peek("-") and not self.peek("-]") and len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
                self.at += 1
                end = self.class_atom()
                found.append((ranges[0][0], end[0][1]))
            else:
                found += ranges
        return Characters(complement(tuple(found)) if negated else tuple(found))

    def class_atom(self) -> Ranges:
        if self.take("\\"):
            return ((8, 8),) if self.take("b") else self.escaped()
        char = self.text[self.at]
        self.at += 1
        return ((ord(char), ord(char)),)


def _one(char: str) -> Characters:
    return Characters(((ord(char), ord(char)),))


def _repeated(atom: Node, found: re.Match[str]) -> Repeat:
    sign, least, comma, most = found.groups()
    if sign:
        return Repeat(atom, int(sign == "+"), 1 if sign == "?" else None)
    return Repeat(atom, int(least), int(most) if most else None if comma else int(least))

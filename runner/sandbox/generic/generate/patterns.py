"""Turns ECMA-262 patterns and bounds of length into texts that may satisfy them; whether they do is for others to say.

What is looked for ahead or behind is not written but hoped for: many texts are offered, each of another length.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from functools import lru_cache

from runner.records import Mutable, field
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.regex import (
    Assertion,
    Back,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
    Unwritable,
    parse_regex,
)

ATTEMPTS = 160
_PLAIN = string.ascii_lowercase + string.digits
_PRINTABLE = _PLAIN + string.ascii_uppercase + " -_.!#$%&'*+/=?^`{|}~@,:;<>()[]\"\\"
# No pattern is worth a text that nobody could hold in their hands.
_LONGEST = 100_000


@lru_cache(maxsize=256)
def _parsed(pattern: str) -> Node | None:
    try:
        return parse_regex(pattern)
    except Unwritable:
        return None


def pattern_texts(pattern: str, least: int, most: int | None, dice: Dice) -> Iterator[str]:
    """Offer texts that a pattern was written for, of every length that may be wanted, shorter ones first."""
    node = _parsed(pattern)
    if node is None:
        return
    for attempt in range(ATTEMPTS + least if least < ATTEMPTS else 2 * ATTEMPTS):
        writing = _Writing(dice.at(attempt), _wish(attempt, least), even=attempt % 2 == 0, wide=attempt % 3 == 2)
        text = writing.text(node)
        if len(text) < least:
            text += writing.padding(least - len(text))
        if most is None or len(text) <= most:
            yield text


def _wish(attempt: int, least: int) -> int:
    """Give how often what may be repeated at will should be: a few times, or as often as the length asks for."""
    if attempt < 8 and least < 8:
        return 2 + attempt // 2
    near = max(0, least - 8) if least > ATTEMPTS else 0
    return near + attempt // 2 % (least - near + 12)


class _Writing(Mutable):
    """One text. `even`: all repetitions are as many as wished; `wide`: characters of every kind."""

    dice: Dice
    wish: int
    even: bool
    wide: bool
    thrown: int = 0
    length: int = 0
    groups: dict[str, str] = field(default_factory=dict)

    def throw(self) -> Dice:
        self.thrown += 1
        return self.dice.at(self.thrown)

    def padding(self, length: int) -> str:
        return "".join(self.throw().pick(_PLAIN) for _ in range(min(length, _LONGEST)))

    def text(self, node: Node) -> str:
        match node:
            case Characters():
                self.length += 1
                return self.character(node)
            case Sequence():
                text = "".join(map(self.text, node.parts))
                self.groups |= {key: text for key in (str(node.number), node.name) if key}
                return text
            case Choice():
                return self.text(self.throw().pick(node.options))
            case Repeat():
                return "".join(self.text(node.part) for _ in range(self.times(node)))
            case Back():
                return self.groups.get(node.group, "")
            case Assertion():
                return ""

    def times(self, node: Repeat) -> int:
        most = node.least + self.wish if node.most is None else min(node.most, node.least + self.wish)
        if self.length + most > _LONGEST:
            return min(node.least, _LONGEST)
        return most if self.even else self.throw().between(node.least, most) if most > node.least else node.least

    def character(self, node: Characters) -> str:
        friendly = _friendly(node, self.wide)
        if friendly:
            return self.throw().pick(friendly)
        if not node.ranges:
            return ""  # `[]`, which nothing matches
        low, high = self.throw().pick(node.ranges)
        return chr(self.throw().between(low, min(high, low + 200)))


@lru_cache(maxsize=1024)
def _friendly(node: Characters, wide: bool) -> str:
    """Give those characters of a set that are easy on the eye: letters and digits, or all that can be typed."""
    found = "".join(filter(node.holds, _PRINTABLE if wide else _PLAIN))
    return found or "".join(filter(node.holds, _PRINTABLE))

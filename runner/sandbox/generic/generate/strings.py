"""Turns the patterns, formats and lengths of a string into texts that have them all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice

from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.formats import format_texts, is_known, plain_text
from runner.sandbox.generic.generate.patterns import pattern_texts
from runner.sandbox.generic.generate.reading import Flat, searches, sizes, texts
from runner.schema import Schema, compile_schema

_AROUND = 8
_PLAIN = 16
_LONGEST = 1_000_000


def string_candidates(flat: Flat, dice: Dice) -> Iterator[str]:
    """Offer texts that satisfy all patterns, formats and lengths; none where such a one was not found."""
    least, most = sizes(flat, "Length")
    patterns, formats = texts(flat, "pattern"), [name for name in texts(flat, "format") if is_known(name)]
    if least > _LONGEST or (most is not None and most < least):
        return
    encoded = ["byte"] if not formats and "base64" in texts(flat, "contentEncoding") else []
    offered: Iterator[str] = chain.from_iterable(format_texts(name, least, dice) for name in [*formats, *encoded])
    offered = chain(offered, *(_like(pattern, formats, (least, most), dice.at(pattern)) for pattern in patterns))
    if not patterns and not formats and not encoded:
        offered = (plain_text(dice.at(throw) if throw else dice, least, most) for throw in range(_PLAIN))
    for text in offered:
        fits = least <= len(text) and (most is None or len(text) <= most)
        if fits and all(searches(pattern, text) for pattern in patterns) and all(_has(text, name) for name in formats):
            yield text


def _like(pattern: str, formats: list[str], bounds: tuple[int, int | None], dice: Dice) -> Iterator[str]:
    """Offer texts of a pattern; beside a format, which it seldom says all of, also with something of that around it."""
    for place, text in enumerate(pattern_texts(pattern, *bounds, dice)):
        yield text
        for name in formats if place < _AROUND else ():
            for other in islice(format_texts(name, 0, dice.at(place)), 1):
                start, sign, end = other.partition("@")
                yield from (f"{start}{text}", f"{text}{sign}{end}", f"{text}{other}")


def _has(text: str, name: str) -> bool:
    return _format(name).valid(text)


@lru_cache(maxsize=64)
def _format(name: str) -> Schema:
    return compile_schema({"type": "string", "format": name})


def names_like(pattern: str, dice: Dice) -> Iterator[str]:
    """Offer names that a pattern matches: one of each length, short ones first, then any."""
    for least in (0, 4, 7, 10, 13, 16, 20):
        yield from islice(_names(pattern, least, dice), 1)
    yield from _names(pattern, 0, dice)


def _names(pattern: str, least: int, dice: Dice) -> Iterator[str]:
    return (text for text in pattern_texts(pattern, least, None, dice) if searches(pattern, text))

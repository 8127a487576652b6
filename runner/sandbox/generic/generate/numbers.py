"""Turns the bounds of numbers into numbers within them, small and positive ones where these will do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.reading import Flat
from runner.schema.keywords import Object
from runner.values import Json

_THROWS = 24
_USUAL = 1000


class Bound(NamedTuple):
    """An end of a range; `open` where it does not belong to it itself."""

    value: Fraction
    open: bool


class Range(NamedTuple):
    """The numbers between two bounds, either of which may be missing, that are multiples of a step, if there is one."""

    low: Bound | None
    high: Bound | None
    step: Fraction | None

    def holds(self, value: Fraction) -> bool:
        above = self.low is None or value > self.low.value or (value == self.low.value and not self.low.open)
        below = self.high is None or value < self.high.value or (value == self.high.value and not self.high.open)
        return above and below and (self.step is None or (value / self.step).denominator == 1)


def number_candidates(flat: Flat, dice: Dice, *, whole: bool) -> Iterator[Json]:
    """Offer numbers that are within all bounds: integers if they are to be `whole`."""
    limits = _range(flat, whole=whole)
    window = _window(limits)
    steps = [limits.step] if limits.step else [Fraction(1, 10**digits) for digits in (2, 4, 9, 15)]
    for step in steps:
        found = (value for value in _multiples(window, step, dice) if limits.holds(value))
        if whole:
            yield from (int(value) for value in found)
        else:
            yield from (number for value in found if limits.holds(Fraction(number := float(value))) or limits.step)
    if not whole and window[0] < window[1]:
        middle = float((window[0] + window[1]) / 2)
        if limits.holds(Fraction(middle)):
            yield middle


def _range(flat: Flat, *, whole: bool) -> Range:
    lows = [Bound(value, is_open) for schema in flat for value, is_open in _bounds(schema, "inimum")]
    highs = [Bound(value, is_open) for schema in flat for value, is_open in _bounds(schema, "aximum")]
    step = Fraction(1) if whole else None
    for schema in flat:
        multiple = _exact(schema.get("multipleOf"))
        if multiple:
            step = multiple if step is None else _common(step, multiple)
    low = max(lows, key=lambda bound: (bound.value, bound.open), default=None)
    high = min(highs, key=lambda bound: (bound.value, not bound.open), default=None)
    return Range(low, high, step)


def _bounds(schema: Object, name: str) -> Iterator[tuple[Fraction, bool]]:
    exclusive = schema.get(f"exclusiveM{name}")
    value = _exact(schema.get(f"m{name}"))
    if value is not None:
        yield value, exclusive is True  # draft-04 says so beside the bound
    if (value := _exact(exclusive)) is not None:
        yield value, True


def _exact(value: Json) -> Fraction | None:
    """Read a number as it is written: `0.1` is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return Fraction(repr(value))


def _common(one: Fraction, other: Fraction) -> Fraction:
    """Give the least number that is a multiple of both."""
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def _window(limits: Range) -> tuple[Fraction, Fraction]:
    """Give the part of a range that numbers are taken from: 1 to 1000 if it has any of these, else near its bounds."""
    size = _USUAL * max(limits.step or 1, 1)
    low = limits.low.value if limits.low else None
    high = limits.high.value if limits.high else None
    usual_low = Fraction(1) if low is None else max(low, Fraction(1))
    usual_high = Fraction(size) if high is None else min(high, Fraction(size))
    if usual_low < usual_high:
        return usual_low, usual_high
    if low is not None:
        return low, low + size if high is None else min(high, low + size)
    return (high - size, high) if high is not None else (Fraction(0), Fraction(size))


def _multiples(window: tuple[Fraction, Fraction], step: Fraction, dice: Dice) -> Iterator[Fraction]:
    first, last = math.ceil(window[0] / step), math.floor(window[1] / step)
    if first > last:
        return
    if step >= 1 and last - first < _THROWS:
        yield from (step * number for number in dice.rotated(range(first, last + 1)))
        return
    yield from (step * dice.at(throw).between(first, last) for throw in range(_THROWS))
    yield from (step * first, step * last, step * (first + 1), step * (last - 1))

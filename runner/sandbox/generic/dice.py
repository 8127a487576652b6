"""Turns a seed and the place of a choice into the choice: the same one on every run, whatever is chosen elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from runner.records import Frozen
from runner.sandbox.ids import digest

_T = TypeVar("_T")


class Dice(Frozen):
    """One throw; `at` gives the dice of a place within, so that a value does not depend on its neighbours."""

    seed: bytes

    @classmethod
    def of(cls, *parts: object) -> Dice:
        """Seed dice with anything that can be written as text."""
        return cls(digest(*parts))

    def at(self, *parts: object) -> Dice:
        return Dice(digest(self.seed.hex(), *parts))

    def below(self, number: int) -> int:
        """Throw a number from 0 up to one less."""
        return int.from_bytes(self.seed) % number

    def between(self, least: int, most: int) -> int:
        """Throw a number from `least` to `most`, both of them possible."""
        return least + self.below(most - least + 1)

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))]

    def rotated(self, choices: Sequence[_T]) -> tuple[_T, ...]:
        """Give all of the choices, beginning with any."""
        start = self.below(len(choices)) if choices else 0
        return (*choices[start:], *choices[:start])

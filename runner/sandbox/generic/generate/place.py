"""What whoever makes a part of a value is told of it, and who makes the parts of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from runner.records import Frozen, field, replace
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.reading import Flat
from runner.values import Json, join_pointer


@dataclass(eq=False)
class Ungeneratable(Exception):  # noqa: N818 - the name says what happened
    """No value was found for the schema of the part at `pointer`, and why."""

    pointer: str
    reason: str


class Exhausted(Ungeneratable):
    """So many ways led nowhere that the rest is not tried."""


class Place(Frozen):
    """Where in a value a part is made. `within` are the schemas of the objects and arrays around it, by identity.

    `fresh`: the values that a schema lists or has as its examples are taken already. `problems` are what failed below.
    """

    dice: Dice
    pointer: str = ""
    depth: int = 0
    within: frozenset[int] = frozenset()
    fresh: bool = False
    problems: list[Ungeneratable] = field(default_factory=list)

    def below(self, token: str | int, around: Flat) -> Place:
        """Give the place of a member or an item of what these schemas describe."""
        return Place(
            self.dice.at(token),
            join_pointer(self.pointer, token),
            self.depth + 1,
            self.within | {id(schema) for schema in around},
            self.fresh,
        )

    def again(self, attempt: int) -> Place:
        """Give the same place for something else."""
        return replace(self, dice=self.dice.at("again", attempt), fresh=True) if attempt else self


class Maker(Protocol):
    """Who makes the parts of a collection."""

    def value(self, schemas: Sequence[Json], place: Place) -> Json:
        """Make a value that all of the schemas allow, or raise Ungeneratable."""

    def wants(self, schemas: Sequence[Json], place: Place) -> bool:
        """Say whether a part that may be left out is made."""

    def allows(self, schemas: Sequence[Json], value: Json) -> bool:
        """Say whether a value satisfies all of the schemas."""

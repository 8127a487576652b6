"""A selector ready to be applied, and what applying it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias

from runner.expressions.faults import SelectorFailure
from runner.records import Frozen, replace
from runner.values import ABSENT, Absent, Json, Value

Location: TypeAlias = tuple[str | int, ...]
"""The names and indexes that lead from the root to a value; `xml` says what they are in XML."""

Find: TypeAlias = Callable[[Json], Iterable[tuple[Location, Json]]]


class Selection(NamedTuple):
    """What a selector selects, in order.

    `singular` says that it is one value or none, not an array. `holds` is what it is as a condition: of a query, that
    it selects something; None where it is neither true nor false.
    """

    values: tuple[Json, ...]
    singular: bool
    holds: bool | None

    @property
    def value(self) -> Json | Absent:
        """What the selector gives where a value is wanted."""
        if self.singular:
            return self.values[0] if self.values else ABSENT
        return list(self.values)


class Query(Protocol):
    """A text of a selector language, read. Both methods raise SelectorFailure."""

    def select(self, value: Value) -> Selection:
        """Give what is selected."""

    def locate(self, value: Value) -> tuple[Location, ...]:
        """Give where it stands."""


class JsonQuery(Frozen, eq=False):
    """A query over JSON; `singular` selects one value at most. `find` may raise SelectorFailure."""

    singular: bool
    find: Find

    def select(self, value: Value) -> Selection:
        values = tuple(found for _, found in self._found(value))
        return Selection(values, self.singular, bool(values))

    def locate(self, value: Value) -> tuple[Location, ...]:
        return tuple(location for location, _ in self._found(value))

    def _found(self, value: Value) -> list[tuple[Location, Json]]:
        if isinstance(value, Absent):
            raise SelectorFailure("there is nothing to select from")
        if isinstance(value, bytes):
            raise SelectorFailure("a binary body is no structured data")
        try:
            return list(self.find(value))
        except RecursionError:
            raise SelectorFailure("the value is nested too deeply") from None


class Compiled(Frozen, eq=False):
    """A selector as it is written, and the query it is; `of_places` gives the locations of what the query selects."""

    type: str
    version: str
    text: str
    query: Query
    of_places: bool = False

    @property
    def places(self) -> Compiled:
        """The selector of the places where this one's matches stand."""
        return replace(self, of_places=True)


Apply: TypeAlias = Callable[[Compiled, Value], Selection]
"""Applies a selector, or raises SelectorFailure: at once, or where what takes too long can be stopped."""

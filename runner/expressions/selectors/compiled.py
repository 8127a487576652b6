"""A selector ready to be applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from runner.values import Json, Value

Location: TypeAlias = tuple[str | int, ...]
"""The names and indexes that lead from the root to a value."""

Find: TypeAlias = Callable[[Json], Iterable[tuple[Location, Json]]]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A selector of some language; what it does may raise SelectorFailure.

    `singular` selects one value at most; with `as_found` it depends on what is there. `holds` says whether it is true
    of a value where that is more than selecting something. `put` gives a text with another text where it selects.
    """

    text: str
    singular: bool
    find: Find
    type: str = "jsonpath"
    version: str = ""
    as_found: bool = False
    holds: Callable[[Json], bool] | None = None
    put: Callable[[Json, str], str] | None = None


class Selection(NamedTuple):
    """What a selector selects, and whether it is true of the value (of a query: that it selects something)."""

    values: tuple[Json, ...]
    holds: bool


Apply: TypeAlias = Callable[[Compiled, Value], Selection]

"""A selector ready to be applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from runner.values import Json

Location: TypeAlias = tuple[str | int, ...]
"""The names and indexes that lead from the root to a value."""

Find: TypeAlias = Callable[[Json], Iterable[tuple[Location, Json]]]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A selector of some language. `singular` selects one value at most; `find` may raise SelectorFailure."""

    text: str
    singular: bool
    find: Find

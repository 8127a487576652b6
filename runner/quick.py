"""Turns a class into a record that is frozen for the type checker and quick to make: for what a run makes by the dozen.

A frozen dataclass sets each field through `object.__setattr__`: making one costs four times as much, and a run makes
a hundred for every three requests. `mypy --strict` refuses to change these as it does what is frozen at run time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]:
        """Make a dataclass; one that is called frozen has a hash."""
        return dataclasses.dataclass(slots=slots, eq=eq, unsafe_hash=frozen and eq)


def changed(record: T, **fields: object) -> T:
    """Give a record with other values in some fields: the record itself where it has them already."""
    for name, value in fields.items():
        held = getattr(record, name)
        if held is not value and held != value:
            return dataclasses.replace(record, **fields)  # type: ignore[type-var]  # all records are dataclasses
    return record

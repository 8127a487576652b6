"""Turns parts of a document into values of the form that they must have, and notes where they have not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from runner.diagnostics import Diagnostic, Fix, did_you_mean
from runner.records import Frozen, Mutable, field
from runner.source import SourceMap
from runner.values import Json, join_pointer

T = TypeVar("T")

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

_YEAR_9000 = 221_845_392_000
"""From a clock that starts before it every time that can be reached has a year of four digits."""


class Reading(Mutable):
    """What is wrong with a document so far. A value that is wrong is noted, and stands for its default."""

    places: SourceMap
    problems: list[Diagnostic] = field(default_factory=list)

    def refuse(self, rule: str, pointer: str, message: str, fix: Fix | None = None, *, key: bool = False) -> None:
        """Note what is wrong with the value at a pointer, or with its key."""
        span = self.places.key(pointer) if key else self.places.value(pointer)
        self.problems.append(Diagnostic(rule, "error", message, span, fix=fix))

    def root(self, value: Json, known: Sequence[str]) -> Table:
        """Read the whole document, an object."""
        return self._table(value, "", known)

    def _table(self, value: Json, pointer: str, known: Sequence[str] | None) -> Table:
        if not isinstance(value, dict):
            if value is not None:
                self.wrong(pointer, "an object")
            return Table(self, {}, pointer)
        for key in value:
            if known is not None and key not in known:
                fix = did_you_mean(key, known) or Fix(f"keys there are: {', '.join(known)}")
                self.refuse("scenario-key", join_pointer(pointer, key), f"there is no key '{key}' here", fix, key=True)
        return Table(self, value, pointer)

    def wrong(self, pointer: str, form: str) -> None:
        name = pointer.rpartition("/")[2] or "the scenario"
        self.refuse("scenario-value", pointer, f"'{name}' must be {form}")


class Table(Frozen):
    """An object of the document; a member that is not there, or null, is its default."""

    reading: Reading
    value: dict[str, Json]
    pointer: str

    def at(self, name: str) -> str:
        return join_pointer(self.pointer, name)

    def need(self, *names: str) -> bool:
        """Note the members that are missing, and say whether all are there."""
        missing = [name for name in names if self.value.get(name) is None]
        for name in missing:
            self.reading.refuse("scenario-missing", self.pointer, f"'{name}' is missing", key=True)
        return not missing

    def _get(self, name: str, accept: Callable[[Json], T | None], default: T, form: str) -> T:
        value = self.value.get(name)
        if value is None:
            return default
        found = accept(value)
        if found is None:
            self.reading.wrong(self.at(name), form)
            return default
        return found

    def number(self, name: str, default: float, high: float = 1e12) -> float:
        return self._get(name, lambda value: _number(value, 0, high), default, f"a number from 0 to {high:g}")

    def whole(self, name: str, default: int, low: int = 0, high: int = 2**31 - 1) -> int:
        form = f"a whole number from {low} to {high}"
        return self._get(name, lambda value: _whole(value, low, high), default, form)

    def text(self, name: str, default: str = "") -> str:
        return self._get(name, lambda value: value if isinstance(value, str) and value else None, default, "a text")

    def flag(self, name: str, default: bool) -> bool:
        return self._get(name, lambda value: value if isinstance(value, bool) else None, default, "true or false")

    def word(self, name: str, words: Sequence[T], default: T) -> T:
        form = f"one of {', '.join(map(str, words))}"
        return self._get(name, lambda value: next((word for word in words if word == value), None), default, form)

    def moment(self, name: str, default: float) -> float:
        """Read an RFC 3339 date-time as seconds since 1970."""
        form = "a date and time such as 2026-05-25T15:42:11Z, of the years 1970 to 8999"
        return self._get(name, _moment, default, form)

    def texts(self, name: str) -> tuple[str, ...]:
        """Read a list of texts."""
        items = self._items(name)
        return tuple(item for place, item in items if self._is(place, item, str, "a text") and isinstance(item, str))

    def numbers(self, name: str) -> tuple[int, ...]:
        """Read a list of ids."""
        return tuple(
            item for place, item in self._items(name) if self._is(place, item, int, "an id") and isinstance(item, int)
        )

    def table(self, name: str, known: Sequence[str] | None = None) -> Table:
        """Read an object; without `known` its keys are names."""
        return self.reading._table(self.value.get(name), self.at(name), known)

    def tables(self, name: str, known: Sequence[str]) -> Iterator[Table]:
        """Read a list of objects."""
        for pointer, item in self._items(name):
            if self._is(pointer, item, dict, "an object"):
                yield self.reading._table(item, pointer, known)

    def _items(self, name: str) -> list[tuple[str, Json]]:
        value = self.value.get(name)
        if not isinstance(value, list):
            if value is not None:
                self.reading.wrong(self.at(name), "a list")
            return []
        return [(join_pointer(self.at(name), index), item) for index, item in enumerate(value)]

    def _is(self, pointer: str, value: Json, kind: type, form: str) -> bool:
        fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
        if not fits:
            self.reading.refuse("scenario-value", pointer, f"it must be {form}")
        return fits


def _number(value: Json, low: float, high: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value if low <= value <= high else None


def _whole(value: Json, low: int, high: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def _moment(value: Json) -> float | None:
    if not isinstance(value, str) or _DATE_TIME.fullmatch(value) is None:
        return None
    try:
        moment = datetime.fromisoformat(value.upper()).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment if 0 <= moment < _YEAR_9000 else None

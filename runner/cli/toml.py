"""Read values of a TOML file in the form that they must have, or say at line and column that they have not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.late import late_pattern
from runner.records import Frozen
from runner.source import Source
from runner.values import Json

Keys: TypeAlias = tuple[str, ...]
"""The keys that lead to a value, from the root of the file."""
Table: TypeAlias = Mapping[str, Any]
T = TypeVar("T")

DAY = 86_400


class TomlReader(Frozen):
    """Read the tables of a file; every value is addressed by the keys that lead to it, the last of them in `table`."""

    source: Source

    def refused(self, path: Keys, why: str, hint: str = "") -> UsageError:
        """Make the error that points at a key."""
        return UsageError(f"{place(self.source, path)}: {why}", hint)

    def check_keys(self, table: Table, path: Keys, known: Sequence[str]) -> None:
        """Refuse a key that is not known."""
        for key in table:
            if key not in known:
                meant = did_you_mean(key, known)
                where = f" in [{'.'.join(path)}]" if path else ""
                hint = meant.title if meant else f"keys there are: {', '.join(known)}"
                raise self.refused((*path, key), f"there is no key '{key}'{where}", hint)

    def value(self, table: Table, path: Keys, accept: Callable[[Any], T | None], form: str) -> T | None:
        """Give what `accept` makes of a value, which is None where it has not the form; None where there is none."""
        if path[-1] not in table:
            return None
        found = accept(table[path[-1]])
        if found is None:
            raise self.refused(path, f"'{path[-1]}' is {form}")
        return found

    def text(self, table: Table, path: Keys) -> str | None:
        return self.value(table, path, lambda value: value if isinstance(value, str) and value else None, "a text")

    def flag(self, table: Table, path: Keys) -> bool:
        found = self.value(table, path, lambda value: [value] if isinstance(value, bool) else None, "true or false")
        return found == [True]

    def number(self, table: Table, path: Keys, kind: type[float] | type[int], *, positive: bool = True) -> float | None:
        """Give a number up to a day's seconds; a whole one where `kind` is int, with no such limit."""

        def accept(value: Any) -> float | None:
            if isinstance(value, bool) or not isinstance(value, int | kind) or not math.isfinite(value):
                return None
            return None if value < 0 or (positive and value == 0) or (kind is float and value > DAY) else value

        form = "a whole number" if kind is int else f"a number of seconds up to {DAY}"
        return self.value(table, path, accept, form + (" above 0" if positive else ""))

    def table(self, table: Table, path: Keys) -> Table:
        return self.value(table, path, lambda value: value if isinstance(value, dict) else None, "a table") or {}

    def texts(self, table: Table, path: Keys) -> dict[str, str]:
        """Give a table of texts; whole numbers are taken as they are written."""
        found = {}
        for key, value in self.table(table, path).items():
            if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
                raise self.refused((*path, key), f"'{key}' is a text")
            found[key] = str(value)
        return found

    def values(self, table: Table, path: Keys) -> dict[str, Json]:
        """Give a table of values that JSON has, too."""
        found = self.table(table, path)
        for key, value in found.items():
            if not _is_json(value):
                hint = "write dates and times as texts in quotes; nan and inf are no JSON"
                raise self.refused((*path, key), f"'{key}' is no JSON value", hint)
        return dict(found)


def _is_json(value: Any) -> bool:
    match value:
        case dict():
            return all(map(_is_json, value.values()))
        case list():
            return all(map(_is_json, value))
        case float():
            return math.isfinite(value)
        case _:
            return isinstance(value, str | int)


_HEADER = late_pattern(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:#.*)?")
_KEY = late_pattern(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = late_pattern(r"""[\w-]+|"[^"]*"|'[^']*'""")


def place(source: Source, path: Keys) -> str:
    """Name line and column of the key that a path leads to, or of what stands nearest around it.

    The standard library reads TOML without positions, so lines are looked at: a header, or a key with its value.
    """
    line_, column, depth = 1, 1, 0
    table: Keys = ()
    for number, line in enumerate(source.text.split("\n"), start=1):
        header, key = _HEADER.fullmatch(line), _KEY.match(line)
        if header:
            table = whole = _parts(header[1])
        elif key:
            whole = (*table, *_parts(key[1]))
        else:
            continue
        shared = len(path[: len(whole)])
        if whole[:shared] != path[:shared] or shared <= depth:
            continue
        line_, column, depth = number, (header or key).start(1) + 1, shared  # type: ignore[union-attr]
        if key and shared < len(path) and (inside := re.compile(rf"{re.escape(path[-1])}\W").search(line, key.end())):
            column = inside.start() + 1
    return f"{source.name}:{line_}:{column}"


def _parts(text: str) -> Keys:
    return tuple(part.strip("\"'") for part in _PART.findall(text))

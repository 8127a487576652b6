"""Turns a value into one that also says what a request says and what a step hopes for, as far as it stays valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from runner.records import Frozen, field
from runner.text import scalar_text
from runner.values import Json, join_pointer, with_pointer

Change: TypeAlias = tuple[str, list[Json]]
"""A JSON Pointer into a value, and what may stand there, the best first."""


class Echo(Frozen):
    """What a request says under names; `called` is how the end of its path calls what it is about, and by which name.

    A thing that the path calls by its `petId` has that for its `id`, if it has no `petId`.
    """

    names: Mapping[str, Json] = field(default_factory=dict)
    called: tuple[str, Json] | None = None

    def changes(self, value: Json) -> Iterator[Change]:
        """Give the members of a value that are to repeat what is said."""
        if not isinstance(value, dict):
            return
        said = dict(self.names)
        if self.called is not None and self.called[0] not in value:
            said["id"] = self.called[1]
        yield from ((join_pointer("", name), _spellings(given)) for name, given in said.items() if name in value)


NO_ECHO = Echo()


def _spellings(value: Json) -> list[Json]:
    """Give a value, a number also as text, and the other way round: an identifier may be either in a body."""
    match value:
        case bool():
            return [value]
        case int() | float():
            return [value, scalar_text(value)]
        case str() if re.fullmatch("0|[1-9][0-9]{0,17}", value):
            return [value, int(value)]
        case _:
            return [value]


def adapted(value: Json, changes: Iterable[Change], is_valid: Callable[[Json], bool]) -> Json:
    """Make the changes one by one, each in the first spelling with which the whole stays valid."""
    for pointer, spellings in changes:
        for spelling in spellings:
            try:
                changed = with_pointer(value, pointer, spelling)
            except ValueError:  # it leads nowhere
                break
            if is_valid(changed):
                value = changed
                break
    return value

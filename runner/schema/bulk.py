"""Says how much there is to check and to tell of a value by a schema, before an engine begins with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Literal, TypeAlias

from runner.schema.depth import (
    ALONE,
    COLLECTIONS,
    DEEPEST,
    SAME,
    WITHIN,
    Adding,
    Work,
    every_way,
    inside_of,
    parts,
    ways_on_the_spot,
)
from runner.schema.keywords import Object
from runner.values import Json, Value

Telling: TypeAlias = Literal["all", "first", "none"]


class Bulk:
    """How much there is to check of a value by a gathered schema."""

    def __init__(self, schema: Object) -> None:
        self.schema = schema
        self._ways: dict[int, int] = {}

    def is_more(self, value: Json, most: int) -> bool:
        """Say whether the values in a value, each times the schemas that it is held against, are more than `most`."""
        return is_larger(value, self._room(value, most))

    def telling(self, value: Json, most: int) -> Telling:
        """Say whether all that is wrong with a value can be told in `most` failures, or only what is found first.

        A failure of `anyOf` holds those of all alternatives, and so on inside of these: even one may be too much.
        """
        room = self._room(value, most)
        if not is_larger(value, room):
            return "all"
        chosen = self._alternatives
        return "none" if chosen is not None and any(is_larger(each, room) for each in _at(value, chosen)) else "first"

    def _room(self, value: Json, most: int) -> int:
        """Give how many values as deep as this one come to `most`."""
        high = height(value)
        if high not in self._ways:
            self._ways[high] = ways_within(self.schema, high)
        return most // max(1, self._ways[high])

    @cached_property
    def _alternatives(self) -> int | None:
        return alternatives(self.schema)


def is_larger(value: Json, most: int) -> bool:
    """Say whether there are more than `most` values in a value, itself included; without recursion."""
    pending: list[Any] = [value]
    count = 1
    while pending and count <= most:
        outer = pending.pop()
        if type(outer) in COLLECTIONS:
            count += len(outer)
            if count <= most:
                pending += filter(None, outer.values() if type(outer) is dict else outer)
    return count > most


def height(value: Json) -> int:
    """Give how deep collections are nested in a value, at most `DEEPEST`."""
    level: list[Any] = [value]
    for depth in range(DEEPEST):
        level = [each for each in level if type(each) in COLLECTIONS]
        if not level:
            return depth
        level = _inner(level)
    return DEEPEST


def _at(value: Json, depth: int) -> list[Any]:
    level: list[Any] = [value]
    for _ in range(depth):
        level = _inner(level)
    return level


def _inner(level: Iterable[Any]) -> list[Any]:
    return [
        inner
        for outer in level
        if type(outer) in COLLECTIONS
        for inner in (outer.values() if type(outer) is dict else outer)
    ]


def ways_within(root: Object, high: int) -> int:
    """Give how many schemas a value and one inside of it, and so on, are held against, `high` levels down.

    A schema that leads back to itself counts at each level anew.
    """
    definitions = root["$defs"]
    every = every_way(root)
    level = ways_on_the_spot(every, root)
    placed = {id(schema) for schema in level.done}
    done = [*(schema for schema in every.done if id(schema) not in placed), *level.done]
    leading = [schema for schema in done if every.leads(schema) or not schema]
    alone = {id(schema): ALONE for schema in done if schema and not every.leads(schema)}
    ones = dict.fromkeys(alone, ALONE.total)
    totals: dict[int, int] = {}
    for _ in range(high + 1):
        before, work = totals, alone.copy()
        for schema in leading:
            work[id(schema)] = _work(schema, definitions, work, before)
        totals = ones | {id(schema): work[id(schema)].total for schema in leading}
        if totals == before:
            break
    return totals[id(root)]


def _work(schema: Object, definitions: Json, work: dict[int, Work], below: dict[int, int]) -> Work:
    adding = Adding(int(not schema.keys() <= {"$ref", "$defs"}))  # who only refers finds no fault
    for part in parts(schema, definitions, SAME):
        if (found := work.get(id(part))) is not None:
            adding.beside(found)
    for keyword in schema.keys() & WITHIN:
        for place, part in inside_of(keyword, schema[keyword]):
            adding.within(place, below.get(id(part), 0))
    return adding.done()


def alternatives(root: Object) -> int | None:
    """Give how many levels down a value is first held against alternatives, if it ever is."""
    definitions = root["$defs"]
    seen: set[int] = set()
    level: list[Value] = [{**root}]
    depth = 0
    while level:
        here = list(_new(level, seen, definitions))
        if any("anyOf" in each or "oneOf" in each for each in here):
            return depth
        level = [part for each in here for part in parts(each, {}, WITHIN)]
        depth += 1
    return None


def _new(level: list[Value], seen: set[int], definitions: Json) -> Iterator[Object]:
    """Give the schemas of a level, and those that speak about the same value, each once."""
    pending = list(level)
    while pending:
        schema = pending.pop()
        if isinstance(schema, dict) and id(schema) not in seen:
            seen.add(id(schema))
            yield schema
            pending += parts(schema, definitions, SAME)

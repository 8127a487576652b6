"""Says whether a value is nested too deeply for what recurses, how deep a schema leads, and how often it repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from runner.records import Mutable, field
from runner.schema.keywords import DEFINITIONS, IN_PLACE, MANY, NAMED, ONE, Object
from runner.values import Json, Value, member

# Validators recurse, and one written in a compiled language would take the process with it.
DEEPEST = 200

MOST_WAYS = 1_000_000
"""Schemas that a value and what is inside of it may be held against, each as often as there are ways to it."""

ANYWHERE = "*"

COLLECTIONS = (dict, list)


def is_deeper(value: Json, depth: int) -> bool:
    """Say whether collections are nested deeper than `depth`; level by level, without recursion."""
    level: list[Any] = [value] if isinstance(value, COLLECTIONS) else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in COLLECTIONS
        ]
    return bool(level)


EVERY = MANY | NAMED | ONE
SAME = IN_PLACE | {"if", "not"}
WITHIN = EVERY - SAME


def every_way(root: Object) -> Ways:
    """Follow all ways through a gathered schema."""
    definitions = root["$defs"]
    every = Ways(lambda schema: parts(schema, definitions, EVERY))
    every.walk(root)
    return every


def ways_on_the_spot(every: Ways, root: Object) -> Ways:
    """Follow the ways to those schemas of a gathered one that speak about the same value."""
    definitions = root["$defs"]
    level = Ways(lambda schema: parts(schema, definitions, SAME))
    for schema in every.schemas:
        level.walk(schema)
    return level


def levels(every: Ways, root: Object, most: int) -> int | None:
    """Say how deep a value may be nested that an engine checks against a gathered schema; None: as deep as it likes.

    The engine goes no deeper into a value than the schema does, which is of no account unless that leads back to
    itself. It may be in `most` schemas at once, each by way of another.
    """
    if not every.circle and every.longest <= most:
        return None
    return min(DEEPEST, most // ways_on_the_spot(every, root).longest)


def parts(schema: Object, definitions: Json, keywords: frozenset[str]) -> Iterator[Value]:
    """Give the schemas that these keywords of a schema hold, and the one that it refers to."""
    for keyword, value in schema.items():
        if keyword == "$ref":
            yield member(definitions, str(value).removeprefix(DEFINITIONS))
        elif keyword not in keywords:
            continue
        elif isinstance(value, list):
            yield from value
        elif isinstance(value, dict) and keyword in NAMED:
            yield from value.values()
        else:
            yield value


def multiplies(every: Ways, root: Object) -> bool:
    """Say whether a gathered schema holds a value, and one inside of it, and so on, against more than `MOST_WAYS`.

    Forty schemas, each of which asks twice for the next, come to a million million. Those that lead back to each other
    are left out: an engine remembers what such a one said of a value.
    """
    if len(every.done) << min(every.again, 64) <= MOST_WAYS:
        return False  # each schema that is led to once more at most doubles the ways
    return _most(every, root["$defs"]) > MOST_WAYS


def _most(every: Ways, definitions: Json) -> int:
    circles = _circles(every)
    work: dict[int, Work] = {}
    for schema in every.done:
        work[id(schema)] = _work(schema, definitions, work, circles)
    return max(each.total for each in work.values())


def _circles(every: Ways) -> dict[int, int]:
    """Give each schema one of those that it leads to and that lead back to it, the same for all of these (Kosaraju)."""
    before: dict[int, list[int]] = {}
    for schema in every.done:
        for part in every.steps(schema):
            before.setdefault(id(part), []).append(id(schema))
    found: dict[int, int] = {}
    for schema in reversed(every.done):
        pending = [id(schema)]
        while pending:
            each = pending.pop()
            if each not in found:
                found[each] = id(schema)
                pending += before.get(each, ())
    return found


class Work(NamedTuple):
    """The schemas that a value is held against, and those that what is inside of it is, by where that is.

    Each counts as often as there are ways to it. `total` is for the place inside where there are most.
    """

    ways: int
    inside: Mapping[str, int]

    @property
    def total(self) -> int:
        named = max((count for place, count in self.inside.items() if place != ANYWHERE), default=0)
        return self.ways + named + self.inside.get(ANYWHERE, 0)


def _work(schema: Object, definitions: Json, work: Mapping[int, Work], circles: Mapping[int, int]) -> Work:
    def known(part: Value) -> Work | None:
        return None if circles.get(id(part)) == circles[id(schema)] else work.get(id(part))

    ways, inside = 1, Counter[str]()
    for part in parts(schema, definitions, SAME):
        if (found := known(part)) is not None:
            ways += found.ways
            inside.update(found.inside)
    for keyword in schema.keys() & WITHIN:
        for place, part in inside_of(keyword, schema[keyword]):
            if (found := known(part)) is not None:
                inside[place] += found.total
    return Work(ways, inside)


def inside_of(keyword: str, value: Value) -> Iterator[tuple[str, Value]]:
    """Give the schemas of a keyword with the place that each is for: a member, an item, or any of these."""
    if isinstance(value, list):
        yield from ((f"[{number}]", part) for number, part in enumerate(value))
    elif isinstance(value, dict) and keyword == "properties":
        yield from ((f"={name}", part) for name, part in value.items())
    elif isinstance(value, dict) and keyword == "patternProperties":
        yield from ((ANYWHERE, part) for part in value.values())
    else:
        yield ANYWHERE, value


class Ways(Mutable):
    """The ways through schemas: the number of schemas on the longest one from each, where none is visited twice.

    `done` are those of which all parts were followed, the parts first; `again` counts ways to what was followed before.
    """

    steps: Callable[[Object], Iterable[Value]]
    schemas: list[Object] = field(default_factory=list)
    lengths: dict[int, int] = field(default_factory=dict)
    circle: bool = False
    done: list[Object] = field(default_factory=list)
    again: int = 0

    @property
    def longest(self) -> int:
        return max(self.lengths.values())

    def walk(self, start: Object) -> None:
        """Follow all ways from a schema; without recursion, for they may be long."""
        way = [(start, self._enter(start))] if id(start) not in self.lengths else []
        on_the_way = {id(start)}
        while way:
            schema, steps = way[-1]
            inner = next(steps, None)
            if inner is None:
                way.pop()
                self.done.append(schema)
                on_the_way.discard(id(schema))
                if way:
                    self._count(way[-1][0], schema)
            elif id(inner) not in self.lengths:
                way.append((inner, self._enter(inner)))
                on_the_way.add(id(inner))
            elif id(inner) in on_the_way:
                self.circle = True
            else:
                self.again += 1
                self._count(schema, inner)

    def _enter(self, schema: Object) -> Iterator[Object]:
        self.schemas.append(schema)
        self.lengths[id(schema)] = 1
        return (inner for inner in self.steps(schema) if isinstance(inner, dict))

    def _count(self, schema: Object, inner: Object) -> None:
        self.lengths[id(schema)] = max(self.lengths[id(schema)], self.lengths[id(inner)] + 1)

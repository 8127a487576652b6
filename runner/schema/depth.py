"""Says whether a value is nested too deeply for what recurses, how deep a schema leads, and how often it repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    every = Ways(root["$defs"], EVERY)
    every.walk(root)
    return every


def ways_on_the_spot(every: Ways, root: Object) -> Ways:
    """Follow the ways to those schemas of a gathered one that speak about the same value, but for those with none."""
    level = Ways(root["$defs"], SAME)
    for schema in every.schemas:
        if level.leads(schema):
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
    before = _before(every)
    circles = _circles(every, before)
    if len(every.done) << min(_again(before, circles), 64) <= MOST_WAYS:
        return False
    return _most(every, root["$defs"], circles) > MOST_WAYS


def _most(every: Ways, definitions: Json, circles: Mapping[int, int]) -> int:
    work: dict[int, Work] = {}
    for schema in every.done:
        work[id(schema)] = _work(schema, definitions, work, circles) if every.leads(schema) else ALONE
    return max(each.total for each in work.values())


def _before(every: Ways) -> dict[int, list[int]]:
    """Give the schemas that lead to each, as often as they do."""
    before: dict[int, list[int]] = {}
    for schema in filter(every.leads, every.done):
        for part in every.steps(schema):
            before.setdefault(id(part), []).append(id(schema))
    return before


def _again(before: Mapping[int, list[int]], circles: Mapping[int, int]) -> int:
    """Count the ways to schemas beyond the first to each, but for those within a circle."""
    several = ((circles.get(place), above) for place, above in before.items() if len(above) > 1)
    return sum(max(0, sum(circles[each] != own for each in above) - 1) for own, above in several)


def _circles(every: Ways, before: Mapping[int, list[int]]) -> dict[int, int]:
    """Give each schema one of those that it leads to and that lead back to it, the same for all of these (Kosaraju).

    One that leads nowhere is left out.
    """
    found: dict[int, int] = {}
    for schema in filter(every.leads, reversed(every.done)):
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
    total: int


ALONE = Work(1, {}, 1)
"""Of a schema that leads to no other."""


class Adding:
    """Work that is being summed up from that of the schemas which one leads to."""

    def __init__(self, ways: int) -> None:
        self.ways = ways
        self.inside: dict[str, int] = {}

    def beside(self, found: Work) -> None:
        """Add a schema that speaks about the same value."""
        self.ways += found.ways
        for place, count in found.inside.items():
            self.within(place, count)

    def within(self, place: str, count: int) -> None:
        """Add what a value at a place inside is held against."""
        self.inside[place] = self.inside.get(place, 0) + count

    def done(self) -> Work:
        named = max((count for place, count in self.inside.items() if place != ANYWHERE), default=0)
        return Work(self.ways, self.inside, self.ways + named + self.inside.get(ANYWHERE, 0))


def _work(schema: Object, definitions: Json, work: Mapping[int, Work], circles: Mapping[int, int]) -> Work:
    own, adding = circles[id(schema)], Adding(1)
    for part in parts(schema, definitions, SAME):
        if circles.get(id(part)) != own and (found := work.get(id(part))) is not None:
            adding.beside(found)
    for keyword in schema.keys() & WITHIN:
        for place, part in inside_of(keyword, schema[keyword]):
            if circles.get(id(part)) != own and (found := work.get(id(part))) is not None:
                adding.within(place, found.total)
    return adding.done()


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

    They lead by these `keywords` and by references into the `definitions`. `done` are those of which all parts were
    followed, the parts first; `again` counts ways to what was followed before.
    """

    definitions: Json
    keywords: frozenset[str]
    schemas: list[Object] = field(default_factory=list)
    lengths: dict[int, int] = field(default_factory=dict)
    circle: bool = False
    done: list[Object] = field(default_factory=list)
    again: int = 0

    @property
    def longest(self) -> int:
        return max(self.lengths.values(), default=1)

    def leads(self, schema: Object) -> bool:
        """Say whether a schema leads to others; most of those that there are do not."""
        return "$ref" in schema or not self.keywords.isdisjoint(schema)

    def steps(self, schema: Object) -> Iterator[Value]:
        """Give what a schema leads to."""
        return parts(schema, self.definitions, self.keywords)

    def walk(self, start: Object) -> None:
        """Follow all ways from a schema; without recursion, for they may be long."""
        if id(start) in self.lengths:
            return
        way = [(start, self._enter(start))]
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
            elif id(inner) in on_the_way:
                self.circle = True
            elif id(inner) in self.lengths:
                self.again += 1
                self._count(schema, inner)
            else:
                way.append((inner, self._enter(inner)))
                on_the_way.add(id(inner))

    def _enter(self, schema: Object) -> Iterator[Object]:
        """Give what a schema leads to that leads on; the rest, which is most, is done with at once."""
        inner, ends = list[Object](), list[Object]()
        for each in self.steps(schema):
            if isinstance(each, dict):
                (inner if self.leads(each) else ends).append(each)
        new = {id(each): each for each in ends if id(each) not in self.lengths}
        self.again += len(ends) - len(new)
        self.lengths |= dict.fromkeys(new, 1)
        self.lengths[id(schema)] = 2 if ends else 1
        self.done += new.values()
        self.schemas += (schema, *new.values())
        return iter(inner)

    def _count(self, schema: Object, inner: Object) -> None:
        self.lengths[id(schema)] = max(self.lengths[id(schema)], self.lengths[id(inner)] + 1)

"""Turns the schemas of an array into one: its items one by one, as many as it takes and a few more."""

from __future__ import annotations

from collections.abc import Sequence

from runner.records import Frozen, replace
from runner.sandbox.generic.generate.place import Exhausted, Maker, Place, Ungeneratable
from runner.sandbox.generic.generate.reading import Flat, is_false, item_schemas, leading_items, same, sizes
from runner.schema.keywords import Object
from runner.values import Json

_OTHERS = 40
_LONGEST = 10_000
_PLACES = 3


def make_array(maker: Maker, flat: Flat, place: Place) -> Json:
    """Make an array; Ungeneratable where one of the items that have to be there cannot be made."""
    least, most = sizes(flat, "Items")
    wanting = [_Wanted(schema["contains"], _count(schema)) for schema in flat if "contains" in schema]
    if (most is not None and least > most) or max([least, *(each.count for each in wanting)]) > _LONGEST:
        raise Ungeneratable(place.pointer, "an array cannot have as many items as its schema wants")
    wanted = _usual(maker, flat, place, (least, most))
    items: list[Json] = []
    while len(items) < wanted or (_open(wanting) and len(items) < _room(flat, most, wanting)):
        try:
            item = _next(maker, flat, _open(wanting), (items, place.below(len(items), flat)))
        except Exhausted:
            raise
        except Ungeneratable:
            if len(items) < least:
                raise
            break
        items.append(item)
        wanting = [each.after(maker, item) for each in wanting]
    if _open(wanting):
        raise Ungeneratable(place.pointer, "there is no place for what the array has to contain")
    return items


class _Wanted(Frozen):
    """A schema that some items have to satisfy, and how many."""

    schema: Json
    count: int

    def after(self, maker: Maker, item: Json) -> _Wanted:
        satisfied = self.count > 0 and maker.allows([self.schema], item)
        return replace(self, count=self.count - 1) if satisfied else self


def _count(schema: Object) -> int:
    count = schema.get("minContains", 1)
    return int(count) if isinstance(count, int | float) else 1


def _open(wanting: Sequence[_Wanted]) -> list[Json]:
    return [each.schema for each in wanting if each.count > 0]


def _room(flat: Flat, most: int | None, wanting: Sequence[_Wanted]) -> int:
    """Give how many items there may be at most while a place is looked for."""
    room = leading_items(flat) + sum(each.count for each in wanting) + _PLACES
    return room if most is None else min(most, room)


def _next(maker: Maker, flat: Flat, wanting: Sequence[Json], at: tuple[Sequence[Json], Place]) -> Json:
    """Make the next item: what the array has yet to contain where that may stand here, all at once if need be."""
    schemas = item_schemas(flat, len(at[0]))
    alone = [[each] for each in wanting] if len(wanting) > 1 else []
    for way in [wanting, *alone] if wanting else ():
        try:
            return _item(maker, flat, [*schemas, *way], at)
        except Exhausted:
            raise
        except Ungeneratable:
            continue
    return _item(maker, flat, schemas, at)


def _usual(maker: Maker, flat: Flat, place: Place, bounds: tuple[int, int | None]) -> int:
    """Say how many items there are: those that have a place of their own, or one to three where there may be."""
    least, most = bounds
    leading = leading_items(flat)
    first = item_schemas(flat, least)
    usual = leading or place.dice.at("items").between(1, 3 if place.depth == 0 else 2)
    if is_false(first) or not maker.wants(first or [{}], place.below(least, flat)):
        usual = leading
    wanted = max(least, usual)
    return wanted if most is None else min(wanted, most)


def _item(maker: Maker, flat: Flat, schemas: Sequence[Json], at: tuple[Sequence[Json], Place]) -> Json:
    """Make one item, other than those before it where they have to differ."""
    before, place = at
    if is_false(schemas):
        raise Ungeneratable(place.pointer, "its schema has no room for this item")
    unique = any(schema.get("uniqueItems") is True for schema in flat)
    for attempt in range(_OTHERS if unique else 1):
        item = maker.value(schemas, place.again(attempt + (1 if before else 0)))
        if not unique or not any(same(item, each) for each in before):
            return item
    raise Ungeneratable(place.pointer, "no item was found that is not there already")

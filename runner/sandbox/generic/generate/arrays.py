"""Turns the schemas of an array into one: its items one by one, as many as it takes and a few more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.sandbox.generic.generate.place import Exhausted, Maker, Place, Ungeneratable
from runner.sandbox.generic.generate.reading import Flat, is_false, item_schemas, leading_items, same, sizes
from runner.values import Json

_OTHERS = 40
_LONGEST = 10_000


def make_array(maker: Maker, flat: Flat, place: Place) -> Json:
    """Make an array; Ungeneratable where one of the items that have to be there cannot be made."""
    least, most = sizes(flat, "Items")
    contained = list(_contained(flat, most))
    needed = max(least, len(contained))
    if (most is not None and needed > most) or needed > _LONGEST:
        raise Ungeneratable(place.pointer, "an array cannot have as many items as its schema wants")
    wanted = _wanted(maker, flat, place, (needed, most))
    items: list[Json] = []
    for index in range(wanted):
        schemas = [*item_schemas(flat, index), *(contained[index] if index < len(contained) else ())]
        try:
            items.append(_item(maker, flat, schemas, (items, place.below(index, flat))))
        except Exhausted:
            raise
        except Ungeneratable:
            if index < needed:
                raise
            break
    return items


def _contained(flat: Flat, most: int | None) -> Iterator[list[Json]]:
    """Give what items have to be among others, for the first of them: one item for each where there is room."""
    wanted = []
    for schema in flat:
        if "contains" in schema:
            count = schema.get("minContains", 1)
            wanted += [schema["contains"]] * (int(count) if isinstance(count, int | float) else 1)
    together = most is not None and len(wanted) > most > 0
    yield from [wanted] if together else ([each] for each in wanted)


def _wanted(maker: Maker, flat: Flat, place: Place, bounds: tuple[int, int | None]) -> int:
    """Say how many items there are: those that have a place of their own, or one to three where there may be."""
    needed, most = bounds
    leading = leading_items(flat)
    first = item_schemas(flat, needed)
    usual = leading or place.dice.at("items").between(1, 3 if place.depth == 0 else 2)
    if is_false(first) or not maker.wants(first or [{}], place.below(needed, flat)):
        usual = leading
    wanted = max(needed, usual)
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

"""Turns the schemas of an object into one: the members that have to be there, then those that may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runner.sandbox.generic.generate.formats import word
from runner.sandbox.generic.generate.place import Exhausted, Maker, Place, Ungeneratable
from runner.sandbox.generic.generate.reading import Flat, declared, is_false, member_schemas, required, sizes
from runner.sandbox.generic.generate.strings import names_like
from runner.values import Json

_NAMES = 400


def make_object(maker: Maker, flat: Flat, place: Place) -> Json:
    """Make an object; Ungeneratable where one of the members that have to be there cannot be made."""
    least, most = sizes(flat, "Properties")
    needed = required(flat)
    if most is not None and (least > most or len(needed) > most):
        raise Ungeneratable(place.pointer, "an object cannot have as many members as its schema wants")
    made = {name: _member(maker, flat, name, place) for name in needed}
    for name in declared(flat):
        if name not in made and maker.wants(member_schemas(flat, name), place.below(name, flat)):
            made |= _optional(maker, flat, [*made, name], (place, most))
    if len(made) < least or _is_map(flat, made):
        made |= _others(maker, flat, made, place)
    if len(made) < least:
        raise Ungeneratable(place.pointer, "an object has fewer members than its schema wants")
    return {name: made[name] for name in (*declared(flat), *made) if name in made}


def _member(maker: Maker, flat: Flat, name: str, place: Place) -> Json:
    schemas = member_schemas(flat, name)
    at = place.below(name, flat)
    if is_false(schemas) or not maker.allows(_name_schemas(flat), name):
        raise Ungeneratable(at.pointer, "it has to be there, and its schema refuses it")
    return maker.value(schemas, at)


def _optional(maker: Maker, flat: Flat, names: Sequence[str], at: tuple[Place, int | None]) -> dict[str, Json]:
    """Make the last member of these, and those that it requires; none where one of them cannot be made."""
    *already, _ = names
    place, most = at
    wanted = [name for name in required(flat, names) if name not in already]
    if most is not None and len(already) + len(wanted) > most:
        return {}
    try:
        return {name: _member(maker, flat, name, place) for name in wanted}
    except Exhausted:
        raise
    except Ungeneratable:
        return {}


def _is_map(flat: Flat, made: Iterable[str]) -> bool:
    """Say whether an object is meant to hold members of any name: nothing else is known of it."""
    if list(made) or declared(flat):
        return False
    return any(isinstance(each.get("additionalProperties"), dict) or "patternProperties" in each for each in flat)


def _others(maker: Maker, flat: Flat, made: dict[str, Json], place: Place) -> dict[str, Json]:
    """Make members that no property names, as many as there have to be and at least one, if there may be any."""
    least, most = sizes(flat, "Properties")
    found: dict[str, Json] = {}
    for name in _names(maker, flat, place):
        count = len(made) + len(found)
        if count >= max(least, 1) or (most is not None and count >= most):
            break
        schemas = member_schemas(flat, name)
        is_needed = count < least or maker.wants(schemas, place.below(name, flat))
        if name not in made and name not in found and is_needed:
            found |= _optional(maker, flat, [*made, *found, name], (place, most))
    return found


def _names(maker: Maker, flat: Flat, place: Place) -> Iterator[str]:
    """Offer names: declared ones, those of a pattern, those that `propertyNames` describes, and words."""
    yield from declared(flat)
    for schema in flat:
        patterns = schema.get("patternProperties")
        for pattern in patterns if isinstance(patterns, dict) else ():
            yield from names_like(pattern, place.dice.at(pattern))
    described = _name_schemas(flat)
    for attempt in range(_NAMES):
        if described:
            try:
                name = maker.value([*described, {"type": "string"}], place.again(attempt + 1))
            except Ungeneratable:
                return
            yield str(name)
        else:
            dice = place.dice.at("name", attempt)
            yield word(dice) if attempt < 8 else f"{word(dice)}{attempt}"


def _name_schemas(flat: Flat) -> list[Json]:
    return [schema["propertyNames"] for schema in flat if "propertyNames" in schema]

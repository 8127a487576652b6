"""Turns a schema into a value that satisfies it: the same one for the same dice, and another one for others.

A value is made from the outside to the inside, and where alternatives are left open the first that leads to one is
taken. Most schemas need no more. Where the value does not satisfy the whole after all it is made once more, with every
part looked at on the way, so that a choice that was wrong is undone where it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from runner.exchange import media_type
from runner.records import Frozen, replace
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.arrays import make_array
from runner.sandbox.generic.generate.expand import Expander
from runner.sandbox.generic.generate.heights import Heights
from runner.sandbox.generic.generate.negate import Way
from runner.sandbox.generic.generate.numbers import number_candidates
from runner.sandbox.generic.generate.objects import make_object
from runner.sandbox.generic.generate.place import Exhausted, Place, Ungeneratable
from runner.sandbox.generic.generate.reading import Flat, is_false, kinds, listed_values, samples
from runner.sandbox.generic.generate.strings import string_candidates
from runner.schema import Schema, kind_of
from runner.schema.choice import best_engine
from runner.schema.depth import every_way
from runner.schema.engines import Refused, Validator, nesting_of, new_validator
from runner.schema.keywords import Object, applied
from runner.text import json_text
from runner.values import Json

MOST = 8_000
"""Values that are begun in an attempt before the schema is given up."""

_ROOMY = 1_000
_DEEP = 5
_ATTEMPTS = 4
_EXPANSIONS = 64
_FAILURES = 3
_TRIES = 16


class Wishes(Frozen):
    """What is wanted of a value. `dynamic`: no examples of the schema; `hidden` marks members that are left out."""

    dynamic: bool = False
    hidden: str = "writeOnly"


AS_WRITTEN = Wishes()


def make_value(schema: Schema, dice: Dice, wishes: Wishes = AS_WRITTEN) -> Json:
    """Make a value that a schema calls valid, or raise Ungeneratable with the place and the reason."""
    root = schema.gathered.schema
    problem = Ungeneratable("", "nothing was found that satisfies the whole of its schema")
    for attempt in range(_ATTEMPTS):
        making = _Making(root, wishes, careful=attempt > 0)
        try:
            value = making.value([{"$ref": root["$ref"]}], Place(dice).again(attempt // 2))
        except Exhausted as found:
            if attempt > 0:
                raise
            problem = found
        except Ungeneratable as found:
            problem = found
        except RecursionError:
            raise Ungeneratable("", "its schema leads too deep") from None
        else:
            if schema.valid(value):
                return value
    raise problem


@dataclass
class _Making:
    """One attempt. `careful`: every part is held against its schemas as soon as it is made.

    `failed` counts how often nothing was found for schemas, by the identity of each; it keeps them, and so their
    identity. As do the `validators`.
    """

    root: Object
    wishes: Wishes
    careful: bool
    begun: int = 0
    heights: Heights = field(init=False)
    expander: Expander = field(init=False)
    failed: dict[tuple[int, ...], tuple[Sequence[Json], int]] = field(default_factory=dict)
    validators: dict[tuple[int, ...], tuple[Sequence[Json], Validator | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heights = Heights(self.root)
        self.expander = Expander(self.root, strict=self.careful)

    def value(self, schemas: Sequence[Json], place: Place) -> Json:
        """Make a value that all of the schemas allow."""
        self.begun += 1
        if self.begun > MOST:
            raise Exhausted(place.pointer, "too many ways to satisfy its schema lead nowhere")
        key = tuple(map(id, schemas))
        _, failures = self.failed.get(key, (schemas, 0))
        at = replace(place, problems=[])
        if failures < _FAILURES:
            for value in self.candidates(schemas, at):
                if not self.careful or self.allows(schemas, value):
                    return value
            self.failed[key] = schemas, failures + 1
        if at.problems:
            raise at.problems[0]
        raise Ungeneratable(place.pointer, "nothing was found that satisfies all of its schema")

    def wants(self, schemas: Sequence[Json], place: Place) -> bool:
        """Say whether a part that may be left out is made: one that may be sent and does not lead too deep."""
        if self.begun > _ROOMY or is_false(schemas) or place.depth + self.heights.of(*schemas) > _DEEP + 1:
            return False
        beside = [each for schema in schemas for each in applied(schema, self.root, branches=True)]
        return not any(id(each) in place.within or each.get(self.wishes.hidden) is True for each in beside)

    def allows(self, schemas: Sequence[Json], value: Json) -> bool:
        """Say whether a value satisfies all of the schemas."""
        if not schemas:
            return True
        key = tuple(map(id, schemas))
        if key not in self.validators:
            self.validators[key] = schemas, self.validator(schemas)
        validator = self.validators[key][1]
        try:
            return validator is not None and validator.is_valid(value)
        except RecursionError:
            return False

    def validator(self, schemas: Sequence[Json]) -> Validator | None:
        kept = {name: self.root[name] for name in ("$schema", "$defs") if name in self.root}
        try:
            whole = {**kept, "allOf": list(schemas)}
            return new_validator(whole, best_engine(), nesting_of(whole, best_engine(), every_way(whole)))
        except (Refused, RecursionError):
            return None

    def candidates(self, schemas: Sequence[Json], place: Place) -> Iterator[Json]:
        """Offer values for one choice among the alternatives after the other; one of each, unless it takes more."""

        def order(ways: Sequence[Way], flat: Flat) -> Sequence[Way]:
            return self.in_order(ways, flat, place)

        for flat in islice(self.expander.expansions(schemas, order), _EXPANSIONS):
            yield from islice(self.offered(flat, place), 4 * _TRIES if self.careful else 1)

    def in_order(self, ways: Sequence[Way], flat: Flat, place: Place) -> Sequence[Way]:
        """Put alternatives in order: as written or thrown, but what holds already first, what leads back and null last.

        Where a value has become large or deep, the small ones come first.
        """
        if self.wishes.dynamic or place.fresh:
            ways = place.dice.at("way", len(flat)).rotated(ways)
        if self.begun > _ROOMY or place.depth >= _DEEP:
            return sorted(ways, key=lambda way: self.heights.of(*way))
        known = {id(schema) for schema in flat}

        def rank(way: Way) -> int:
            parts = [self.expander.target(part) if isinstance(part, dict) and "$ref" in part else part for part in way]
            if any(isinstance(part, dict) and part.get("type") == "null" for part in parts):
                return 3
            if any(id(part) in place.within for part in parts):
                return 2
            return 0 if any(id(part) in known for part in parts if isinstance(part, dict)) else 1

        return sorted(ways, key=rank)

    def offered(self, flat: Flat, place: Place) -> Iterator[Json]:
        """Offer values for schemas without alternatives: their examples, what they list, and what can be made."""
        allowed, throws = kinds(flat), self.wishes.dynamic or place.fresh
        if not throws:
            yield from (value for value in samples(flat) if kind_of(value) in allowed)
        listed = listed_values(flat)
        if listed is None:
            for kind in allowed:
                yield from self.of_kind(kind, flat, place)
            return
        known = [value for value in listed if value is not None]
        yield from place.dice.rotated(known) if throws else known
        yield from (None for value in listed if value is None)

    def of_kind(self, kind: str, flat: Flat, place: Place) -> Iterator[Json]:
        """Offer values of one type."""
        dice = place.dice.at(kind)
        match kind:
            case "string":
                yield from self.documents(flat, place)
                yield from islice(string_candidates(flat, dice), _TRIES)
            case "number" | "integer":
                yield from islice(number_candidates(flat, dice, whole=kind == "integer"), 2 * _TRIES)
            case "boolean":
                yield from dice.rotated((True, False))
            case "null":
                yield None
            case _:
                yield from self.collections(kind, flat, place)

    def documents(self, flat: Flat, place: Place) -> Iterator[str]:
        """Offer the JSON texts that a string is to hold (`contentSchema`)."""
        for schema in flat:
            kind = media_type(str(schema.get("contentMediaType", "application/json")))
            if "contentSchema" in schema and "contentEncoding" not in schema and kind.is_json:
                try:
                    yield json_text(self.value([schema["contentSchema"]], place.below("", flat)))
                except Exhausted:
                    raise
                except Ungeneratable:
                    continue

    def collections(self, kind: str, flat: Flat, place: Place) -> Iterator[Json]:
        make = make_array if kind == "array" else make_object
        for attempt in range(3 if self.careful else 1):
            try:
                yield make(self, flat, place.again(attempt))
            except Exhausted:
                raise
            except Ungeneratable as problem:
                place.problems.append(problem)

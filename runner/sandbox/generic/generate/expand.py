"""Turns schemas into the lists of plain schemas that they may come to, one for every way to choose among alternatives.

`$ref` and `allOf` are followed; of `anyOf`, `oneOf`, `if` and their like one alternative is taken; `not` is turned into
what satisfies it. Choices that leave no type, or no value, are given up as soon as that shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from runner.records import Frozen
from runner.sandbox.generic.generate.negate import Way, negations
from runner.sandbox.generic.generate.reading import Flat, kinds, listed_values
from runner.schema.keywords import DEFINITIONS, Object
from runner.values import Json

Order: TypeAlias = Callable[[Sequence[Way], Flat], Sequence[Way]]
"""Put alternatives into the order in which they are tried, given what holds already."""


class Expander(Frozen):
    """The schemas below one root. With `strict` the alternatives that `oneOf` does not choose are ruled out."""

    root: Object
    strict: bool = False

    def expansions(self, schemas: Sequence[Json], order: Order) -> Iterator[Flat]:
        """Give what the schemas may come to, lazily; each holds every schema once."""
        return self._expanded(tuple(schemas), (), (), order)

    def target(self, schema: Object) -> Json:
        """Give what the reference of a schema leads to; without one, what everything satisfies."""
        reference = schema.get("$ref")
        definitions = self.root["$defs"]
        if isinstance(reference, str) and isinstance(definitions, dict):
            return definitions.get(reference.removeprefix(DEFINITIONS), True)
        return True

    def _expanded(
        self, new: tuple[Json, ...], known: Flat, choices: tuple[Sequence[Way], ...], order: Order
    ) -> Iterator[Flat]:
        flat, seen = list(known), {id(schema) for schema in known}
        pending, found = list(new), list(choices)
        while pending:
            schema = pending.pop(0)
            if schema is False:
                return
            if isinstance(schema, dict) and id(schema) not in seen:
                seen.add(id(schema))
                flat.append(schema)
                parts = schema.get("allOf")
                pending += [self.target(schema), *(parts if isinstance(parts, list) else ())]
                found += self._choices(schema)
        here = tuple(flat)
        if not kinds(here) or listed_values(here) == []:
            return
        if not found:
            yield here
            return
        for way in order(found[0], here):
            yield from self._expanded(way, here, tuple(found[1:]), order)

    def _choices(self, schema: Object) -> Iterator[Sequence[Way]]:
        """Give the alternatives that a schema leaves open, keyword by keyword."""
        options, one = schema.get("anyOf"), schema.get("oneOf")
        if isinstance(options, list):
            yield [(option,) for option in options]
        if isinstance(one, list):
            yield [(option, *self._others(one, place)) for place, option in enumerate(one)]
        if "if" in schema:
            condition = schema["if"]
            otherwise = [(*way, schema.get("else", True)) for way in negations(condition, self.root)]
            yield [(condition, schema.get("then", True)), *otherwise]
        if "not" in schema:
            yield from self._negated(schema, schema["not"])
        for keyword in ("dependentSchemas", "dependencies"):
            holder = schema.get(keyword)
            for name, part in holder.items() if isinstance(holder, dict) else ():
                if isinstance(part, dict | bool):
                    yield [(part,), ({"properties": {name: False}},)]

    def _others(self, options: Sequence[Json], place: int) -> Iterator[Json]:
        if self.strict:
            yield from ({"not": option} for index, option in enumerate(options) if index != place)

    def _negated(self, schema: Object, inner: Json) -> Iterator[Sequence[Way]]:
        """Give the ways to satisfy a `not`; one that cannot be said otherwise is already there."""
        ways = negations(inner, self.root)
        if not any(len(way) == 1 and way[0] == {"not": inner} for way in ways):
            yield ways

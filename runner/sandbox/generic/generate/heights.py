"""Turns a schema into how many levels of collections its smallest value has, so that what refers to itself comes to an
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.records import Frozen, field
from runner.schema.keywords import DEFINITIONS, Object
from runner.values import Json, member

HIGHEST = 12
"""More than this is as good as endless."""


class Heights(Frozen):
    """Heights below one root. `known` says whether a schema has values of no more than a number of levels."""

    root: Object
    known: dict[tuple[int, int], bool] = field(default_factory=dict)

    def of(self, *schemas: Json) -> int:
        """Give the least levels that a value of all these schemas has: 0 for a scalar, or for an empty collection."""
        return next((levels for levels in range(HIGHEST) if all(self._fits(each, levels) for each in schemas)), HIGHEST)

    def _fits(self, schema: Json, levels: int) -> bool:
        if not isinstance(schema, dict):
            return schema is not False and levels >= 0
        key = (id(schema), levels)
        if key not in self.known:
            self.known[key] = False  # of what leads back to itself: there has to be another way
            self.known[key] = levels >= 0 and self._has_room(schema, levels)
        return self.known[key]

    def _has_room(self, schema: Object, levels: int) -> bool:
        if "const" in schema or "enum" in schema:
            return True
        same: list[Json] = [*_listed(schema.get("allOf"))]
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = member(self.root["$defs"], reference.removeprefix(DEFINITIONS))
            same.append(target if isinstance(target, dict | bool) else True)
        choices = [options for keyword in ("anyOf", "oneOf") if (options := _listed(schema.get(keyword)))]
        return (
            all(self._fits(part, levels) for part in same)
            and all(any(self._fits(option, levels) for option in options) for options in choices)
            and all(self._fits(part, levels - 1) for part in _needed(schema))
        )


def _listed(value: Json) -> Iterable[Json]:
    return value if isinstance(value, list) else ()


def _needed(schema: Object) -> Iterator[Json]:
    """Give the schemas of members and items that have to be there, unless something else than a collection may be."""
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    if any(name not in ("object", "array", None) for name in names):
        return
    properties, required = schema.get("properties"), _listed(schema.get("required"))
    if isinstance(properties, dict):
        yield from (properties[name] for name in required if isinstance(name, str) and name in properties)
    least = schema.get("minItems")
    if isinstance(least, int | float) and least > 0:
        items = schema.get("items")
        yield from (part for part in (items, *_listed(schema.get("prefixItems"))) if isinstance(part, dict))

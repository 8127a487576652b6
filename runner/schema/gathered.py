"""A gathered schema: one for the engines, and where each part of it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from runner.records import Frozen, field
from runner.schema.choice import EngineName
from runner.schema.keywords import DEFINITIONS
from runner.values import ABSENT, Json, Value, join_pointer, member


@dataclass(eq=False)
class SchemaProblem(Exception):  # noqa: N818 - what is wrong is the schema, not the program
    """A schema that means nothing: `pointer` is where, in the schema itself or as `uri#pointer` in a definition."""

    message: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.message} (at {self.pointer})" if self.pointer else self.message


class Mark(NamedTuple):
    """Where a schema that was made comes from; with a keyword, what all of it stands for, and what that says.

    `made` is kept because it is known by its identity.
    """

    made: dict[str, Json]
    origin: str
    keyword: str
    expected: Json


class Place(NamedTuple):
    """A part of a gathered schema, and where it stands as written; with a mark it is part of what was made for that."""

    node: Value
    origin: str
    mark: Mark | None = None


class Nesting(Frozen):
    """How many levels of a value an engine may go into, None where that is for the value to say; 0: none at all."""

    engine: EngineName
    levels: int | None


class Gathered(Frozen):
    """A schema whose references all lead to its own `$defs`.

    `origins` says where each of these stands, `marks` where what was made comes from, by its identity. `nesting` is
    there once it was compiled.
    """

    schema: dict[str, Json]
    origins: Mapping[str, str]
    marks: Mapping[int, Mark] = field(default_factory=dict)
    nesting: Nesting | None = None

    def definition(self, name: str) -> Json:
        """Give the schema of a name in `$defs`."""
        definitions = self.schema["$defs"]
        return definitions.get(name) if isinstance(definitions, dict) else None

    def place(self, path: tuple[str, ...], name: str = "s0") -> Place:
        """Follow the way to a keyword; an engine may be silent about a reference, which stands alone in a schema."""
        node, origin = self.definition(name), self.origins[name]
        place = Place(node, origin)
        for token in path:
            place = self._step(place, token)
            if place.mark is not None:
                break
        return place

    def _step(self, place: Place, token: str) -> Place:
        node, origin, _ = place
        mark = self.marks.get(id(node))
        if mark is not None and mark.keyword:
            return Place(node, mark.origin, mark)
        origin = mark.origin if mark is not None else origin
        reference = member(node, "$ref")
        if isinstance(reference, str):
            name = reference.removeprefix(DEFINITIONS)
            return self._step(Place(self.definition(name), self.origins[name]), token)
        inner = member(node, token)
        if token == "$ref" and inner is ABSENT:  # followed already
            return Place(node, origin)
        return Place(inner, join_pointer(origin, token))

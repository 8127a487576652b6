"""Turns a place in a description into the compiled schema that stands there: each once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from runner.records import Frozen, field
from runner.schema import (
    Definitions,
    Direction,
    Gathered,
    Schema,
    SchemaDialect,
    SchemaProblem,
    compile_gathered,
    declared_types,
    gather,
    meant,
)
from runner.text import json_text
from runner.values import Json

Types: TypeAlias = Callable[[tuple[str, ...]], frozenset[str]]
"""Give the names of the types that may stand at a place of a value; none where anything may."""


SchemaKey: TypeAlias = tuple[str, str, Direction, bool]
"""Which schema it is: the URI of its document, or none, its pointer or itself, the direction, and whether of a list."""


class Compiled(NamedTuple):
    """A schema, and the types that it mentions."""

    schema: Schema
    types: Types


class Schemas(Frozen, eq=False):
    """The schemas of the documents in `definitions`, which are keyed by URI.

    `json_schema_dialect` is the `$schema` that holds where a schema names none, if it is not the usual one. `gathered`
    are those that need not be looked for. `sound` are the places, each a URI and a pointer, of which is known that all
    references in what they reach lead somewhere.
    """

    definitions: Definitions
    dialect: SchemaDialect
    json_schema_dialect: str | None = None
    gathered: Mapping[SchemaKey, Gathered] = field(default_factory=dict)
    compiled: dict[SchemaKey, Compiled | SchemaProblem] = field(default_factory=dict)
    sound: set[tuple[str, str]] = field(default_factory=set)
    HIDDEN = ("definitions", "gathered", "compiled", "sound")

    @property
    def needed(self) -> dict[SchemaKey, Gathered]:
        """Those that are known by now, without what would say nothing."""
        compiled = {key: each.schema.gathered for key, each in self.compiled.items() if isinstance(each, Compiled)}
        return {**self.gathered, **compiled}

    def at(self, uri: str, pointer: str, direction: Direction, *, each: bool = False) -> Compiled | SchemaProblem:
        """Compile the schema at a place, or that of a list of such values.

        A schema that means nothing gives what is wrong with it.
        """
        key: SchemaKey = (uri, pointer, direction, each)
        found = self.compiled.get(key)
        if found is None:
            self.compiled[key] = found = self._ready(key) or self._found(uri, pointer, direction, each=each)
        return found

    def _ready(self, key: SchemaKey) -> Compiled | SchemaProblem | None:
        """Compile what is gathered already: what several keys lead to, once."""
        gathered = self.gathered.get(key)
        if gathered is None:
            return None
        same = (self.compiled.get(other) for other, each in self.gathered.items() if each is gathered)
        return next((each for each in same if each is not None), None) or _compiled(lambda: gathered)

    def _found(self, uri: str, pointer: str, direction: Direction, *, each: bool) -> Compiled | SchemaProblem:
        place = self._meant(uri, pointer)
        if place != (uri, pointer):
            return self.at(*place, direction, each=each)
        reference: dict[str, Json] = {"$ref": f"{uri}#{quote(pointer)}"}
        return self._compile({"items": reference} if each else reference, direction)

    def _meant(self, uri: str, pointer: str) -> tuple[str, str]:
        """Give the place that a schema which is a mere reference leads to: many operations answer with the same."""
        usual = self.json_schema_dialect is None
        return meant(uri, pointer, self.definitions, self.dialect) if usual else (uri, pointer)

    def written(self, schema: Json, direction: Direction) -> Compiled | SchemaProblem:
        """Compile a schema that stands nowhere, its references absolute."""
        key: SchemaKey = ("", json_text(schema), direction, False)
        found = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = self._ready(key) or self._compile({"allOf": [schema]}, direction)
        return found

    def _compile(self, link: dict[str, Json], direction: Direction) -> Compiled | SchemaProblem:
        if self.json_schema_dialect is not None:
            link["$schema"] = self.json_schema_dialect
        return _compiled(lambda: gather(link, self.definitions, self.dialect, direction))


def _compiled(find: Callable[[], Gathered]) -> Compiled | SchemaProblem:
    try:
        schema = compile_gathered(find())
    except SchemaProblem as problem:
        return problem
    return Compiled(schema, lru_cache(maxsize=64)(partial(declared_types, schema)))

"""Turns a place in a description into the compiled schema that stands there: each once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from runner.records import Frozen, field
from runner.schema import (
    Definitions,
    Direction,
    Schema,
    SchemaDialect,
    SchemaProblem,
    compile_schema,
    declared_types,
    meant,
)
from runner.text import json_text
from runner.values import Json

Types: TypeAlias = Callable[[tuple[str, ...]], frozenset[str]]
"""Give the names of the types that may stand at a place of a value; none where anything may."""


class Compiled(NamedTuple):
    """A schema, and the types that it mentions."""

    schema: Schema
    types: Types


class Schemas(Frozen, eq=False):
    """The schemas of the documents in `definitions`, which are keyed by URI.

    `json_schema_dialect` is the `$schema` that holds where a schema names none, if it is not the usual one. `sound` are
    the places, each a URI and a pointer, of which is known that all references in what they reach lead somewhere.
    """

    definitions: Definitions
    dialect: SchemaDialect
    json_schema_dialect: str | None = None
    compiled: dict[tuple[str, str, Direction, bool], Compiled | SchemaProblem] = field(default_factory=dict)
    sound: set[tuple[str, str]] = field(default_factory=set)
    HIDDEN = ("definitions", "compiled", "sound")

    def at(self, uri: str, pointer: str, direction: Direction, *, each: bool = False) -> Compiled | SchemaProblem:
        """Compile the schema at a place, or that of a list of such values.

        A schema that means nothing gives what is wrong with it.
        """
        key = (uri, pointer, direction, each)
        found = self.compiled.get(key)
        if found is None:
            place = self._meant(uri, pointer)
            if place == (uri, pointer):
                reference: dict[str, Json] = {"$ref": f"{uri}#{quote(pointer)}"}
                found = self._compile({"items": reference} if each else reference, direction)
            else:
                found = self.at(*place, direction, each=each)
            self.compiled[key] = found
        return found

    def _meant(self, uri: str, pointer: str) -> tuple[str, str]:
        """Give the place that a schema which is a mere reference leads to: many operations answer with the same."""
        usual = self.json_schema_dialect is None
        return meant(uri, pointer, self.definitions, self.dialect) if usual else (uri, pointer)

    def written(self, schema: Json, direction: Direction) -> Compiled | SchemaProblem:
        """Compile a schema that stands nowhere, its references absolute."""
        key = ("", json_text(schema), direction, False)
        found = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = self._compile({"allOf": [schema]}, direction)
        return found

    def _compile(self, link: dict[str, Json], direction: Direction) -> Compiled | SchemaProblem:
        if self.json_schema_dialect is not None:
            link["$schema"] = self.json_schema_dialect
        try:
            schema = compile_schema(link, definitions=self.definitions, dialect=self.dialect, direction=direction)
        except SchemaProblem as problem:
            return problem
        return Compiled(schema, lru_cache(maxsize=64)(partial(declared_types, schema)))

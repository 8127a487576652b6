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
    are those that need not be looked for.
    """

    definitions: Definitions
    dialect: SchemaDialect
    json_schema_dialect: str | None = None
    gathered: Mapping[SchemaKey, Gathered] = field(default_factory=dict)
    compiled: dict[SchemaKey, Compiled | SchemaProblem] = field(default_factory=dict)
    HIDDEN = ("definitions", "gathered", "compiled")

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
            reference: dict[str, Json] = {"$ref": f"{uri}#{quote(pointer)}"}
            found = self.compiled[key] = self._compile(key, {"items": reference} if each else reference)
        return found

    def written(self, schema: Json, direction: Direction) -> Compiled | SchemaProblem:
        """Compile a schema that stands nowhere, its references absolute."""
        key: SchemaKey = ("", json_text(schema), direction, False)
        found = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = self._compile(key, {"allOf": [schema]})
        return found

    def _compile(self, key: SchemaKey, link: dict[str, Json]) -> Compiled | SchemaProblem:
        if self.json_schema_dialect is not None:
            link["$schema"] = self.json_schema_dialect
        try:
            gathered = self.gathered.get(key) or gather(link, self.definitions, self.dialect, key[2])
            schema = compile_gathered(gathered)
        except SchemaProblem as problem:
            return problem
        return Compiled(schema, lru_cache(maxsize=64)(partial(declared_types, schema)))

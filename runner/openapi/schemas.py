"""Turns a place in a description into the compiled schema that stands there: each once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from runner.schema import Direction, Schema, SchemaDialect, SchemaProblem, compile_schema
from runner.values import Json


@dataclass(frozen=True, eq=False, slots=True)
class Schemas:
    """The schemas of the documents in `definitions`, which are keyed by URI."""

    definitions: Mapping[str, Json] = field(repr=False)
    dialect: SchemaDialect
    compiled: dict[tuple[str, str, Direction], Schema | SchemaProblem] = field(default_factory=dict, repr=False)

    def at(self, uri: str, pointer: str, direction: Direction) -> Schema | SchemaProblem:
        """Compile the schema at a place; a schema that means nothing gives what is wrong with it."""
        key = (uri, pointer, direction)
        found = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = self._compile(f"{uri}#{quote(pointer)}", direction)
        return found

    def _compile(self, reference: str, direction: Direction) -> Schema | SchemaProblem:
        try:
            return compile_schema(
                {"$ref": reference}, definitions=self.definitions, dialect=self.dialect, direction=direction
            )
        except SchemaProblem as problem:
            return problem

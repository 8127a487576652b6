"""Turn an expression into what the API description says of the values that it can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from runner.exchange import media_type
from runner.expressions.nodes import Accessed, Body, Expression, Input, Payload
from runner.openapi.contract import Contract
from runner.openapi.document import ApiDescription, MediaTypeObject
from runner.plan.names import Names
from runner.schema import SchemaProblem
from runner.schema.keywords import Object, applied, within
from runner.schema.messages import type_names
from runner.values import Json, split_pointer

_HINTS = {"properties": "object", "additionalProperties": "object", "items": "array", "prefixItems": "array"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The schemas that may speak about one value, each with the schema that its references lead into.

    Of several responses, and of alternatives within one, all count: a shape says what may be, not what must be.
    """

    schemas: tuple[tuple[Object, Object], ...]

    @property
    def types(self) -> frozenset[str]:
        """The types that are mentioned; none where nothing is said."""
        return frozenset(name for schema, _ in self.schemas for name in _types(schema))

    @property
    def requires(self) -> bool:
        """Say whether every description of an object names a member that has to be there."""
        objects = [schema for schema, _ in self.schemas if "object" in _types(schema)]
        return bool(objects) and all(schema.get("required") for schema in objects)

    def declares(self, name: str) -> bool:
        """Say whether a member of this name is described as such."""
        return any(name in found for schema, _ in self.schemas if isinstance(found := schema.get("properties"), dict))

    def at(self, *path: str | int) -> Shape:
        """Give the shape of a part."""
        found = self
        for token in path:
            found = Shape(tuple(_below(found.schemas, str(token))))
        return found

    @property
    def members(self) -> Shape:
        """Give the shape of what any member may be."""
        named = {name for schema, _ in self.schemas if isinstance(p := schema.get("properties"), dict) for name in p}
        return Shape(tuple(each for name in (*sorted(named), "") for each in self.at(name).schemas))


UNKNOWN = Shape(())


def shape_of(expression: Expression, scope: Names) -> Shape:
    """Give the shape of what an expression refers to: of an input, or of a response's body, as far as it is described.

    The responses that say that the step's request was met count; where none of them knows the place, all others do.
    """
    base, path = (expression.base, expression.path) if isinstance(expression, Accessed) else (expression, ())
    if isinstance(base, Input) and isinstance(scope.inputs.schema, dict):
        inputs = Shape(tuple(_with_parts(scope.inputs.schema, scope.inputs.schema)))
        return inputs.at(base.name, *split_pointer(base.pointer or ""), *path)
    if not isinstance(base, Body | Payload) or base.side != "response" or scope.contract is None:
        return UNKNOWN
    tokens = (*split_pointer(base.pointer or ""), *path)
    responses = scope.contract.operation.responses
    met = [key for key in responses if key.startswith("2")]
    for keys in (met, [key for key in responses if key not in met]):
        bodies = list(_bodies(scope.contract, keys))
        if any(each is None for each in bodies):
            break  # one that says nothing leaves everything open
        found = Shape(tuple(pair for each in bodies if each for pair in _with_parts(each, each))).at(*tokens)
        if found.schemas:
            return found
    return UNKNOWN


def _bodies(contract: Contract, keys: Iterable[str]) -> Iterator[Object | None]:
    """Give the schema of each JSON body that these responses may have, None for one that is not described."""
    for name, media in (pair for key in keys for pair in contract.operation.responses[key].content.items()):
        if media_type(name).is_json:
            yield _compiled(contract.api, media)


def _compiled(api: ApiDescription, media: MediaTypeObject) -> Object | None:
    if media.schema is None:
        return None
    found = api.schemas.at(media.schema.uri, media.schema.pointer, "response")
    return None if isinstance(found, SchemaProblem) else found.schema.gathered.schema


def _with_parts(schema: Json | Object, root: Object) -> Iterator[tuple[Object, Object]]:
    yield from (
        (part, root) for part in applied(dict(schema) if isinstance(schema, Mapping) else schema, root, branches=True)
    )


def _below(schemas: Iterable[tuple[Object, Object]], token: str) -> Iterator[tuple[Object, Object]]:
    """Give what is said of the part `token`: a name is no place in what is only ever an array."""
    seen: set[int] = set()
    for schema, root in schemas:
        if not token.isdigit() and set(_types(schema)) == {"array"}:
            continue
        for part, _ in (pair for each in within(schema, token) for pair in _with_parts(each, root)):
            if id(part) not in seen:
                seen.add(id(part))
                yield part, root


def _types(schema: Object) -> Iterable[str]:
    if "type" in schema:
        return type_names(schema["type"])
    return (kind for keyword, kind in _HINTS.items() if isinstance(schema.get(keyword), dict | list))

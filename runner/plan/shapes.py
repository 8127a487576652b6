"""Turn an expression into what the API description says of the values that it can have."""

from __future__ import annotations

from runner.expressions.nodes import Accessed, Body, Expression, Input, Payload, StepOutput
from runner.openapi.fit import ResponseBody, Shapes, declared_types
from runner.openapi.fit import Shape as Nodes
from runner.plan.names import Names
from runner.records import Frozen
from runner.values import Json, split_pointer

_HINTS = {"properties": "object", "additionalProperties": "object", "items": "array", "prefixItems": "array"}


class Shape(Frozen):
    """What is said of one value; nothing is known of it without `nodes`.

    Of several responses, and of alternatives within one, all count: a shape says what may be, not what must be.
    """

    shapes: Shapes | None = None
    nodes: Nodes = ()

    @property
    def _parts(self) -> list[dict[str, Json]]:
        return list(self.shapes.parts(self.nodes)) if self.shapes else []

    @property
    def types(self) -> frozenset[str]:
        """The types that are mentioned; none where nothing is said."""
        return frozenset(name for schema in self._parts for name in _types(schema))

    @property
    def only_types(self) -> frozenset[str]:
        """The types of which it has one; none where it may have any."""
        return self.shapes.types(self.nodes) if self.shapes and self.nodes else frozenset()

    @property
    def only_values(self) -> tuple[Json, ...]:
        """The values of which it is one; none where they are not listed."""
        return self.shapes.values(self.nodes) if self.shapes and self.nodes else ()

    @property
    def requires(self) -> bool:
        """Say whether every description of an object names a member that has to be there."""
        objects = [schema for schema in self._parts if "object" in _types(schema)]
        return bool(objects) and all(schema.get("required") for schema in objects)

    @property
    def names(self) -> frozenset[str]:
        """The names of the members that are described as such."""
        listed = (schema.get("properties") for schema in self._parts)
        return frozenset(name for each in listed if isinstance(each, dict) for name in each)

    def declares(self, name: str) -> bool:
        """Say whether a member of this name is described as such."""
        return name in self.names

    def at(self, *path: str | int) -> Shape:
        """Give the shape of a part; nothing is known of what has no place."""
        if self.shapes is None:
            return UNKNOWN
        found = self.shapes.walk(self.nodes, [str(token) for token in path])
        match found:
            case (int(), _):
                return UNKNOWN
            case _:
                return Shape(self.shapes, found)

    @property
    def members(self) -> Shape:
        """Give the shape of what any member, or any item, may be."""
        below = [self.at(name).nodes for name in (*sorted(self.names), "0")]
        return Shape(self.shapes, tuple(node for nodes in below for node in nodes))


UNKNOWN = Shape()


def shape_of(expression: Expression, scope: Names) -> Shape:
    """Give the shape of what an expression refers to: of an input, or of a response's body, as far as it is described.

    The responses that say that the step's request was met count; where none of them knows the place, all others do.
    """
    base, path = (expression.base, expression.path) if isinstance(expression, Accessed) else (expression, ())
    if isinstance(base, Input) and isinstance(scope.inputs.schema, dict):
        shapes = Shapes.of_schema(scope.inputs.schema)
        return Shape(shapes, shapes.root).at(base.name, *split_pointer(base.pointer or ""), *path)
    if not isinstance(base, Body | Payload) or base.side != "response" or scope.response is None:
        return UNKNOWN
    tokens = (*split_pointer(base.pointer or ""), *path)
    shapes, operation = scope.response.shapes, scope.response.operation
    met = [key for key in operation.responses if key.startswith("2")]
    for keys in (met, [key for key in operation.responses if key not in met]):
        found = Shape(shapes, shapes.response(operation, keys)).at(*tokens)
        if found.nodes:
            return found
    return UNKNOWN


def body_of(scope: Names, expression: Expression) -> tuple[ResponseBody | None, tuple[str, ...]]:
    """Give the body that an expression looks into, and the tokens of the way there."""
    base, path = (expression.base, expression.path) if isinstance(expression, Accessed) else (expression, ())
    match base:
        case Body("response", pointer):
            body = scope.response
        case StepOutput(step_id, name, pointer):
            step = scope.steps.get(step_id)
            body = step.bodies.get(name) if step else None
        case _:
            return None, ()
    return body, (*split_pointer(pointer or ""), *map(str, path))


def described(scope: Names, expression: Expression) -> Shape:
    """Give the shape that a value has to have: of an input, or of the body of a step that did what it is for."""
    base, path = (expression.base, expression.path) if isinstance(expression, Accessed) else (expression, ())
    if isinstance(base, Input):
        shapes = Shapes.of_schema(scope.inputs.schema)
        found = shapes.walk(shapes.root, (base.name, *split_pointer(base.pointer or ""), *map(str, path)))
        return UNKNOWN if found and isinstance(found[0], int) else Shape(shapes, found)
    body, tokens = body_of(scope, expression)
    return Shape(body.shapes, body.at(tokens).known) if body and body.is_met else UNKNOWN


def either(types: frozenset[str]) -> str:
    """Name types as the alternatives that they are: `an array or a string`."""
    names = sorted(types - {"null"} or types)
    return " or ".join(f"an {name}" if name[0] in "aeiou" else f"a {name}" for name in names)


def _types(schema: dict[str, Json]) -> frozenset[str]:
    if "type" in schema:
        return declared_types(schema)
    return frozenset(kind for keyword, kind in _HINTS.items() if isinstance(schema.get(keyword), dict | list))

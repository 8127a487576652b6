"""Turns the keywords of a Schema Object of OpenAPI 3.0 or Swagger 2.0 into those of JSON Schema 2020-12.

"Additional properties defined by the JSON Schema specification that are not mentioned here are strictly unsupported"
(OpenAPI 3.0.3, Schema Object): any other keyword says nothing, `$id` and `const` among them. So a parameter or a header
of Swagger 2.0, which is its own schema, is read like any: `name`, `in` and `required: true` say nothing about a value.

`nullable: true` "adds "null" to the allowed type specified by the `type` keyword, only if `type` is explicitly defined
within the same Schema Object" (3.0.3). So it changes nothing where there is no `type`, beside `allOf` for one, whose
schemas go on to refuse null; nor does it add null to an `enum`. Beside a `$ref` it is ignored, as everything is.
`x-nullable`, which is how it is written in Swagger 2.0, and left behind in 3.0, is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from runner.schema.dialect import SchemaDialect
from runner.schema.keywords import Object
from runner.values import Json

_COMMON = frozenset(
    {
        *("additionalProperties", "allOf", "default", "discriminator", "enum", "exclusiveMaximum", "exclusiveMinimum"),
        *("format", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength"),
        *("minProperties", "minimum", "multipleOf", "pattern", "properties", "readOnly", "required", "type"),
        *("uniqueItems", "$ref"),
        *("example", "xml"),  # they say nothing about a value, but something to whoever has to make one
    }
)
_KEYWORDS: Mapping[SchemaDialect, frozenset[str]] = MappingProxyType(
    {"openapi-3.0": _COMMON | {"anyOf", "not", "oneOf", "writeOnly"}, "swagger-2.0": _COMMON}
)


_TYPES = ("array", "boolean", "integer", "number", "object", "string")


def converted(schema: Object, dialect: SchemaDialect) -> Object:
    """Give the keywords of a schema in 2020-12; the schemas within it, and references, are left as they are."""
    keywords = _KEYWORDS.get(dialect)
    if keywords is None:
        return schema
    made = {keyword: value for keyword, value in schema.items() if keyword in keywords}
    for keyword, change in _CHANGES.items():
        if keyword in made:
            change(made, schema)
    return made


def _type(made: dict[str, Json], schema: Object) -> None:
    kind = made["type"]
    if kind == "file":  # Swagger 2.0: whatever bytes there are
        del made["type"]
    elif kind in _TYPES and (schema.get("nullable") is True or schema.get("x-nullable") is True):
        made["type"] = [kind, "null"]


def _required(made: dict[str, Json], _: Object) -> None:
    if isinstance(made["required"], bool):  # of a parameter
        del made["required"]


def _exclusive(keyword: str, bound: str) -> Callable[[dict[str, Json], Object], None]:
    def change(made: dict[str, Json], _: Object) -> None:
        if isinstance(made[keyword], bool):
            exclusive = made.pop(keyword)
            if exclusive and isinstance(made.get(bound), (int, float)):
                made[keyword] = made.pop(bound)

    return change


_CHANGES: Mapping[str, Callable[[dict[str, Json], Object], None]] = MappingProxyType(
    {
        "type": _type,
        "required": _required,
        "exclusiveMinimum": _exclusive("exclusiveMinimum", "minimum"),
        "exclusiveMaximum": _exclusive("exclusiveMaximum", "maximum"),
    }
)

"""Turns a dialect into a JSON Schema of its documents, for editors: what is allowed where, and what it is for.

It is written out of the same tables that the checks read, so that an editor and `arazzo check` agree on the shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from runner.arazzo.dialect import (
    Anything,
    Dialect,
    ListOf,
    MapOf,
    Number,
    Of,
    Schema,
    Shape,
    Text,
    TextOrFlag,
    Texts,
    TypeName,
)
from runner.arazzo.meanings import FIELDS, OBJECTS
from runner.values import Json


def json_schema(dialect: Dialect) -> dict[str, Json]:
    """Give the JSON Schema (2020-12) of the documents of a dialect."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Arazzo {dialect.name}",
        "$ref": "#/$defs/document",
        "$defs": {name: _object(name, dialect) for name in dialect.objects},
    }


def _object(name: str, dialect: Dialect) -> dict[str, Json]:
    fields = dialect.objects[name]
    properties: dict[str, Json] = {field: _described(_shape(each.shape), name, field) for field, each in fields.items()}
    if name == "document":
        properties["arazzo"] = {
            "pattern": rf"^{dialect.name.replace('.', '[.]')}[.]\d+",
            **_mapping(properties["arazzo"]),
        }
    required: list[Json] = [field for field, each in fields.items() if each.required]
    return {
        "description": OBJECTS[name],
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
    }


def _described(schema: dict[str, Json], name: str, field: str) -> dict[str, Json]:
    return {"description": FIELDS[name][field], **schema}


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _shape(shape: Shape) -> dict[str, Json]:
    match shape:
        case Anything():
            return {}
        case Text(choices, _):
            return {"type": "string", **({"enum": list(choices)} if choices else {})}
        case Texts():
            return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        case TextOrFlag():
            return {"type": ["string", "boolean"]}
        case Number(whole):
            return {"type": "integer" if whole else "number", "minimum": 0}
        case Schema():
            return {"type": ["object", "boolean"]}
        case TypeName(choices):
            return {"anyOf": [{"enum": list(choices)}, {"$ref": "#/$defs/expressionType"}]}
        case Of(name, or_reusable):
            link: dict[str, Json] = {"$ref": f"#/$defs/{name}"}
            if not or_reusable:
                return link
            # by the member that tells them apart, so that an editor reports what is wrong with the one that is meant
            return {"if": {"required": ["reference"]}, "then": {"$ref": "#/$defs/reusable"}, "else": link}
        case ListOf(item, at_least):
            return {"type": "array", "items": _shape(item), **({"minItems": at_least} if at_least else {})}
        case MapOf(item):
            return {
                "type": "object",
                "patternProperties": {r"^[a-zA-Z0-9.\-_]+$": _shape(item)},
                "additionalProperties": False,
            }
        case _:
            assert_never(shape)

"""A Schema Object of OpenAPI 3.0 or Swagger 2.0 means what is said there, and an error says where it stands."""

from __future__ import annotations

from copy import deepcopy
from itertools import product

import pytest

from runner.schema import EngineName, SchemaDialect, SchemaError, SchemaProblem, compile_schema
from runner.values import ABSENT, Json, resolve_pointer

URI = "https://x.test/api.yaml"
OLD: tuple[SchemaDialect, ...] = ("openapi-3.0", "swagger-2.0")


def errors(schema: Json, value: Json, dialect: SchemaDialect, engine: EngineName) -> tuple[SchemaError, ...]:
    """Check a value against a component of a document, and that each error points at something in it."""
    document: Json = {"components": {"schemas": {"Thing": schema, "Text": {"type": "string"}}}}
    before = deepcopy(document)
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/Thing"}, definitions={URI: document}, dialect=dialect, engine=engine
    )
    found = compiled.errors(value)
    assert compiled.valid(value) == (not found)
    assert document == before
    for error in found:
        uri, _, pointer = error.schema.partition("#")
        assert uri == URI
        assert resolve_pointer(document, pointer) is not ABSENT, error
    return found


def briefly(found: tuple[SchemaError, ...]) -> list[str]:
    own = f"{URI}#/components/schemas/Thing"
    return sorted(f"{each.instance} {each.message} ({each.schema.removeprefix(own)})".strip() for each in found)


NULLABLE: dict[str, tuple[Json, Json, list[str]]] = {
    "a type": ({"type": "string", "nullable": True}, None, []),
    "the other type": ({"type": "string", "nullable": True}, 5, ["must be string or null, is 5 (/type)"]),
    "not nullable": ({"type": "string", "nullable": False}, None, ["must be string, is null (/type)"]),
    "not said": ({"type": "string"}, None, ["must be string, is null (/type)"]),
    "nullable without a type asks for nothing": ({"nullable": True}, None, []),
    "no type and not nullable asks for nothing either": ({"nullable": False}, None, []),
    "an enum that lists null": ({"type": "string", "nullable": True, "enum": ["a", None]}, None, []),
    "an enum that does not": (
        {"type": "string", "nullable": True, "enum": ["a"]},
        None,
        ['must be one of "a", is null (/enum)'],
    ),
    "an enum of its own that lists null": (
        {"type": "string", "enum": ["a", None]},
        None,
        ["must be string, is null (/type)"],
    ),
    "beside allOf, without a type": (
        {"nullable": True, "allOf": [{"type": "object"}]},
        None,
        ["must be object, is null (/allOf/0/type)"],
    ),
    "beside allOf, with a type": (
        {"type": "object", "nullable": True, "allOf": [{"type": "object"}]},
        None,
        ["must be object, is null (/allOf/0/type)"],
    ),
    "in every part of allOf": ({"allOf": [{"type": "object", "nullable": True}]}, None, []),
    "beside a reference": (
        {"$ref": "#/components/schemas/Text", "nullable": True},
        None,
        [f"must be string, is null ({URI}#/components/schemas/Text/type)"],
    ),
    "an alternative": ({"anyOf": [{"type": "string", "nullable": True}, {"type": "integer"}]}, None, []),
    "no alternative": (
        {"anyOf": [{"type": "string", "nullable": True}, {"type": "integer"}]},
        [],
        ["must be string, null or integer, is an array (/anyOf)"],
    ),
    "an item": ({"type": "array", "items": {"type": "string", "nullable": True}}, [None, "a"], []),
    "a property": (
        {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}, "required": ["a"]},
        {},
        ["/a is required (/required)"],
    ),
    "as Swagger writes it": ({"type": "string", "x-nullable": True}, None, []),
    "a text is no boolean": ({"type": "string", "nullable": "true"}, None, ["must be string, is null (/type)"]),
}


@pytest.mark.parametrize(("schema", "value", "expected"), NULLABLE.values(), ids=NULLABLE.keys())
def test_nullable_adds_null_to_a_type(engine: EngineName, schema: Json, value: Json, expected: list[str]) -> None:
    assert briefly(errors(schema, value, "openapi-3.0", engine)) == expected


def test_nullable_is_honoured_in_swagger_too(engine: EngineName) -> None:
    assert errors({"type": "string", "x-nullable": True}, None, "swagger-2.0", engine) == ()
    assert errors({"type": "string", "x-nullable": False}, None, "swagger-2.0", engine) != ()


def test_nullable_says_nothing_in_2020_12(engine: EngineName) -> None:
    assert briefly(errors({"type": "string", "nullable": True}, None, "2020-12", engine)) == [
        "must be string, is null (/type)"
    ]


BOUNDS: dict[str, tuple[Json, Json, list[str]]] = {
    "at the bound": (
        {"minimum": 1, "exclusiveMinimum": True},
        1,
        ["must be more than 1, is 1 (/exclusiveMinimum)"],
    ),
    "above it": ({"minimum": 1, "exclusiveMinimum": True}, 1.5, []),
    "not exclusive": ({"minimum": 1, "exclusiveMinimum": False}, 1, []),
    "not exclusive, below": ({"minimum": 1, "exclusiveMinimum": False}, 0, ["must be at least 1, is 0 (/minimum)"]),
    "the order of the keywords does not matter": (
        {"exclusiveMaximum": True, "maximum": 3},
        3,
        ["must be less than 3, is 3 (/exclusiveMaximum)"],
    ),
    "exclusive of nothing": ({"exclusiveMaximum": True}, 10**9, []),
    "both": ({"minimum": 0, "maximum": 1, "exclusiveMinimum": True, "exclusiveMaximum": True}, 0.5, []),
    "written as in 3.1": ({"exclusiveMinimum": 1}, 1, ["must be more than 1, is 1 (/exclusiveMinimum)"]),
    "zero is a bound": ({"minimum": 0, "exclusiveMinimum": True}, 0, ["must be more than 0, is 0 (/exclusiveMinimum)"]),
}


@pytest.mark.parametrize(
    ("dialect", "case"), list(product(OLD, BOUNDS.values())), ids=[f"{d} {name}" for d in OLD for name in BOUNDS]
)
def test_a_bound_may_be_exclusive(
    engine: EngineName, dialect: SchemaDialect, case: tuple[Json, Json, list[str]]
) -> None:
    schema, value, expected = case
    assert briefly(errors(schema, value, dialect, engine)) == expected


@pytest.mark.parametrize("dialect", OLD)
def test_what_stands_beside_a_reference_is_ignored(engine: EngineName, dialect: SchemaDialect) -> None:
    schema: Json = {"$ref": "#/components/schemas/Text", "maxLength": 1, "type": "integer", "properties": {"a": 5}}
    assert errors(schema, "long", dialect, engine) == ()
    assert briefly(errors(schema, 5, dialect, engine)) == [
        f"must be string, is 5 ({URI}#/components/schemas/Text/type)"
    ]


@pytest.mark.parametrize("dialect", OLD)
def test_a_property_may_have_the_name_of_a_keyword(engine: EngineName, dialect: SchemaDialect) -> None:
    names = ("$ref", "$id", "id", "nullable", "discriminator", "required", "type", "allOf", "exclusiveMinimum", "$defs")
    schema: Json = {"type": "object", "properties": {name: {"type": "integer"} for name in names}, "required": [*names]}
    assert errors(schema, dict.fromkeys(names, 1), dialect, engine) == ()
    assert briefly(errors(schema, dict.fromkeys(names, "x"), dialect, engine)) == sorted(
        f'/{name} must be integer, is "x" (/properties/{name}/type)' for name in names
    )


INERT: dict[str, Json] = {
    "what is for people": {"title": "T", "description": "D", "example": {"$ref": "nowhere"}, "deprecated": True},
    "what is for XML": {"xml": {"name": "x"}, "externalDocs": {"url": "https://x.test"}},
    "an example of the wrong type": {"type": "string", "example": 5, "default": 5},
    "extensions": {"x-anything": {"$ref": "nowhere"}},
    "identities": {
        "$id": "https://elsewhere.test/",
        "id": "urn:x",
        "$schema": "http://json-schema.org/draft-04/schema#",
    },
    "names": {"$anchor": "a", "$defs": {"a": {"type": "text"}}, "definitions": {"a": 5}},
    "what came later": {"const": 5, "if": True, "then": False, "contains": 5, "prefixItems": [False]},
    "what comes later": {"propertyNames": False, "patternProperties": {"(": 5}, "unevaluatedProperties": False},
    "references that came later": {"$dynamicRef": "nowhere", "$recursiveRef": "#"},
    "whether a parameter is required": {"required": True},
}


@pytest.mark.parametrize(
    ("dialect", "schema"), list(product(OLD, INERT.values())), ids=[f"{d} {name}" for d in OLD for name in INERT]
)
def test_whatever_else_is_written_says_nothing(engine: EngineName, dialect: SchemaDialect, schema: Json) -> None:
    for value in ("text", *([] if "type" in str(schema) else [5, None, {"a": 1}, [1]])):
        assert errors(schema, value, dialect, engine) == ()


def test_an_id_is_no_base_of_references(engine: EngineName) -> None:
    schema: Json = {
        "id": "https://elsewhere.test/a",
        "$id": "https://elsewhere.test/a",
        "properties": {"a": {"$ref": "#/components/schemas/Text"}},
    }
    assert errors(schema, {"a": "x"}, "openapi-3.0", engine) == ()
    assert len(errors(schema, {"a": 1}, "openapi-3.0", engine)) == 1


def test_an_anchor_is_no_name(engine: EngineName) -> None:
    with pytest.raises(SchemaProblem, match="leads nowhere"):
        errors({"allOf": [{"$ref": "#a"}, {"$anchor": "a"}]}, 1, "openapi-3.0", engine)


def test_alternatives_are_not_part_of_swagger(engine: EngineName) -> None:
    schema: Json = {"oneOf": [{"type": "integer"}], "anyOf": [{"type": "integer"}], "not": {}}
    assert errors(schema, "x", "swagger-2.0", engine) == ()
    assert len(errors(schema, "x", "openapi-3.0", engine)) == 3


PARAMETERS: dict[str, tuple[Json, list[Json], list[Json]]] = {
    "a number": (
        {"name": "limit", "in": "query", "type": "integer", "format": "int32", "required": True, "minimum": 1},
        [1, 100],
        [0, "1", 2**31],
    ),
    "an array": (
        {"name": "tags", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"},
        [[], ["a"]],
        ["a", [1]],
    ),
    "a file": ({"name": "f", "in": "formData", "type": "file", "required": True}, ["bytes", ""], []),
    "an empty value": ({"name": "a", "in": "query", "type": "boolean", "allowEmptyValue": True}, [True], [""]),
    "a header": ({"type": "string", "pattern": "^\\d+$", "description": "D"}, ["12"], ["x", 12]),
    "one with a default": ({"name": "a", "in": "query", "type": "string", "default": "x"}, ["a"], [1]),
}


@pytest.mark.parametrize(("parameter", "good", "bad"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_a_parameter_of_swagger_is_its_own_schema(
    engine: EngineName, parameter: Json, good: list[Json], bad: list[Json]
) -> None:
    document: Json = {"parameters": {"p": parameter}}
    compiled = compile_schema(
        {"$ref": f"{URI}#/parameters/p"}, definitions={URI: document}, dialect="swagger-2.0", engine=engine
    )
    assert [compiled.valid(value) for value in good] == [True] * len(good)
    assert [compiled.valid(value) for value in bad] == [False] * len(bad)


FORMATS: dict[str, tuple[Json, list[Json], list[Json]]] = {
    "int32": ({"type": "integer", "format": "int32"}, [2**31 - 1, -(2**31), 1.0], [2**31]),
    "int64": ({"type": "integer", "format": "int64"}, [2**63 - 1, -(2**63)], [2**63]),
    "int64 as a text": ({"type": "string", "format": "int64"}, ["9", str(2**70)], []),
    "float": ({"type": "number", "format": "float"}, [1.5], [1e39]),
    "double": ({"type": "number", "format": "double"}, [1e308], [10**400]),
    "byte": ({"type": "string", "format": "byte"}, ["YWI=", ""], ["YWI"]),
    "binary": ({"type": "string", "format": "binary"}, ["", "\x00\ufffd"], []),
    "password": ({"type": "string", "format": "password"}, ["", "x y"], []),
    "date": ({"type": "string", "format": "date"}, ["2024-02-29"], ["2023-02-29", "29.2.2024"]),
    "date-time": (
        {"type": "string", "format": "date-time"},
        ["2024-02-29T12:00:00Z", "2016-12-31T23:59:60Z"],
        ["2024-02-29T12:00:00", "2024-02-29 12:00:00Z"],
    ),
    "uuid": ({"type": "string", "format": "uuid"}, ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
    "email": ({"type": "string", "format": "email"}, ["a@b.test"], ["a", "@", "a@"]),
    "uri": ({"type": "string", "format": "uri"}, ["https://x.test/?a#b"], ["/a", "a b"]),
    "hostname": ({"type": "string", "format": "hostname"}, ["x.test", "a"], ["-a", "a_b", "", "a." + "b" * 64]),
    "ipv4": ({"type": "string", "format": "ipv4"}, ["127.0.0.1"], ["1.2.3", "256.1.1.1"]),
    "ipv6": ({"type": "string", "format": "ipv6"}, ["::1"], ["1::2::3"]),
    "one of the author's": ({"type": "string", "format": "phone"}, ["anything"], []),
    "nullable": ({"type": "string", "format": "date", "nullable": True}, [None, "2024-02-29"], ["x"]),
    "a nullable number": ({"type": "integer", "format": "int32", "nullable": True}, [None, 1], [2**31]),
}


@pytest.mark.parametrize(("schema", "good", "bad"), FORMATS.values(), ids=FORMATS.keys())
def test_the_formats_of_openapi_are_asserted(
    engine: EngineName, schema: Json, good: list[Json], bad: list[Json]
) -> None:
    for value in good:
        assert errors(schema, value, "openapi-3.0", engine) == (), value
    for value in bad:
        (error,) = errors(schema, value, "openapi-3.0", engine)
        assert (error.keyword, error.schema) == ("format", f"{URI}#/components/schemas/Thing/format"), value


def test_a_pattern_is_one_of_ecma_262(engine: EngineName) -> None:
    schema: Json = {"type": "string", "pattern": "^\\d{2}\\/$"}
    assert errors(schema, "12/", "openapi-3.0", engine) == ()
    assert len(errors(schema, "٣٣/", "openapi-3.0", engine)) == 1


PROBLEMS: dict[str, tuple[Json, str, str]] = {
    "a type nobody knows": ({"type": "text", "nullable": True}, "'type' cannot be \"text\"", "/type"),
    "a list of items": ({"type": "array", "items": [{"type": "string"}]}, "a schema must be an object", "/items"),
    "an exclusive bound of no number": (
        {"minimum": "x", "exclusiveMinimum": True},
        "'minimum' cannot be \"x\"",
        "/minimum",
    ),
    "a reference to nothing": ({"allOf": [{"$ref": "#/x"}]}, "the reference '#/x' leads nowhere", "/allOf/0/$ref"),
    "a reference to itself": (
        {"$ref": "#/components/schemas/Thing"},
        "the reference '#/components/schemas/Thing' leads back to itself",
        "/$ref",
    ),
    "a broken alternative beside a discriminator": (
        {"oneOf": [{"$ref": "#/components/schemas/Text"}, {"type": "text"}], "discriminator": {"propertyName": "a"}},
        "'type' cannot be \"text\"",
        "/oneOf/1/type",
    ),
}


@pytest.mark.parametrize(("schema", "message", "pointer"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_schema_that_means_nothing_is_refused_where_it_stands(
    engine: EngineName, schema: Json, message: str, pointer: str
) -> None:
    with pytest.raises(SchemaProblem) as caught:
        errors(schema, 1, "openapi-3.0", engine)
    assert caught.value.message.startswith(message)
    assert caught.value.pointer == f"{URI}#/components/schemas/Thing{pointer}"

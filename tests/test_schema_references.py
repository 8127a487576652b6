"""References are followed within what was given, nothing is ever fetched, and errors say where a keyword stands."""

from __future__ import annotations

import pytest

from runner.schema import EngineName, SchemaProblem, compile_schema
from runner.values import Json

API = "https://x.test/v1/api.yaml"
DEFINITIONS: dict[str, Json] = {
    API: {
        "openapi": "3.1.0",
        "components": {
            "schemas": {
                "Pet": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "integer", "format": "int32"},
                        "parent": {"$ref": "#/components/schemas/Pet"},
                        "owner": {"$ref": "other.yaml#/Owner"},
                        "a b": {"$ref": "#/components/schemas/A%20B~1C"},
                    },
                },
                "A B/C": {"type": "boolean"},
                "Broken": {"$ref": "missing.yaml"},
                "Worse": {"type": "text"},
                "Example": {"const": {"$ref": "missing.yaml"}},
            }
        },
    },
    "https://x.test/v1/other.yaml": {"Owner": {"type": "string"}},
    "https://x.test/v1/named.json": {
        "$id": "https://names.test/root",
        "$defs": {"inner": {"$id": "inner", "$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "null"}}}},
    },
}


@pytest.fixture(params=["jsonschema-rs", "jsonschema"])
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name


def check(schema: Json, value: Json, engine: EngineName) -> list[tuple[str, str]]:
    errors = compile_schema(schema, definitions=DEFINITIONS, engine=engine).errors(value)
    return [(error.instance, error.schema) for error in errors]


PET: Json = {"$ref": f"{API}#/components/schemas/Pet"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": 1, "parent": {"parent": {}}, "owner": "x", "a b": True}, []),
        ({"id": 2**31}, [("/id", f"{API}#/components/schemas/Pet/properties/id/format")]),
        ({"parent": {"id": ""}}, [("/parent/id", f"{API}#/components/schemas/Pet/properties/id/type")]),
        ({"owner": 1}, [("/owner", "https://x.test/v1/other.yaml#/Owner/type")]),
        ({"a b": 1}, [("/a b", f"{API}#/components/schemas/A B~1C/type")]),
    ],
)
def test_a_reference_into_a_document_is_followed(
    engine: EngineName, value: Json, expected: list[tuple[str, str]]
) -> None:
    assert check(PET, value, engine) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, "/$defs/a/type"),
        ({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "type": "null"}}}, "/$defs/x/type"),
        ({"$dynamicRef": "#a", "$defs": {"x": {"$dynamicAnchor": "a", "type": "null"}}}, "/$defs/x/type"),
        ({"$id": "https://a.test/b", "$ref": "c", "$defs": {"x": {"$id": "c", "type": "null"}}}, "/$defs/x/type"),
        (
            {
                "$ref": "https://a.test/x",
                "$defs": {"x": {"$id": "https://a.test/x", "$ref": "#/$defs/y", "$defs": {"y": {"type": "null"}}}},
            },
            "/$defs/x/$defs/y/type",
        ),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": True}}}, "/$defs/a"),
        ({"$ref": "#/definitions/a", "definitions": {"a": {"type": "null"}}}, "/definitions/a/type"),
        ({"$ref": "https://names.test/inner"}, "https://x.test/v1/named.json#/$defs/inner/$defs/x/type"),
    ],
)
def test_a_reference_is_followed_to_what_it_names(engine: EngineName, schema: Json, expected: str) -> None:
    assert check(schema, 1, engine) == [("", expected)]


def test_what_stands_beside_a_reference_counts(engine: EngineName) -> None:
    schema: Json = {"$ref": "#/$defs/a", "minimum": 5, "$defs": {"a": {"maximum": 3}}}
    assert sorted(check(schema, 4, engine)) == [("", "/$defs/a/maximum"), ("", "/minimum")]


def test_until_2019_nothing_beside_a_reference_counts(engine: EngineName) -> None:
    schema: Json = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"a": {"$ref": "#/definitions/a", "minimum": 5}},
        "definitions": {"a": {"maximum": 3}},
    }
    assert check(schema, {"a": 4}, engine) == [("/a", "/definitions/a/maximum")]


def test_an_older_draft_means_what_it_says(engine: EngineName) -> None:
    schema: Json = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}
    assert [error[0] for error in check(schema, 1, engine)] == [""]
    assert check(schema, 2, engine) == []


def test_a_dialect_of_another_kind_is_read_as_2020_12(engine: EngineName) -> None:
    schema: Json = {"$schema": "https://spec.openapis.org/oas/3.1/dialect/base", "prefixItems": [{"type": "null"}]}
    assert check(schema, [1], engine) == [("/0", "/prefixItems/0/type")]


@pytest.mark.parametrize(
    ("name", "pointer"), [("Broken", "/components/schemas/Broken/$ref"), ("Worse", "/components/schemas/Worse/type")]
)
def test_a_broken_schema_is_refused_where_it_is_needed(engine: EngineName, name: str, pointer: str) -> None:
    with pytest.raises(SchemaProblem) as caught:
        check({"$ref": f"{API}#/components/schemas/{name}"}, 1, engine)
    assert caught.value.pointer == f"{API}#{pointer}"


def test_a_reference_in_data_is_data(engine: EngineName) -> None:
    schema: Json = {"$ref": f"{API}#/components/schemas/Example"}
    assert check(schema, {"$ref": "missing.yaml"}, engine) == []


def test_a_schema_that_refers_to_itself_alone_is_no_endless_loop(engine: EngineName) -> None:
    assert check({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, {"a": {}}, engine) == [("/a/a", "/required")]

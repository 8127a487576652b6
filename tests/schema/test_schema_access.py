"""What is read-only is not part of a request, what is write-only not part of a response."""

from __future__ import annotations

import pytest

from runner.schema import Direction, EngineName, SchemaDialect, compile_schema
from runner.values import Json

URI = "https://x.test/api.yaml"
SCHEMAS: dict[str, Json] = {
    "User": {
        "type": "object",
        "required": ["id", "name", "password", "secret", "made"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string"},
            "password": {"type": "string", "writeOnly": True},
            "secret": {"$ref": "#/components/schemas/Secret"},
            "made": {"allOf": [{"$ref": "#/components/schemas/Made"}]},
        },
    },
    "Secret": {"type": "string", "writeOnly": True},
    "Made": {"type": "object", "readOnly": True, "required": ["at"], "properties": {"at": {"type": "string"}}},
    "Heir": {"allOf": [{"$ref": "#/components/schemas/User"}, {"required": ["id", "more"]}]},
    "Choice": {
        "properties": {"id": {"readOnly": True}, "a": {}},
        "anyOf": [{"required": ["id"]}, {"required": ["a", "id"]}],
    },
    "Holder": {
        "type": "object",
        "properties": {"users": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}},
    },
    "Closed": {"type": "object", "properties": {"id": {"readOnly": True}}, "additionalProperties": False},
    "Whole": {"type": "object", "readOnly": True, "required": ["a"]},
    "Circle": {"allOf": [{"$ref": "#/components/schemas/Circle2"}], "properties": {"id": {"readOnly": True}}},
    "Circle2": {"allOf": [{"$ref": "#/components/schemas/Circle"}, {"required": ["id"]}]},
}
SENT = {"name": "n", "password": "p", "secret": "s"}
GIVEN = {"id": 1, "name": "n", "made": {"at": "t"}}


def told(
    name: str, value: Json, direction: Direction | None, engine: EngineName, dialect: SchemaDialect = "openapi-3.0"
) -> list[str]:
    compiled = compile_schema(
        {"$ref": f"{URI}#/components/schemas/{name}"},
        definitions={URI: {"components": {"schemas": SCHEMAS}}},
        dialect=dialect,
        direction=direction,
        engine=engine,
    )
    found = compiled.errors(value)
    assert compiled.valid(value) == (not found)
    own = f"{URI}#/components/schemas/"
    return sorted(f"{each.instance} {each.message} ({each.schema.removeprefix(own)})" for each in found)


READ = "is read-only: it must not be sent"
WRITE = "is write-only: it must not be sent back"
CASES: dict[str, tuple[str, Json, Direction | None, list[str]]] = {
    "a request": ("User", SENT, "request", []),
    "a response": ("User", GIVEN, "response", []),
    "neither": (
        "User",
        SENT,
        None,
        ["/id is required (User/required)", "/made is required (User/required)"],
    ),
    "the rest is still required": ("User", {}, "request", [f"/{n} is required (User/required)" for n in sorted(SENT)]),
    "and in a response": ("User", {}, "response", [f"/{n} is required (User/required)" for n in sorted(GIVEN)]),
    "too much in a request": (
        "User",
        SENT | {"id": 1, "made": {"at": "t"}},
        "request",
        [f"/id {READ} (User/properties/id/readOnly)", f"/made {READ} (Made/readOnly)"],
    ),
    "too much in a response": (
        "User",
        GIVEN | {"password": "hunter2", "secret": 5},
        "response",
        [f"/password {WRITE} (User/properties/password/writeOnly)", f"/secret {WRITE} (Secret/writeOnly)"],
    ),
    "required by an heir": ("Heir", SENT, "request", ["/more is required (Heir/allOf/1/required)"]),
    "required of a response by an heir": (
        "Heir",
        {"name": "n", "made": {"at": "t"}},
        "response",
        [
            "/id is required (Heir/allOf/1/required)",
            "/id is required (User/required)",
            "/more is required (Heir/allOf/1/required)",
        ],
    ),
    "required by an alternative": ("Choice", {}, "request", []),
    "required of a response by an alternative": (
        "Choice",
        {},
        "response",
        [" satisfies none of 2 alternatives: /id is required; /a is required (Choice/anyOf)"],
    ),
    "within an item": (
        "Holder",
        {"users": [SENT | {"id": 1}]},
        "request",
        [f"/users/0/id {READ} (User/properties/id/readOnly)"],
    ),
    "it is no additional property": ("Closed", {"id": 1}, "request", [f"/id {READ} (Closed/properties/id/readOnly)"]),
    "the mark is relevant for properties only": ("Whole", {"a": 1}, "request", []),
    "schemas that refer to each other": ("Circle", {}, "request", []),
    "and to a response": ("Circle", {}, "response", ["/id is required (Circle2/allOf/1/required)"]),
}


@pytest.mark.parametrize(("name", "value", "direction", "expected"), CASES.values(), ids=CASES.keys())
def test_a_property_is_sent_in_one_direction(
    engine: EngineName, name: str, value: Json, direction: Direction | None, expected: list[str]
) -> None:
    found = told(name, value, direction, engine)
    assert found == expected


@pytest.mark.parametrize(("value", "direction"), [(SENT | GIVEN, "request"), (SENT | GIVEN, "response")])
def test_an_annotation_of_2020_12_forbids_nothing(engine: EngineName, value: Json, direction: Direction) -> None:
    assert told("User", value, direction, engine, "2020-12") == []
    required = SENT if direction == "request" else GIVEN
    assert told("User", {}, direction, engine, "2020-12") == [
        f"/{name} is required (User/required)" for name in sorted(required)
    ]


def test_an_annotation_beside_a_reference_counts_in_2020_12_alone(engine: EngineName) -> None:
    schema: Json = {
        "required": ["a"],
        "properties": {"a": {"$ref": "#/$defs/a", "readOnly": True}},
        "$defs": {"a": {"type": "string"}},
    }
    assert compile_schema(schema, direction="request", engine=engine).valid({})
    assert not compile_schema(schema, direction="request", dialect="openapi-3.0", engine=engine).valid({})


def test_swagger_knows_read_only_alone(engine: EngineName) -> None:
    schema: Json = {"required": ["r", "w"], "properties": {"r": {"readOnly": True}, "w": {"writeOnly": True}}}
    request = compile_schema(schema, dialect="swagger-2.0", direction="request", engine=engine)
    response = compile_schema(schema, dialect="swagger-2.0", direction="response", engine=engine)
    assert {(error.instance, error.keyword) for error in request.errors({"r": 1})} == {
        ("/r", "readOnly"),
        ("/w", "required"),
    }
    assert response.valid({"r": 1, "w": 1})
    assert not response.valid({"r": 1})

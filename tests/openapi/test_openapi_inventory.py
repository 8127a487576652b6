from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runner.exchange import Response
from runner.openapi.inventory import Inventory, Item

if TYPE_CHECKING:
    from conftest import Read

PETS: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/pets": {
            "get": {
                "parameters": [{"name": "limit", "in": "query"}, {"name": "X-Trace", "in": "header"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}
                            }
                        }
                    },
                    "4XX": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
                },
            }
        },
        "/stray": {"post": {"responses": {"default": {}}}},
    },
    "components": {
        "schemas": {
            "Pet": {
                "allOf": [
                    {"$ref": "#/components/schemas/Named"},
                    {"properties": {"parent": {"$ref": "#/components/schemas/Pet"}, "tags": {"type": "object"}}},
                ]
            },
            "Named": {"properties": {"name": {"type": "string"}}},
            "Error": {
                "oneOf": [
                    {"properties": {"code": {"type": "integer"}}},
                    {"additionalProperties": {"properties": {"why": {}}}},
                ]
            },
            "Unused": {"properties": {"never": {}}},
        }
    },
}
AT = "/paths/~1pets/get"
SCHEMAS = "/components/schemas"
URI = "https://api.test/v1/openapi.json"


@pytest.fixture
def pets(read: Read) -> Inventory:
    api, _ = read(PETS)
    return Inventory(api)


def properties(*pointers: str) -> set[Item]:
    return {Item("property", URI, f"{SCHEMAS}/{pointer}") for pointer in pointers}


NAME, PARENT, TAGS = "Named/properties/name", "Pet/allOf/1/properties/parent", "Pet/allOf/1/properties/tags"
CODE, WHY = "Error/oneOf/0/properties/code", "Error/oneOf/1/additionalProperties/properties/why"


def test_an_inventory_has_operations_statuses_parameters_and_each_property_of_a_response_once(pets: Inventory) -> None:
    items = list(pets.items())
    assert len(items) == len(set(items))
    assert set(items) == {
        Item("operation", AT),
        Item("status", AT, "200"),
        Item("status", AT, "4XX"),
        Item("parameter", AT, "query limit"),
        Item("parameter", AT, "header X-Trace"),
        Item("operation", "/paths/~1stray/post"),
        Item("status", "/paths/~1stray/post", "default"),
        *properties(NAME, PARENT, TAGS, CODE, WHY),
    }


@pytest.mark.parametrize(
    ("status", "body", "reached"),
    [
        (200, [{"name": "a"}], (NAME,)),
        (200, [{}, {"parent": {"parent": {"tags": {"x": 1}}}}], (PARENT, TAGS)),
        (200, [], ()),
        (200, {"name": "not in an array"}, ()),
        (404, {"code": 1}, (CODE,)),
        (404, {"more": {"why": 1, "else": 2}}, (WHY,)),
    ],
)
def test_an_answer_reaches_the_properties_that_its_body_has(
    pets: Inventory, status: int, body: Any, reached: tuple[str, ...]
) -> None:
    response = Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
    key = "200" if status == 200 else "4XX"
    operation = pets.api.by_pointer[AT]
    assert set(pets.reached(operation, response)) == {
        Item("operation", AT),
        Item("status", AT, key),
        *properties(*reached),
    }


@pytest.mark.parametrize(
    "response",
    [
        Response(500, (("Content-Type", "application/json"),), b'{"code": 1}'),
        Response(503, (), b""),
    ],
)
def test_an_undocumented_status_reaches_the_operation_only(pets: Inventory, response: Response) -> None:
    assert set(pets.reached(pets.api.by_pointer[AT], response)) == {Item("operation", AT)}


def test_a_body_of_another_media_type_or_that_is_no_json_reaches_its_status_only(pets: Inventory) -> None:
    operation = pets.api.by_pointer[AT]
    for response in (
        Response(200, (("Content-Type", "text/csv"),), b"name"),
        Response(200, (("Content-Type", "application/json"),), b"{"),
        Response(200, (("Content-Type", "application/json"),), b""),
    ):
        assert set(pets.reached(operation, response)) == {Item("operation", AT), Item("status", AT, "200")}


def test_every_reached_item_is_in_the_inventory(pets: Inventory) -> None:
    body = json.dumps([{"name": 1, "parent": {"name": 2}, "tags": {}}]).encode()
    response = Response(200, (("Content-Type", "application/json"),), body)
    assert set(pets.reached(pets.api.by_pointer[AT], response)) <= set(pets.items())


def test_schemas_that_refer_to_each_other_have_as_many_properties_as_are_written(read: Read) -> None:
    names = [f"S{number}" for number in range(40)]
    all_of_them = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
    schemas = {name: {"properties": all_of_them} for name in names}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}
    api, _ = read(
        {
            "openapi": "3.0.0",
            "paths": {"/": {"get": {"responses": {"200": {"content": content}}}}},
            "components": {"schemas": schemas},
        }
    )
    items = [item for item in Inventory(api).items() if item.kind == "property"]
    assert len(items) == len(set(items)) == 40 * 40


def test_each_item_of_a_sequence_reaches_its_properties(read: Read) -> None:
    lines, events = "application/jsonl", "text/event-stream"
    schema: dict[str, Any] = {"itemSchema": {"properties": {"id": {}, "data": {}}}}
    responses = {"200": {"content": {lines: schema, events: schema}}}
    api, _ = read({"openapi": "3.2.0", "paths": {"/log": {"get": {"responses": responses}}}})
    inventory, [operation] = Inventory(api), api.by_pointer.values()

    def reached(kind: str, body: bytes) -> set[str]:
        found = inventory.reached(operation, Response(200, (("Content-Type", kind),), body))
        return {item.name.rpartition("/")[2] for item in found if item.kind == "property"}

    assert len([item for item in inventory.items() if item.kind == "property"]) == 4
    assert reached(lines, b'{"id": 1}\n{"data": 2}\n') == {"id", "data"}
    assert reached(lines, b'{"id": 1}\n{') == set()
    assert reached(events, b"data: 1\n\n") == {"data"}

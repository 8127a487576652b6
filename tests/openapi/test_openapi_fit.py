"""What may stand where in a body, by its schemas alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from runner.openapi.document import Address
from runner.openapi.fit import Misfit, ResponseBody, Shapes
from runner.openapi.references import Node

if TYPE_CHECKING:
    from conftest import Read

BOOK = {"$ref": "#/components/schemas/Book"}
SCHEMAS: dict[str, Any] = {
    "Book": {"type": "object", "properties": {"title": {"type": "string"}, "by": {"$ref": "#/components/schemas/Man"}}},
    "Man": {"properties": {"name": {"type": "string"}, "wrote": {"type": "array", "items": BOOK}}},
    "Circle": {"allOf": [{"$ref": "#/components/schemas/Circle"}, {"properties": {"a": {}}}]},
    "Nowhere": {"$ref": "#/components/schemas/Gone"},
    "Closed": {"properties": {"a": {}}, "additionalProperties": False},
}


def body(read: Read, *schemas: Any) -> ResponseBody:
    responses = {
        str(200 + number): {"description": "ok", "content": {"application/json": {"schema": schema} if schema else {}}}
        for number, schema in enumerate(schemas)
    }
    described = {
        "openapi": "3.0.3",
        "paths": {"/books": {"get": {"operationId": "list", "responses": responses}}},
        "components": {"schemas": SCHEMAS},
    }
    api, _ = read(described)
    return ResponseBody(api.by_id["list"], Shapes.of_api(api))


def misfit(found: ResponseBody, tokens: Sequence[str]) -> Misfit | None:
    shape = found.at(tokens).shape
    match shape:
        case (int(), Misfit() as why):
            return why
        case _:
            return None


FITS = [
    ([BOOK], ["title"]),
    ([BOOK], ["by", "wrote", "0", "by", "name"]),
    ([{"type": "array", "items": BOOK}], ["17", "title"]),
    ([{"items": BOOK}], ["0"]),
    ([{"type": "object", "properties": {"0": {}}}], ["0"]),
    ([{"type": "object"}], ["anything", "at", "all"]),
    ([{}], ["anything"]),
    ([BOOK, {"properties": {"error": {}}}], ["error"]),
    ([BOOK, None], ["anything"]),  # one of the answers has no schema
    ([{"oneOf": [BOOK, {"properties": {"a": {}}}]}], ["a"]),
    ([{"anyOf": [BOOK, {}]}], ["anything"]),
    ([{"allOf": [BOOK, {"description": "a book"}]}], ["title"]),
    ([{"allOf": [BOOK, {"properties": {"a": {}}}]}], ["a"]),
    ([{"properties": {"a": {}}, "additionalProperties": True}], ["b"]),
    ([{"properties": {"a": {}}, "additionalProperties": BOOK}], ["b", "title"]),
    ([{"properties": {"a": {}}, "patternProperties": {"^x": {}}}], ["b"]),
    ([{"type": ["object", "string"], "properties": {"a": {}}}], ["a"]),
    ([{"type": "array", "items": [BOOK]}], ["0", "anything"]),  # the items of a list, in an older dialect
    ([{"$ref": "#/components/schemas/Circle"}], ["a"]),
    ([{"$ref": "#/components/schemas/Nowhere"}], ["anything"]),
    ([{"type": "file"}], ["anything"]),
]

MISFITS = [
    ([BOOK], ["titel"], ("title", "by"), ""),
    ([BOOK], ["by", "wrote", "title"], (), "an array has items, by number, and no members"),
    ([BOOK], ["title", "length"], (), "a string has no parts"),
    ([{"type": "array", "items": BOOK}], ["title"], (), "an array has items, by number, and no members"),
    ([BOOK, {"properties": {"error": {}}}], ["eror"], ("title", "by", "error"), ""),
    ([{"oneOf": [BOOK, {"type": "string"}]}], ["a"], ("title", "by"), ""),
    ([{"allOf": [BOOK, {"properties": {"a": {}}}]}], ["b"], ("title", "by", "a"), ""),
    ([{"$ref": "#/components/schemas/Closed"}], ["b"], ("a",), ""),
    ([{"type": "object", "additionalProperties": False}], ["b"], (), ""),
    ([{"type": "integer", "nullable": True}], ["b"], (), "an integer has no parts"),
    ([{"properties": {"a": False}}], ["a", "b"], (), "nothing can stand there"),
]


@pytest.mark.parametrize(("schemas", "tokens"), FITS)
def test_a_place_that_a_schema_has_room_for_fits(read: Read, schemas: list[Any], tokens: list[str]) -> None:
    assert misfit(body(read, *schemas), tokens) is None


@pytest.mark.parametrize(("schemas", "tokens", "known", "why"), MISFITS)
def test_a_place_that_no_schema_has_room_for_does_not(
    read: Read, schemas: list[Any], tokens: list[str], known: tuple[str, ...], why: str
) -> None:
    assert misfit(body(read, *schemas), tokens) == Misfit(why, known)


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        (BOOK, {"object"}),
        ({"anyOf": [BOOK, {"type": "string"}]}, {"object", "string"}),
        ({"anyOf": [BOOK, {}]}, set()),
        ({"allOf": [{"type": ["string", "null"]}, {"type": "string"}]}, {"string"}),
        ({"type": "string", "nullable": True}, {"string", "null"}),
        ({"$ref": "#/components/schemas/Circle"}, set()),
    ],
)
def test_the_types_of_a_place_are_those_that_all_its_schemas_allow(read: Read, schema: Any, types: set[str]) -> None:
    found = body(read, schema)
    assert found.shapes.types(found.known) == types


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"enum": ["a", "b"]}, ("a", "b")),
        ({"enum": ["a"], "nullable": True}, ("a", None)),
        ({"const": "a"}, ("a",)),
        ({"oneOf": [{"const": "a"}, {"enum": ["b"]}]}, ("a", "b")),
        ({"oneOf": [{"const": "a"}, {"type": "string"}]}, ()),
        ({"allOf": [{"type": "string"}, {"enum": ["a"]}]}, ("a",)),
    ],
)
def test_the_values_of_a_place_are_those_that_its_schemas_list(
    read: Read, schema: Any, values: tuple[Any, ...]
) -> None:
    found = body(read, schema)
    assert found.shapes.values(found.known) == values


def ladder(keyword: str, rungs: int, top: dict[str, Any]) -> Shapes:
    """Schemas of which each is the next one twice over, up to the last."""
    next_ones = [{"$ref": f"#/S{place + 1}"} for place in range(rungs)]
    schemas = {f"S{place}": {keyword: [each, {keyword: [each]}]} for place, each in enumerate(next_ones)}
    return Shapes.of_schema({**schemas, f"S{rungs}": top})


@pytest.mark.parametrize("rungs", [50, 2_000])
@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_schemas_that_refer_to_others_over_and_over_are_looked_at_once(keyword: str, rungs: int) -> None:
    book = {"type": "object", "properties": {"title": {"enum": ["a"]}}, "additionalProperties": False}
    shapes = ladder(keyword, rungs, book)
    shape = (shapes.node(Address("", "/S0")),)
    assert shapes.types(shape) == {"object"}
    assert shapes.values(shape) == ()
    assert shapes.walk(shape, ["name"]) == (0, Misfit("", ("title",)))
    found = shapes.walk(shape, ["title"])
    assert {each.own for each in found if isinstance(each, Node)} == {f"/S{rungs}/properties/title"}


def test_values_that_are_listed_over_and_over_are_not_known_any_more() -> None:
    few, many = (ladder("anyOf", rungs, {"enum": ["a", "b"]}) for rungs in (3, 50))
    assert few.values((few.node(Address("", "/S0")),)) == ("a", "b") * 8
    assert many.values((many.node(Address("", "/S0")),)) == ()


def test_of_schemas_that_refer_to_each_other_in_circles_without_end_nothing_is_known() -> None:
    pair = {f"{place}{side}": [f"{(place + 1) % 30}{other}" for other in "ab"] for place in range(30) for side in "ab"}
    shapes = Shapes.of_schema({name: {"allOf": [{"$ref": f"#/{each}"} for each in pair[name]]} for name in pair})
    shape = (shapes.node(Address("", "/0a")),)
    assert (shapes.walk(shape, ["title"]), shapes.types(shape), shapes.values(shape)) == ((), frozenset(), ())


LIKE = {"200": {"description": "ok", "content": {"application/json": {"schema": BOOK}}}}
UNLIKE: dict[str, Any] = {
    "status": {"201": LIKE["200"]},
    "another status": LIKE | {"404": {"description": "gone"}},
    "media type": {"200": {"content": {"text/plain": {"schema": BOOK}}}},
    "schema": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Man"}}}}},
    "words beside the reference": {
        "200": {"content": {"application/json": {"schema": BOOK | {"properties": {"more": {}}}}}}
    },
    "no schema": {"200": {"content": {"application/json": {}}}},
    "header": {"200": LIKE["200"] | {"headers": {"Link": {"schema": {"type": "string"}}}}},
    "nowhere": {"200": {"$ref": "#/components/responses/Gone"}},
}


@pytest.mark.parametrize("responses", UNLIKE.values(), ids=UNLIKE)
def test_operations_are_alike_where_they_answer_with_the_same_statuses_headers_and_schemas(
    read: Read, responses: Any
) -> None:
    linked = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Linked"}}}}}
    described = {
        "openapi": "3.0.3",
        "paths": {
            f"/{name}": {"get": {"operationId": name, "responses": answers}}
            for name, answers in (("first", LIKE), ("like", LIKE), ("linked", linked), ("unlike", responses))
        },
        "components": {"schemas": SCHEMAS | {"Linked": BOOK}},
    }
    api, _ = read(described)
    shapes = Shapes.of_api(api)
    first, *others = (shapes.first_alike(api.by_id[name]) for name in ("first", "like", "linked", "unlike"))
    assert [other is first for other in others] == [True, True, False]
    assert Shapes.of_api(api) is shapes
    assert Shapes.of_api(read(described)[0]) is not shapes

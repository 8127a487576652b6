"""What was sent and what came back, held against an API description."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.engine.policy import CHECKS
from runner.exchange import Headers, Response
from runner.openapi.contract import Compared, Contract
from runner.openapi.document import Operation
from runner.openapi.mismatch import Mismatch
from runner.values import ABSENT, Json, Value

from .conftest import Read

URI = "https://api.test/v1/openapi.json"
JSON = (("Content-Type", "application/json"),)
PET: Json = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "password": {"type": "string", "format": "password", "minLength": 12},
        "parent": {"$ref": "#/components/schemas/Pet"},
        "tag": {"oneOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]},
    },
}
COMPONENTS: Json = {"schemas": {"Pet": PET, "Broken": {"type": "strnig"}, "Lost": {"$ref": "#/components/schemas/No"}}}
OK: dict[str, Json] = {"description": "ok"}


def content(schema: Json, *kinds: str) -> dict[str, Json]:
    return {**OK, "content": {kind: {"schema": schema} for kind in kinds or ("application/json",)}}


def contract(read: Read, **fields: Any) -> Contract:
    """Read the contract of `GET /pets`, whose Operation Object has these fields."""
    method = fields.pop("method", "get")
    root: Json = {
        "openapi": fields.pop("openapi", "3.1.0"),
        "info": {"title": "t", "version": "1"},
        "paths": {"/pets": {method: {"operationId": "op", **fields}}},
        "components": COMPONENTS,
    }
    api, _ = read(root, URI)
    return Contract(api.by_id["op"], api)


def answered(status: int = 200, body: object = ABSENT, headers: Headers = JSON) -> Response:
    raw = b"" if body is ABSENT else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, raw)


def compared(found: Contract, response: Response, method: str = "GET") -> Compared:
    return found.check_response(method, response, CHECKS)


def told(mismatches: tuple[Mismatch, ...]) -> list[str]:
    """Write mismatches as `check: statement [value] @pointer`."""
    return [
        f"{each.check}: {each.statement}"
        + (f" [{each.value!r}]" if each.value is not ABSENT else "")
        + (f" @{each.address.pointer.removeprefix('/paths/~1pets/get')}" if each.address else "")
        for each in mismatches
    ]


REF: Json = {"$ref": "#/components/schemas/Pet"}
EVENT: Json = {
    "properties": {
        "event": {"enum": ["add", "remove"]},
        "data": {"type": "string", "maxLength": 2},
        "retry": {"type": "integer"},
    }
}
TEXT = (("Content-Type", "text/plain"),)
REX = {"id": 1, "name": "Rex"}
SCHEMA = "/responses/200/content/application~1json/schema"
PETS = "/components/schemas/Pet"

RESPONSES: dict[str, tuple[dict[str, Json], Response, list[str]]] = {
    "as documented": ({"200": content(REF)}, answered(body=REX), []),
    "extra members are allowed": ({"200": content(REF)}, answered(body={**REX, "more": 1}), []),
    "extra headers are allowed": ({"200": content(REF)}, answered(body=REX, headers=(*JSON, ("X-More", "1"))), []),
    "a range": ({"2XX": content(REF)}, answered(202, REX), []),
    "a range in lower case": ({"2xx": content(REF)}, answered(202, REX), []),
    "the default": ({"200": OK, "default": content(REF)}, answered(500, REX), []),
    "a status that is not documented": (
        {"200": OK, "404": OK},
        answered(418, REX),
        ["status: status 418 is not documented: GET /pets has 200 and 404 @/responses"],
    ),
    "no responses at all": (
        {}, answered(200, b"<", ()), ["status: status 200 is not documented: GET /pets has no responses @"],
    ),
    "a content type that is not documented": (
        {"200": content(REF, "application/json", "text/csv")},
        answered(body=b"<html>", headers=(("Content-Type", "text/html; charset=utf-8"),)),
        [
            ("content-type: content type 'text/html' is not documented: 200 has application/json and text/csv"
             " @/responses/200/content")
        ],
    ),
    "a content type in another spelling": (
        {"200": content(REF, "Application/JSON")},
        answered(body=REX, headers=(("content-type", "application/json;charset=UTF-8"),)),
        [],
    ),
    "a range of content types": ({"200": content(REF, "application/*")}, answered(body=REX), []),
    "no content type": (
        {"200": content(REF)},
        answered(body=REX, headers=()),
        ["content-type: the response body has no content type: 200 has application/json @/responses/200/content"],
    ),
    "a body where none is documented": (
        {"200": OK},
        answered(body=REX),
        ["content-type: the response body is not documented: 200 has no content @/responses/200"],
    ),
    "no body where none is documented": ({"200": OK}, answered(headers=()), []),
    "no body where there should be JSON": (
        {"200": content(REF)},
        answered(headers=()),
        ["body: the response body is missing: 200 has application/json @/responses/200/content"],
    ),
    "an empty body that claims to be JSON": (
        {"200": content(REF)},
        answered(),
        [f"body: the response body is empty, which is not JSON @{SCHEMA}"],
    ),
    "an empty body where text may be": (
        {"200": content({"type": "string"}, "text/plain")}, answered(headers=()), [],
    ),
    "204 has no body": ({"204": content(REF)}, answered(204, headers=()), []),
    "304 has no body": ({"304": content(REF)}, answered(304, headers=()), []),
    "broken JSON": (
        {"200": content(REF)},
        answered(body=b"<html>"),
        [f"body: the response body is not JSON: expecting value, in line 1, column 1 @{SCHEMA}"],
    ),
    "broken JSON without a schema": (
        {"200": {**OK, "content": {"application/json": {}}}},
        answered(body=b"\xff"),
        ["body: the response body is not utf-8: 0xFF at byte 0 @/responses/200/content/application~1json"],
    ),
    "the wrong type": (
        {"200": content(REF)},
        answered(body={"id": "1", "name": "Rex"}),
        [f"body: '/id' in the response body must be integer ['1'] @{PETS}/properties/id/type"],
    ),
    "a member that is missing": (
        {"200": content(REF)},
        answered(body={"id": 1}),
        [f"body: '/name' in the response body is required @{PETS}/required/1"],
    ),
    "a secret is not told": (
        {"200": content(REF)},
        answered(body={**REX, "password": "hunter2"}),
        [
            ("body: '/password' in the response body must have at least 12 characters"
             f" @{PETS}/properties/password/minLength")
        ],
    ),
    "no alternative": (
        {"200": content(REF)},
        answered(body={**REX, "tag": {}}),
        [f"body: '/tag' in the response body satisfies none of 2 alternatives @{PETS}/properties/tag/oneOf"],
    ),
    "an unknown charset": (
        {"200": content({"type": "string"}, "text/plain")},
        answered(body=b"a", headers=(("Content-Type", "text/plain; charset=klingon"),)),
        [
            ("body: the response body is in the charset 'klingon', which is not known"
             " @/responses/200/content/text~1plain/schema")
        ],
    ),
    "text that is a number": (
        {"200": content({"type": "integer"}, "text/plain")}, answered(body=b"5\n", headers=TEXT), []
    ),
    "text that is no number": (
        {"200": content({"type": "integer"}, "text/plain")},
        answered(body=b"five", headers=TEXT),
        ["body: the response body must be integer ['five'] @/responses/200/content/text~1plain/schema/type"],
    ),
    "text of an object is not for a JSON Schema to check": (
        {"200": content(REF, "text/plain")}, answered(body=b"Rex", headers=TEXT), []
    ),
    "server-sent events": (
        {"200": {**OK, "content": {"text/event-stream": {"itemSchema": EVENT}}}},
        answered(
            body=b": hello\r\n\r\nevent: add\ndata: a\ndata:b\nid: 7\nretry: 3\n\nevent: zap\rdata\r\rdata: cut off",
            headers=(("Content-Type", "text/event-stream"),),
        ),
        [
            ("body: '/0/data' in the response body must have at most 2 characters, has 3"
             " @/responses/200/content/text~1event-stream/itemSchema/properties/data/maxLength"),
            ("body: '/1/event' in the response body must be one of \"add\", \"remove\" ['zap']"
             " @/responses/200/content/text~1event-stream/itemSchema/properties/event/enum"),
        ],
    ),
    "server-sent events before 3.2": (
        {"200": content(REF, "text/event-stream")},
        answered(body=b"data: a\n\n", headers=(("Content-Type", "text/event-stream"),)),
        [],
    ),
    "lines of JSON before 3.2": (
        {"200": content(REF, "application/x-ndjson")},
        answered(body=b'{"id": 1, "name": 2}\n' * 3, headers=(("Content-Type", "application/x-ndjson"),)),
        [f"body: '/0/name' in the response body must be string [2] @{PETS}/properties/name/type"],
    ),
    "lines of JSON as text": (
        {"200": content({"type": "string"}, "application/x-ndjson")},
        answered(body=b"{}\n", headers=(("Content-Type", "application/x-ndjson"),)),
        [],
    ),
    "text with a schema": (
        {"200": content({"type": "string", "maxLength": 2}, "text/plain")},
        answered(body=b"abc", headers=(("Content-Type", "text/plain"),)),
        [
            ("body: the response body must have at most 2 characters, has 3"
             " @/responses/200/content/text~1plain/schema/maxLength")
        ],
    ),
    "XML is not for a JSON Schema to check": (
        {"200": content(REF, "application/xml")},
        answered(body=b"<pet/>", headers=(("Content-Type", "application/xml"),)),
        [],
    ),
    "bytes are not either": (
        {"200": content({"type": "string", "format": "binary"}, "application/octet-stream")},
        answered(body=b"\xff\x00", headers=(("Content-Type", "application/octet-stream"),)),
        [],
    ),
    "a schema that means nothing": (
        {"200": content({"$ref": "#/components/schemas/Broken"})},
        answered(body=REX),
        ["body: the response body cannot be checked: 'type' cannot be \"strnig\" @/components/schemas/Broken/type"],
    ),
    "a schema that leads nowhere": (
        {"200": content({"$ref": "#/components/schemas/Lost"})},
        answered(body=REX),
        [
            ("body: the response body cannot be checked: the reference '#/components/schemas/No' leads nowhere"
             " @/components/schemas/Lost/$ref")
        ],
    ),
    "a response that cannot be read": ({"200": {"$ref": "#/components/responses/No"}}, answered(body=REX), []),
    "lines of JSON": (
        {"200": {**OK, "content": {"application/jsonl": {"itemSchema": REF}}}},
        answered(
            body=b'{"id": 1, "name": "a"}\n{"id": "2", "name": "b"}\n', headers=(("Content-Type", "application/jsonl"),)
        ),
        [f"body: '/1/id' in the response body must be integer ['2'] @{PETS}/properties/id/type"],
    ),
    "a broken line of JSON": (
        {"200": {**OK, "content": {"application/x-ndjson": {"itemSchema": REF}}}},
        answered(body=b'{"id": 1, "name": "a"}\n{"id\n', headers=(("Content-Type", "application/x-ndjson"),)),
        [
            ("body: the response body has an item that is not JSON, number 2: unterminated string"
             " starting at, in line 1, column 2 @/responses/200/content/application~1x-ndjson")
        ],
    ),
    "a sequence of JSON texts as a whole": (
        {"200": content({"type": "array", "maxItems": 1}, "application/json-seq")},
        answered(body=b"\x1e1\n\x1e2\n", headers=(("Content-Type", "application/json-seq"),)),
        [
            ("body: the response body must have at most 1 item, has 2"
             " @/responses/200/content/application~1json-seq/schema/maxItems")
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("responses", "response", "expected"), RESPONSES.values(), ids=RESPONSES.keys())
def test_a_response_is_held_against_its_description(
    read: Read, responses: dict[str, Json], response: Response, expected: list[str]
) -> None:
    found = contract(read, responses=responses)
    assert told(compared(found, response).mismatches) == expected


def test_an_operation_without_a_responses_object_says_it_once(read: Read) -> None:
    assert told(compared(contract(read), answered(500, b"<")).mismatches) == [
        "status: status 500 is not documented: GET /pets has no responses @"
    ]


def test_the_answer_to_head_is_compared_without_a_body(read: Read) -> None:
    found = contract(read, method="head", responses={"200": {**content(REF), "headers": {"X-A": {"required": True}}}})
    assert [each.check for each in compared(found, answered(headers=()), "HEAD").mismatches] == ["headers"]


def test_what_was_compared_is_named_by_the_keys_of_the_description(read: Read) -> None:
    found = contract(read, responses={"2XX": content(REF, "application/*"), "404": OK})
    assert compared(found, answered(202, REX))[:2] == ("2XX", "application/*")
    assert compared(found, answered(404, headers=()))[:2] == ("404", None)
    assert compared(found, answered(500))[:2] == (None, None)


@pytest.mark.parametrize("check", [check for check in CHECKS if check != "request"])
def test_only_the_checks_that_are_wanted_are_made(read: Read, check: str) -> None:
    responses = {"200": {**content(REF), "headers": {"X-A": {"required": True}}}}
    found = contract(read, responses=responses)
    bad = (answered(418), answered(200, b"a", (("Content-Type", "text/html"),)), answered(200, {}))
    made = {each.check for response in bad for each in found.check_response("GET", response, {check}).mismatches}
    assert made == {check}


def test_items_that_differ_in_the_same_way_are_told_once_and_counted(read: Read) -> None:
    found = contract(read, responses={"200": content({"type": "array", "items": REF})})
    pets = [{"id": "x", "name": "a"}, REX, {"id": "y"}, {"id": "z", "name": 1}]
    mismatches = compared(found, answered(body=pets)).mismatches
    assert [(each.instance, each.count) for each in mismatches] == [("/0/id", 3), ("/2/name", 1), ("/3/name", 1)]


def test_a_failure_that_is_found_on_several_ways_counts_once(read: Read) -> None:
    found = contract(read, responses={"200": content({"allOf": [REF, {"allOf": [REF]}]})})
    assert [each.count for each in compared(found, answered(body={"id": 1})).mismatches] == [1]


def test_members_of_a_map_that_differ_in_the_same_way_are_told_once_and_counted(read: Read) -> None:
    schema: Json = {
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "additionalProperties": {"type": "object", "required": ["id", "name"]},
    }
    found = contract(read, responses={"200": content(schema)})
    body: Json = {"a": 1, "b": 1, **{f"k{number}": {"id": 1} for number in range(3000)}, "last": {"name": ""}}
    mismatches = compared(found, answered(body=body)).mismatches
    assert {each.instance: each.count for each in mismatches} == {"/a": 1, "/b": 1, "/k0/name": 3000, "/last/id": 1}


def test_of_thousands_of_members_that_should_not_be_there_a_hundred_are_told(read: Read) -> None:
    found = contract(read, responses={"200": content({"type": "object", "additionalProperties": False})})
    mismatches = compared(found, answered(body={f"k{number}": 1 for number in range(3000)})).mismatches
    assert (len(mismatches), mismatches[0].statement) == (100, "'/k0' in the response body is not allowed")


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/parent" * 40 + "/id", "/parent/parent/…/parent/parent/id"),
        ("/a/" + "k" * 70 + "/b", "/a/…/b"),
        ("/a" * 20, "/a" * 20),
    ],
)
def test_the_way_to_a_place_deep_in_a_body_is_shortened_where_a_mismatch_is_told(pointer: str, expected: str) -> None:
    mismatch = Mismatch("body", "the response body", "is required", instance=pointer)
    assert mismatch.statement == f"'{expected}' in the response body is required"


def test_the_causes_name_what_each_alternative_lacks(read: Read) -> None:
    found = contract(read, responses={"200": content(REF)})
    mismatch = compared(found, answered(body={**REX, "tag": {}})).mismatches[0]
    assert mismatch.causes == "/a is required; /b is required"


def test_a_recursive_schema_is_followed_as_deep_as_the_body_goes(read: Read) -> None:
    found = contract(read, responses={"200": content(REF)})
    pet: dict[str, Any] = {"id": "wrong", "name": "youngest"}
    for number in range(60):
        pet = {"id": number, "name": "p", "parent": pet}
    assert [each.instance for each in compared(found, answered(body=pet)).mismatches] == ["/parent" * 60 + "/id"]


def test_a_body_that_is_nested_too_deeply_is_said_to_be_so(read: Read) -> None:
    found = contract(read, responses={"200": content(REF)})
    deep = b'{"id":1,"name":"a","parent":' * 300 + b"{}" + b"}" * 300
    assert told(compared(found, answered(body=deep)).mismatches) == [
        f"body: the response body is nested too deeply to be checked @{SCHEMA}"
    ]
    deeper = b"[" * 100_000
    assert "nested too deeply" in told(compared(found, answered(body=deeper)).mismatches)[0]


def test_five_megabytes_are_checked_whether_they_fit_or_not(read: Read) -> None:
    found = contract(read, responses={"200": content({"type": "array", "items": REF})})
    assert compared(found, answered(body=[{"id": 1, "name": "n" * 80}] * 50_000)).mismatches == ()
    (mismatch,) = compared(found, answered(body=[{"id": "x", "name": "n" * 80}] * 50_000)).mismatches
    assert (mismatch.instance, mismatch.count) == ("/0/id", 50_000)


def test_a_thousand_schemas_that_lead_to_each_other_are_no_deeper_than_the_body(read: Read) -> None:
    chain: dict[str, Json] = {
        f"S{number}": {
            "required": ["id"],
            "properties": {"id": {"type": "integer"}, "next": {"$ref": f"#/components/schemas/S{(number + 1) % 1000}"}},
        }
        for number in range(1000)
    }
    root: Json = {
        "openapi": "3.1.0",
        "paths": {"/pets": {"get": {"responses": {"200": content({"$ref": "#/components/schemas/S0"})}}}},
        "components": {"schemas": chain},
    }
    api, _ = read(root, URI)
    body: dict[str, Any] = {}
    for number in range(100):
        body = {"id": number, "next": body}
    (mismatch,) = compared(Contract(api.by_pointer["/paths/~1pets/get"], api), answered(body=body)).mismatches
    assert mismatch.instance == "/next" * 100 + "/id"
    assert mismatch.address == (URI, "/components/schemas/S100/required/0")


def test_a_schema_is_compiled_once_when_it_is_first_needed(read: Read) -> None:
    found = contract(read, responses={"200": content(REF)})
    assert found.api.schemas.compiled == {}
    for _ in range(3):
        compared(found, answered(body=REX))
    compared(Contract(found.operation, found.api), answered(body=REX))
    places = sorted(pointer for _, pointer, *_ in found.api.schemas.compiled)
    assert places == ["/components/schemas/Pet", "/paths/~1pets/get/responses/200/content/application~1json/schema"]
    assert len({id(schema) for schema in found.api.schemas.compiled.values()}) == 1


@pytest.mark.parametrize("version", ["3.0.4", "3.1.0"])
def test_what_is_written_beside_a_reference_counts_where_the_version_says_so(read: Read, version: str) -> None:
    beside = {**REF, "required": ["tag"]}
    found = contract(read, openapi=version, responses={"200": content(REF), "201": content(beside)})
    assert not compared(found, answered(body=REX)).mismatches
    assert bool(compared(found, answered(201, body=REX)).mismatches) == (version == "3.1.0")


def header(schema: Json, **fields: Json) -> dict[str, Json]:
    return {"200": {**OK, "headers": {"X-A": {"schema": schema, **fields}}}}


HEADERS: dict[str, tuple[dict[str, Json], Headers, list[str]]] = {
    "an integer": (header({"type": "integer"}), (("x-a", "5"),), []),
    "no integer": (
        header({"type": "integer"}),
        (("X-A", "many"),),
        ["headers: response header 'X-A' must be integer ['many'] @/responses/200/headers/X-A/schema/type"],
    ),
    "an integer out of bounds": (
        header({"type": "integer", "maximum": 4}),
        (("X-A", "5"),),
        ["headers: response header 'X-A' must be at most 4 [5] @/responses/200/headers/X-A/schema/maximum"],
    ),
    "digits that are text": (header({"type": "string", "format": "int64"}), (("X-A", "5"),), []),
    "a number among values": (header({"enum": [5, 6]}), (("X-A", "5"),), []),
    "an array on several lines": (header({"type": "array", "items": {"type": "integer"}, "minItems": 3}),
                                  (("X-A", "1, 2"), ("x-a", "3")), []),
    "an item that does not fit": (
        header({"type": "array", "items": {"type": "integer"}}),
        (("X-A", "1,b"),),
        [
            ("headers: '/1' in response header 'X-A' must be integer ['b']"
             " @/responses/200/headers/X-A/schema/items/type")
        ],
    ),
    "an object with explode": (
        header({"type": "object", "properties": {"R": {"type": "integer"}}}, explode=True), (("X-A", "R=1,G=2"),), [],
    ),
    "a date with its comma": (
        header({"type": "string", "minLength": 20}), (("X-A", "Sun, 06 Nov 1994 08:49:37 GMT"),), [],
    ),
    "one that is missing": (
        header({}, required=True), (), ["headers: response header 'X-A' is required @/responses/200/headers/X-A"],
    ),
    "an optional one that is missing": (header({"type": "integer"}), (), []),
    "JSON in a header": (
        {"200": {**OK, "headers": {"X-A": {"content": {"application/json": {"schema": {"type": "array"}}}}}}},
        (("X-A", '{"a": 1}'),),
        [
            ("headers: response header 'X-A' must be array, is an object"
             " @/responses/200/headers/X-A/content/application~1json/schema/type")
        ],
    ),
    "broken JSON in a header": (
        {"200": {**OK, "headers": {"X-A": {"content": {"application/json": {"schema": {}}}}}}},
        (("X-A", "{"),),
        [
            ("headers: response header 'X-A' is not JSON: expecting property name enclosed in double quotes,"
             " in line 1, column 2 ['{'] @/responses/200/headers/X-A")
        ],
    ),
    "a schema that means nothing": (
        header({"$ref": "#/components/schemas/Broken"}),
        (("X-A", "5"),),
        [
            ("headers: response header 'X-A' cannot be checked: 'type' cannot be \"strnig\""
             " @/components/schemas/Broken/type")
        ],
    ),
    "Content-Type is ignored": (
        {"200": {**OK, "headers": {"Content-Type": {"required": True, "schema": {"enum": ["a/b"]}}}}}, (), [],
    ),
    "each cookie by itself": (
        {"200": {**OK, "headers": {"Set-Cookie": {"schema": {"type": "string", "pattern": "^a="}}}}},
        (("Set-Cookie", "a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT"), ("Set-Cookie", "b=2")),
        [
            ("headers: response header 'Set-Cookie' must match the pattern \"^a=\" ['b=2']"
             " @/responses/200/headers/Set-Cookie/schema/pattern")
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("responses", "headers", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_a_header_is_read_and_held_against_its_schema(
    read: Read, responses: dict[str, Json], headers: Headers, expected: list[str]
) -> None:
    assert told(compared(contract(read, responses=responses), answered(headers=headers)).mismatches) == expected


def parameter(schema: Json, **fields: Json) -> dict[str, Json]:
    return {"name": "p", "in": "query", "schema": schema, **fields}


PARAMETERS: dict[str, tuple[dict[str, Json], Value, list[str]]] = {
    "an integer": (parameter({"type": "integer"}), 5, []),
    "an integer given as text": (parameter({"type": "integer"}), "5", []),
    "text given as a number": (parameter({"type": "string"}), 5, []),
    "one value for an array": (parameter({"type": "array", "items": {"type": "integer"}}), "5", []),
    "null": (parameter({"type": "integer"}), None, []),
    "out of bounds": (
        parameter({"type": "integer", "maximum": 100}),
        "500",
        ["request: query parameter 'p' must be at most 100 [500] @/parameters/0/schema/maximum"],
    ),
    "no value of the enum": (
        parameter({"enum": ["a", "b"]}),
        "c",
        ["request: query parameter 'p' must be one of \"a\", \"b\" ['c'] @/parameters/0/schema/enum"],
    ),
    "left out": (parameter({"type": "integer"}), ABSENT, []),
    "left out although required": (
        parameter({}, required=True),
        ABSENT,
        ["request: query parameter 'p' is required, and was left out @/parameters/0"],
    ),
    "JSON": (
        {"name": "p", "in": "query", "content": {"application/json": {"schema": {"type": "integer"}}}},
        "5",
        ["request: query parameter 'p' must be integer ['5'] @/parameters/0/content/application~1json/schema/type"],
    ),
    "text of another kind": (
        {"name": "p", "in": "query", "content": {"text/csv": {"schema": {"type": "integer"}}}}, "5", [],
    ),
    "a schema that means nothing": (
        parameter({"type": "strnig"}),
        "5",
        ["request: query parameter 'p' cannot be checked: 'type' cannot be \"strnig\" @/parameters/0/schema/type"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "value", "expected"), PARAMETERS.values(), ids=PARAMETERS.keys())
def test_a_parameter_is_held_against_its_schema(
    read: Read, written: dict[str, Json], value: Value, expected: list[str]
) -> None:
    found = contract(read, parameters=[written])
    assert not isinstance(value, bytes)
    assert told(found.check_parameter(found.operation.parameters[0], value)) == expected


FORM = "application/x-www-form-urlencoded"
BODIES: dict[str, tuple[dict[str, Json], Value, str | None, list[str]]] = {
    "as described": (content(REF), {"id": 1, "name": "Rex"}, "application/json", []),
    "the wrong type": (
        content(REF),
        {"id": "1", "name": "Rex"},
        "application/json; charset=utf-8",
        [f"request: '/id' in the request body must be integer ['1'] @{PETS}/properties/id/type"],
    ),
    "a content type that is not offered": (
        content(REF),
        "<pet/>",
        "application/xml",
        [
            ("request: content type 'application/xml' is not offered by GET /pets: it takes application/json"
             " @/requestBody/content")
        ],
    ),
    "a form, whose values are text": (content(REF, FORM), {"id": "1", "name": "Rex"}, FORM, []),
    "a form that does not fit": (
        content(REF, FORM),
        {"id": "one", "name": "Rex"},
        FORM,
        [f"request: '/id' in the request body must be integer ['one'] @{PETS}/properties/id/type"],
    ),
    "a form with a file": (
        content({"type": "object", "properties": {"f": {"type": "string"}}}, "multipart/form-data"),
        {"f": {"filename": "a", "content": "b"}},
        "multipart/form-data; boundary=x",
        [],
    ),
    "a form with a file and what else it has": (
        content(
            {
                "type": "object",
                "required": ["f", "n", "more"],
                "properties": {"f": {"type": "string", "pattern": "no file"}, "n": {"type": "integer"}},
                "oneOf": [{"properties": {"f": {"type": "string", "minLength": 1}}}],
            },
            "multipart/form-data",
        ),
        {"f": b"bytes", "n": "x"},
        "multipart/form-data; boundary=x",
        [
            (
                "request: '/more' in the request body is required"
                " @/requestBody/content/multipart~1form-data/schema/required/2"
            ),
            (
                "request: '/n' in the request body must be integer ['x']"
                " @/requestBody/content/multipart~1form-data/schema/properties/n/type"
            ),
        ],
    ),
    "text": (
        content({"type": "string", "maxLength": 1}, "text/plain"),
        "ab",
        "text/plain",
        [
            ("request: the request body must have at most 1 character, has 2"
             " @/requestBody/content/text~1plain/schema/maxLength")
        ],
    ),
    "bytes": (content({"type": "string"}, "image/png"), b"\xff", "image/png", []),
    "XML": (content(REF, "application/xml"), "<pet/>", "application/xml", []),
    "an optional one that is left out": (content(REF), ABSENT, None, []),
    "a required one that is left out": (
        {**content(REF), "required": True},
        ABSENT,
        None,
        ["request: the request body is required, and was left out @/requestBody"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written", "value", "kind", "expected"), BODIES.values(), ids=BODIES.keys())
def test_a_request_body_is_held_against_its_media_type(
    read: Read, written: dict[str, Json], value: Value, kind: str | None, expected: list[str]
) -> None:
    assert told(contract(read, requestBody=written).check_request_body(value, kind)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "1", "b": "x"}, []),
        ({"a": "1", "b": ["x", "y"], "f": b"bytes"}, []),
        ({"b": "z"}, ["'/a' in the request body is required", "'/b/0' in the request body must be one of"]),
        ({"a": "q"}, ["'/a' in the request body must be integer"]),
    ],
)
def test_a_form_of_swagger_is_held_against_its_fields(read: Read, value: Value, expected: list[str]) -> None:
    fields: Json = [
        {"name": "a", "in": "formData", "type": "integer", "required": True},
        {"name": "b", "in": "formData", "type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
        {"name": "f", "in": "formData", "type": "file"},
    ]
    operation = {"consumes": ["multipart/form-data"], "parameters": fields, "responses": {}}
    api, _ = read(
        {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {"/f": {"post": operation}}}, URI, {}
    )
    found = Contract(api.by_pointer["/paths/~1f/post"], api).check_request_body(value, "multipart/form-data")
    assert len(found) == len(expected)
    assert all(each.statement.startswith(start) for each, start in zip(found, expected, strict=True)), found


def test_a_body_that_the_api_does_not_describe_is_an_addition(read: Read) -> None:
    assert contract(read).check_request_body({"a": 1}, "application/json") == ()


def test_a_status_is_matched_by_number_then_range_then_default(read: Read) -> None:
    found = contract(read, responses={"2XX": OK, "200": OK, "default": OK})
    assert [compared(found, answered(status)).response for status in (200, 201, 301)] == ["200", "2XX", "default"]


def test_a_mismatch_in_another_document_stands_there(read: Read) -> None:
    other = "https://api.test/v1/pets.json"
    root: Json = {
        "openapi": "3.1.0",
        "paths": {"/pets": {"get": {"responses": {"200": content({"$ref": "pets.json#/Pet"})}}}},
    }
    api, _ = read(root, URI, {other: {"Pet": {"type": "integer"}}})
    operation: Operation = api.by_pointer["/paths/~1pets/get"]
    (mismatch,) = compared(Contract(operation, api), answered(body="x")).mismatches
    assert mismatch.address == (other, "/Pet/type")


def test_each_schema_with_which_nothing_can_be_compared_is_told_at_its_place(read: Read) -> None:
    broken: Json = {"$ref": "#/components/schemas/Broken"}
    found = contract(
        read,
        method="post",
        parameters=[{"name": "n", "in": "query", "schema": {"pattern": "("}}],
        requestBody=content(broken),
        responses={
            "200": {**content(REF), "headers": {"X-A": {"schema": {"minimum": "1"}}}},
            "400": content("text"),
            "default": {**OK, "content": {"application/jsonl": {"itemSchema": {"$ref": "#/components/schemas/Lost"}}}},
        },
    )
    places = [(address.pointer.removeprefix("/paths/~1pets/post"), why) for address, why in found.unusable_schemas()]
    assert [f"{why} @{pointer}" for pointer, why in places] == [
        "the pattern '(' is no regular expression @/parameters/0/schema/pattern",
        "'type' cannot be \"strnig\" @/components/schemas/Broken/type",
        "'minimum' cannot be \"1\" @/responses/200/headers/X-A/schema/minimum",
        'a schema must be an object, true or false, is "text" @/responses/400/content/application~1json/schema',
        "the reference '#/components/schemas/No' leads nowhere @/components/schemas/Lost/$ref",
    ]

"""What the sandbox of a description replies: the status, the media type, the body, the fields, and what it repeats."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runner.loader.text import read_text
from runner.openapi.document import ApiDescription
from runner.openapi.read import read_openapi
from runner.sandbox.generic.prefer import Preferences, acceptable, read_preferences
from runner.schema import SchemaProblem, compile_schema
from runner.source import Source
from runner.values import split_pointer
from tests.sandbox.generic.described import Client, check, client, description, with_schema
from tests.sandbox.generic.test_generic_make_laws import SCHEMAS

SPECS = sorted((Path(__file__).parents[3] / "specs").glob("*.yaml"))
ANY: Any = {"description": ""}


def responses(**declared: Any) -> dict[str, Any]:
    told = {key.removeprefix("s"): {**ANY, **value} for key, value in declared.items()}
    return {"paths": {"/thing": {"get": {"responses": told}}}}


def said(value: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"const": value}}}}


@pytest.mark.parametrize(
    ("declared", "prefer", "status"),
    [
        ({"s404": said(1), "s202": said(2), "s200": said(3)}, "", 202),
        ({"s404": said(1), "default": said(2)}, "", 200),
        ({"s404": said(1), "s2XX": said(2)}, "", 200),
        ({"s404": said(1), "s503": said(2)}, "", 404),
        ({"s5XX": said(1)}, "", 500),
        ({"s500": said(1), "s5XX": said(2)}, "code=500", 500),
        ({"s200": said(1), "s4XX": said(2)}, "code=418", 418),
        ({"s200": said(1), "default": said(2)}, "code=503", 503),
        ({"s200": said(1), "s204": {}}, "code=204", 204),
        ({"s304": said(1)}, "", 304),
        ({"s100": {}, "s200": {}}, "", 200),
        ({"s200": said(1)}, "code=404", 501),
        ({"s200": said(1)}, "code=abc", 400),
        ({}, "", 501),
        ({"s100": {}}, "", 501),
        ({"nonsense": said(1), "s200": said(2)}, "", 200),
        ({"nonsense": said(1)}, "", 501),
    ],
)
def test_the_status_is_the_one_that_is_preferred_or_the_first_good_one(declared: Any, prefer: str, status: int) -> None:
    response = client(responses(**declared)).get("/thing", Prefer=prefer)
    assert response.status == status, response.body
    assert ("Preference-Applied" in dict(response.headers)) is (prefer.startswith("code=") and status == int_of(prefer))
    assert bool(response.body) is (status not in (204, 304) and bool(declared.get("s200", {1: 1})))


def int_of(prefer: str) -> int:
    return int(re.sub(r"\D", "", prefer) or 0)


EXAMPLES = {"a": {"value": {"n": 1}}, "b": {"$ref": "#/components/examples/b"}, "wrong": {"value": {"n": "x"}}}
EXAMPLED: dict[str, Any] = {
    **with_schema({"type": "object", "properties": {"n": {"type": "integer", "example": 7}}}, examples=EXAMPLES),
    "components": {"examples": {"b": {"value": {"n": 2}}}},
}
EXAMPLED["paths"]["/thing"]["get"]["responses"] |= {
    "204": {"description": ""},
    "404": {"description": "", "content": {"application/json": {"examples": {"lost": {"value": 1}}}}},
}


@pytest.mark.parametrize(
    ("prefer", "value", "applied"),
    [
        ("", {"n": 1}, None),
        ("example=b", {"n": 2}, "example=b"),
        ('example="b"; x=y', {"n": 2}, "example=b"),
        ("respond-async, code=200; z, example=a", {"n": 1}, "code=200, example=a"),
        ("example=a, example=b", {"n": 1}, "example=a"),
        ("unknown=1", {"n": 1}, None),
    ],
)
def test_examples_come_first_and_may_be_named(prefer: str, value: Any, applied: str | None) -> None:
    response = client(EXAMPLED).get("/thing", Prefer=prefer)
    assert response.content.value == value
    assert dict(response.headers).get("Preference-Applied") == applied


@pytest.mark.parametrize(
    ("prefer", "detail"),
    [
        ("example=c", "has no example 'c' (application/json): there are 'a', 'b', 'wrong'"),
        ("example=wrong", "could be made that fits its description"),
        ("code=204, example=a", "the reply 204 of GET /thing has no content, so no example 'a'"),
        ("example=lost", "there are 'a', 'b', 'wrong'; the reply 404 has it: 'Prefer: code=404, example=lost'"),
    ],
)
def test_an_example_that_cannot_be_sent_is_501_and_says_why(prefer: str, detail: str) -> None:
    response = client(EXAMPLED).get("/thing", Prefer=prefer)
    assert response.status == 501
    assert detail in response.content.value["detail"]


def test_dynamic_values_are_made_anew() -> None:
    response = client(EXAMPLED).get("/thing", Prefer="dynamic=true")
    assert response.content.value["n"] not in (1, 2, 7)
    assert dict(response.headers)["Preference-Applied"] == "dynamic=true"


def test_an_example_that_does_not_fit_gives_way_to_the_next_then_to_what_is_made() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    stale = with_schema(schema, examples={"x": {"value": {}}, "y": {"value": {"n": 5}}})
    assert client(stale).value("/thing") == {"n": 5}
    assert isinstance(client(with_schema(schema, example={"n": "old"})).value("/thing")["n"], int)
    assert client(with_schema(schema, example='{"n": 6}')).value("/thing") == {"n": 6}


def test_examples_of_every_version_are_found() -> None:
    swagger = {
        "paths": {
            "/thing": {
                "get": {
                    "produces": ["application/json"],
                    "responses": {
                        "200": {
                            **ANY,
                            "schema": {"type": "object"},
                            "examples": {"application/json": {"n": 1}},
                            "headers": {"X-N": {"type": "array", "items": {"type": "integer"}, "minItems": 2}},
                        }
                    },
                }
            }
        }
    }
    old = client(swagger, "2.0").get("/thing")
    assert old.content.value == {"n": 1}
    assert re.fullmatch(r"\d+,\d+", dict(old.headers)["X-N"])
    of_schema = with_schema({"type": "object", "example": {"n": 2}})
    assert client(of_schema, "3.0").value("/thing") == {"n": 2}
    new = with_schema({"type": "object"}, examples={"a": {"dataValue": {"n": 3}}, "b": {"serializedValue": '{"n":4}'}})
    assert client(new, "3.2").value("/thing") == {"n": 3}
    assert client(new, "3.2").value("/thing", Prefer="example=b") == {"n": 4}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/xml", "application/xml"),
        ("application/*;q=0.2, application/xml;q=0.8", "application/xml"),
        ("text/html, text/*;q=0.5", "text/csv"),
        ("application/json;q=0, */*", "application/xml"),
        ("image/webp", "image/webp"),
        ("image/*", "image/png"),
        ("application/vnd.x+json", None),
        ("nonsense", None),
    ],
)
def test_the_media_type_is_one_that_the_client_takes(accept: str, kind: str | None) -> None:
    content = {key: {"schema": {"type": "string"}} for key in ("application/json", "application/xml", "text/csv")}
    made = client(responses(s200={"content": {**content, "image/*": {}}})).get("/thing", Accept=accept)
    assert made.status == (200 if kind else 406)
    assert dict(made.headers)["Content-Type"].partition(";")[0] == (kind or "application/problem+json")


def test_of_media_types_liked_alike_the_order_stays() -> None:
    assert acceptable(["a/x", "a/y"], (("Accept", "a/y, a/x"),)) == ["a/x", "a/y"]
    assert acceptable(["a/x", "a/y"], (("Accept", 'a/y;t="a,b", a/x'),)) == ["a/x"]
    assert acceptable(["a/x;v=1", "a/x;v=2"], (("Accept", "a/x;v=2, a/x;v=1;q=0.1"),)) == ["a/x;v=2", "a/x;v=1"]


def test_a_structure_goes_as_text_only_where_nothing_else_is_declared_or_taken() -> None:
    api = with_schema({"type": "object"}, "text/plain")
    content = api["paths"]["/thing"]["get"]["responses"]["200"]["content"]
    assert dict(client(api).get("/thing").headers)["Content-Type"] == "text/plain"
    content |= {"text/json": content["text/plain"], "application/json": content["text/plain"]}
    for accept, kind in (
        ("*/*", "text/json"),
        ("text/plain, application/json, text/json", "text/json"),
        ("text/plain, application/json", "application/json"),
        ("text/plain, application/json; q=0.5", "text/plain"),
    ):
        assert dict(client(api).get("/thing", Accept=accept).headers)["Content-Type"] == kind


def test_preferences_are_read_from_every_field() -> None:
    fields = (("Prefer", "Code=404"), ("prefer", 'example="a \\"b\\""; foo, dynamic=TRUE, code=500'))
    assert read_preferences(fields) == Preferences(404, 'a "b"', True)
    assert read_preferences(fields).applied == (("Preference-Applied", 'code=404, example="a \\"b\\"", dynamic=true'),)


@pytest.mark.parametrize(
    ("media", "schema", "pattern"),
    [
        ("application/json", {"type": "integer"}, rb"\d+"),
        ("application/hal+json; v=1", {"type": "boolean"}, rb"true|false"),
        ("application/json", None, rb"\{\}"),
        ("text/plain", {"type": "string", "maxLength": 3}, rb".{3}"),
        ("text/plain", {"type": "integer"}, rb"\d+"),
        ("text/plain", None, rb"GET /thing"),
        ("application/x-ndjson", {"type": "array", "items": {"type": "integer"}, "minItems": 2}, rb"(\d+\n){2,}"),
        ("application/x-www-form-urlencoded", {"properties": {"a": {"const": "b c"}}}, rb"a=b\+c"),
        ("image/png", None, rb"\x89PNG.*"),
        ("application/pdf", {"type": "string", "format": "binary"}, rb"%PDF.*"),
        ("application/octet-stream", {"type": "string", "format": "binary"}, rb".+"),
        ("application/xml", {"type": "string"}, rb".+"),
    ],
)
def test_a_body_is_what_its_media_type_says(media: str, schema: Any, pattern: bytes) -> None:
    described = client(with_schema(schema, media))
    response = described.get("/thing")
    assert response.status == 200, response.body
    assert re.fullmatch(pattern, response.body, re.DOTALL), response.body
    assert dict(response.headers)["Content-Type"] == media
    check(described.api, "/paths/~1thing/get", response)


def test_the_items_of_a_sequence_are_made_one_by_one() -> None:
    row = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    event = {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"const": "tick"}, "data": {"const": "one\ntwo"}, "retry": False},
    }
    for media, item, pattern in (
        ("application/jsonl", row, r'(\{"n":\d+\}\n){2}'),
        ("text/event-stream", event, r"(event: tick\n(id: .*\n)?data: one\ndata: two\n\n){2}"),
    ):
        described = client(with_schema(None, media, itemSchema=item), "3.2")
        response = described.get("/thing")
        assert re.fullmatch(pattern, response.body.decode()), response.body
        check(described.api, "/paths/~1thing/get", response)


@pytest.mark.parametrize(
    ("media", "content", "body"),
    [
        ("application/jsonl", {"schema": {"type": "object", "example": {"n": 1}}}, '{"n":1}\n{"n":1}\n'),
        ("application/jsonl", {"schema": {"type": "object"}, "example": {"n": 2}}, '{"n":2}\n'),
        ("application/jsonl", {"example": '{"n": 3}\n{"n": 4}\n'}, '{"n": 3}\n{"n": 4}\n'),
        ("application/jsonl", {"example": "text"}, '"text"\n'),
        ("application/json-seq", {"example": {"n": 5}}, '\x1e{"n":5}\n'),
        ("text/event-stream", {"schema": {"type": "object", "example": {"id": 6}}}, 'data: {"id":6}\n\n' * 2),
        ("text/event-stream", {"example": {"id": "7", "data": "x"}}, "id: 7\ndata: x\n\n"),
        ("text/event-stream", {"example": "event: a\ndata: x\n\n"}, "event: a\ndata: x\n\n"),
        ("text/event-stream", {"schema": {"type": "string", "const": "y"}}, "data: y\n\n"),
    ],
)
def test_a_schema_or_an_example_of_one_item_is_written_as_a_sequence(media: str, content: Any, body: str) -> None:
    others = {name: value for name, value in content.items() if name != "schema"}
    described = client(with_schema(content.get("schema"), media, **others))
    response = described.get("/thing")
    assert response.body.decode() == body
    check(described.api, "/paths/~1thing/get", response)


XML = {
    "type": "object",
    "xml": {"name": "pet", "namespace": "urn:pets"},
    "properties": {
        "id": {"const": 4, "xml": {"attribute": True}},
        "name": {"const": "<Bo>"},
        "tags": {"const": ["a", "b"], "items": {"xml": {"name": "tag"}}, "xml": {"wrapped": True}},
        "nick": {"const": ["x", "y"]},
        "home": {"properties": {"zip code": {"const": None}}},
    },
}


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_xml_is_written_as_the_schema_says(version: str) -> None:
    schema = json.loads(json.dumps(XML).replace("const", "enum")) if version == "3.0" else XML
    if version == "3.0":
        for part in (*schema["properties"].values(), schema["properties"]["home"]["properties"]["zip code"]):
            part |= {"enum": [part["enum"]]} if "enum" in part else {}
    document = with_schema({"$ref": "#/components/schemas/Pet"}, "application/xml")
    document["components"] = {"schemas": {"Pet": schema}}
    body = client(document, version).get("/thing").body.decode()
    root = ElementTree.fromstring(body)
    assert (root.tag, root.attrib) == ("{urn:pets}pet", {"id": "4"})
    space = "{urn:pets}"
    assert root.findtext(f"{space}name") == "<Bo>"
    assert [each.text for each in root.findall(f"{space}tags/{space}tag")] == ["a", "b"]
    assert [each.text for each in root.findall(f"{space}nick")] == ["x", "y"]
    assert [each.tag for each in root.findall(f"{space}home/*")] == [f"{space}element"]


HEADERS: Any = {
    "X-Count": {"required": True, "schema": {"type": "integer", "minimum": 3, "maximum": 3}},
    "X-Example": {"schema": {"type": "string"}, "example": "as written"},
    "X-Stale": {"schema": {"type": "integer"}, "example": "old"},
    "X-List": {"schema": {"type": "array", "items": {"enum": ["a"]}, "minItems": 1, "maxItems": 1}},
    "X-Json": {"content": {"application/json": {"schema": {"const": {"a": 1}}}}},
    "X-Impossible": {"schema": {"not": {}}},
    "Location": {"schema": {"type": "string"}},
    "Retry-After": {"schema": {"type": "integer"}},
    "ETag": {"schema": {"type": "string"}},
    "Content-Length": {"schema": {"type": "integer"}},
    "Content-Type": {"schema": {"const": "nonsense"}},
}


def test_declared_fields_are_there_and_fit() -> None:
    described = client(responses(s200={"headers": HEADERS, **said({})}))
    response = described.get("/thing")
    check(described.api, "/paths/~1thing/get", response)
    fields = dict(response.headers)
    assert {name: fields[name] for name in ("X-Count", "X-Example", "X-List", "X-Json")} == {
        "X-Count": "3",
        "X-Example": "as written",
        "X-List": "a",
        "X-Json": '{"a":1}',
    }
    assert fields["X-Stale"].isdigit()
    assert re.fullmatch(r"/thing/[0-9a-f]+", fields["Location"])
    assert re.fullmatch(r'"[0-9a-f]+"', fields["ETag"])
    assert fields["Retry-After"] == "1"
    assert fields.keys() & {"X-Impossible", "Content-Length"} == set()
    assert fields["Content-Type"] == "application/json"


def test_a_required_field_that_cannot_be_made_is_501() -> None:
    response = client(responses(s200={"headers": {"X": {"required": True, "schema": {"not": {}}}}})).get("/thing")
    assert response.status == 501
    assert response.content.value["errors"][0]["detail"] == "response header 'X' is required"


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        ({"type": "object", "required": ["a"], "properties": {"a": False}}, "for '/a': it has to be there"),
        ({"$ref": "#/components/schemas/none"}, "means nothing: the reference"),
        ({"type": "string", "pattern": "["}, "means nothing: the pattern"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "no value could be made of: nothing was found"),
    ],
)
def test_what_cannot_be_made_is_said_rather_than_sent(schema: Any, detail: str) -> None:
    response = client(with_schema(schema)).get("/thing")
    assert (response.status, dict(response.headers)["Content-Type"]) == (501, "application/problem+json")
    assert detail in response.content.value["detail"], response.content.value


def test_an_example_whose_schema_leads_nowhere_is_501() -> None:
    response = client(with_schema({"$ref": "#/components/schemas/Lost"}, example=1)).get("/thing")
    assert response.status == 501
    assert "cannot be checked" in response.body.decode()


def test_the_next_media_type_is_sent_where_the_first_cannot_be_made() -> None:
    content = {"application/json": {"schema": {"not": {}}}, "text/plain": {"schema": {"type": "string"}}}
    response = client(responses(s200={"content": content})).get("/thing")
    assert (response.status, dict(response.headers)["Content-Type"]) == (200, "text/plain")


ECHO = """
paths:
  /pets/{id}/{code}:
    put:
      parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: code, in: path, required: true, schema: {type: integer}}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses:
        '200':
          description: ''
          content:
            application/json:
              schema:
                type: object
                additionalProperties: false
                properties:
                  id: {type: integer}
                  code: {type: string}
                  name: {type: string}
                  kind: {enum: [cat, dog]}
                  at: {type: object, properties: {x: {type: integer}}}
              examples: {a: {value: {id: 1, name: Rex, kind: dog}}, b: {value: {id: 2, code: c, name: Tom, kind: cat}}}
"""


@pytest.mark.parametrize(
    ("path", "says", "told"),
    [
        ("/pets/{petId}", "/pets/42", {"id": 42}),
        ("/pets/{petId}", "/pets/x", {"id": 7}),
        ("/pets/{code}", "/pets/42", {"id": 7, "code": "42"}),
        ("/pets/{petId}/vet", "/pets/42/vet", {"id": 7}),
        ("/users/{id}/pets/{petId}", "/users/9/pets/42", {"id": 9}),
    ],
)
def test_a_thing_has_the_id_that_the_end_of_the_path_calls_it_by(path: str, says: str, told: Any) -> None:
    names = re.findall(r"{(.+?)}", path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "code": {"type": "string"}}}
    content = {"application/json": {"schema": schema, "example": {"id": 7, "code": "c"}}}
    operation = {"parameters": parameters, "responses": {"200": {"description": "", "content": content}}}
    assert client({"paths": {path: {"get": operation}}}).value(says) == {"id": 7, "code": "c", **told}


def test_what_the_request_says_is_repeated_under_the_same_name_where_it_fits() -> None:
    echoing = client(ECHO)
    body = {"id": 9, "name": "Bo", "kind": "bird", "at": {"x": 5}, "more": 1}
    assert echoing.send("PUT", "/pets/42/7", body).content.value == {"id": 42, "name": "Bo", "kind": "dog"}
    made = echoing.send("PUT", "/pets/42/7", body, Prefer="dynamic=true").content.value
    assert (made["id"], made["code"], made["name"], made["at"]) == (42, "7", "Bo", {"x": 5})
    named = echoing.send("PUT", "/pets/42/7", body, Prefer="example=b").content.value
    assert named == {"id": 2, "code": "c", "name": "Tom", "kind": "cat"}


def test_an_error_that_is_asked_for_needs_no_request_that_is_in_order() -> None:
    guarded = ECHO.replace(
        "      responses:", "      security: [{k: []}]\n      responses:\n        '409': {description: ''}"
    )
    guarded += "components: {securitySchemes: {k: {type: http, scheme: bearer}}}"
    assert client(guarded).send("PUT", "/pets/a/b", b"{", Prefer="code=409").status == 409
    assert client(guarded).send("PUT", "/pets/a/b", b"{", Prefer="code=200").status == 401


def test_the_same_request_gets_the_same_reply_and_another_seed_another() -> None:
    schema = {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1}
    document = with_schema(schema)
    first, other = client(document), client(document, seed="other")
    assert first.get("/thing").body == client(document).get("/thing").body
    assert first.get("/thing").body != other.get("/thing").body
    assert first.get("/thing").body != first.get("/thing?page=2").body


def read(path: Path) -> ApiDescription:
    text = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8")))
    api, _ = read_openapi(text.value, path.as_uri(), text.places)
    return api


@pytest.mark.parametrize("dynamic", ["", ", dynamic=true"])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_reply_of_the_descriptions_at_hand_is_what_they_say(path: Path, dynamic: str) -> None:
    api = read(path)
    described = Client(api)
    for pointer, operation in api.by_pointer.items():
        url = re.sub(r"\{[^}]+\}", "1", split_pointer(pointer)[1])
        for status in operation.responses:
            code = status.replace("XX", "00").replace("default", "599")
            prefer = f"code={code}{dynamic}" if code >= "400" else dynamic.removeprefix(", ")
            response = described.send(operation.method, url, Prefer=prefer)
            if code >= "400":
                assert response.status == int(code), (pointer, response.body)
                check(api, pointer, response)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(SCHEMAS, st.sampled_from(["3.0", "3.1"]), st.sampled_from(["", "dynamic=true"]))
def test_a_reply_is_what_its_description_says_or_501(schema: Any, version: str, prefer: str) -> None:
    assume(isinstance(schema, dict) and "$ref" not in json.dumps(schema))
    try:
        compile_schema(schema)
    except SchemaProblem:
        assume(False)
    api = description(with_schema(schema), version)
    response = Client(api).get("/thing", Prefer=prefer)
    assert response.status in (200, 501)
    if response.status == 200:
        check(api, "/paths/~1thing/get", response)

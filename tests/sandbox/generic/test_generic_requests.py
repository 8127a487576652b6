"""What the sandbox of a description makes of a request: where it goes, whether it is in order, and what it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.openapi.document import Parameter
from runner.openapi.serialize import cookie_pairs, header_value, path_segment, query_text
from runner.records import replace
from runner.sandbox.generic.arguments import Sent, read_argument
from runner.sandbox.generic.routes import Match, Missing, Table
from runner.values import Json, join_pointer
from tests.sandbox.generic.described import Client, client

LIST, OBJECT = ["blue", "black", "a,b|c d&e"], {"R": "100", "G": "2,0 0"}
PLAIN_LIST, PLAIN_OBJECT = ["blue", "black"], {"R": "100", "G": "200"}


def types(value: Json) -> Any:
    name = {list: "array", dict: "object"}.get(type(value), "string")
    return lambda path: frozenset({"string" if path else name})


STYLES: dict[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}


def values(location: str, style: str, explode: bool) -> list[Json]:
    """Give values that can be told apart again; a delimiter that is not encoded cannot stand within an item."""
    plain = location == "header" or style.endswith("Delimited") or (style, explode) == ("label", True)
    several: list[Json] = [PLAIN_LIST, PLAIN_OBJECT] if plain else [PLAIN_LIST, PLAIN_OBJECT, LIST, OBJECT]
    if style == "deepObject":
        return [each for each in several if isinstance(each, dict)]
    return ["blue & b" if location == "header" else "blue & b=ä", *several]


CELLS = [
    (location, style, explode, value)
    for location, styles in STYLES.items()
    for style in styles
    for explode in (False, True)
    for value in values(location, style, explode)
]


def sent(parameter: Parameter, value: Json) -> Sent:
    """Send a value as the runner does."""
    match parameter.location:
        case "path":
            return Sent({parameter.name: path_segment(parameter, value)}, "", ())
        case "query":
            return Sent({}, query_text(parameter, value), ())
        case "header":
            return Sent({}, "", ((parameter.name, header_value(parameter, value) or ""),))
        case _:
            return Sent({}, "", (("Cookie", cookie_pairs(parameter, value)),))


@pytest.mark.parametrize(("location", "style", "explode", "value"), CELLS)
def test_what_the_runner_writes_is_read_back(location: Any, style: str, explode: bool, value: Json) -> None:
    parameter = Parameter("color", location, True, style, explode, False, None, None, "")
    assert value in read_argument(parameter, sent(parameter, value), types(value), frozenset({"color"}))


def test_a_parameter_of_json_is_read_as_such() -> None:
    parameter = Parameter("q", "query", True, "form", True, False, None, "application/json", "")
    for location in ("query", "path", "header", "cookie"):
        each = replace(parameter, location=location)  # type: ignore[arg-type]
        assert read_argument(each, sent(each, {"a": [1]}), types({}), frozenset()) == [{"a": [1]}]


def pointers(*operations: str) -> list[str]:
    split = (operation.partition(" ") for operation in operations)
    return [join_pointer("/paths", path, method.lower()) for method, _, path in split]


TEMPLATES = pointers(
    *("GET /pets", "GET /pets/{id}", "GET /pets/mine", "DELETE /pets/{id}", "GET /pets/{id}.json"),
    *("GET /pets/{id}/toys/{toy}", "GET /{any}/list/toys/1", "GET /v1/{+name}:undo", "GET /a b/ü"),
    *("GET /ask?kind=open", "GET /ask", "GET /{a}-{b}"),
)


@pytest.mark.parametrize(
    ("method", "path", "template", "captured"),
    [
        ("GET", "/pets", "/pets", {}),
        ("GET", "/pets/42", "/pets/{id}", {"id": "42"}),
        ("GET", "/pets/a%2Fb%20c", "/pets/{id}", {"id": "a%2Fb%20c"}),
        ("GET", "/pets/mine", "/pets/mine", {}),
        ("GET", "/pets/m%69ne", "/pets/mine", {}),
        ("HEAD", "/pets/mine", "/pets/mine", {}),
        ("DELETE", "/pets/mine", "/pets/{id}", {"id": "mine"}),
        ("GET", "/pets/42.json", "/pets/{id}.json", {"id": "42"}),
        ("GET", "/pets/list/toys/1", "/pets/{id}/toys/{toy}", {"id": "list", "toy": "1"}),
        ("GET", "/dogs/list/toys/1", "/{any}/list/toys/1", {"any": "dogs"}),
        ("GET", "/v1/a/b/c:undo", "/v1/{+name}:undo", {"name": "a/b/c"}),
        ("GET", "/a%20b/%C3%BC", "/a b/ü", {}),
        ("GET", "/a%20b/%c3%bc", "/a b/ü", {}),
        ("GET", "/ask?kind=open&x=1", "/ask", {}),
        ("GET", "/x-y", "/{a}-{b}", {"a": "x", "b": "y"}),
    ],
)
def test_the_most_specific_template_is_meant(method: str, path: str, template: str, captured: Any) -> None:
    where, _, query = path.partition("?")
    found = Table.of(TEMPLATES).find(method, where, query)
    assert isinstance(found, Match)
    assert (found.template, dict(found.captured)) == (template, captured)


def test_a_query_in_a_template_tells_operations_apart() -> None:
    table = Table.of(pointers("GET /ask?kind=open", "GET /ask"))
    asked = [table.find("GET", "/ask", query) for query in ("kind=open", "kind=shut", "")]
    assert ["kind" in each.pointer for each in asked if isinstance(each, Match)] == [True, False, False]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/pets/42", ("DELETE", "GET", "HEAD", "OPTIONS")),
        ("POST", "/pets", ("GET", "HEAD", "OPTIONS")),
        ("GET", "/", ()),
        ("GET", "/pets/", ()),
        ("GET", "/pets/1/2/3/4", ()),
    ],
)
def test_what_is_no_operation_says_which_methods_there_are(method: str, path: str, allowed: tuple[str, ...]) -> None:
    assert Table.of(TEMPLATES).find(method, path) == Missing(allowed)


THINGS = """
servers: [{url: 'https://api.test/{version}', variables: {version: {default: v2}}}, {url: /other}]
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-Key}
    query: {type: apiKey, in: query, name: key}
    cookie: {type: apiKey, in: cookie, name: sid}
    basic: {type: http, scheme: basic}
    bearer: {type: http, scheme: bearer}
    digest: {type: http, scheme: digest}
    oauth: {type: oauth2, flows: {implicit: {authorizationUrl: 'https://x', scopes: {}}}}
    openid: {type: openIdConnect, openIdConnectUrl: 'https://x'}
    tls: {type: mutualTLS}
paths:
  /things:
    get:
      parameters:
      - {name: limit, in: query, schema: {type: integer, minimum: 1}}
      - {name: kinds, in: query, style: pipeDelimited, explode: false, schema: {type: array, items: {enum: [a, b]}}}
      - {name: where, in: query, style: deepObject, schema: {type: object, properties: {age: {type: integer}}}}
      - {name: flag, in: query, allowEmptyValue: true, schema: {type: boolean}}
      - {name: json, in: query, content: {application/json: {schema: {type: object, required: [x]}}}}
      - {name: X-Trace, in: header, required: true, schema: {type: string, format: uuid}}
      - {name: mood, in: cookie, schema: {enum: [good, bad]}}
      responses: {'200': {description: '', content: {application/json: {schema: {type: object}}}}}
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/New'}}
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/New'}}
          multipart/form-data: {schema: {$ref: '#/components/schemas/New'}}
          text/plain: {schema: {type: string, maxLength: 5}}
          application/octet-stream: {}
      responses: {'201': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/New'}}}}}
    put:
      requestBody: {content: {application/json: {schema: {type: integer}}}}
      responses: {'204': {description: ''}, '422': {description: ''}}
"""
SCHEMAS = """
  schemas:
    New:
      type: object
      required: [name]
      properties:
        name: {type: string, minLength: 2}
        age: {type: integer}
        tags: {type: array, items: {type: string}}
        at: {type: object, properties: {x: {type: number}}}
        file: {type: string, format: binary}
"""
THINGS = THINGS.replace("paths:", f"{SCHEMAS.rstrip()[1:]}\npaths:", 1)
TRACE = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture(scope="module")
def things() -> Client:
    return client(THINGS)


@pytest.mark.parametrize("base", ["/v2", "/other", ""])
def test_it_answers_with_and_without_the_base_paths_of_its_servers(things: Client, base: str) -> None:
    assert things.get(f"{base}/things", X_Trace=TRACE).status == 200


@pytest.mark.parametrize(
    ("query", "fields", "expected"),
    [
        ("limit=3&kinds=a%7Cb&where[age]=3&flag=&json=%7B%22x%22%3A1%7D", {}, []),
        ("flag=true&unknown=1", {"Cookie": "mood=good; other=x"}, []),
        ("limit=0", {}, ["query parameter 'limit' must be at least 1"]),
        ("limit=x", {}, ["query parameter 'limit' must be integer"]),
        ("limit=", {}, ["query parameter 'limit' must be integer"]),
        ("kinds=a|c", {}, ["'/1' in query parameter 'kinds' must be one of \"a\", \"b\""]),
        ("where[age]=old", {}, ["'/age' in query parameter 'where' must be integer"]),
        ("flag=perhaps", {}, ["query parameter 'flag' must be boolean"]),
        ("json={", {}, ["query parameter 'json' is not JSON"]),
        ("json={}", {}, ["'/x' in query parameter 'json' is required"]),
        ("", {"X-Trace": "1"}, ["header parameter 'X-Trace' must have the format uuid"]),
        ("", {"X-Trace": None}, ["header parameter 'X-Trace' is required, and was left out"]),
        ("", {"Cookie": "mood=so-so"}, ["cookie parameter 'mood' must be one of"]),
        ("limit=0&kinds=z", {}, ["query parameter 'limit'", "'/0' in query parameter 'kinds'"]),
    ],
)
def test_parameters_are_held_against_their_schemas(things: Client, query: str, fields: Any, expected: Any) -> None:
    headers = {name: value for name, value in {"X-Trace": TRACE, **fields}.items() if value is not None}
    response = things.get(f"/things?{query}", **headers)
    assert response.status == (400 if expected else 200), response.body
    if expected:
        value = response.content.value
        assert (value["status"], value["title"]) == (400, "Bad Request")
        assert dict(response.headers)["Content-Type"] == "application/problem+json"
        told = [error["detail"] for error in value["errors"]]
        assert len(told) == len(expected)
        assert all(text in detail for text, detail in zip(expected, told, strict=True)), told
        assert {"parameter", "in"} <= value["errors"][0].keys()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=B"}


def parts(*written: tuple[str, str]) -> bytes:
    pieces = [f"--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n" for head, content in written]
    return "".join([*pieces, "--B--\r\n"]).encode()


@pytest.mark.parametrize(
    ("body", "fields", "errors"),
    [
        (b'{"name": "Bo", "age": 3}', {}, []),
        (b'{"name": "B", "age": "x"}', {}, ["#/name", "#/age"]),
        (b"{}", {}, ["#/name"]),
        (b"[]", {}, ["#"]),
        (b"{", {}, ["#"]),
        (b"\xff", {}, ["#"]),
        (b"", {}, ["#"]),
        (b'{"name": "Bo"}', {"Content-Type": "application/json; charset=utf-8"}, []),
        (b"name=Bo&age=3&tags=a&at=%7B%22x%22%3A1%7D", FORM, []),
        (b"name=Bo+Bo&tags=a&tags=b", FORM, []),
        (b"name=B&age=x", FORM, ["#/name", "#/age"]),
        (b"age=3", FORM, ["#/name"]),
        (parts(('name="name"', "Bo"), ('name="age"', "3"), ('name="file"; filename="f"', "\x00")), PARTS, []),
        (parts(('name="name"', "B"), ('name="age"', "x")), PARTS, ["#/name", "#/age"]),
        (parts(('name="age"', "x"), ('name="file"; filename="f"', "\x00")), PARTS, ["#/name", "#/age"]),
        (b"no parts", PARTS, ["#"]),
        (b"short", {"Content-Type": "text/plain"}, []),
        (b"too long", {"Content-Type": "text/plain"}, ["#"]),
        (b"\x00\xff", {"Content-Type": "application/octet-stream"}, []),
    ],
)
def test_bodies_are_held_against_their_schemas(things: Client, body: bytes, fields: Any, errors: list[str]) -> None:
    response = things.send("POST", "/things", body, **{"Content-Type": "application/json", **fields})
    assert response.status == (400 if errors else 201), response.body
    if errors:
        assert [error["pointer"] for error in response.content.value["errors"]] == errors, response.body


@pytest.mark.parametrize("kind", ["application/xml", "application/merge-patch+json", "nonsense", None])
def test_a_content_type_that_is_not_offered_is_415_and_says_what_is(things: Client, kind: str | None) -> None:
    response = things.send("POST", "/things", b"x", **({"Content-Type": kind} if kind else {}))
    assert response.status == 415
    assert "multipart/form-data" in dict(response.headers)["Accept"]


def test_a_body_that_does_not_fit_is_422_where_that_is_what_is_declared(things: Client) -> None:
    assert things.send("PUT", "/things", "x").status == 422
    assert things.send("PUT", "/things", b"{", Content_Type="application/json").status == 400
    assert things.send("PUT", "/things", 3).status == 204
    assert things.send("PUT", "/things").status == 204


def test_a_parameter_that_the_path_has_no_place_for_is_not_wanted() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    operation = {"parameters": [parameter], "responses": {"204": {"description": ""}}}
    assert client({"paths": {"/all": {"get": operation}}}).get("/all").status == 204


def test_a_body_above_the_limit_is_413(things: Client) -> None:
    assert things.send("PUT", "/things", b" " * (10 * 1024 * 1024 + 1), Content_Type="application/json").status == 413


def test_paths_and_methods_that_are_not_there_are_told(things: Client) -> None:
    missing = things.get("/v2/thigns")
    assert (missing.status, "did you mean /v2/things?" in missing.content.value["detail"]) == (404, True)
    wrong = things.send("DELETE", "/things")
    assert (wrong.status, dict(wrong.headers)["Allow"]) == (405, "GET, HEAD, OPTIONS, POST, PUT")
    asked = things.send("OPTIONS", "/things")
    assert (asked.status, dict(asked.headers)["Allow"], asked.body) == (204, "GET, HEAD, OPTIONS, POST, PUT", b"")
    head = things.send("HEAD", "/things", X_Trace=TRACE)
    assert (head.status, head.body, dict(head.headers)["Content-Type"]) == (200, b"", "application/json")


SECURED = [
    ([{"header": []}], {"X-Key": "a"}, "", 'ApiKey realm="Things", in="header", name="X-Key"'),
    ([{"query": []}], {}, "key=a", 'ApiKey realm="Things", in="query", name="key"'),
    ([{"cookie": []}], {"Cookie": "sid=a"}, "", 'ApiKey realm="Things", in="cookie", name="sid"'),
    ([{"basic": []}], {"Authorization": "Basic YTpi"}, "", 'Basic realm="Things"'),
    ([{"bearer": []}], {"Authorization": "bearer x"}, "", 'Bearer realm="Things"'),
    ([{"oauth": ["read"]}], {"Authorization": "Bearer x"}, "", 'Bearer realm="Things"'),
    ([{"openid": []}], {"Authorization": "Bearer x"}, "", 'Bearer realm="Things"'),
    ([{"digest": []}], {"Authorization": 'Digest username="a"'}, "", 'Digest realm="Things"'),
    ([{"header": [], "bearer": []}], {"X-Key": "a", "Authorization": "Bearer x"}, "", "ApiKey"),
    ([{"header": []}, {"bearer": []}], {"Authorization": "Bearer x"}, "", "ApiKey"),
]


def secured(security: Any) -> Client:
    head = THINGS.partition("paths:")[0]
    told = json.dumps({"/x": {"get": {"security": security, "responses": {"204": {"description": ""}}}}})
    return client(f"{head}paths: {told}")


@pytest.mark.parametrize(("security", "fields", "query", "challenge"), SECURED)
def test_a_credential_of_the_right_kind_has_to_be_there(security: Any, fields: Any, query: str, challenge: str) -> None:
    guarded = secured(security)
    assert guarded.get(f"/x?{query}", **fields).status == 204
    wrong = {"Authorization": "Other x"} if "Authorization" in fields else {}
    for given in ({}, wrong, dict.fromkeys(fields, "")):
        response = guarded.get("/x", **given)
        assert response.status == 401
        assert dict(response.headers[::-1])["WWW-Authenticate"].startswith(challenge)


@pytest.mark.parametrize("security", [[], [{}], [{"bearer": []}, {}], [{"tls": []}], [{"unknown": []}]])
def test_without_a_credential_to_be_seen_none_is_wanted(security: Any) -> None:
    assert secured(security).get("/x").status == 204

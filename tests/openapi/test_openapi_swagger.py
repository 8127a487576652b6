"""What is made of Swagger 2.0: the values of OpenAPI 3, at the places where the author wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.openapi.body import encode_body
from runner.openapi.document import Address, ApiDescription, MediaTypeObject, Operation, RequestBody, Server
from runner.openapi.encoding import layout_of
from runner.openapi.media import accept_header, choose_content_type
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import header_value, path_segment, query_text
from runner.values import Json

if TYPE_CHECKING:
    from conftest import Read

URI = "https://docs.test/v1/swagger.json"
AT = "/paths/~1a/post"


def operation_of(read: Read, operation: Any, method: str = "post", **members: Any) -> Operation:
    """Read one operation, of whose document nothing is to be said."""
    api, diagnostics = read({"swagger": "2.0", "paths": {"/a": {method: operation}}, **members}, URI)
    assert diagnostics == ()
    return api.by_pointer[f"/paths/~1a/{method}"]


PETS: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Pets", "version": "1"},
    "host": "api.test",
    "basePath": "/v2",
    "schemes": ["http", "https", "wss"],
    "consumes": ["application/json", "application/xml"],
    "produces": ["application/json"],
    "security": [{"key": []}],
    "parameters": {"Limit": {"name": "limit", "in": "query", "type": "integer", "maximum": 100}},
    "responses": {"Gone": {"description": "gone", "schema": {"$ref": "#/definitions/Problem"}}},
    "definitions": {"Problem": {"type": "object"}, "Pet": {"type": "object"}},
    "securityDefinitions": {
        "key": {"type": "apiKey", "name": "X-Key", "in": "header"},
        "shared": {"$ref": "auth.json#/basic"},
    },
    "paths": {
        "/pets/{petId}": {
            "parameters": [
                {"name": "petId", "in": "path", "type": "string"},
                {"name": "limit", "in": "query", "type": "string"},
            ],
            "put": {
                "operationId": "putPet",
                "deprecated": True,
                "parameters": [
                    {"$ref": "#/parameters/Limit"},
                    {"in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
                    {"$ref": "shared.json#/Trace"},
                ],
                "responses": {
                    "200": {
                        "description": "ok",
                        "schema": {"$ref": "#/definitions/Pet"},
                        "headers": {
                            "X-Rate": {"type": "integer"},
                            "X-Odd": {"type": "array", "collectionFormat": "ssv"},
                        },
                    },
                    "404": {"$ref": "#/responses/Gone"},
                    "default": {"description": "no content"},
                },
            },
        },
        "/far": {"$ref": "shared.json#/far"},
    },
}
SHARED: dict[str, Any] = {
    "Trace": {"name": "X-Trace", "in": "header", "type": "string", "required": True},
    "far": {
        "get": {
            "operationId": "far",
            "security": [],
            "produces": ["text/csv"],
            "responses": {"200": {"description": "ok", "schema": {"$ref": "#/Row"}}},
        }
    },
    "Row": {"type": "string"},
}


@pytest.fixture
def pets(read: Read) -> ApiDescription:
    documents = {
        "https://docs.test/v1/shared.json": SHARED,
        "https://docs.test/v1/auth.json": {"basic": {"type": "basic"}},
    }
    api, diagnostics = read(PETS, URI, documents)
    assert diagnostics == ()
    return api


def test_a_description_is_read_with_its_own_dialect(pets: ApiDescription) -> None:
    assert (pets.version, pets.title, pets.dialect) == ("2.0", "Pets", "swagger-2.0")
    assert list(pets.by_id) == ["putPet", "far"]
    operation = pets.by_id["putPet"]
    assert (operation.title, operation.deprecated, operation.problems) == ("PUT /pets/{petId}", True, ())
    assert operation.address == Address(URI, "/paths/~1pets~1{petId}/put")


def test_a_parameter_is_its_own_schema(pets: ApiDescription) -> None:
    found = {each.name: (each.location, each.required, each.schema) for each in pets.by_id["putPet"].parameters}
    assert found == {
        "petId": ("path", True, Address(URI, "/paths/~1pets~1{petId}/parameters/0")),
        "limit": ("query", False, Address(URI, "/parameters/Limit")),
        "X-Trace": ("header", True, Address("https://docs.test/v1/shared.json", "/Trace")),
    }


def test_a_body_parameter_is_the_request_body(pets: ApiDescription) -> None:
    at = "/paths/~1pets~1{petId}/put/parameters/1"
    media = MediaTypeObject(Address(URI, f"{at}/schema"), {"schema": {"$ref": "#/definitions/Pet"}})
    content = {"application/json": media, "application/xml": media}
    assert pets.by_id["putPet"].request_body == RequestBody(True, content, at)


def test_responses_have_what_is_produced_where_they_have_a_schema(pets: ApiDescription) -> None:
    responses = pets.by_id["putPet"].responses
    at = "/paths/~1pets~1{petId}/put/responses"
    assert responses["200"].content["application/json"].schema == Address(URI, f"{at}/200/schema")
    assert responses["404"].address == Address(URI, "/responses/Gone")
    assert responses["404"].content["application/json"].schema == Address(URI, "/responses/Gone/schema")
    assert responses["default"].content == {}
    rate, odd = responses["200"].headers["X-Rate"], responses["200"].headers["X-Odd"]
    assert rate.schema == rate.address == Address(URI, f"{at}/200/headers/X-Rate")
    assert (odd.schema, odd.address) == (None, Address(URI, f"{at}/200/headers/X-Odd"))


def test_what_comes_from_another_document_has_its_address_there(pets: ApiDescription) -> None:
    far = pets.by_id["far"]
    assert (far.security, far.pointer) == ((), "/paths/~1far/get")
    assert far.responses["200"].content == {
        "text/csv": MediaTypeObject(
            Address("https://docs.test/v1/shared.json", "/far/get/responses/200/schema"),
            {"schema": {"$ref": "https://docs.test/v1/shared.json#/Row"}},
        )
    }


@pytest.mark.parametrize(
    ("uri", "members", "urls"),
    [
        (URI, {}, ["https://docs.test/"]),
        (URI, {"basePath": "v2/"}, ["https://docs.test/v2"]),
        (URI, {"host": "api.test:8443", "basePath": "/v2"}, ["https://api.test:8443/v2"]),
        ("http://docs.test/s.json", {"host": "api.test"}, ["http://api.test/"]),
        (URI, {"schemes": ["http"]}, ["http://docs.test/"]),
        (URI, {"host": "api.test", "schemes": ["ws", "http", "HTTPS"]}, ["https://api.test/", "http://api.test/"]),
        (URI, {"host": "api.test/root/", "basePath": "/v2"}, ["https://api.test/root/v2"]),
        (URI, {"host": None, "basePath": None, "schemes": None}, ["https://docs.test/"]),
        ("file:///s.json", {"schemes": ["https"], "basePath": "/v2"}, ["/v2"]),
        ("file:///s.json", {}, ["/"]),
        ("file:///s.json", {"host": "api.test", "schemes": ["http"]}, ["http://api.test/"]),
    ],
)
def test_host_base_path_and_schemes_make_the_servers(read: Read, uri: str, members: Any, urls: list[str]) -> None:
    api, diagnostics = read({"swagger": "2.0", "paths": {"/a": {"get": {}}}, **members}, uri)
    assert diagnostics == ()
    assert api.by_pointer["/paths/~1a/get"].servers == tuple(Server(url) for url in urls)


def test_an_operation_may_have_schemes_of_its_own(read: Read) -> None:
    operation = operation_of(read, {"schemes": ["http"]}, host="api.test", schemes=["https"])
    assert operation.servers == (Server("http://api.test/"),)


@pytest.mark.parametrize(
    ("members", "rule", "message", "place"),
    [
        (
            {"host": "api.test"},
            "assumed-scheme",
            "the description has no 'schemes': https://api.test/ is used",
            "/host",
        ),
        ({"host": 7}, "malformed-openapi", "'host' is a text, not a number", "/host"),
        (
            {"host": "http://api.test/", "basePath": "/v2"},
            "malformed-openapi",
            "'host' takes no scheme: it is read as http://api.test/v2",
            "/host",
        ),
        (
            {"schemes": ["wss"]},
            "unusable-server",
            "no request can go to 'wss': only http and https are sent",
            "/schemes",
        ),
        ({"schemes": "https"}, "malformed-openapi", "'schemes' is a list, not a string", "/schemes"),
        ({"produces": {}}, "malformed-openapi", "'produces' is a list, not an object", "/produces"),
        ({"paths": None}, "malformed-openapi", "the description has no 'paths', and so no operations", "/paths"),
    ],
)
def test_what_is_odd_about_a_document_is_warned_of_once(
    read: Read, members: Any, rule: str, message: str, place: str
) -> None:
    _, [diagnostic] = read({"swagger": "2.0", "paths": {}, **members}, "file:///swagger.json")
    assert (diagnostic.severity, diagnostic.rule, diagnostic.message) == ("warning", rule, message)
    assert diagnostic.span.text == place


# What a parameter sends for the colours, by its place and its collectionFormat.
COLLECTIONS = {
    "path": {None: "a%20b,c", "csv": "a%20b,c", "ssv": "a%20b%20c", "tsv": "a%20b%09c", "pipes": "a%20b%7Cc",
             "multi": "a%20b,c"},
    "query": {None: "p=a%20b,c", "csv": "p=a%20b,c", "tsv": "p=a%20b%09c",
              "pipes": "p=a%20b%7Cc", "multi": "p=a%20b&p=c", "odd": "p=a%20b,c", 7: "p=a%20b,c"},
    "header": {None: "a b,c", "csv": "a b,c", "ssv": "a b c", "tsv": "a b\tc", "pipes": "a b|c", "multi": "a b,c"},
}  # fmt: skip
WRITE: Any = {"path": path_segment, "query": query_text, "header": header_value}


@pytest.mark.parametrize(
    ("location", "collection_format", "sent"),
    [(location, name, sent) for location, row in COLLECTIONS.items() for name, sent in row.items()],
)
def test_an_array_is_sent_in_its_collection_format(
    read: Read, location: str, collection_format: Json, sent: str
) -> None:
    written = {"name": "p", "in": location, "type": "array", "items": {"type": "string"}}
    written |= {"collectionFormat": collection_format} if collection_format is not None else {}  # type: ignore[dict-item]
    [parameter] = operation_of(read, {"parameters": [written]}).parameters
    assert WRITE[location](parameter, ["a b", "c"]) == sent


def test_what_separates_items_is_refused_within_one(read: Read) -> None:
    written = {"name": "p", "in": "query", "type": "array", "collectionFormat": "ssv"}
    [parameter] = operation_of(read, {"parameters": [written]}).parameters
    assert query_text(parameter, ["a", "b"]) == "p=a%20b"
    with pytest.raises(SerializationProblem, match="a space within an item"):
        query_text(parameter, ["a b", "c"])


@pytest.mark.parametrize(("location", "sent"), [("path", "7"), ("query", "p=7"), ("header", "7")])
def test_a_single_value_has_no_collection_format(read: Read, location: str, sent: str) -> None:
    written = {"name": "p", "in": location, "type": "integer", "collectionFormat": "pipes"}
    [parameter] = operation_of(read, {"parameters": [written]}).parameters
    assert WRITE[location](parameter, 7) == sent


NAME: Any = {"name": "name", "in": "formData", "type": "string", "required": True}
TAGS: Any = {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}}
FILE: Any = {"name": "photo", "in": "formData", "type": "file"}
URLENCODED, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"


@pytest.mark.parametrize(
    ("fields", "consumes", "types"),
    [
        ([NAME], None, [URLENCODED]),
        ([NAME], [JSON], [URLENCODED]),
        ([NAME], [MULTIPART], [MULTIPART]),
        ([NAME], [URLENCODED, MULTIPART], [URLENCODED, MULTIPART]),
        ([NAME], ["Multipart/Form-Data"], ["Multipart/Form-Data"]),
        ([NAME, FILE], None, [MULTIPART]),
        ([NAME, FILE], [URLENCODED], [MULTIPART]),
        ([NAME, FILE], [URLENCODED, MULTIPART], [MULTIPART]),
        ([NAME], MULTIPART, [MULTIPART]),
    ],
)
def test_form_data_is_a_form_that_is_consumed(read: Read, fields: Any, consumes: Any, types: list[str]) -> None:
    body = operation_of(read, {"parameters": fields, "consumes": consumes}).request_body
    assert body is not None
    assert list(body.content) == types
    assert (body.required, body.pointer) == (True, f"{AT}/parameters/0")


def test_a_form_is_written_out_of_its_fields(read: Read) -> None:
    pipes = {**TAGS, "name": "more", "collectionFormat": "pipes"}
    body = operation_of(read, {"parameters": [NAME, TAGS, pipes, FILE]}).request_body
    assert body is not None
    assert body.content[MULTIPART].schema is None
    assert body.content[MULTIPART].written == {
        "schema": {
            "type": "object",
            "properties": {
                "name": NAME, "tags": TAGS, "more": pipes, "photo": {"type": "string", "format": "binary"},
            },
            "required": ["name"],
        },
        "encoding": {
            "tags": {"style": "form", "explode": False}, "more": {"style": "pipeDelimited", "explode": False},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("collection_format", "sent"),
    [
        (None, "tags=a,b"),
        ("ssv", "tags=a%20b"),
        ("tsv", "tags=a%09b"),
        ("pipes", "tags=a%7Cb"),
        ("multi", "tags=a&tags=b"),
    ],
)
def test_the_arrays_of_a_form_are_sent_in_their_collection_format(
    read: Read, collection_format: str | None, sent: str
) -> None:
    operation = {"parameters": [{**TAGS, "collectionFormat": collection_format}]}
    api, _ = read({"swagger": "2.0", "paths": {"/a": {"post": operation}}}, URI)
    body = api.by_pointer[AT].request_body
    assert body is not None
    layout = layout_of(api, body.content[URLENCODED], URLENCODED)
    assert encode_body({"tags": ["a", "b"]}, URLENCODED, layout) == (sent.encode(), URLENCODED)


def test_a_body_and_form_data_cannot_exist_together(read: Read) -> None:
    operation = operation_of(read, {"parameters": [NAME, {"name": "b", "in": "body", "schema": {}}]})
    assert operation.request_body is not None
    assert operation.request_body.pointer == f"{AT}/parameters/1"
    [problem] = operation.problems
    assert (problem.rule, problem.span.text) == ("malformed-parameter", f"{AT}/parameters/0")


def test_the_body_of_an_operation_replaces_that_of_its_path(read: Read) -> None:
    item: Any = {
        "parameters": [{"name": "a", "in": "body", "schema": {"type": "string"}}],
        "post": {"parameters": [{"name": "b", "in": "body", "schema": {"type": "object"}}]},
    }
    api, _ = read({"swagger": "2.0", "paths": {"/a": item}}, URI)
    body = api.by_pointer[AT].request_body
    assert body is not None
    assert body.content["*/*"].written == {"schema": {"type": "object"}}


def test_what_is_consumed_and_produced_may_be_left_open(read: Read) -> None:
    parameters = [{"name": "b", "in": "body", "schema": {}}]
    operation = operation_of(read, {"parameters": parameters, "responses": {"200": {"schema": {"type": "file"}}}})
    assert choose_content_type(operation.request_body, None, {}) == JSON
    assert accept_header(operation) == "*/*"
    file = operation.responses["200"].content["*/*"]
    assert file == MediaTypeObject(None, {"schema": {"type": "string", "format": "binary"}})


FLOWS = {
    "implicit": ("implicit", {"authorizationUrl": "https://a.test/authorize"}),
    "password": ("password", {"tokenUrl": "https://a.test/token"}),
    "application": ("clientCredentials", {"tokenUrl": "https://a.test/token"}),
    "accessCode": (
        "authorizationCode",
        {"authorizationUrl": "https://a.test/authorize", "tokenUrl": "https://a.test/t"},
    ),
}


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ({"type": "basic", "description": "d"}, {"type": "http", "scheme": "basic", "description": "d"}),
        ({"type": "apiKey", "name": "k", "in": "query"}, {"type": "apiKey", "name": "k", "in": "query"}),
        *(
            (
                {"type": "oauth2", "flow": flow, "scopes": {"read": "to read"}, "x-kept": 1, **urls},
                {"type": "oauth2", "flows": {name: {"scopes": {"read": "to read"}, **urls}}, "x-kept": 1},
            )
            for flow, (name, urls) in FLOWS.items()
        ),
        ({"type": "oauth2", "flow": "application"}, {"type": "oauth2", "flows": {"clientCredentials": {"scopes": {}}}}),
        ({"type": "oauth2", "flow": ["odd"]}, {"type": "oauth2", "flows": {}}),
        ({"type": "other", "x": None}, {"type": "other", "x": None}),
    ],
)
def test_a_security_scheme_is_given_as_openapi_3_has_it(read: Read, written: Any, given: Any) -> None:
    operation = operation_of(read, {"security": [{"s": ["read"]}]}, securityDefinitions={"s": written})
    assert (operation.security, operation.security_schemes) == (({"s": ("read",)},), {"s": given})


def test_a_security_scheme_may_stand_in_another_document(pets: ApiDescription) -> None:
    assert pets.by_id["putPet"].security_schemes["shared"] == {"type": "http", "scheme": "basic"}
    assert pets.by_id["putPet"].security == ({"key": ()},)


# An operation, and the parts of it that are warned of; null counts as nothing.
ODD: Any = {
    "nulls": {"parameters": None, "responses": None, "security": None, "schemes": None, "consumes": None},
    "lists": {"parameters": {}, "responses": [], "security": {}, "schemes": {}, "produces": "a/b"},
    "items": {"parameters": [None, {"name": "a", "in": "body", "schema": 7}], "responses": {"200": "x", "ok": {}}},
    "deep": {
        "parameters": [{"name": "a", "in": "query", "type": ["array"], "collectionFormat": []}],
        "responses": {"200": {"schema": [], "headers": {"X": None, "Y": {"type": "array", "collectionFormat": 1}}}},
    },
}  # fmt: skip
ODD_PARTS = {
    "nulls": [],
    "lists": ["schemes", "produces", "parameters", "responses"],
    "items": ["schema", "responses[200]", "ok"],
    "deep": ["schema"],
}


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_operation_is_read_all_the_same(read: Read, name: str) -> None:
    operation = operation_of(read, ODD[name])
    assert {problem.rule for problem in operation.problems} <= {"malformed-openapi"}
    assert [problem.message.split("'")[1] for problem in operation.problems] == ODD_PARTS[name]
    assert operation.servers == (Server("https://docs.test/"),)


def test_parameters_of_openapi_3_are_not_known_to_swagger(read: Read) -> None:
    parameters = [{"name": "c", "in": "cookie", "type": "string"}, {"name": "ok", "in": "query", "type": "string"}]
    operation = operation_of(read, {"parameters": parameters})
    assert [each.name for each in operation.parameters] == ["ok"]
    [problem] = operation.problems
    assert (problem.rule, problem.span.text) == ("malformed-parameter", f"{AT}/parameters/0")

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.openapi.document import Address, ApiDescription, MediaTypeObject, Parameter, ResponseObject, Server
from runner.openapi.lookup import find_operation, operations_at, why_not_callable
from runner.openapi.url import build_url
from runner.values import resolve_pointer

if TYPE_CHECKING:
    from conftest import Read

PETS_30: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "../api/"}],
    "security": [{"key": []}],
    "paths": {
        "/pets/{petId}": {
            "parameters": [
                {"name": "petId", "in": "path", "schema": {"type": "string"}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                {"$ref": "#/components/parameters/Limit"},
            ],
            "get": {
                "operationId": "getPet",
                "deprecated": True,
                "parameters": [
                    {"name": "x-trace", "in": "header", "required": True, "schema": {"type": "integer"}},
                    {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                    {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                    {"name": "tags", "in": "query", "style": "pipeDelimited", "allowReserved": True},
                ],
                "responses": {
                    "200": {"$ref": "#/components/responses/Pet"},
                    "4xx": {"description": "no"},
                    "default": None,
                    "x-extra": {},
                },
            },
            "put": {
                "operationId": "putPet",
                "security": [],
                "servers": [{"url": "https://write.test/"}],
                "requestBody": {"$ref": "#/components/requestBodies/Pet"},
            },
            "x-get": {"operationId": "notAnOperation"},
        },
        "x-paths": {"get": {"operationId": "neither"}},
    },
    "components": {
        "parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
        "requestBodies": {"Pet": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
        "responses": {
            "Pet": {
                "description": "a pet",
                "headers": {"x-rate": {"$ref": "#/components/headers/Rate"}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
            }
        },
        "headers": {"Rate": {"schema": {"type": "integer"}}},
        "securitySchemes": {
            "key": {"$ref": "#/components/securitySchemes/x-real"},
            "x-real": {"type": "apiKey", "name": "k", "in": "query"},
        },
    },
}


@pytest.fixture
def pets(read: Read) -> ApiDescription:
    api, diagnostics = read(PETS_30)
    assert diagnostics == ()
    return api


def test_an_operation_is_found_by_id_and_by_pointer(pets: ApiDescription) -> None:
    assert (pets.version, pets.title) == ("3.0.3", "Pets")
    assert list(pets.by_id) == ["getPet", "putPet"]
    assert list(pets.by_pointer) == ["/paths/~1pets~1{petId}/get", "/paths/~1pets~1{petId}/put"]
    assert pets.by_id["getPet"] is pets.by_pointer["/paths/~1pets~1{petId}/get"]
    assert pets.by_id["getPet"].title == "GET /pets/{petId}"
    assert pets.by_id["getPet"].deprecated


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("getPet", "getPet"),
        ("/paths/~1pets~1{petId}/get", "getPet"),
        ("#/paths/~1pets~1{petId}/get", "getPet"),
        ("#/paths/~1pets~1%7BpetId%7D/put", "putPet"),
        ("GET /pets/{petId}", "getPet"),
        ("put /pets/{petId}", "putPet"),
        ("getpet", None),
        ("DELETE /pets/{petId}", None),
        ("#/paths/~1nothing/get", None),
    ],
)
def test_an_operation_is_found_by_what_authors_write(pets: ApiDescription, text: str, found: str | None) -> None:
    operation = find_operation(pets, text)
    assert (operation and operation.operation_id) == found


def test_parameters_are_merged_and_their_defaults_filled_in(pets: ApiDescription) -> None:
    at = "/paths/~1pets~1{petId}"
    json_type = "application/json"
    uri = pets.uri

    def schema(pointer: str) -> Address:
        return Address(uri, pointer)

    limit = "/components/parameters/Limit"
    assert pets.by_id["getPet"].parameters == (
        Parameter(
            *("petId", "path", True, "simple", False, False),
            *(schema(f"{at}/parameters/0/schema"), None, f"{at}/parameters/0"),
        ),
        Parameter(
            *("x-trace", "header", True, "simple", False, False),
            *(schema(f"{at}/get/parameters/0/schema"), None, f"{at}/get/parameters/0"),
        ),
        Parameter("limit", "query", False, "form", True, False, schema(f"{limit}/schema"), None, limit),
        Parameter(
            *("filter", "query", False, "form", True, False),
            *(schema(f"{at}/get/parameters/2/content/application~1json/schema"), json_type, f"{at}/get/parameters/2"),
        ),
        Parameter("tags", "query", False, "pipeDelimited", False, True, None, None, f"{at}/get/parameters/3"),
    )


def test_responses_are_resolved_and_their_schemas_left_as_written(pets: ApiDescription) -> None:
    operation = pets.by_id["getPet"]
    assert list(operation.responses) == ["200", "4XX", "default"]
    pet = Address(pets.uri, "/components/responses/Pet")
    response = operation.responses["200"]
    assert response.address == pet
    assert response.headers["x-rate"].schema == Address(pets.uri, "/components/headers/Rate/schema")
    assert response.content == {
        "application/json": MediaTypeObject(
            pet.below("content", "application/json", "schema"), {"schema": {"$ref": "#/components/schemas/Pet"}}
        )
    }
    assert operation.responses["default"] == ResponseObject()
    assert [operation.declares(status) for status in (200, 404, 500)] == [True, True, False]
    assert pets.by_id["putPet"].responses == {}


def test_a_request_body_is_resolved(pets: ApiDescription) -> None:
    body = pets.by_id["putPet"].request_body
    assert body is not None
    assert (body.required, body.pointer) == (True, "/components/requestBodies/Pet")
    assert body.content["application/json"].written == {"schema": {"type": "object"}}
    assert pets.by_id["getPet"].request_body is None


def test_servers_and_security_of_an_operation_override_those_of_the_document(pets: ApiDescription) -> None:
    get, put = pets.by_id["getPet"], pets.by_id["putPet"]
    assert (get.servers, put.servers) == ((Server("https://api.test/api/"),), (Server("https://write.test/"),))
    assert (get.security, put.security) == (({"key": ()},), ())
    assert get.security_schemes["key"] == {"type": "apiKey", "name": "k", "in": "query"}


PETS_31: dict[str, Any] = {
    "openapi": "3.1.1",
    "info": {"title": "Pets"},
    "security": [{"oauth": ["read", "write"]}, {}],
    "paths": {
        "/local": {"$ref": "#/components/pathItems/Local", "post": {"operationId": "beside"}},
        "/far": {"$ref": "far.json#/items/far"},
        "/v1/{+name}": {"get": {"operationId": "reserved", "parameters": [{"$ref": "far.json#/name"}]}},
    },
    "components": {
        "pathItems": {
            "Local": {
                "servers": [{"url": "{scheme}://{region}.test", "variables": {
                    "scheme": {"default": "https", "enum": ["http", "https"]}, "region": {"default": 1}}}],
                "get": {"operationId": "local"},
                "post": {"operationId": "hidden"},
            }
        }
    },
    "webhooks": {"new": {"post": {"operationId": "webhook"}}},
}  # fmt: skip

FAR: dict[str, Any] = {
    "name": {"name": "name", "in": "path", "schema": {"$ref": "#/schemas/Name"}},
    "items": {
        "far": {
            "servers": [{"url": "/served"}],
            "get": {
                "operationId": "far",
                "requestBody": {"content": {"text/plain": None}},
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "more.json"}}}}},
            },
        }
    },
}


@pytest.fixture
def far(read: Read) -> ApiDescription:
    api, diagnostics = read(PETS_31, "https://api.test/v1/root.json", {"https://api.test/v1/far.json": FAR})
    assert diagnostics == ()
    return api


def test_path_items_are_followed_in_and_out_of_the_document(far: ApiDescription) -> None:
    assert set(far.by_id) == {"local", "beside", "far", "reserved"}
    assert far.by_id["far"].path == "/far"
    assert far.by_id["far"].pointer == "/paths/~1far/get"
    assert far.by_id["beside"].servers == far.by_id["local"].servers


def test_what_comes_from_another_document_can_be_used_in_this_one(far: ApiDescription) -> None:
    operation, reserved = far.by_id["far"], far.by_id["reserved"]
    assert operation.servers == (Server("https://api.test/served"),)
    found = operation.responses["200"].content["application/json"]
    assert found.written == {"schema": {"$ref": "https://api.test/v1/more.json"}}
    assert found.schema is not None
    assert found.schema.uri == "https://api.test/v1/far.json"
    assert resolve_pointer(FAR, found.schema.pointer) == {"$ref": "more.json"}
    assert operation.request_body is not None
    assert operation.request_body.content == {"text/plain": MediaTypeObject()}
    [name] = reserved.parameters
    assert name.schema is not None
    assert resolve_pointer(FAR, name.schema.pointer) == {"$ref": "#/schemas/Name"}
    assert name.pointer == "/paths/~1v1~1{+name}/get/parameters/0"
    assert name.allow_slashes


def test_server_variables_are_kept_with_their_choices(far: ApiDescription) -> None:
    [server] = far.by_id["local"].servers
    assert server.url == "{scheme}://{region}.test"
    assert (server.variables, server.enums) == ({"scheme": "https", "region": "1"}, {"scheme": ("http", "https")})


def test_an_empty_security_requirement_means_optional(far: ApiDescription) -> None:
    assert far.by_id["local"].security == ({"oauth": ("read", "write")}, {})


@pytest.mark.parametrize(
    ("uri", "servers", "url"),
    [
        ("https://h/a/b.json", None, "https://h/"),
        ("https://h/a/b.json", [], "https://h/"),
        ("https://h/a/b.json", [{"url": ""}], "https://h/"),
        ("https://h/a/b.json", [{"url": "v2"}], "https://h/a/v2"),
        ("https://h/a/b.json", [{"url": "//other/v2"}], "https://other/v2"),
        ("file:///a/b.json", [{"url": "/v2"}], "/v2"),
        ("file:///a/b.json", None, "/"),
        ("b.json", [None, {"description": "no url"}, {"url": "https://x"}], "https://x"),
    ],
)
def test_a_relative_server_is_resolved_where_the_document_came_by_http(
    read: Read, uri: str, servers: Any, url: str
) -> None:
    api, _ = read({"openapi": "3.1.0", "servers": servers, "paths": {"/a": {"get": {}}}}, uri)
    assert [server.url for server in api.by_pointer["/paths/~1a/get"].servers] == [url]


def test_openapi_3_2_adds_query_and_additional_operations(read: Read) -> None:
    item = {"query": {"operationId": "q"}, "additionalOperations": {"COPY": {"operationId": "c"}, "x": None}}
    api, diagnostics = read({"openapi": "3.2.0", "paths": {"/a": item}})
    assert diagnostics == ()
    assert [api.by_id[name].title for name in ("q", "c")] == ["QUERY /a", "COPY /a"]
    assert find_operation(api, "COPY /a") is api.by_pointer["/paths/~1a/additionalOperations/COPY"]


@pytest.mark.parametrize(
    ("document", "message", "place"),
    [
        ({"swagger": "1.2", "apis": []}, "Swagger version '1.2' is unknown: Swagger 2.0 and OpenAPI 3.0", "/swagger"),
        ({"swaggerVersion": "1.2", "apis": []}, "Swagger version '1.2' is unknown", "/swaggerVersion"),
        ({"openapi": "4.0.0"}, "OpenAPI version '4.0.0' is unknown", "/openapi"),
        ({"openapi": {"a": 1}}, "'openapi' is a version as text, not an object", "/openapi"),
        ({"openapi": ""}, "'openapi' is a version as text, not the empty text", "/openapi"),
        ({"asyncapi": "3.0.0"}, "no field 'openapi'", ""),
        (["a"], "no field 'openapi'", ""),
        (None, "no field 'openapi'", ""),
    ],
)
def test_another_kind_of_document_is_an_error(read: Read, document: Any, message: str, place: str) -> None:
    api, [diagnostic] = read(document)
    assert (diagnostic.rule, diagnostic.severity, diagnostic.span.text) == ("unsupported-openapi", "error", place)
    assert message in diagnostic.message
    assert len(api.by_id) == len(api.by_pointer) == 0


@pytest.mark.parametrize("version", ["2.0", 2.0, 2, "2"])
def test_swagger_2_may_be_a_number(read: Read, version: str | float) -> None:
    api, diagnostics = read({"swagger": version, "paths": {"/a": {"get": {"operationId": "a"}}}})
    assert (diagnostics, api.dialect, list(api.by_id)) == ((), "swagger-2.0", ["a"])


@pytest.mark.parametrize("version", ["3.0.0", "3.0", "3.1", 3.1, 3.0, "3.1.0-rc1", "3.2.0"])
def test_the_patch_number_never_matters(read: Read, version: str | float) -> None:
    _, diagnostics = read({"openapi": version, "paths": {}})
    assert diagnostics == ()


@pytest.mark.parametrize(
    ("version", "written", "dialect"),
    [
        ("3.1.0", None, None),
        ("3.1.0", "https://spec.openapis.org/oas/3.1/dialect/base", None),
        ("3.2.0", "https://spec.openapis.org/oas/3.2/dialect/2025-09-17", None),
        ("3.1.0", "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema"),
        ("3.1.0", "https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2019-09/schema"),
        ("3.0.0", "http://json-schema.org/draft-07/schema#", None),
    ],
)
def test_schemas_have_the_dialect_of_their_document(
    read: Read, version: str, written: str | None, dialect: str | None
) -> None:
    api, diagnostics = read({"openapi": version, "jsonSchemaDialect": written, "paths": {}})
    assert (diagnostics, api.json_schema_dialect) == ((), dialect)


def test_paths_may_stand_in_another_document(read: Read) -> None:
    document: Any = {"openapi": "3.1.0", "paths": {"$ref": "paths.json#/all"}}
    paths = {"all": {"/a": {"get": {"operationId": "a", "responses": {"200": {"$ref": "#/ok"}}}}}, "ok": {}}
    api, diagnostics = read(document, documents={"https://api.test/v1/paths.json": paths})
    assert diagnostics == ()
    assert api.by_id["a"].pointer == "/paths/~1a/get"
    assert api.by_id["a"].address == Address("https://api.test/v1/paths.json", "/all/~1a/get")
    assert api.by_id["a"].responses["200"].address == Address("https://api.test/v1/paths.json", "/ok")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/things?action=list", "https://api.test/things?action=list&page=2"),
        ("/?Action={name}", "https://api.test/?Action=x%26y&page=2"),
        ("/things#list", "https://api.test/things?page=2"),
    ],
)
def test_a_path_may_have_a_query_or_a_fragment(read: Read, path: str, sent: str) -> None:
    api, diagnostics = read({"openapi": "3.0.0", "paths": {path: {"get": {"operationId": "a"}}}})
    assert diagnostics == ()
    assert build_url("https://api.test", api.by_id["a"].path, {"name": "x%26y"}, ["page=2"]) == sent


def test_a_document_with_a_self_is_known_by_it_and_served_from_where_it_is(read: Read) -> None:
    document: Any = {
        "openapi": "3.2.0",
        "$self": "https://id.test/v1/api.json",
        "servers": [{"url": "./things"}],
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"$ref": "more.json#/ok"}}}}},
    }
    ok: Any = {"content": {"application/json": {"schema": {"$ref": "https://api.test/v1/openapi.json#/S"}}}}
    uri = "https://id.test/v1/more.json"
    api, diagnostics = read(document, documents={uri: {"ok": ok}})
    assert diagnostics == ()
    operation = api.by_id["a"]
    assert (api.uri, operation.address.uri) == ("https://id.test/v1/api.json", "https://id.test/v1/api.json")
    assert operation.servers == (Server("https://api.test/v1/things"),)
    assert operation.responses["200"].address == Address(uri, "/ok")
    assert api.span(operation.address).text == "/paths/~1a/get"
    assert set(api.definitions) == {"https://id.test/v1/api.json", "https://api.test/v1/openapi.json", uri}


def test_openapi_3_2_describes_items_and_shares_media_types(read: Read) -> None:
    lines: Any = {"itemSchema": {"type": "integer"}, "itemEncoding": {"contentType": "text/plain"}}
    document: Any = {
        "openapi": "3.2.0",
        "paths": {"/a": {"get": {"responses": {"200": {"content": {
            "application/jsonl": {"$ref": "#/components/mediaTypes/Lines"}}}}}}},
        "components": {"mediaTypes": {"Lines": lines}},
    }  # fmt: skip
    api, diagnostics = read(document)
    media = api.by_pointer["/paths/~1a/get"].responses["200"].content["application/jsonl"]
    assert (diagnostics, media.schema, media.written) == ((), None, lines)
    assert media.item_schema == Address(api.uri, "/components/mediaTypes/Lines/itemSchema")


def test_a_security_requirement_may_name_its_scheme_by_uri(read: Read) -> None:
    flows = {"deviceAuthorization": {"deviceAuthorizationUrl": "/device", "tokenUrl": "/token", "scopes": {}}}
    scheme: Any = {
        "type": "oauth2",
        "deprecated": True,
        "oauth2MetadataUrl": "https://a.test/.well-known",
        "flows": flows,
    }
    at = "#/components/securitySchemes/device"
    document: Any = {
        "openapi": "3.2.0",
        "security": [{at: ["read"], "gone": [], "./gone.json": []}],
        "paths": {"/a": {"get": {}}, "/b": {"get": {"security": [{"device": []}]}}},
        "components": {"securitySchemes": {"device": scheme}},
    }
    api, diagnostics = read(document)
    assert diagnostics == ()
    assert api.by_pointer["/paths/~1a/get"].security_schemes == {"device": scheme, at: scheme}
    assert api.by_pointer["/paths/~1b/get"].security_schemes == {"device": scheme}


SHARED_ITEM: Any = {
    "openapi": "3.1.0",
    "paths": {
        "/once": {"$ref": "#/components/pathItems/Once"},
        "/cats/{id}": {"$ref": "#/components/pathItems/Item"},
        "/dogs/{id}": {"$ref": "#/components/pathItems/Item", "post": {"callbacks": {"c": {"/x": {"post": {}}}}}},
    },
    "webhooks": {"new": {"post": {"operationId": "webhook"}}},
    "components": {"pathItems": {"Once": {"get": {}}, "Item": {"get": {}}, "Unused": {"get": {}}}},
}


@pytest.mark.parametrize(
    ("pointer", "paths"),
    [
        ("/components/pathItems/Once/get", ["/once"]),
        ("/components/pathItems/Item/get", ["/cats/{id}", "/dogs/{id}"]),
        ("/paths/~1cats~1{id}/get", ["/cats/{id}"]),
        ("/paths/~1dogs~1%7Bid%7D/get", ["/dogs/{id}"]),
    ],
)
def test_a_pointer_leads_to_the_operations_that_stand_there(read: Read, pointer: str, paths: list[str]) -> None:
    api, _ = read(SHARED_ITEM)
    found = operations_at(api, pointer)
    assert [operation.path for operation in found] == paths
    assert find_operation(api, f"#{pointer}") is (found[0] if len(found) == 1 else None)


@pytest.mark.parametrize(
    ("pointer", "why"),
    [
        ("/webhooks/new/post", "is a webhook"),
        ("/paths/~1dogs~1%7Bid%7D/post/callbacks/c/~1x/post", "is a callback"),
        ("/components/pathItems/Unused/get", "is in a path item that no path refers to"),
        ("/paths/~1cats~1{id}", "is not an operation, but '/paths/~1cats~1{id}/get' is one"),
        ("/openapi", "is not an operation"),
        ("/webhooks/old/post", None),
        ("/paths/~1cats/get", None),
    ],
)
def test_what_cannot_be_called_is_said(read: Read, pointer: str, why: str | None) -> None:
    api, _ = read(SHARED_ITEM)
    assert operations_at(api, pointer) == ()
    assert (why_not_callable(api, pointer) or "None").startswith(str(why))


def test_the_first_of_two_equal_operation_ids_wins(read: Read) -> None:
    paths = {path: {"get": {"operationId": "same"}} for path in ("/a", "/b")}
    api, [diagnostic] = read({"openapi": "3.0.0", "paths": paths})
    assert api.by_id["same"].path == "/a"
    assert api.by_pointer["/paths/~1b/get"].operation_id == "same"
    assert (diagnostic.rule, diagnostic.severity) == ("duplicate-operation-id", "warning")
    assert diagnostic.span.text == "/paths/~1b/get/operationId"
    assert diagnostic.related[0].span.text == "/paths/~1a/get/operationId"


# An operation, and the parts of it that are warned of; null counts as nothing.
ODD: Any = {
    "nulls": {"parameters": None, "responses": None, "requestBody": None, "security": None, "servers": None},
    "lists": {"parameters": {}, "responses": [], "requestBody": [], "servers": {}, "security": {}, "operationId": []},
    "texts": {"parameters": "x", "responses": "x", "requestBody": "x", "security": "x", "servers": "x"},
    "items": {"parameters": [None], "security": [None, "x"], "servers": [1], "responses": {"200": "x"}},
    "deep": {
        "requestBody": {"content": []},
        "responses": {"200": {"content": "x", "headers": None}},
        "security": [{"a": None, "b": ["x", 1]}],
        "parameters": [{"name": "a", "in": "query", "style": None, "explode": "yes", "content": {}, "schema": None}],
    },
}


ODD_PARTS = {
    "nulls": [],
    "lists": ["servers", "parameters", "requestBody", "responses"],
    "texts": ["servers", "parameters", "requestBody", "responses"],
    "items": ["servers[0]", "responses[200]"],
    "deep": ["a", "b"],
}


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_operation_is_read_all_the_same(read: Read, name: str) -> None:
    api, diagnostics = read({"openapi": "3.0.0", "paths": {"/a": {"get": ODD[name]}, "/b": None}})
    assert diagnostics == ()
    operation = api.by_pointer["/paths/~1a/get"]
    assert {problem.rule for problem in operation.problems} <= {"malformed-openapi", "unknown-security-scheme"}
    assert [problem.message.split("'")[1] for problem in operation.problems] == ODD_PARTS[name]
    assert operation.servers == (Server("https://api.test/"),)


def test_what_cannot_be_read_of_an_operation_is_left_out_and_told(read: Read) -> None:
    get = {
        "parameters": [
            {"$ref": "#/components/parameters/Gone"},
            {"name": "a", "in": "body"},
            {"in": "query"},
            {"name": "ok", "in": "query"},
            {"name": "b", "in": ["query"]},
        ],
        "responses": {"200": {"$ref": "other.json"}},
    }
    api, diagnostics = read({"openapi": "3.0.0", "paths": {"/a": {"get": get}}})
    assert diagnostics == ()
    operation = api.by_pointer["/paths/~1a/get"]
    assert [parameter.name for parameter in operation.parameters] == ["ok"]
    assert operation.responses == {"200": ResponseObject()}
    at = "/paths/~1a/get"
    assert [(problem.rule, problem.span.text) for problem in operation.problems] == [
        ("unresolved-reference", f"{at}/parameters/0/$ref"),
        ("malformed-parameter", f"{at}/parameters/1"),
        ("malformed-parameter", f"{at}/parameters/2"),
        ("malformed-parameter", f"{at}/parameters/4"),
        ("unresolved-reference", f"{at}/responses/200/$ref"),
    ]


def test_a_path_item_that_leads_nowhere_is_warned_and_the_rest_is_read(read: Read) -> None:
    paths = {"/a": {"$ref": "#/gone", "get": {"operationId": "a"}}, "/b": {"get": {"operationId": "b"}}}
    api, [diagnostic] = read({"openapi": "3.1.0", "paths": paths})
    assert set(api.by_id) == {"a", "b"}
    assert (diagnostic.rule, diagnostic.span.text) == ("unresolved-reference", "/paths/~1a/$ref")


def test_an_operation_is_built_only_when_it_is_asked_for_and_then_once(read: Read) -> None:
    paths = {f"/{n}": {"get": {"operationId": str(n), "parameters": [{"$ref": "#/x"}]}} for n in range(3)}
    document: Any = {"openapi": "3.1.0", "paths": paths, "x": {"name": "first", "in": "query"}}
    api, _ = read(document)
    assert "0" in api.by_id
    document["x"]["name"] = "second"
    assert api.by_id["0"].parameters[0].name == "second"
    document["x"]["name"] = "third"
    assert api.by_id["0"].parameters[0].name == "second"
    assert api.by_id["1"].parameters[0].name == "third"

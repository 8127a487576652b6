"""What is said of a description whose parts have the wrong shape, or lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.openapi.read import read_openapi
from runner.openapi.references import Documents
from tests.openapi.conftest import places_of

if TYPE_CHECKING:
    from conftest import Read

MALFORMED: Any = {
    "no paths": ({}, "the description has no 'paths', and so no operations", "/openapi"),
    "null": ({"paths": None}, "the description has no 'paths', and so no operations", "/paths"),
    "a list of paths": ({"paths": [1]}, "'paths' is an object, not a list", "/paths"),
    "a path item": ({"paths": {"/c": []}}, "'/c' is an object, not a list", "/paths/~1c"),
    "more operations": (
        {"paths": {"/c": {"additionalOperations": {"COPY": []}}}},
        "'COPY' is an object, not a list",
        "/paths/~1c/additionalOperations/COPY",
    ),
    "a dialect": (
        {"paths": {}, "jsonSchemaDialect": "https://x.test/dialect"},
        "the schema dialect 'https://x.test/dialect' is not known: its schemas are read as JSON Schema 2020-12",
        "/jsonSchemaDialect",
    ),
    "no dialect": (
        {"paths": {}, "jsonSchemaDialect": ["x"]},
        "'jsonSchemaDialect' is a text, not a list",
        "/jsonSchemaDialect",
    ),
    "an operation": ({"paths": {"/c": {"get": 7}}}, "'get' is an object, not a number", "/paths/~1c/get"),
    "a path": ({"paths": {"pets": {}}}, "the path 'pets' does not begin with '/'", "/paths/pets"),
    "servers": ({"paths": {}, "servers": "https://h"}, "'servers' is a list, not a string", "/servers"),
    "a server": (
        {"paths": {}, "servers": [{"uri": "https://h"}]},
        "this server has no 'url' that is a text",
        "/servers/0",
    ),
    "another protocol": (
        {"paths": {}, "servers": [{"url": "ftp://h"}]},
        "'ftp' is not http or https: no request can go there",
        "/servers/0/url",
    ),
}

RULES = {"another protocol": "unusable-server", "a dialect": "unknown-schema-dialect"}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_description_of_the_wrong_shape_is_warned_of_at_the_place(read: Read, name: str) -> None:
    members, message, place = MALFORMED[name]
    _, [diagnostic] = read({"openapi": "3.1.0", **members})
    assert (diagnostic.severity, diagnostic.message) == ("warning", message)
    assert diagnostic.rule == RULES.get(name, "malformed-openapi")
    assert diagnostic.span.text in (place, "")  # this map has no places of keys


@pytest.mark.parametrize("url", ["{scheme}://h", "//h/x", "/v1", "v1", "HTTPS://h", "http://h"])
def test_a_server_that_a_request_may_go_to_is_not_warned_of(read: Read, url: str) -> None:
    _, diagnostics = read({"openapi": "3.1.0", "paths": {}, "servers": [{"url": url}]})
    assert diagnostics == ()


@pytest.mark.parametrize("part", ["parameters", "requestBody"])
@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("#/gone", "there is nothing at that place"),
        ("#/circle", "it leads back to itself"),
        ("gone.json", "that document cannot be read: there is no such file"),
        ("unasked.json", "that document cannot be read"),
    ],
)
def test_a_request_part_that_leads_nowhere_is_an_error(part: str, reference: str, reason: str) -> None:
    link: Any = {"$ref": reference}
    get: Any = {part: [link] if part == "parameters" else link}
    value: Any = {"openapi": "3.1.0", "paths": {"/a": {"get": get}}, "circle": {"$ref": "#/circle"}}
    uri = "https://api.test/openapi.json"
    documents = Documents({}, {"https://api.test/gone.json": "there is no such file"})
    api, _ = read_openapi(value, uri, places_of(value, uri), documents)
    [problem] = api.by_pointer["/paths/~1a/get"].problems
    assert (problem.rule, problem.severity) == ("unresolved-reference", "error")
    assert problem.message.endswith(f"cannot be resolved: {reason}")


@pytest.mark.parametrize(
    ("version", "members", "quiet"),
    [
        ("3.1.0", {"webhooks": {"new": {"post": {}}}}, True),
        ("3.2.0", {"components": {}}, True),
        ("3.1.0", {"webhooks": None}, False),
        ("3.0.4", {"components": {}}, False),
    ],
)
def test_a_description_may_have_something_else_than_paths_since_3_1(
    read: Read, version: str, members: Any, quiet: bool
) -> None:
    api, diagnostics = read({"openapi": version, **members})
    assert (diagnostics == (), len(api.by_pointer)) == (quiet, 0)


# What is odd about one operation, what is said, and where.
ODD_PARTS: Any = {
    "schema and content": (
        {"parameters": [{"name": "a", "in": "query", "schema": {}, "content": {"text/plain": {}}}]},
        "parameter 'a' has both 'schema' and 'content': 'content' counts",
        "/parameters/0",
    ),
    "two contents": (
        {"parameters": [{"name": "a", "in": "query", "content": {"text/plain": {}, "text/csv": {}}}]},
        "parameter 'a' has more than one 'content': 'text/plain' counts",
        "/parameters/0/content",
    ),
    "a header": (
        {"responses": {"200": {"headers": {"X": {"schema": {}, "content": {"text/plain": None}}}}}},
        "header 'X' has both 'schema' and 'content': 'content' counts",
        "/responses/200/headers/X",
    ),
    "a status": ({"responses": {"ok": {}}}, "'ok' is no status: write 200, 2XX or default", "/responses/ok"),
    "another status": ({"responses": {"20x": {}}}, "'20x' is no status: write 200, 2XX or default", "/responses/20x"),
    "a reference to nowhere in content": (
        {"parameters": [{"name": "a", "in": "query", "content": {"text/plain": {"$ref": "#/gone"}}}]},
        "reference '#/gone' cannot be resolved: there is nothing at that place",
        "/parameters/0/content/text~1plain/$ref",
    ),
}


@pytest.mark.parametrize("name", ODD_PARTS)
def test_an_odd_part_of_an_operation_is_warned_of_at_the_place(read: Read, name: str) -> None:
    operation, message, place = ODD_PARTS[name]
    api, diagnostics = read({"openapi": "3.1.0", "paths": {"/a": {"get": operation}}})
    assert diagnostics == ()
    [problem] = api.by_pointer["/paths/~1a/get"].problems
    assert (problem.severity, problem.message) == ("warning", message)
    assert problem.span.text == f"/paths/~1a/get{place}"


@pytest.mark.parametrize(
    "operation",
    [
        {"parameters": [{"name": "a", "in": "query"}, {"name": "b", "in": "query", "content": {}, "schema": {}}]},
        {"parameters": [{"name": "a", "in": "query", "schema": {"type": "file"}, "style": 7, "explode": "no"}]},
        {"responses": {"2xx": {}, "5Xx": {}, "DEFAULT": {}, "418": {}, "x-other": 7}},
    ],
)
def test_what_is_often_seen_is_read_without_a_word(read: Read, operation: Any) -> None:
    api, diagnostics = read({"openapi": "3.0.3", "paths": {"/a": {"get": operation}}})
    assert (diagnostics, api.by_pointer["/paths/~1a/get"].problems) == ((), ())

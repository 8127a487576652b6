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
    "no paths": ({}, "the description has no 'paths', and so no operations", ""),
    "null": ({"paths": None}, "the description has no 'paths', and so no operations", "/paths"),
    "a list of paths": ({"paths": [1]}, "'paths' is an object, not a list", "/paths"),
    "a path item": ({"paths": {"/c": []}}, "'/c' is an object, not a list", "/paths/~1c"),
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


@pytest.mark.parametrize("name", MALFORMED)
def test_a_description_of_the_wrong_shape_is_warned_of_at_the_place(read: Read, name: str) -> None:
    members, message, place = MALFORMED[name]
    _, [diagnostic] = read({"openapi": "3.1.0", **members})
    assert (diagnostic.severity, diagnostic.message) == ("warning", message)
    assert diagnostic.rule == ("unusable-server" if name == "another protocol" else "malformed-openapi")
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

"""Every cell of the style tables of OpenAPI 3.0.4, 3.1.2 and 3.2, from a document to the bytes that a server reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import runner
from runner.values import Json
from tests.openapi.stack import Stack, stack

ARRAY: Json = ["blue", "black", "brown"]
OBJECT: Json = {"R": 100, "G": 200, "B": 150}
COLUMNS: tuple[Json, ...] = (None, "", "blue", ARRAY, OBJECT)

# What the table defines, and, in brackets, what is made of the cells that it leaves open or marks n/a.
# place, style, explode: undefined, empty string, string, array, object. None: refused before anything is sent.
TABLE: list[tuple[str, str, bool, list[str | None]]] = [
    ("path", "matrix", False,
     [";color", ";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"]),
    ("path", "matrix", True,
     [";color", ";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"]),
    ("path", "label", False, [None, None, ".blue", ".blue,black,brown", ".R,100,G,200,B,150"]),
    ("path", "label", True, [None, None, ".blue", ".blue.black.brown", ".R=100.G=200.B=150"]),
    ("path", "simple", False, [None, None, "blue", "blue,black,brown", "R,100,G,200,B,150"]),
    ("path", "simple", True, [None, None, "blue", "blue,black,brown", "R=100,G=200,B=150"]),
    ("header", "simple", False, ["", "", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
    ("header", "simple", True, ["", "", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
    ("query", "form", False, ["color=", "color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
    ("query", "form", True,
     ["color=", "color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
    ("query", "spaceDelimited", False,
     ["color=", "color=", "color=blue", "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"]),
    ("query", "spaceDelimited", True,
     ["color=", "color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
    ("query", "pipeDelimited", False,
     ["color=", "color=", "color=blue", "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"]),
    ("query", "pipeDelimited", True,
     ["color=", "color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
    ("query", "deepObject", False,
     ["color=", "color=", "color=blue", None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"]),
    ("query", "deepObject", True,
     ["color=", "color=", "color=blue", None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"]),
    ("cookie", "form", False, ["color=", "color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
    ("cookie", "form", True,
     ["color=", "color=", "color=blue", "color=blue; color=black; color=brown", "R=100; G=200; B=150"]),
    ("cookie", "cookie", False, ["color=", "color=", "color=blue", None, None]),
    ("cookie", "cookie", True,
     ["color=", "color=", "color=blue", "color=blue; color=black; color=brown", "R=100; G=200; B=150"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("documents")) as made:
        yield made


def declared(location: str, style: str, explode: bool | None = None, **more: Json) -> dict[str, Json]:
    fields: dict[str, Json] = {"name": "color", "in": location, "style": style, "schema": {}, **more}
    return {**fields, "required": location == "path"} | ({} if explode is None else {"explode": explode})


@pytest.mark.parametrize(("location", "style", "explode", "cells"), TABLE)
def test_each_cell_on_the_wire(wire: Stack, location: str, style: str, explode: bool, cells: list[str | None]) -> None:
    for value, expected in zip(COLUMNS, cells, strict=True):
        found = wire.parameter(declared(location, style, explode), value, version="3.2.0")
        assert found.startswith("not sent: ") if expected is None else found == expected, (value, found)


@pytest.mark.parametrize(("location", "style", "explode", "cells"), TABLE)
def test_what_a_cell_refuses_is_refused_before_the_run_where_the_document_says_it(
    wire: Stack, location: str, style: str, explode: bool, cells: list[str | None]
) -> None:
    before = len(wire.server.received)
    path = "/a/{color}/z" if location == "path" else "/a"
    for value, expected in zip(COLUMNS, cells, strict=True):
        if expected is None:
            step: dict[str, Json] = {"parameters": [{"name": "color", "in": location, "value": value}]}
            with pytest.raises(runner.DescriptionError) as caught:
                wire.run({"parameters": [declared(location, style, explode)]}, step, path=path)
            assert [each.rule for each in caught.value.diagnostics] == ["unusable-value"], value
    assert len(wire.server.received) == before


@pytest.mark.parametrize(
    ("location", "array", "members"),
    [
        ("path", "blue,black,brown", "R,100,G,200,B,150"),
        ("query", "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
        ("header", "blue,black,brown", "R,100,G,200,B,150"),
        ("cookie", "color=blue; color=black; color=brown", "R=100; G=200; B=150"),
    ],
)
def test_style_and_explode_have_their_defaults(wire: Stack, location: str, array: str, members: str) -> None:
    plain: dict[str, Json] = {"name": "color", "in": location, "schema": {}, "required": True}
    assert wire.parameter(plain, ARRAY) == array
    assert wire.parameter(plain, OBJECT) == members


@pytest.mark.parametrize(("style", "default"), [("form", True), ("cookie", True)])
def test_cookies_explode_by_default(wire: Stack, style: str, default: bool) -> None:
    assert wire.parameter(declared("cookie", style), ["a", "b"], version="3.2.0") == "color=a; color=b"


ODD: list[Json] = [
    "",
    None,
    "a b",
    "a/b?c#d",
    "100%",
    "%41",
    "é☃",
    "x&y=z",
    "p,q;r",
    True,
    False,
    1.0,
    0.1,
    2**63,
    1e21,
]
SPELLED = ["", "a%20b", "a%2Fb%3Fc%23d", "100%25", "%2541", "%C3%A9%E2%98%83", "x%26y%3Dz", "p%2Cq%3Br"]
SPELLED += ["true", "false", "1", "0.1", "9223372036854775808", "1e%2B21"]


@pytest.mark.parametrize(
    ("location", "style", "explode", "array", "members"),
    [
        ("path", "simple", False, ",".join(SPELLED), None),
        ("path", "matrix", True, "".join(f";color={text}" if text else ";color" for text in SPELLED), None),
        ("path", "label", True, "." + ".".join(SPELLED), None),
        ("query", "form", True, "&".join(f"color={text}" for text in SPELLED), None),
        ("query", "form", False, "color=" + ",".join(SPELLED), "color=a%20b,%C3%A9,t,true,n,1"),
        ("query", "form", True, None, "a%20b=%C3%A9&t=true&n=1"),
        ("query", "deepObject", True, None, "color%5Ba%20b%5D=%C3%A9&color%5Bt%5D=true&color%5Bn%5D=1"),
        ("query", "pipeDelimited", False, "color=" + "%7C".join(SPELLED), "color=a%20b%7C%C3%A9%7Ct%7Ctrue%7Cn%7C1"),
        ("path", "simple", True, None, "a%20b=%C3%A9,t=true,n=1"),
        ("path", "label", True, None, ".a%20b=%C3%A9.t=true.n=1"),
        ("path", "matrix", True, None, ";a%20b=%C3%A9;t=true;n=1"),
    ],
)
def test_items_of_every_kind(
    wire: Stack, location: str, style: str, explode: bool, array: str | None, members: str | None
) -> None:
    if array is not None:
        assert wire.parameter(declared(location, style, explode), ODD) == array
    if members is not None:
        value: Json = {"a b": "é", "none": None, "t": True, "n": 1.0}
        assert wire.parameter(declared(location, style, explode), value) == members


@pytest.mark.parametrize(
    ("location", "style", "explode", "value", "why"),
    [
        ("query", "form", True, {"a": {"b": 1}}, "holds an object within an object"),
        ("query", "deepObject", True, {"a": [1]}, "'color[a]' is an array, which APIs write in different ways"),
        ("query", "pipeDelimited", False, ["a|b"], "holds '|' within an item"),
        ("query", "spaceDelimited", False, ["a b", "c"], "holds a space within an item"),
        ("query", "spaceDelimited", False, {"a b": 1}, "holds a space within an item"),
        ("path", "simple", False, [["a"]], "holds an array within an array"),
        ("path", "simple", False, "..", "the URL would name another resource"),
        ("path", "simple", False, [], "is empty"),
        ("header", "simple", False, "a\r\nEvil: 1", "holds a line break"),
        ("header", "simple", False, ["☃"], "a character outside of ISO 8859-1"),
        ("cookie", "form", True, [{"a": 1}], "holds an object within an array"),
        ("cookie", "cookie", True, "a;b", "has to be escaped before"),
        ("query", "form", True, "\ud800", "half of a surrogate pair"),
        ("path", "form", False, "x", "which OpenAPI does not know in a path"),
        ("query", "matrix", False, "x", "which OpenAPI does not know in a query"),
        ("header", "form", False, "x", "which OpenAPI does not know in a header"),
        ("cookie", "simple", False, "x", "which OpenAPI does not know in a cookie"),
    ],
)
def test_what_has_no_form_is_refused_at_its_place_and_nothing_is_sent(
    wire: Stack, location: str, style: str, explode: bool, value: Json, why: str
) -> None:
    assert why in wire.parameter(declared(location, style, explode), value, version="3.2.0")
    step: dict[str, Json] = {"parameters": [{"name": "color", "in": location, "value": value}]}
    path = "/a/{color}/z" if location == "path" else "/a"
    with pytest.raises(runner.DescriptionError) as caught:
        wire.run({"parameters": [declared(location, style, explode)]}, step, path=path)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("location", "style", "value"),
    [
        *((location, "form", value) for location in ("query", "cookie") for value in ([], {}, [None], {"a": None})),
        ("query", "deepObject", {}),
        ("query", "deepObject", {"a": None}),
    ],
)
def test_nothing_is_sent_for_what_holds_nothing(wire: Stack, location: str, style: str, value: Json) -> None:
    assert wire.parameter(declared(location, style, True), value) == ""


@pytest.mark.parametrize(
    ("version", "location", "style", "value", "text"),
    [
        ("3.0.4", "query", "form", ":/?@!$&'()*+,;=[]#%20% é", "color=:/?@!$&'()*+,;=%5B%5D%23%20%25%20%C3%A9"),
        ("3.2.0", "query", "form", ["a/b", "c,d"], "color=a/b&color=c,d"),
        ("3.2.0", "query", "deepObject", {"k": "a/b"}, "color%5Bk%5D=a/b"),
        ("3.1.2", "path", "simple", "a:b@c", "a%3Ab%40c"),
        ("3.2.0", "path", "simple", "a:b@c/d?e#f%2Fg", "a:b@c%2Fd%3Fe%23f%2Fg"),
        ("3.2.0", "path", "matrix", "a:b", ";color=a:b"),
        ("3.1.2", "cookie", "form", "a b/c", "color=a%20b%2Fc"),
        ("3.2.0", "cookie", "form", "a b/c;d,e", "color=a%20b/c%3Bd%2Ce"),
        ("3.2.0", "cookie", "cookie", "a%20b!", "color=a%20b!"),
        ("3.2.0", "header", "simple", "a/b c", "a/b c"),
    ],
)
def test_allow_reserved_counts_where_the_version_says(
    wire: Stack, version: str, location: str, style: str, value: Json, text: str
) -> None:
    assert wire.parameter(declared(location, style, allowReserved=True), value, version=version) == text


@pytest.mark.parametrize(
    ("location", "content_type", "value", "text"),
    [
        ("path", "application/json", {"a": [1.5, "é/"]}, "%7B%22a%22%3A%5B1.5%2C%22%C3%A9%2F%22%5D%7D"),
        ("query", "application/json", {"a b": None}, "color=%7B%22a%20b%22%3Anull%7D"),
        ("query", "application/vnd.x+json", "x", "color=%22x%22"),
        ("query", "text/plain", "a&b", "color=a%26b"),
        ("header", "application/json", {"é": [True]}, '{"\\u00e9":[true]}'),
        ("header", "text/plain", 'W/"a,b"; q=1', 'W/"a,b"; q=1'),
        ("cookie", "application/json", {"a": 1}, "color=%7B%22a%22%3A1%7D"),
        ("cookie", "text/plain", "a=1", "color=a=1"),
    ],
)
def test_content_parameters_are_in_their_media_type(
    wire: Stack, location: str, content_type: str, value: Json, text: str
) -> None:
    parameter: dict[str, Json] = {"name": "color", "in": location, "content": {content_type: {}}, "required": True}
    assert wire.parameter(parameter, value) == text


@pytest.mark.parametrize(
    ("content_type", "written", "text"),
    [
        ("application/x-www-form-urlencoded", "a=1&b={$inputs.v}", "a=1&b=x%20%26%20y"),
        ("application/json", '{"a": "{$inputs.v}"}', "%7B%22a%22%3A%20%22x%20%26%20y%22%7D"),
        ("application/jsonpath", "$.a.b[1:1]", "%24.a.b%5B1%3A1%5D"),
    ],
)
def test_a_querystring_is_all_of_the_query(wire: Stack, content_type: str, written: str, text: str) -> None:
    parameter: dict[str, Json] = {"name": "color", "in": "querystring", "content": {content_type: {}}}
    step: dict[str, Json] = {"parameters": [{"name": "color", "in": "querystring", "value": written}]}
    wire.run({"parameters": [parameter]}, step, {"v": "x & y"}, path="/a", version="3.2.0")
    assert wire.last.line == f"GET /a?{text} HTTP/1.1"


def test_an_expanded_path_keeps_its_slashes_and_cannot_leave_its_place(wire: Stack) -> None:
    step: dict[str, Json] = {"parameters": [{"name": "name", "in": "path", "value": "$inputs.v"}]}
    wire.run({}, step, {"v": "projects/p q?#"}, path="/v1/{+name}:undelete")
    assert wire.last.line == "GET /v1/projects/p%20q%3F%23:undelete HTTP/1.1"
    assert wire.run({}, step, {"v": "a/../b"}, path="/v1/{+name}").outcome == "error"


@pytest.mark.parametrize(("value", "path"), [(None, "/a."), ("", "/a."), ([], "/a"), ("x", "/a.x")])
def test_a_label_may_be_empty_where_it_is_part_of_a_segment(wire: Stack, value: Json, path: str) -> None:
    step: dict[str, Json] = {"parameters": [{"name": "color", "in": "path", "value": value}]}
    wire.run({"parameters": [declared("path", "label")]}, step, path="/a{color}")
    assert wire.last.line == f"GET {path} HTTP/1.1"


def test_the_same_name_in_different_places_is_as_many_parameters(wire: Stack) -> None:
    places = ("path", "query", "header", "cookie")
    parameters: list[Json] = [{"name": "id", "in": place, "required": True, "schema": {}} for place in places]
    given: list[Json] = [{"name": "id", "in": place, "value": place[0]} for place in places]
    wire.run({"parameters": parameters}, {"parameters": given}, path="/a/{id}")
    assert wire.last.line == "GET /a/p?id=q HTTP/1.1"
    assert (wire.last.field("id"), wire.last.field("cookie")) == ("h", "id=c")


def test_a_default_of_the_description_is_the_servers_and_is_not_sent(wire: Stack) -> None:
    schema: Json = {"type": "integer", "default": 20}
    parameters: list[Json] = [{"name": name, "in": name, "schema": schema} for name in ("query", "header", "cookie")]
    body: Json = {"content": {"application/json": {"schema": {"properties": {"a": {"default": 1}}}}}}
    wire.run({"method": "post", "parameters": parameters, "requestBody": body}, {"requestBody": {"payload": {"b": 2}}})
    assert wire.last.line == "POST /things HTTP/1.1"
    assert {name.lower() for name, _ in wire.last.fields}.isdisjoint({"header", "cookie"})
    assert wire.last.body == b'{"b":2}'


def test_an_optional_input_that_is_not_given_is_left_out_and_null_is_not(wire: Stack) -> None:
    step: dict[str, Json] = {
        "parameters": [
            {"name": "a", "in": "query", "value": "$inputs.gone"},
            {"name": "b", "in": "query", "value": "$inputs.null"},
            {"name": "c", "in": "query", "value": ["$inputs.gone", "x", "$inputs.null"]},
            {"name": "X-A", "in": "header", "value": "$inputs.gone"},
            {"name": "d", "in": "cookie", "value": "$inputs.gone"},
        ],
        "requestBody": {"payload": {"a": "$inputs.gone", "b": "$inputs.null", "c": ["$inputs.gone"]}},
    }
    schema: Json = {"properties": {"gone": {}, "null": {}}}
    wire.run({"method": "post"}, step, {"null": None}, schema=schema)
    assert wire.last.line == "POST /things?b=&c=x HTTP/1.1"
    assert (wire.last.field("x-a"), wire.last.field("cookie")) == (None, None)
    assert wire.last.body == b'{"b":null,"c":[]}'


def test_an_empty_value_is_sent_whether_or_not_it_is_allowed(wire: Stack) -> None:
    for allowed in (True, False):
        assert wire.parameter(declared("query", "form", allowEmptyValue=allowed), "") == "color="


def test_a_header_goes_by_the_name_that_the_description_has(wire: Stack) -> None:
    parameter: dict[str, Json] = {"name": "X-Request-ID", "in": "header", "style": "simple", "schema": {}}
    step: dict[str, Json] = {"parameters": [{"name": "x-request-id", "in": "header", "value": ["a", "b"]}]}
    wire.run({"parameters": [parameter]}, step)
    assert b"\r\nX-Request-ID: a,b\r\n" in wire.last.head + b"\r\n"


def test_headers_that_are_described_elsewhere_are_the_steps_to_give(wire: Stack, tmp_path: Path) -> None:
    names = ("Accept", "Content-Type", "Authorization")
    ignored: list[Json] = [{"name": name, "in": "header", "required": True, "schema": {}} for name in names]
    responses: Json = {"200": {"description": "ok", "content": {"text/csv": {}, "application/json": {}}}}
    operation: dict[str, Json] = {"method": "post", "parameters": ignored, "responses": responses}
    wire.run(operation, {"requestBody": {"payload": {"a": 1}}})
    assert [wire.last.field(name) for name in names] == ["application/json, text/csv", "application/json", None]
    given: list[Json] = [
        {"name": "accept", "in": "header", "value": "text/csv;q=0.5"},
        {"name": "content-type", "in": "header", "value": "application/x-www-form-urlencoded"},
        {"name": "authorization", "in": "header", "value": "Basic abc"},
    ]
    wire.run(operation, {"parameters": given, "requestBody": {"payload": {"a": "b c"}}})
    assert [wire.last.field(name) for name in names] == [
        "text/csv;q=0.5",
        "application/x-www-form-urlencoded",
        "Basic abc",
    ]
    assert wire.last.body == b"a=b+c"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
@pytest.mark.parametrize("location", ["path", "query", "header", "cookie"])
def test_a_number_that_is_not_finite_is_refused(wire: Stack, location: str, value: Json) -> None:
    assert "a number that is not finite" in wire.parameter(declared(location, "", None), value)

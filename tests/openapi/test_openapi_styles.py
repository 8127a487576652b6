"""The style table of OpenAPI 3.0.4, 3.1.1 and 3.2, cell by cell, and what percent-encoding does to it."""

from __future__ import annotations

import pytest

from runner.openapi.document import Location, Parameter
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import cookie_pairs, header_value, path_segment, query_text, undeclared
from runner.values import Json

ARRAY: Json = ["blue", "black", "brown"]
OBJECT: Json = {"R": 100, "G": 200, "B": 150}


def parameter(
    location: Location, style: str, *, explode: bool = False, reserved: bool = False, content_type: str | None = None
) -> Parameter:
    return Parameter("color", location, False, style, explode, reserved, None, content_type, "")


SEND = {"path": path_segment, "query": query_text, "header": header_value, "cookie": cookie_pairs}


@pytest.mark.parametrize(
    ("location", "style", "explode", "undefined", "empty", "string", "array", "members"),
    [
        ("path", "matrix", False, ";color", ";color", ";color=blue", ";color=blue,black,brown",
         ";color=R,100,G,200,B,150"),
        ("path", "matrix", True, ";color", ";color", ";color=blue", ";color=blue;color=black;color=brown",
         ";R=100;G=200;B=150"),
        ("path", "label", False, ".", ".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
        ("path", "label", True, ".", ".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
        ("path", "simple", False, None, None, "blue", "blue,black,brown", "R,100,G,200,B,150"),
        ("path", "simple", True, None, None, "blue", "blue,black,brown", "R=100,G=200,B=150"),
        ("header", "simple", False, "", "", "blue", "blue,black,brown", "R,100,G,200,B,150"),
        ("header", "simple", True, "", "", "blue", "blue,black,brown", "R=100,G=200,B=150"),
        ("query", "form", False, "color=", "color=", "color=blue", "color=blue,black,brown",
         "color=R,100,G,200,B,150"),
        ("query", "form", True, "color=", "color=", "color=blue", "color=blue&color=black&color=brown",
         "R=100&G=200&B=150"),
        ("query", "spaceDelimited", False, "color=", "color=", "color=blue", "color=blue%20black%20brown",
         "color=R%20100%20G%20200%20B%20150"),
        ("query", "spaceDelimited", True, "color=", "color=", "color=blue", "color=blue&color=black&color=brown",
         "R=100&G=200&B=150"),
        ("query", "pipeDelimited", False, "color=", "color=", "color=blue", "color=blue%7Cblack%7Cbrown",
         "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("query", "pipeDelimited", True, "color=", "color=", "color=blue", "color=blue&color=black&color=brown",
         "R=100&G=200&B=150"),
        ("query", "deepObject", True, "color=", "color=", "color=blue", None,
         "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("query", "deepObject", False, "color=", "color=", "color=blue", None,
         "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("cookie", "form", False, "color=", "color=", "color=blue", "color=blue,black,brown",
         "color=R,100,G,200,B,150"),
        ("cookie", "form", True, "color=", "color=", "color=blue", "color=blue; color=black; color=brown",
         "R=100; G=200; B=150"),
        ("cookie", "cookie", False, "color=", "color=", "color=blue", None, None),
        ("cookie", "cookie", True, "color=", "color=", "color=blue", "color=blue; color=black; color=brown",
         "R=100; G=200; B=150"),
    ],
)  # fmt: skip
def test_each_cell_of_the_style_table(
    location: str,
    style: str,
    explode: bool,
    undefined: str | None,
    empty: str | None,
    string: str | None,
    array: str | None,
    members: str | None,
) -> None:
    declared = parameter(location, style, explode=explode)
    cells: list[tuple[Json, str | None]] = [
        (None, undefined),
        ("", empty),
        ("blue", string),
        (ARRAY, array),
        (OBJECT, members),
    ]
    for value, expected in cells:
        if expected is None:
            with pytest.raises(SerializationProblem, match="color"):
                SEND[location](declared, value)
        else:
            assert SEND[location](declared, value) == expected


@pytest.mark.parametrize(
    ("location", "style"),
    [("path", "form"), ("path", "deepObject"), ("query", "simple"), ("header", "form"), ("cookie", "simple")],
)
def test_a_style_in_the_wrong_place_is_refused(location: Location, style: str) -> None:
    with pytest.raises(SerializationProblem, match=f"style '{style}'"):
        SEND[location](parameter(location, style), "blue")


@pytest.mark.parametrize("style", ["form", "spaceDelimited", "pipeDelimited"])
@pytest.mark.parametrize("value", [[["a"]], {"a": {"b": 1}}, {"a": [1]}, [{"a": 1}]])
def test_what_is_nested_is_refused_without_quoting_it(style: str, value: Json) -> None:
    with pytest.raises(SerializationProblem, match="within"):
        query_text(parameter("query", style, explode=True), value)


def test_an_array_in_an_exploded_object_is_refused_with_what_to_write() -> None:
    page: Json = {"size": 2, "sort": ["a", "b"]}
    with pytest.raises(SerializationProblem, match="give 'sort' beside it, by its own name"):
        query_text(parameter("query", "form", explode=True), page)
    with pytest.raises(SerializationProblem, match=r"has no form$"):
        query_text(parameter("query", "form"), page)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": {"c d": 1}, "n": None}, "e": True}, "color[a][b][c d]=1&color[e]=true"),
        ({"a": {"0": {"b": 1}, "1": {"b": 2}}}, "color[a][0][b]=1&color[a][1][b]=2"),
        ({"": "x"}, "color[]=x"),
        ({"a": {}}, ""),
        (5, "color=5"),
    ],
)
def test_objects_within_a_deep_object_say_where_they_stand(value: Json, text: str) -> None:
    sent = query_text(parameter("query", "deepObject"), value)
    assert sent == text.replace("[", "%5B").replace("]", "%5D").replace(" ", "%20")


@pytest.mark.parametrize(("value", "name"), [(["a"], "color"), ({"a": {"b": [1]}}, "color[a][b]")])
def test_an_array_in_a_deep_object_is_refused_with_what_to_write(value: Json, name: str) -> None:
    with pytest.raises(SerializationProblem) as refused:
        query_text(parameter("query", "deepObject"), value)
    assert f"by the names that this one takes, such as '{name}[0]' or '{name}[]'" in str(refused.value)


@pytest.mark.parametrize("value", [[], {}, [None], {"a": None}])
@pytest.mark.parametrize("style", ["form", "spaceDelimited", "pipeDelimited"])
@pytest.mark.parametrize("explode", [True, False])
def test_nothing_is_sent_for_empty_arrays_and_objects(value: Json, style: str, explode: bool) -> None:
    assert query_text(parameter("query", style, explode=explode), value) == ""


def test_empty_arrays_and_objects_are_left_out_elsewhere_too() -> None:
    assert header_value(parameter("header", "simple"), []) is None
    assert cookie_pairs(parameter("cookie", "form", explode=True), {}) == ""
    assert path_segment(parameter("path", "matrix"), []) == ""
    assert query_text(parameter("query", "deepObject"), {"a": None}) == ""


def test_null_is_left_out_of_arrays_and_objects() -> None:
    assert query_text(parameter("query", "form", explode=True), ["a", None, "b"]) == "color=a&color=b"
    assert query_text(parameter("query", "form"), {"a": None, "b": True}) == "color=b,true"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (True, "true"), (False, "false"), (12345678901234567890, "12345678901234567890"), (1e-7, "1e-7")],
)
def test_scalars_are_written_as_ecma_262_does(value: Json, text: str) -> None:
    assert query_text(undeclared("x", "query"), value) == f"x={text}"


@pytest.mark.parametrize(
    ("raw", "in_path", "in_query"),
    [
        ("a b", "a%20b", "a%20b"),
        ("a/b?c#d%e", "a%2Fb%3Fc%23d%25e", "a%2Fb%3Fc%23d%25e"),
        ("-._~Az09", "-._~Az09", "-._~Az09"),
        ("a+b&c=d", "a%2Bb%26c%3Dd", "a%2Bb%26c%3Dd"),
        ("é", "%C3%A9", "%C3%A9"),
        ("urn:air:x@1", "urn%3Aair%3Ax%401", "urn%3Aair%3Ax%401"),
        ("a,b", "a%2Cb", "a%2Cb"),
    ],
)
def test_only_unreserved_characters_stay(raw: str, in_path: str, in_query: str) -> None:
    assert path_segment(undeclared("x", "path"), raw) == in_path
    assert query_text(undeclared("x", "query"), raw) == f"x={in_query}"


def test_a_delimiter_within_an_item_is_encoded_and_the_delimiter_is_not() -> None:
    assert query_text(parameter("query", "form"), ["a,b", "c"]) == "color=a%2Cb,c"


def test_names_are_encoded() -> None:
    assert query_text(undeclared("filter[a b]", "query"), 1) == "filter%5Ba%20b%5D=1"


def test_allow_reserved_keeps_reserved_characters_and_triples_that_a_query_can_hold() -> None:
    declared = parameter("query", "form", reserved=True)
    assert query_text(declared, ":/?@!$&'()*+,;=[#]%20% é") == "color=:/?@!$&'()*+,;=%5B%23%5D%20%25%20%C3%A9"


def test_reserved_expansion_in_a_path_keeps_slashes_but_not_what_ends_a_path() -> None:
    assert path_segment(undeclared("x", "path", reserved=True), "a/b:c?d#e f") == "a/b:c%3Fd%23e%20f"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(SerializationProblem, match="surrogate"):
        query_text(undeclared("x", "query"), "\ud800")


def test_content_parameters_are_written_in_their_media_type() -> None:
    value: Json = {"lat": 40.5, "é": None}
    json_type = "application/json"
    assert query_text(parameter("query", "form", content_type=json_type), {"lat": 1}) == "color=%7B%22lat%22%3A1%7D"
    assert query_text(parameter("query", "form", content_type=json_type), "a") == "color=%22a%22"
    assert path_segment(parameter("path", "simple", content_type=json_type), [1]) == "%5B1%5D"
    assert header_value(parameter("header", "simple", content_type=json_type), value) == '{"lat":40.5,"\\u00e9":null}'
    assert cookie_pairs(parameter("cookie", "form", content_type="text/plain"), "a b") == "color=a%20b"
    with pytest.raises(SerializationProblem, match="takes text"):
        query_text(parameter("query", "form", content_type="text/plain"), [1])
    with pytest.raises(SerializationProblem, match="number"):
        query_text(parameter("query", "form", content_type=json_type), float("inf"))


@pytest.mark.parametrize(
    ("content_type", "value", "text"),
    [
        (None, "a=1&b=x y#z", "a=1&b=x%20y%23z"),
        (None, "?a=%20", "a=%20"),
        ("application/x-www-form-urlencoded", {"foo": "a + b", "bar": True}, "foo=a+%2B+b&bar=true"),
        (
            "application/json",
            {"numbers": [1, 2], "flag": None},
            "%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D",
        ),
        ("application/jsonpath", "$.a.b", "%24.a.b"),
    ],
)
def test_a_querystring_is_the_whole_query(content_type: str | None, value: Json, text: str) -> None:
    assert query_text(parameter("querystring", "form", content_type=content_type), value) == text


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\x00b", "a\x7fb", "a\x1bb", "snow☃"])
def test_a_header_cannot_be_broken_out_of(value: str) -> None:
    with pytest.raises(SerializationProblem, match="header 'X-A' holds a") as caught:
        header_value(undeclared("X-A", "header"), ["first", value])
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["X\r\nEvil", "", "X A", "X:"])
def test_what_is_no_token_cannot_name_a_header(name: str) -> None:
    with pytest.raises(SerializationProblem, match="cannot be the name"):
        header_value(undeclared(name, "header"), "ok")


def test_header_values_are_not_percent_encoded_and_lose_blanks_around_them() -> None:
    assert header_value(undeclared("X", "header"), ' W/"a é%b,c"\t') == 'W/"a é%b,c"'


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("abc+/==", "x=abc+/=="),
        ("Hello, world!", "x=Hello%2C%20world%21"),
        ("a;b", "x=a%3Bb"),
        ("a\r\nb", "x=a%0D%0Ab"),
        ('"', "x=%22"),
        ("é", "x=%C3%A9"),
    ],
)
def test_a_cookie_goes_as_it_is_where_it_can_and_is_encoded_where_it_cannot(value: str, sent: str) -> None:
    assert cookie_pairs(undeclared("x", "cookie"), value) == sent


@pytest.mark.parametrize("value", ["a;b", "a\r\nb", "é", "\x00"])
def test_style_cookie_refuses_what_has_to_be_escaped(value: str) -> None:
    with pytest.raises(SerializationProblem, match="escaped"):
        cookie_pairs(parameter("cookie", "cookie"), value)


def test_the_name_of_a_cookie_cannot_bring_a_second_one() -> None:
    assert cookie_pairs(undeclared("a=1; b", "cookie"), "c") == "a%3D1%3B%20b=c"


@pytest.mark.parametrize(
    ("location", "style", "explode"),
    [("path", "simple", False), ("query", "form", True), ("header", "simple", False), ("cookie", "form", True)],
)
def test_an_undeclared_parameter_has_the_default_style(location: Location, style: str, explode: bool) -> None:
    made = undeclared("x", location)
    assert (made.style, made.explode, made.allow_reserved, made.required) == (style, explode, False, location == "path")

"""JSONPath in both dialects and JSON Pointer, behind one door."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.selectors.compile import apply, compile_selector, locate, select
from runner.expressions.selectors.jsonpath import _compile_with_library, compile_jsonpath, compile_singular
from runner.values import ABSENT, Json

GOESSNER = "draft-goessner-dispatch-jsonpath-00"

STORE: Json = {
    "books": [
        {"title": "A", "price": 5, "isbn": "x-1"},
        {"title": "B", "price": 15.5},
        {"title": "C\n", "price": 15.5, "tags": ["é", None]},
    ],
    "a b": {"'": 1, "": 2},
    "owner": {"title": "boss"},
}


@pytest.mark.parametrize(
    ("version", "query", "expected"),
    [
        ("rfc9535", "$", [STORE]),
        ("rfc9535", "$.books[0].title", ["A"]),
        ("rfc9535", "$['a b'][\"'\"]", [1]),
        ("rfc9535", "$['a b']['']", [2]),
        ("rfc9535", "$['a b']['\\'']", [1]),
        ("rfc9535", "$.books[-1].tags[0]", ["é"]),
        ("rfc9535", "$.books[-4]", []),
        ("rfc9535", "$.books[3]", []),
        ("rfc9535", "$.books.title", []),
        ("rfc9535", "$.owner[0]", []),
        ("rfc9535", "$.books[2].tags[1]", [None]),
        ("rfc9535", "$.books[*].title", ["A", "B", "C\n"]),
        ("rfc9535", "$.books[0,1]['title','price']", ["A", 5, "B", 15.5]),
        ("rfc9535", "$..title", ["A", "B", "C\n", "boss"]),
        ("rfc9535", "$.books[?@.price > 10 && @.tags].title", ["C\n"]),
        ("rfc9535", "$.books[?(@.title == 'A')].price", [5]),
        ("rfc9535", "$.books[?@.isbn].title", ["A"]),
        ("rfc9535", "$.books[?count(@.*) == 2].title", ["B"]),
        ("rfc9535", "$.books[?length(@.title) == 1].title", ["A", "B"]),
        ("rfc9535", "$.books[?match(@.title, '[AB]')].title", ["A", "B"]),
        ("rfc9535", "$.books[?match(@.isbn, 'x')].title", []),
        ("rfc9535", "$.books[?search(@.isbn, '[0-9]')].title", ["A"]),
        ("rfc9535", "$.books[?match(@.title, 'C.')].title", []),
        ("rfc9535", "$.books[?match(@.title, 'C[^x]')].title", ["C\n"]),
        ("rfc9535", "$.books[?match(@.title, 'A|B')].title", ["A", "B"]),
        ("rfc9535", "$.books[?match(@.title, '\\\\p{Lu}')].title", ["A", "B"]),
        ("rfc9535", "$.books[?search(@.title, '^A')].title", ["A"]),
        ("rfc9535", "$.books[?search(@.price, '5')].title", []),
        ("rfc9535", "$.books[?search(@.title, @.nope)].title", []),
        (GOESSNER, "$.books[0].title", ["A"]),
        (GOESSNER, "$.books[*].title", ["A", "B", "C\n"]),
        (GOESSNER, "$..title", ["A", "B", "C\n", "boss"]),
        (GOESSNER, "$.books[?(@.price > 10)].title", ["B", "C\n"]),
        (GOESSNER, "$.books[-1:].title", ["C\n"]),
    ],
)
def test_a_jsonpath_selects_in_document_order(version: str, query: str, expected: list[Json]) -> None:
    assert sorted_if_descending(query, select(compile_selector("jsonpath", version, query), STORE)) == expected


def sorted_if_descending(query: str, found: tuple[Json, ...]) -> list[Json]:
    """Goessner's draft gives no order to `..`."""
    return sorted(found, key=str) if query.startswith("$..") else list(found)


@pytest.mark.parametrize(
    ("version", "query", "span"),
    [
        ("rfc9535", "", (0, 0)),
        ("rfc9535", "books", (0, 5)),
        ("rfc9535", "$.cancel == true", (9, 16)),
        ("rfc9535", "$.a[?(@.x =~ 'a')]", (10, 12)),
        ("rfc9535", "$.a[(@.length-1)]", (3, 17)),
        ("rfc9535", "$[?" + "(" * 2000 + "@.a" + ")" * 2000 + "]", (0, 4007)),
        ("rfc9535", "$[9007199254740992]", (2, 19)),
        ("rfc9535", "$[01]", (2, 5)),
        ("rfc9535", "$[-0]", (2, 5)),
        ("rfc9535", " $.a", (0, 4)),
        ("rfc9535", "$.a ", (4, 4)),
        ("rfc9535", "$[?nope(@.a)]", (3, 13)),
        (GOESSNER, "books", (0, 5)),
        (GOESSNER, "$.a[", (0, 4)),
        (GOESSNER, "$.a[(@.b-1)]", (0, 12)),
        (GOESSNER, "$.a[?(@.x =~ 'a')]", (10, 12)),
    ],
)
def test_a_query_of_another_language_is_refused_where_it_goes_wrong(
    version: str, query: str, span: tuple[int, int]
) -> None:
    with pytest.raises(SelectorSyntax) as caught:
        compile_selector("jsonpath", version, query)
    assert (caught.value.start, caught.value.end) == span


@pytest.mark.parametrize(
    ("kind", "version", "message"),
    [
        ("jsonpath", "rfc9536", "unknown version 'rfc9536' of jsonpath: did you mean 'rfc9535'?"),
        ("xpath", "1.0", "unknown version '1.0' of xpath"),
        ("css", "", "unknown selector type 'css'"),
    ],
)
def test_an_unknown_language_is_refused(kind: str, version: str, message: str) -> None:
    with pytest.raises(SelectorSyntax) as caught:
        compile_selector(kind, version, "/a")
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", (STORE,)),
        ("/books/0/title", ("A",)),
        ("/a b/", (2,)),
        ("/books/2/tags/1", (None,)),
        ("/books/3", ()),
        ("/books/-", ()),
        ("/books/00", ()),
        ("/books/" + "9" * 5000, ()),
        ("/owner/title/x", ()),
    ],
)
def test_a_json_pointer_selects_one_value_or_none(pointer: str, expected: tuple[Json, ...]) -> None:
    selector = compile_selector("jsonpointer", "", pointer)
    found = apply(selector, STORE)
    assert found.values == expected
    assert found.value == (expected[0] if expected else ABSENT)


@pytest.mark.parametrize(
    ("pointer", "mended"), [("#/a", "/a"), ("a", "/a"), ("/a~2", "/a~02"), ("/a~", "/a~0"), ("$.a", "/$.a")]
)
def test_a_malformed_json_pointer_is_refused_with_the_fix(pointer: str, mended: str) -> None:
    with pytest.raises(SelectorSyntax) as caught:
        compile_selector("jsonpointer", "rfc6901", pointer)
    assert caught.value.mended(pointer) == mended


@pytest.mark.parametrize(
    ("kind", "version", "query", "expected"),
    [
        ("jsonpath", "", "$.books[-1].title", [("books", 2, "title")]),
        ("jsonpath", "", "$.books[*].isbn", [("books", 0, "isbn")]),
        ("jsonpath", "", "$..tags[*]", [("books", 2, "tags", 0), ("books", 2, "tags", 1)]),
        ("jsonpath", GOESSNER, "$.books[?(@.isbn)].title", [("books", 0, "title")]),
        ("jsonpath", GOESSNER, "$..tags", [("books", 2, "tags")]),
        ("jsonpointer", "", "/books/1/price", [("books", 1, "price")]),
        ("jsonpointer", "", "", [()]),
    ],
)
def test_a_match_knows_where_it_stands(
    kind: str, version: str, query: str, expected: list[tuple[str | int, ...]]
) -> None:
    assert list(locate(compile_selector(kind, version, query), STORE)) == expected


@pytest.mark.parametrize(
    ("query", "singular"), [("$.a[0]", True), ("$['\\u0061']", True), ("$.*", False), ("$..a", False)]
)
def test_a_query_knows_whether_it_is_singular(query: str, singular: bool) -> None:
    assert compile_jsonpath(query).singular is singular


@pytest.mark.parametrize("value", [ABSENT, b"\xff"])
def test_nothing_is_selected_from_what_is_no_data(value: object) -> None:
    with pytest.raises(SelectorFailure):
        select(compile_selector("jsonpath", "", "$"), value)  # type: ignore[arg-type]


def nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_value_that_is_nested_too_deeply_fails_and_no_more() -> None:
    with pytest.raises(SelectorFailure):
        select(compile_selector("jsonpath", "", "$..x"), nested(5000))


def test_ordinary_nesting_is_searched() -> None:
    assert len(select(compile_selector("jsonpath", "", "$..[0]"), nested(200))) == 200


def test_a_pattern_in_a_query_cannot_run_for_ever() -> None:
    query = compile_selector("jsonpath", "", "$[?match(@, '(a|aa)+b')]")
    assert select(query, ["a" * 5000]) == ()


@pytest.mark.parametrize("query", ["$[?search(@, 'a')]", "$[?match('a', @)]"])
def test_half_a_surrogate_pair_matches_nothing(query: str) -> None:
    assert select(compile_selector("jsonpath", "", query), ["\ud800"]) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "_c", "é", "0"]), inner),
    max_leaves=12,
)
SEGMENTS = st.sampled_from([".a", ".b", "._c", ".é", "['0']", '["a"]', "[0]", "[1]", "[-1]", "[-2]"])


@given(JSON, st.lists(SEGMENTS, max_size=4))
def test_a_singular_query_gives_what_the_library_gives(value: Json, segments: list[str]) -> None:
    query = "$" + "".join(segments)
    ours, theirs = compile_singular(query), _compile_with_library(query)
    assert ours is not None
    assert (ours.select(value), ours.locate(value)) == (theirs.select(value), theirs.locate(value))


@given(st.text(alphabet="$.[]'\"\\ab0-1 ,:?@*\ud800é", max_size=12).map(lambda text: "$" + text))
def test_what_is_walked_without_the_library_is_what_the_library_takes(text: str) -> None:
    if compile_singular(text):
        assert _compile_with_library(text).singular


def test_a_singular_query_imports_no_library() -> None:
    code = (
        "import sys; from runner.expressions.selectors.compile import compile_selector, select;"
        "assert select(compile_selector('jsonpath', '', '$.a[0]'), {'a': [1]}) == (1,);"
        "sys.exit(any(name.startswith(('jsonpath', 'regex', 'lxml')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

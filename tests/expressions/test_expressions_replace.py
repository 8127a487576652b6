"""Replacements: what is put somewhere is found there, what is not meant stays, and the payload is never changed."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.expressions.faults import SelectorFailure
from runner.expressions.replace import replaced, replaced_in_form
from runner.expressions.selectors.compile import compile_selector, locate, select
from runner.values import ABSENT, Json, Value

XML = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- top -->\n<a x="1">b<c>d</c><!-- e -->f<![CDATA[<g>]]></a>\n'


@pytest.mark.parametrize(
    ("kind", "target", "payload", "new", "expected"),
    [
        ("jsonpointer", "/a", {"a": 1, "b": 2}, [3], {"a": [3], "b": 2}),
        ("jsonpointer", "/c", {"a": 1}, None, {"a": 1, "c": None}),
        ("jsonpointer", "/a/-", {"a": [1]}, 2, {"a": [1, 2]}),
        ("jsonpointer", "/a", ABSENT, 1, {"a": 1}),
        ("jsonpointer", "", {"a": 1}, "x", "x"),
        ("jsonpath", "$.a[*].b", {"a": [{"b": 1}, {}, {"b": 2}]}, 0, {"a": [{"b": 0}, {}, {"b": 0}]}),
        ("jsonpath", "$.a[?(@.s=='x')].n", {"a": [{"s": "x", "n": 1}, {"s": "y", "n": 1}]}, 2,
         {"a": [{"s": "x", "n": 2}, {"s": "y", "n": 1}]}),
        ("jsonpath", "$..a", {"a": {"a": 1}}, 2, {"a": 2}),
        ("jsonpath", "$['a','a']", {"a": 1}, 2, {"a": 2}),
        ("jsonpath", "$", {"a": 1}, 2, 2),
        ("jsonpath", "$[-1]", [1, 2], 3, [1, 3]),
        ("xpath", "/a/c", XML, "n<", XML.replace(">d<", ">n&lt;<")),
        ("xpath", "/a/@x", XML, 2, XML.replace('"1"', '"2"')),
        ("xpath", "/a/text()[1]", XML, True, XML.replace(">b<", ">true<")),
        ("xpath", "/a/text()[2]", XML, "F", XML.replace("f<![CDATA[<g>]]>", "F")),
        ("xpath", "/a", XML, {"n": 1}, XML[: XML.index("b<c>")] + '{"n":1}</a>\n'),
        ("xpath", "//*", "<a><b/></a>", "x", "<a>x</a>"),
    ],
)  # fmt: skip
def test_a_target_is_set(kind: str, target: str, payload: Value, new: Json, expected: Json) -> None:
    before = deepcopy(payload)
    assert replaced(payload, compile_selector(kind, "", target), new) == expected
    assert payload == before


@pytest.mark.parametrize(
    ("kind", "target", "payload"),
    [
        ("jsonpointer", "/a/b/c", {"a": {}}),
        ("jsonpointer", "/a", "text"),
        ("jsonpointer", "/a", b"\xff"),
        ("jsonpath", "$.b", {"a": 1}),
        ("jsonpath", "$.b", ABSENT),
        ("xpath", "/b", XML),
        ("xpath", "/a", {"a": 1}),
        ("xpath", "/a", ABSENT),
        ("xpath", "/a", "<a"),
        ("xpath", "count(/a)", XML),
        ("xpath", "//comment()", XML),
    ],
)
def test_a_target_that_is_not_there_is_a_failure(kind: str, target: str, payload: Value) -> None:
    with pytest.raises(SelectorFailure):
        replaced(payload, compile_selector(kind, "", target), 1)


@pytest.mark.parametrize("version", ["xpath-10", "xpath-31"])
@pytest.mark.parametrize("target", ["/a", "/a/@x"])
def test_what_xml_cannot_hold_is_a_failure(version: str, target: str) -> None:
    with pytest.raises(SelectorFailure, match="XML does not have"):
        replaced(XML, compile_selector("xpath", version, target), "\x00")


@pytest.mark.parametrize(
    ("kind", "target", "text", "new", "expected"),
    [
        ("jsonpointer", "/a", "a=1&b=%7E+x", 2, "a=2&b=%7E+x"),
        ("jsonpointer", "/c", "a=1", "x y&", "a=1&c=x%20y%26"),
        ("jsonpointer", "/c", "", "1", "c=1"),
        ("jsonpointer", "/a/1", "a=1&b=2&a=3", "n", "a=1&a=n&b=2"),
        ("jsonpointer", "/a", "a=1&b=2&a=3", ["x"], "a=x&b=2"),
        ("jsonpath", "$.b", "a=1&b=2", True, "a=1&b=true"),
        ("jsonpath", "$.*", "a=1&b=2", 0, "a=0&b=0"),
    ],
)
def test_a_field_of_a_written_form_is_set_and_the_others_stay_as_they_are(
    kind: str, target: str, text: str, new: Json, expected: str
) -> None:
    assert replaced_in_form(text, compile_selector(kind, "", target), new) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "-"]), inner),
    max_leaves=12,
)
QUERIES = st.sampled_from(["$..a", "$.*", "$[*]", "$..*", "$.a.b", "$[?@.a]", "$[0]", "$..b[*]"])


@given(JSON, QUERIES, st.integers(10, 12))
def test_what_is_put_somewhere_is_found_there_and_the_payload_is_not_changed(
    payload: Json, query: str, new: int
) -> None:
    target = compile_selector("jsonpath", "", query)
    before = deepcopy(payload)
    places = locate(target, payload)
    if not places:
        return
    changed = replaced(payload, target, new)
    assert payload == before
    outermost = [place for place in places if not any(place[:n] in places for n in range(len(place)))]
    for place in outermost:
        found: object = changed
        for step in place:
            found = found[step]  # type: ignore[index]
        assert found == new


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<>&'\"]]>"), max_size=12)


@given(TEXT, st.sampled_from(["/a/c", "/a/@x", "//*[2]", "/a/c/text()", "/a/text()[1]"]))
def test_what_is_put_into_xml_is_found_there(new: str, target: str) -> None:
    document = "<a x='1'>b<c>d</c><e/></a>"
    selector = compile_selector("xpath", "xpath-31", target)
    found = select(selector, replaced(document, selector, new))
    assert found == ((new,) if new or "text()" not in target else ())

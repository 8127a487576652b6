"""JSON texts give their value at once, their places when asked, and their mistakes in plain words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.diagnostics import Diagnostic
from runner.loader.json import align, parse_json_text
from runner.loader.parsed import Limits
from runner.source import Place, Source
from runner.values import Json


def problems(text: str, limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    return parse_json_text(Source("file:///t.json", "t.json", text), limits or Limits()).problems


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def check(text: str, place: Place, value: Json) -> None:
    assert json.loads(text[place.start : place.end]) == value
    if isinstance(value, dict):
        assert place.members is not None
        for key, (start, end, _) in place.members.items():
            assert json.loads(text[start:end]) == key
        for key, inner in value.items():
            check(text, place.members[key].value, inner)
    if isinstance(value, list):
        assert place.items is not None
        for inner_place, inner in zip(place.items, value, strict=True):
            check(text, inner_place, inner)


@given(JSON_VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_value_stands_where_its_place_says(value: Json, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    parsed = parse_json_text(Source("u", "n", text))
    assert (parsed.value, parsed.problems) == (value, ())
    check(text, parsed.places, value)


def test_a_byte_order_mark_is_skipped() -> None:
    parsed = parse_json_text(Source("u", "n", '\ufeff{"a": "\ufeff"}'))
    assert parsed.value == {"a": "\ufeff"}
    assert (parsed.places.start, parsed.places.end) == (1, 11)


@given(st.text(), st.booleans())
def test_every_character_of_a_string_is_found(text: str, ascii_only: bool) -> None:
    raw = json.dumps(text, ensure_ascii=ascii_only)
    for offset, char in enumerate(text):
        start, end = align(raw, offset), align(raw, offset + 1)
        assert json.loads(f'"{raw[start:end]}"') == char


def test_a_surrogate_pair_is_one_character() -> None:
    raw = r'"\ud83d\ude00\ud83d$x"'
    assert raw[align(raw, 2) :] == '$x"'


MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "a key given twice": ('{"a": 1, "\\u0061": 2}', "duplicate-key", "the key 'a' is given twice", "1:10"),
    "not a number": ('{"a": NaN}', "json-value", "'NaN' is not a JSON value", "1:7"),
    "infinity": ("[1, -Infinity]", "json-value", "'-Infinity' is not a JSON value", "1:5"),
    "a number beyond doubles": ("[1e999]", "json-value", "'1e999' is too large for a number", "1:2"),
    "too many digits": ("[%s]" % ("1" * 5000), "json-value", "this number has 5,000 digits, more than 4,300", "1:2"),
    "a trailing comma": ('{"a": 1,\n}', "json-syntax", "a comma stands before the closing bracket", "1:8"),
    "a comma too many in a list": ("[1, ]", "json-syntax", "a comma stands before the closing bracket", "1:3"),
    "many digits and a comma": ("[%s,]" % ("1" * 5000), "json-syntax", "a comma stands before", "1:5002"),
    "a bare key": ("{a: 1}", "json-syntax", "expected a key in double quotes", "1:2"),
    "single quotes": ("{'a': 1}", "json-syntax", "expected a key in double quotes", "1:2"),
    "no colon": ('{"a" 1}', "json-syntax", "expected ':' after the key", "1:6"),
    "no comma": ('{"a": 1\n "b": 2}', "json-syntax", "expected ',' or the closing bracket", "2:2"),
    "a line break in a string": ('{"a": "x\ny"}', "json-syntax", "a line break or control character", "1:9"),
    "an open quote": ('{"a": "x', "json-syntax", "this quote is never closed", "1:7"),
    "an escape": ('["\\d"]', "json-syntax", "this starts no valid escape", "1:3"),
    "a short escape": ('["\\u12"]', "json-syntax", "'\\u' needs four hexadecimal digits", "1:4"),
    "a comment": ('{"a": // why\n 1}', "json-syntax", "JSON has no comments", "1:7"),
    "more text": ("{} {}", "json-syntax", "more text follows", "1:4"),
    "a misspelt word": ('{"a": tru}', "json-syntax", "expected a value", "1:7"),
    "brackets without end": ("[" * 100_000, "document-depth", "nested deeper than 200 levels", "1:201"),
    "deep but well-formed": ("[" * 201 + "]" * 201, "document-depth", "nested deeper than 200 levels", "1:201"),
}


@pytest.mark.parametrize(("text", "rule", "message", "place"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_where_it_happened(text: str, rule: str, message: str, place: str) -> None:
    (problem,) = problems(text)
    assert (problem.rule, problem.severity) == (rule, "error")
    assert message in problem.message
    assert str(problem.span) == f"t.json:{place}"


def test_all_mistakes_in_values_are_reported_in_one_go() -> None:
    found = problems('{"a": NaN, "b": {"c": 1, "c": 1e400}, "a": 2}')
    assert [problem.rule for problem in found] == ["json-value", "duplicate-key", "json-value", "duplicate-key"]


def test_of_a_key_that_is_given_twice_the_first_is_kept() -> None:
    parsed = parse_json_text(Source("u", "n", '{"a": 1, "b": 2, "a": 3}'))
    assert parsed.value == {"a": 1, "b": 2}
    assert (parsed.places.members or {})["a"].value.start == 6


def test_the_deepest_allowed_nesting_is_read() -> None:
    text = "[" * 200 + "]" * 200
    parsed = parse_json_text(Source("u", "n", text))
    assert parsed.problems == ()
    assert (parsed.places.start, parsed.places.end) == (0, 400)


def test_size_is_bounded() -> None:
    (problem,) = problems("[1, 2]", Limits(size=5))
    assert problem.rule == "document-size"

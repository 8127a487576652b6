"""A pattern is searched for as ECMA-262 says, for a bounded time."""

from __future__ import annotations

import time

import pytest

from runner.schema import EngineName, RegexLimit, RegexSyntax, compile_regex

CASES = [
    ("a", "xay", True),
    ("^a$", "a", True),
    ("^a$", "a\n", False),
    ("a$|b", "ab", True),
    ("[$]", "$", True),
    (r"\$", "$", True),
    ("A", "a", False),
    (r"\d", "٣", False),
    (r"[\d]", "7", True),
    (r"\D", "٣", True),
    (r"\w", "é", False),
    (r"\W", "é", True),
    (r"\s", "\u00a0", True),
    (r"[\s]", "\ufeff", True),
    (r"\S", "\u2003", False),
    (".", "\n", False),
    (".", "\r", False),
    (".", "\u2028", False),
    ("[.]", "x", False),
    (r"\/", "/", True),
    (r"\u0041", "A", True),
    (r"\u{1F600}", "😀", True),
    (r"\cA", "\x01", True),
    (r"(?<year>\d{4})", "in 2024", True),
    (r"(?<=a)b", "ab", True),
    (r"(?<!a)b", "ab", False),
    (r"(a)\1", "aa", True),
    (r"^(?<n>a|b)\k<n>$", "aa", True),
    (r"(a)(?<n>b)\k<n>", "aba", False),
    (r"^a\++$", "a++", True),
    ("a(?=b)", "ac", False),
    ("^.$", "😀", True),
    ("", "", True),
    ("x", "\ud800x", True),
]


@pytest.mark.parametrize("engine", ["jsonschema-rs", "jsonschema"])
@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_a_pattern_is_searched_for(engine: EngineName, pattern: str, text: str, expected: bool) -> None:
    assert compile_regex(pattern, engine).search(text) is expected


@pytest.mark.parametrize("engine", ["jsonschema-rs", "jsonschema"])
@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(", "'(' is not closed at character 2"),
        ("[a", "'[' is not closed at character 1"),
        ("*", "'*' repeats nothing at character 1"),
        ("a{2,1}", "min repeat greater than max repeat at character 3"),
        (r"\d(", "'(' is not closed at character 3"),
        ("(?{", "unknown extension ?{ at character 2"),
        (r"\N", "missing { at character 3"),
    ],
)
def test_a_text_that_is_no_pattern_is_refused(engine: EngineName, pattern: str, message: str) -> None:
    with pytest.raises(RegexSyntax) as caught:
        compile_regex(pattern, engine)
    assert caught.value.message == message


@pytest.mark.parametrize("engine", ["jsonschema-rs", "jsonschema"])
@pytest.mark.parametrize("pattern", ["(?#comment)a", "(?i)a", "(?P<n>a)", "a++", "a{2}+", "(?>a)"])
def test_what_other_languages_understand_is_refused(engine: EngineName, pattern: str) -> None:
    with pytest.raises(RegexSyntax):
        compile_regex(pattern, engine)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [(r"^\p{Lu}$", "É", True), (r"^[\p{L}\p{Nd}]+$", "é7", True), (r"\P{L}", "é", False), (r"\p{sc=Greek}", "γ", True)],
)
def test_properties_of_unicode_are_known(pattern: str, text: str, expected: bool) -> None:
    assert compile_regex(pattern, "jsonschema-rs").search(text) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"a\p{Foo}", r"\p{Foo} is no property of Unicode, as \p{L}, \p{Lu} and \p{Script=Greek} are"),
        (r"\p{L}(", "'(' is not closed at character 6"),
    ],
)
def test_what_is_wrong_beside_or_with_a_property_is_told(pattern: str, message: str) -> None:
    with pytest.raises(RegexSyntax) as caught:
        compile_regex(pattern, "jsonschema-rs")
    assert caught.value.message == message


def test_where_properties_are_not_known_what_is_needed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.schema.regex.best_engine", lambda: "jsonschema")
    with pytest.raises(RegexSyntax, match="needs the package jsonschema-rs"):
        compile_regex(r"^\p{Ll}$")


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(a*)*b$"])
def test_a_pattern_that_others_choke_on_is_answered_at_once(pattern: str) -> None:
    before = time.perf_counter()
    assert not compile_regex(pattern, "jsonschema-rs").search("a" * 5000 + "!")
    assert time.perf_counter() - before < 1


def test_a_search_that_takes_too_long_has_no_answer() -> None:
    before = time.perf_counter()
    with pytest.raises(RegexLimit, match="takes too long"):
        compile_regex(r"(x+x+)+y\1", "jsonschema-rs").search("x" * 60)
    assert time.perf_counter() - before < 5

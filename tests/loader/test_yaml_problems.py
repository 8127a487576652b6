"""What is wrong with a YAML text is said in plain words, at the character, and all of it at once."""

from __future__ import annotations

import gc
import re

import pytest

from runner.diagnostics import Diagnostic
from runner.loader.parsed import Limits
from runner.loader.yaml import PythonParser, parse_yaml
from runner.source import Source


def problems(text: str, limits: Limits | None = None) -> tuple[Diagnostic, ...]:
    return parse_yaml(Source("file:///t.yaml", "t.yaml", text), limits or Limits()).problems


# text, the words of the message, the place, and what stands there
SLIPS: dict[str, tuple[str, str, str, str]] = {
    "a tab as indentation": ("a:\n\t- b", "a tab cannot indent", "2:1", "\t"),
    "a tab in a block": ("a: |\n\tx", "a tab cannot indent", "2:1", "\t"),
    "a tab after a value": ("a: b\n\tc: d", "a tab cannot indent", "2:1", "\t"),
    "an open brace": ("a: {b", "'{' is never closed", "1:4", "{"),
    "an index in a flow mapping": ("{a: $x.y[0].z}", "text with a '[' in it must be quoted here", "1:9", "["),
    "a template in a flow mapping": ("{a: Bearer {$x}}", "text with a '{' in it must be quoted here", "1:12", "{"),
    "an open bracket": ("a: [1, 2\nb: 3", "expected ',' or ']'", "2:2", ":"),
    "a template": ("a: {$inputs.base}/pets", "nothing may follow the '}'", "1:18", "/"),
    "an at sign": ("a: @x", "text cannot start with '@'", "1:4", "@"),
    "a backtick": ("- 1\n- a: `x`", "text cannot start with '`'", "2:6", "`"),
    "a percent sign": ("a: %x", "text cannot start with '%'", "1:4", "%"),
    "an asterisk": ("a: */*", "'*' starts an alias", "1:4", "*"),
    "an ampersand": ("a: & b", "'&' starts an anchor", "1:4", "&"),
    "a comma": ("a: ,x", "',' stands where a value is expected", "1:4", ","),
    "a colon in a value": ("a: see: this", "text that contains ': ' must be quoted", "1:7", ":"),
    "a key too deep": ("a: 1\n  b: 2", "a key cannot stand here", "2:3", "b:"),
    "a line without a colon": ("key\nb: 1", "a key cannot stand here", "2:1", "b:"),
    "a quote left open": ("a: 'x\nb: 1\n", "this quote is never closed", "1:4", "'"),
    "a quote closed too early": ("a: 'it's'", "nothing may follow the quote", "1:8", "s"),
    "a regular expression": ('a: "^\\d+$"', "'\\d' starts no valid escape", "1:6", "\\d"),
    "a short escape": ('a: "\\xzz"', "'\\x' starts no valid escape", "1:5", "\\x"),
    "a list item on the line of its key": ("a: - b", "a list item cannot stand here", "1:4", "-"),
    "text after a block header": ("a: >x\n", "only a comment may follow", "1:5", "x"),
    "a tag of one's own": ("a: !h!x b", "this tag has no meaning", "1:4", "!"),
    "a control character": ("😀: \x01", "U+0001", "1:4", "\x01"),
    "half a surrogate pair": ("a: \ud800", "U+D800", "1:4", "\ud800"),
}


@pytest.mark.parametrize("python", [False, True], ids=["libyaml", "python"])
@pytest.mark.parametrize(("text", "message", "place", "there"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_named_where_it_happened(
    monkeypatch: pytest.MonkeyPatch, python: bool, text: str, message: str, place: str, there: str
) -> None:
    if python:
        monkeypatch.setattr("runner.loader.yaml.new_parser", PythonParser)
    (problem,) = problems(text)
    assert (problem.rule, problem.severity) == ("yaml-syntax", "error")
    assert message in problem.message
    assert str(problem.span).removeprefix("t.yaml:") == place
    assert problem.span.text.startswith(there[0])


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("a:\n\t- b", "indent with spaces"),
        ("a: @x", "put the whole value in quotes"),
        ("a: 'it's'", "put the whole value in quotes, and write each ' inside them as ''"),
        ('a: "^\\d+$"', "put the text in single quotes"),
        ("a: {b", "close it with '}'"),
    ],
)
def test_a_slip_comes_with_what_to_do(text: str, fix: str) -> None:
    (problem,) = problems(text)
    assert problem.fix is not None
    assert problem.fix.title.startswith(fix)


def test_an_early_quote_that_runs_on_is_shown_as_well() -> None:
    (problem,) = problems('a: "x\nb: "y"\n')
    assert str(problem.span) == "t.yaml:2:5"
    assert [str(label.span) for label in problem.related] == ["t.yaml:1:4"]


MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "a key given twice": ("a: 1\nb: 2\n'a': 3", "duplicate-key", "3:1", "'a'"),
    "a list as a key": ("? [b]\n: 2", "yaml-key", "1:3", "[b]"),
    "a template as a key": ("a: {{ x }}", "yaml-key", "1:5", "{ x }"),
    "a tag beyond JSON": ("a: !Ref x", "yaml-tag", "1:4", "!Ref"),
    "a standard tag beyond JSON": ("a: &x !!set {b}", "yaml-tag", "1:7", "!!set"),
    "a tag of another kind": ("a: !!map [b]", "yaml-tag", "1:4", "!!map"),
    "a tag on the wrong text": ("a: !!int x", "yaml-value", "1:10", "x"),
    "infinity": ("a: -.inf", "yaml-value", "1:4", "-.inf"),
    "not a number": ("a: .NaN", "yaml-value", "1:4", ".NaN"),
    "a number beyond doubles": ("a: 1e999", "yaml-value", "1:4", "1e999"),
    "an alias without an anchor": ("a: *x\nb: &x 1", "yaml-aliases", "1:4", "*x"),
    "an alias within its anchor": ("a: &x [1, *x]", "yaml-aliases", "1:11", "*x"),
    "a second document": ("a: 1\n---\nb: 2", "yaml-documents", "2:1", "---"),
    "a comment alone": ("# nothing\n", "empty-document", "1:1", "#"),
    "a document without content": ("---\n...\n", "empty-document", "1:1", "-"),
}


@pytest.mark.parametrize(("text", "rule", "place", "there"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_reported(text: str, rule: str, place: str, there: str) -> None:
    (problem,) = problems(text)
    assert (problem.rule, problem.severity, problem.span.text) == (rule, "error", there)
    assert str(problem.span) == f"t.yaml:{place}"


def test_all_mistakes_are_reported_in_one_go() -> None:
    text = "a: !x 1\na: {b: 1, b: 2}\nc: .inf\nd: *e\n[f]: 1\n"
    found = problems(text)
    assert [(problem.rule, problem.span.begin.line) for problem in found] == [
        ("yaml-tag", 1),
        ("duplicate-key", 2),
        ("duplicate-key", 2),
        ("yaml-value", 3),
        ("yaml-aliases", 4),
        ("yaml-key", 5),
    ]


def test_a_duplicate_key_shows_both_places() -> None:
    (problem,) = problems("a: 1\nb: 2\na: 3")
    assert [label.span.begin.line for label in problem.related] == [1]


def test_a_merge_key_is_a_warning() -> None:
    (problem,) = problems("x: &x {a: 1}\ny:\n  <<: *x\n")
    assert (problem.rule, problem.severity, str(problem.span)) == ("yaml-merge-key", "warning", "t.yaml:3:3")


def test_a_number_of_thousands_of_digits_is_no_traceback() -> None:
    (problem,) = problems("a: " + "1" * 5000)
    assert (problem.rule, problem.message) == ("yaml-value", "this number has 5,000 digits, more than 4,300")


def test_an_alias_bomb_is_noticed() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    (problem,) = problems("\n".join(lines))
    assert problem.rule == "yaml-aliases"
    assert "1,000,000" in problem.message


def test_many_small_aliases_are_no_bomb() -> None:
    assert problems("a: &a [1, 2]\nb: [" + "*a, " * 10_000 + "]") == ()


@pytest.mark.parametrize("text", ["[" * 10_000, "- " * 5000, "{a: " * 10_000, "? " * 5000])
def test_nesting_is_bounded(text: str) -> None:
    (problem,) = problems(text)
    assert (problem.rule, problem.message) == ("document-depth", "the document is nested deeper than 200 levels")


@pytest.mark.parametrize("python", [False, True], ids=["libyaml", "python"])
@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? ", "[{a: ", "[\n", "- ? "])
@pytest.mark.parametrize("before", ["", "\ufeff", "# \u2028\n"], ids=["plain", "mark", "old break"])
def test_nesting_is_refused_at_the_same_place_whoever_notices(
    monkeypatch: pytest.MonkeyPatch, python: bool, opening: str, before: str
) -> None:
    if python:
        monkeypatch.setattr("runner.loader.yaml.new_parser", PythonParser)
    levels = len(re.findall(r"[\[{?-]", opening))
    (problem,) = problems(before + opening * (1200 // levels))
    assert problem.rule == "document-depth"
    assert problem.span.start == len(before + opening * (200 // levels))


def test_depth_counts_levels() -> None:
    assert problems("a: [[1]]", Limits(depth=3)) == ()
    assert [str(problem.span) for problem in problems("a: [[[1]]]", Limits(depth=3))] == ["t.yaml:1:6"]


def test_size_is_bounded() -> None:
    (problem,) = problems("a: 12345", Limits(size=7))
    assert (problem.rule, problem.message) == ("document-size", "the document has 8 characters, more than 7")


def test_a_text_with_problems_of_syntax_has_no_value() -> None:
    assert parse_yaml(Source("u", "n", "a: 1\nb: {")).value is None


def test_collecting_garbage_goes_on_as_before() -> None:
    assert gc.isenabled()
    problems("a: {")
    assert gc.isenabled()
    gc.disable()
    try:
        problems("a: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()

"""Every key and value of a YAML text is found where it stands, to the character."""

from __future__ import annotations

import pytest

from runner.loader.text import read_text
from runner.loader.yaml import PythonParser, parse_yaml
from runner.source import Position, Source, SourceMap

TEXT = """\
# a comment
arazzo: 1.0.1

steps:
  - stepId: 'one'   # why
    "x-😀": {a: [1, "b"], c: }

    outputs: &out !!map
      token: &t $response.body#/token

  # before the next
  - *out
  - |
    block

empty:
last: text
  goes on

# the end
"""


def places(text: str) -> SourceMap:
    return read_text(Source("file:///t.yaml", "t.yaml", text)).places


@pytest.fixture(params=["libyaml", "python", "mark", "crlf"])
def mapped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SourceMap:
    text = TEXT
    match request.param:
        case "python":
            monkeypatch.setattr("runner.loader.yaml.new_parser", PythonParser)
        case "mark":
            text = "\ufeff" + TEXT
        case "crlf":
            text = TEXT.replace("\n", "\r\n")
    return places(text)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/arazzo", "1.0.1"),
        ("/steps/0/stepId", "'one'"),
        ("/steps/0/x-😀", '{a: [1, "b"], c: }'),
        ("/steps/0/x-😀/a", '[1, "b"]'),
        ("/steps/0/x-😀/a/1", '"b"'),
        ("/steps/0/x-😀/c", ""),
        ("/steps/0/outputs", "token: &t $response.body#/token"),
        ("/steps/0/outputs/token", "$response.body#/token"),
        ("/steps/1", "token: &t $response.body#/token"),
        ("/steps/1/token", "$response.body#/token"),
        ("/steps/2", "|\n    block"),
        ("/empty", ""),
        ("/last", "text\n  goes on"),
        ("/last/no/such", "text\n  goes on"),
    ],
)
def test_a_value_is_found(mapped: SourceMap, pointer: str, expected: str) -> None:
    assert mapped.value(pointer).text.replace("\r", "") == expected


def test_a_collection_ends_with_its_last_value(mapped: SourceMap) -> None:
    assert mapped.value("/steps/0").text.startswith("stepId")
    assert mapped.value("/steps/0").text.endswith("#/token")
    assert mapped.value("/steps").text.endswith("block")
    assert mapped.value("").text.endswith("goes on")


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/arazzo", "arazzo"),
        ("/steps/0", "stepId"),
        ("/steps/0/x-😀", '"x-😀"'),
        ("/steps/0/x-😀/c", "c"),
        ("/steps/1/token", "token"),
        ("/empty", "empty"),
    ],
)
def test_a_key_is_found(mapped: SourceMap, pointer: str, expected: str) -> None:
    assert mapped.key(pointer).text == expected


def test_lines_and_columns_are_those_of_the_file(mapped: SourceMap) -> None:
    # A byte order mark is a character of the text, and so of its first line alone.
    assert mapped.value("/arazzo").begin == Position(2, 9)
    assert mapped.key("/steps/0/x-😀/c").begin == Position(6, 26)


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("a: $steps.b.outputs", 1, 6, "steps"),
        ("a: 'it''s $x'", 5, 7, "$x"),
        ('a: "\\u0041\\n$x"', 2, 4, "$x"),
        ("a: |-\n  one\n  $x", 4, 6, "$x"),
        ("a: &n !!str $x", 0, 2, "$x"),
        ("b: [&n $x]\na: *n", 0, 2, "$x"),
    ],
)
def test_a_part_of_a_text_is_found(text: str, start: int, end: int, expected: str) -> None:
    assert places(text).within("/a", start, end).text == expected


def test_merged_members_stand_where_they_are_written() -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}"
    mapped = places(text)
    assert (mapped.value("/y/a").start, mapped.value("/y/b").start) == (text.index("1"), text.index("3"))
    assert mapped.key("/y/a").start == text.index("a:")


def test_of_a_key_that_is_given_twice_the_first_is_kept() -> None:
    source = Source("u", "n", "a: 1\nb: 2\na: 3")
    parsed = parse_yaml(source)
    assert parsed.value == {"a": 1, "b": 2}
    assert (parsed.places.members or {})["a"].value.start == 3


@pytest.mark.parametrize("text", ["a: 1\nb: x\n", "a: 1\r\nb: x\r\n", "a: 1\rb: x\r", "a: 1\rb: x", "a: 1\r\nb: x\n"])
def test_a_line_ends_in_each_break_that_yaml_knows(text: str) -> None:
    source = Source("file:///a.yaml", "a.yaml", text)
    assert str(read_text(source).places.value("/b")) == "a.yaml:2:4"
    assert [source.line(number) for number in (0, 1, 2, 4)] == ["", "a: 1", "b: x", ""]

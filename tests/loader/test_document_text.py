"""A text is read as what it is: JSON, YAML, or a web page that somebody took for a description."""

from __future__ import annotations

import pytest

from runner.diagnostics import Fix
from runner.loader.text import Document, decode_bytes, read_text
from runner.source import Source
from runner.values import Json


def read(text: str, uri: str = "file:///d/t.yaml") -> Document:
    return read_text(Source(uri, uri.rpartition("/")[2], text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('\ufeff \n[1, "x"]', [1, "x"]),
        ("{a: 1, b: [no]}", {"a": 1, "b": ["no"]}),
        ('{"a": 1,}', {"a": 1}),
        ('# json?\n{"a": 1}', {"a": 1}),
        ("a: 1", {"a": 1}),
        ("text", "text"),
    ],
)
def test_json_and_yaml_are_told_apart(text: str, value: Json) -> None:
    document = read(text)
    assert (document.value, document.problems) == (value, ())


@pytest.mark.parametrize("name", ["t.json", "t.yaml"])
def test_a_value_that_json_refuses_is_not_read_as_yaml(name: str) -> None:
    document = read('{"a": NaN}', f"file:///d/{name}")
    assert [problem.rule for problem in document.problems] == ["json-value"]


@pytest.mark.parametrize(
    ("uri", "rule"),
    [("file:///d/t.json", "json-syntax"), ("file:///d/t.yaml", "yaml-syntax"), ("https://x.test/api", "yaml-syntax")],
)
def test_what_is_neither_is_explained_in_the_language_of_its_name(uri: str, rule: str) -> None:
    document = read('{"a": 1\n "b": 2}', uri)
    assert document.value is None
    assert [problem.rule for problem in document.problems] == [rule]


@pytest.mark.parametrize("text", ['{"a": {"b": "x $y"}}', "{a: {b: 'x $y'}}", 'a:\n  b: "\\x78 $y"\n'])
def test_places_are_those_of_the_language(text: str) -> None:
    document = read(text)
    assert document.places.within("/a/b", 2, 4).text == "$y"


@pytest.mark.parametrize(
    "text", ["<!DOCTYPE html>\n<html>", " <!doctype HTML PUBLIC>", "<html lang='en'>", "<!-- x -->\n<html>"]
)
def test_a_web_page_is_recognised(text: str) -> None:
    document = read(text, "https://x.test/spec")
    (problem,) = document.problems
    assert (document.value, problem.rule) == (None, "html-page")
    assert problem.fix == Fix("name the file itself, most often behind a link called 'raw'")
    assert document.places.value("/info").start == 0


def test_a_page_of_github_comes_with_the_address_of_the_file() -> None:
    (problem,) = read("<!DOCTYPE html>", "https://github.com/o/r/blob/main/a/b.yaml?plain=1#L3").problems
    assert problem.fix is not None
    assert problem.fix.title == "use the file itself: https://raw.githubusercontent.com/o/r/main/a/b.yaml"


def test_a_description_that_mentions_html_is_none() -> None:
    assert read("a: <html>").problems == ()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"]
)
def test_bytes_are_decoded_by_their_mark(encoding: str) -> None:
    mark = "\ufeff" if encoding.endswith("e") else ""
    assert decode_bytes((mark + "é😀").encode(encoding)) == "é😀"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: 1\nb: \xe9t\xe9\n", "the text is not UTF-8: 0xE9 at byte 8, in line 2"),
        (b"\xff\xfea", "the text is not UTF-16-LE: 0x61 at byte 2"),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_bytes(data)


@pytest.mark.parametrize(
    "text",
    [
        '// c\n{"a": 1}',
        '/* c */ {"a": 1}',
        '{ // c\n "a": 1}',
        '{"a": 1, // c\n "b": 2}',
        '{"a": 1 /* c */}',
        '{"a": 1}\n// c',
    ],
)
def test_a_comment_in_json_is_told_as_one(text: str) -> None:
    (problem,) = read(text, "file:///d/t.json").problems
    assert (problem.rule, problem.message) == ("json-syntax", "JSON has no comments")
    assert problem.span.text == "/"

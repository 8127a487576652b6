"""What is kept of a big document gives the same as parsing it again, and nothing that is kept is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from runner.loader import kept
from runner.loader.kept import kept_references, read_kept
from runner.loader.text import Document, read_text
from runner.openapi.survey import external_references
from runner.source import Source
from tests.loader.test_yaml_problems import MISTAKES, SLIPS
from tests.memory import Memory

URI = "file:///a/api.yaml"


@pytest.fixture(autouse=True)
def everything_is_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LEAST", 0)


def source(text: str, uri: str = URI) -> Source:
    return Source(uri, uri.rpartition("/")[2], text)


def read_twice(text: str) -> tuple[Document, Memory]:
    """Read a text, and read it again from what was kept."""
    cache = Memory()
    read_kept(source(text), cache)
    return read_kept(source(text), cache), cache


TEXTS = {
    "kinds of values": "a: [1, -0.0, 1e3, 0.1, true, ~, '', '1', 0x1F]\nb: {}\nc: []\n1: x\ntrue: y\n",
    "big numbers": f"a: {'9' * 400}\nb: 1.7976931348623157e308\nc: 5e-324\n",
    "order of keys": "z: 1\na: 2\nm: {y: 1, b: 2}\n",
    "text beyond ASCII": "ä: 'grün \U0001f600 \\u0000'\nb: \"\\u0000 \\u2028 \\ud7ff\"\n",
    "a block": "a: |\n  one\n   two\nb: >-\n  three\n  four\n",
    "aliases": "a: &x {b: [1, 2]}\nc: *x\nd: [*x, *x]\n",
    "merge keys": "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
    "a byte order mark": "\ufeffa: 1\n",
    "a scalar": "text",
    "flow style": "[a, {b: c}]",
    **{f"a mistake: {name}": text for name, (text, *_) in (MISTAKES | SLIPS).items()},
}


def places(document: Document) -> Iterator[tuple[object, ...]]:
    """Give where some parts of a document stand, and a part of a text in it."""
    for pointer in ("", "/a", "/b", "/a/0", "/c/b/1", "/d/c"):
        yield document.places.key(pointer).start, document.places.value(pointer).end
        yield document.places.within(pointer, 1, 3).start, document.places.within(pointer, 1, 3).text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_the_second_reading_gives_what_the_first_one_gave(text: str) -> None:
    again, _ = read_twice(text)
    parsed = read_text(again.source)
    assert repr(again.value) == repr(parsed.value)
    assert again.problems == parsed.problems
    assert list(places(again)) == list(places(parsed))


def test_a_document_that_is_kept_is_not_parsed_until_somebody_asks_where_something_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed = list[str]()

    def noted(each: Source) -> Document:
        parsed.append(each.name)
        return read_text(each)

    monkeypatch.setattr(kept, "read_text", noted)
    again, cache = read_twice("a: {b: 1, b: 2}\n")
    assert (again.value, [problem.span.text for problem in again.problems]) == ({"a": {"b": 1}}, ["b"])
    assert (parsed, cache.hits) == (["api.yaml"], 1)
    assert again.places.value("/a/b").text == "1"
    assert again.places.key("/a/b").text == "b"
    assert parsed == ["api.yaml"] * 2


def test_the_same_text_is_known_by_any_name_and_shown_by_its_own() -> None:
    cache = Memory()
    read_kept(source("a: 1\na: 2\n"), cache)
    elsewhere = read_kept(source("a: 1\na: 2\n", "https://x.example/other.yaml"), cache)
    assert cache.hits == 1
    assert [str(problem.span) for problem in elsewhere.problems] == ["other.yaml:2:1"]


@pytest.mark.parametrize("change", ["a: 2\n", "a: 1", "a: 1\r\n"])
def test_another_text_is_another_document(change: str) -> None:
    cache = Memory()
    read_kept(source("a: 1\n"), cache)
    read_kept(source(change), cache)
    assert cache.hits == 0


@pytest.mark.parametrize("name", ["FORMAT", "__version__"])
def test_another_version_believes_none_of_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    cache = Memory()
    read_kept(source("a: 1\n"), cache)
    monkeypatch.setattr(kept, name, 99)
    read_kept(source("a: 1\n"), cache)
    assert cache.hits == 0


@pytest.mark.parametrize(
    "text",
    [
        "a: {b",
        "# nothing\n",
        "<html>",
        "a: " + "[" * 300,
        '{"a": 1}',
        "[1]",
        # A small text that would fill a disk.
        f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 1_000}]",
        # What aliases nest deeper than anything that is written: JSON cannot be written, or not be read again.
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} {'[' * 99}*a{n - 1}{']' * 99}\n" for n in range(1, 100)),
    ],
    ids=["broken", "empty", "page", "deep", "JSON", "flow", "large by aliases", "deep by aliases"],
)
def test_what_is_broken_or_does_not_pay_is_not_kept(text: str) -> None:
    again, cache = read_twice(text)
    assert cache.entries == {}
    assert again.problems == read_text(again.source).problems


def test_a_small_document_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LEAST", 10)
    assert read_twice("a: 45678")[1].entries == {}
    assert len(read_twice("a: 4567890")[1].entries) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"null", b"[]", b"3", b'"x"', b"{}", b'{"value": 1}', b'{"value": 1, "problems": 1}',
     b'{"value": 1, "problems": [1]}', b'{"value": 1, "problems": [[]]}', b"[" * 100_000],
)  # fmt: skip
def test_an_entry_that_means_nothing_is_made_anew(content: bytes) -> None:
    cache = Memory()
    read_kept(source("a: 1\n"), cache)
    ((key, right),) = cache.entries.items()
    cache.entries[key] = content
    assert read_kept(source("a: 1\n"), cache).value == {"a": 1}
    assert cache.entries == {key: right}


def test_references_are_kept_by_text_and_resolved_where_it_stands() -> None:
    text = "paths: {/a: {$ref: 'b.yaml#/x'}, /c: {$ref: '#/y'}, /d: {$ref: 'https://x.example/d.yaml'}}"
    cache, document = Memory(), read_text(source(text))
    expected = {"file:///a/b.yaml", "https://x.example/d.yaml"}
    assert kept_references(document, URI, cache) == expected == external_references(document.value, URI)
    assert kept_references(document, URI, cache) == expected
    assert cache.hits == 1
    assert kept_references(document, "file:///z/api.yaml", cache) == {
        "file:///z/b.yaml",
        "https://x.example/d.yaml",
    }
    assert (cache.hits, len(cache.entries)) == (2, 1)


def test_an_entry_is_plain_json() -> None:
    cache = Memory()
    read_kept(source("a: ü\n"), cache)
    (content,) = cache.entries.values()
    assert json.loads(content) == {"value": {"a": "ü"}, "problems": []}
    assert content.isascii()

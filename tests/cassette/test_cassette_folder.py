"""A cassette on the disk: what is written can be read, and what cannot is refused with its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.cassette.folder import (
    LABEL,
    PAGE_LIMIT,
    Made,
    changed,
    load_page,
    numbered,
    page_files,
    page_name,
    read_cassette,
    unit_name,
    write_label,
    write_whole,
)
from runner.cassette.page import Page, is_same, place, read_page, write_page
from runner.engine.events import Frame
from runner.errors import UsageError
from runner.exchange import Exchange, Hop, Request, Response, TransportFailure

JSON = ("Content-Type", "application/json")
MADE = Made("flow.arazzo.yaml", "F", "1")
TRAIL = (Frame("shop", "order", 1, 2), Frame("pay", "charge", 3, 1))


def exchanged(body: bytes, *headers: tuple[str, str]) -> Exchange:
    request = Request("POST", "https://api.example/things?a=b", (("X-Thing", "a: b"), ("X-Empty", "")), body)
    return Exchange(request, Response(200, headers, body, "OK"), 0.25)


BODIES = {
    "none": b"",
    "compact JSON": b'{"a":[1,2.5,null],"b":"\xc3\xbc"}',
    "spaced JSON": b'{"a": [1, 2]}',
    "escaped JSON": b'{"a":"\\u00fc"}',
    "half a surrogate": b'{"a":"\\ud800"}',
    "indented JSON": b'{\n  "a": 1\n}\n',
    "a member twice": b'{"a":1,"a":2}',
    "a number in another spelling": b'{"a":1.50,"b":1e3}',
    "no number": b"[NaN]",
    "too large a number": b"[1e999]",
    "broken JSON": b'{"a":',
    "lines": b"one\r\ntwo\x0b\xe2\x80\xa8three",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_every_body_comes_back_byte_by_byte(body: bytes) -> None:
    page = Page(place(TRAIL), exchanged(body, JSON))
    assert read_page(write_page(page)) == page


def test_redirects_and_failures_come_back() -> None:
    sent = Request("GET", "https://api.example/")
    hop = Hop(sent, Response(302, (("Location", "/b"),)))
    page = Page("a/b[1.1]", Exchange(sent, TransportFailure("dns", "no such host"), 1.5, (hop,)))
    assert read_page(write_page(page)) == page


def test_json_stands_as_json_and_other_text_line_by_line() -> None:
    page = json.loads(write_page(Page("", exchanged(b'{"a":1}', JSON))))
    assert page["response"]["body"] == {"json": {"a": 1}, "spelling": "compact"}
    assert page["request"]["body"] == {"text": ['{"a":1}']}
    assert page["request"]["headers"] == ["X-Thing: a: b", "X-Empty: "]


def test_only_what_takes_time_or_tells_it_may_differ_between_two_recordings() -> None:
    one = write_page(Page("", exchanged(b"{}", JSON, ("Date", "Mon, 01 Jan 2024 00:00:00 GMT"))))
    other = one.replace("Mon, 01", "Tue, 02").replace("0.25", "0.5")
    assert one != other
    assert is_same(one, other)
    assert not is_same(one, one.replace("X-Thing: a", "X-Thing: c"))
    assert not is_same(one, one.replace("{}", '{"took": 1}'))
    assert not is_same(one, one[:40])


NAMES = {
    "a plain one": ("checkout", "checkout"),
    "one with a row": ("checkout[de-1] #2", "checkout[de-1] #2"),
    "a way out": ("../../etc", "%2E.%2F..%2Fetc"),
    "a hidden one": (".git", "%2Egit"),
    "a drive": ("c:\\x", "c%3A%5Cx"),
}


@pytest.mark.parametrize(("name", "expected"), NAMES.values(), ids=NAMES.keys())
def test_no_name_leads_out_of_the_folder(name: str, expected: str) -> None:
    assert unit_name(name) == expected


def test_long_names_are_cut_and_stay_different() -> None:
    names = {unit_name("x" * 300), unit_name("x" * 299)}
    assert len(names) == 2
    assert all(len(name) < 120 for name in names)


def test_pages_are_listed_in_the_order_in_which_they_were_recorded(tmp_path: Path) -> None:
    assert page_name(TRAIL) == "order.charge"
    for number in (10, 2, 1):
        write_whole(tmp_path / numbered("poll", number), "{}")
    (tmp_path / ".poll.json.part").write_text("")
    assert [path.name for path in page_files(tmp_path)] == ["poll.json", "poll.2.json", "poll.10.json"]


def cassette(folder: Path) -> Path:
    """Write a cassette with one page and give that page's path."""
    write_label(folder, [MADE], complete=True)
    path = folder / "flow" / "make.json"
    write_whole(path, write_page(Page("flow/make[1.1]", exchanged(b'{"a":1}', JSON))))
    return path


def test_a_cassette_is_read_back(tmp_path: Path) -> None:
    path = cassette(tmp_path)
    found = read_cassette(tmp_path)
    assert (found.made, found.complete) == ((MADE,), True)
    (recorded,) = found.units["flow"]
    assert (recorded.path, recorded.at, recorded.method) == (path, "flow/make[1.1]", "POST")


Change = Callable[[str], str]

HOSTILE: dict[str, tuple[str, Change, str]] = {
    "a page that was cut": ("flow/make.json", lambda text: text[:100], "it is not JSON"),
    "another version": ("flow/make.json", lambda text: text.replace('"cassette": 1', '"cassette": 9'), "of version 9"),
    "a page that is a list": ("flow/make.json", lambda _: "[]", "is not an object"),
    "no request": ("flow/make.json", lambda text: text.replace('"request"', '"requests"'), "'request'"),
    "a status that is none": ("flow/make.json", lambda text: text.replace(": 200", ": true"), "'status'"),
    "a time that is none": ("flow/make.json", lambda text: text.replace("0.25", "-1"), "'took'"),
    "a header that is none": ("flow/make.json", lambda text: text.replace('"X-Empty: "', "7"), "a header"),
    "a body that is none": ("flow/make.json", lambda text: text.replace('"json"', '"yaml"'), "'base64'"),
    "a spelling that is none": ("flow/make.json", lambda text: text.replace("compact", "loose"), "'spelling'"),
    "a page that is too deep": ("flow/make.json", lambda _: "[" * 200_000, "nested too deeply"),
    "a label that was cut": (LABEL, lambda text: text[:20], "it is not JSON"),
    "a label of another kind": (LABEL, lambda _: "[1]", "not what a recording writes"),
    "a label of another version": (LABEL, lambda text: text.replace(": 1,", ": 2,"), "of version 2"),
}


@pytest.mark.parametrize(("name", "change", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_read_is_refused_by_its_name(tmp_path: Path, name: str, change: Change, said: str) -> None:
    cassette(tmp_path)
    path = tmp_path / name
    text = path.read_text()
    assert change(text) != text
    path.write_text(change(text))
    with pytest.raises(UsageError, match=said) as refused:
        read_cassette(tmp_path)
    assert str(tmp_path) in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_page_that_is_huge_is_refused_unread(tmp_path: Path) -> None:
    path = cassette(tmp_path)
    with path.open("r+b") as file:
        file.truncate(PAGE_LIMIT + 1)
    with pytest.raises(UsageError, match="more than any exchange can have"):
        read_cassette(tmp_path)


def test_a_page_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = cassette(tmp_path)
    path.write_bytes(b'{"cassette": 1, "\xff": 2}')
    with pytest.raises(UsageError, match="it is not UTF-8"):
        load_page(path)


def test_no_folder_is_no_cassette(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no cassette"):
        read_cassette(tmp_path / "nowhere")


def test_another_document_and_another_version_are_told(tmp_path: Path) -> None:
    cassette(tmp_path)
    found = read_cassette(tmp_path)
    assert changed(found, [MADE]) == []
    assert "of version 1" in changed(found, [Made("flow.arazzo.yaml", "F", "2")])[0]
    assert "not from other.yaml" in changed(found, [Made("other.yaml")])[0]

"""Where two requests differ, and what is no difference."""

from __future__ import annotations

import pytest

from runner.cassette.compare import alike, differences
from runner.exchange import Request

JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def get(url: str = "https://api.example/a?x=1", *headers: tuple[str, str]) -> Request:
    return Request("GET", url, headers)


def post(body: str, headers: tuple[tuple[str, str], ...] = JSON) -> Request:
    return Request("POST", "https://api.example/a", headers, body.encode())


def multipart(boundary: str, value: str) -> Request:
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{value}\r\n--{boundary}--\r\n'
    return post(body, (("Content-Type", f"multipart/form-data; boundary={boundary}"),))


SAME = {
    "the same": (get(), get()),
    "another order of members": (post('{"a":1,"b":2}'), post('{"b": 2, "a": 1}')),
    "a number in another spelling": (post("[1.0]"), post("[1]")),
    "another client": (get("https://a.b/", ("User-Agent", "arazzo/0.1")), get("https://a.b/", ("user-agent", "x/2"))),
    "cookies": (get("https://a.b/", ("Cookie", "sid=***1***")), get("https://a.b/")),
    "a credential that is not there": (get("https://a.b/", ("Authorization", "Bearer ***1***")), get("https://a.b/")),
    "a key in the query that is not there": (get("https://a.b/?x=1&api_key=***"), get("https://a.b/?x=1")),
    "a secret in the path": (get("https://a.b/u/***2***/x"), get("https://a.b/u/anything/x")),
    "a secret member": (post('{"p":"***1***"}'), post('{"p":12}')),
    "a secret in a form": (post("a=***1***&b=2", FORM), post("a=q&b=2", FORM)),
    "an address that is none": (get("http://[x/?a=1"), get("http://[x/?a=1")),
    "another boundary": (multipart("one", "v"), multipart("two", "v")),
}


@pytest.mark.parametrize(("recorded", "sent"), SAME.values(), ids=SAME.keys())
def test_no_difference(recorded: Request, sent: Request) -> None:
    assert differences(recorded, sent) == ()


DIFFERENT = {
    "method": (get(), Request("PUT", get().url), "method was GET, is PUT"),
    "origin": (get(), get("http://api.example/a?x=1"), "url was https://api.example/a, is http://api.example/a"),
    "query": (get(), get("https://api.example/a?x=2"), "query parameter 'x' was 1, is 2"),
    "one value more": (get(), get("https://api.example/a?x=1&x=2"), "query parameter 'x' was not there, is 2"),
    "one query less": (get(), get("https://api.example/a"), "query parameter 'x' was 1, is not there"),
    "header": (get("https://a.b/", ("X-A", "1")), get("https://a.b/", ("x-a", "2")), "header 'x-a' was 1, is 2"),
    "member": (post('{"a":{"b":[1]}}'), post('{"a":{"b":[2]}}'), "body at '/a/b/0' was 1, is 2"),
    "type": (post('{"a":1}'), post('{"a":true}'), "body at '/a' was 1, is true"),
    "items": (post("[1]"), post("[1,2]"), "body was [1], is [1,2]"),
    "form": (post("a=1", FORM), post("a=2", FORM), "body at 'a' was 1, is 2"),
    "text": (post("a", (("Content-Type", "text/plain"),)), post("b", (("Content-Type", "text/plain"),)), "body was a"),
    "no body": (post("[1]"), post(""), "body was [1], is not there"),
    "part": (multipart("one", "v"), multipart("two", "w"), "body was "),
    "around a secret": (get("https://a.b/u/***1***/x"), get("https://a.b/u/s/y"), "url was"),
}


@pytest.mark.parametrize(("recorded", "sent", "said"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_difference_is_said_with_both_values(recorded: Request, sent: Request, said: str) -> None:
    assert said in "; ".join(map(str, differences(recorded, sent)))


def test_a_difference_is_drawn_as_a_diff() -> None:
    (found,) = differences(post('{"a":1}'), post('{"a":2}'))
    assert list(found.lines) == ["- body at '/a': 1", "+ body at '/a': 2"]


def test_what_differs_is_cut_where_it_is_long() -> None:
    (found,) = differences(post(f'{{"a":"{"x" * 5000}"}}'), post('{"a":1}'))
    assert len(str(found)) < 300


def test_many_gaps_are_no_trap() -> None:
    """A pattern that looked back would never end."""
    assert not alike("a***b" * 200 + "c", "ab" * 20_000)
    assert alike("a***b" * 200, "axb" * 200)

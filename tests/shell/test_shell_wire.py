"""What is written into a request before it leaves."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.exchange import Headers, Request, TransportFailure, header
from runner.shell.wire import complete, legal_url, origin, without_user_info


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://API.Example:443/x?y", "https://api.example"),
        ("http://api.example:80", "http://api.example"),
        ("http://api.example:443/", "http://api.example:443"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://user:password@api.example/", "https://api.example"),
    ],
)
def test_an_origin_has_one_spelling(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h", "http://h/"),
        ("http://h?q=1", "http://h/?q=1"),
        ("http://h/a b/ü?q=ü&r=%41%zz#f", "http://h/a%20b/%C3%BC?q=%C3%BC&r=%41%25zz"),
        ("http://h/a%2Fb", "http://h/a%2Fb"),
        ("http://h/v1/../v2/./x/..", "http://h/v2/x/.."[:-4]),
        ("http://h/../..", "http://h/"),
        ("http://h//a//b", "http://h//a//b"),
        ("http://h/{id}?filter[x]={y}", "http://h/%7Bid%7D?filter[x]=%7By%7D"),
    ],
)
def test_a_url_is_made_legal_and_otherwise_left_alone(url: str, expected: str) -> None:
    assert legal_url(url) == expected


@given(st.text(st.characters(codec="utf-8", exclude_characters="#\t\n\r")))
def test_a_legal_url_is_sent_as_it_is(text: str) -> None:
    url = legal_url("http://h/" + text)
    assert isinstance(url, str)
    assert "http://h" + httpx.URL(url).raw_path.decode() == url
    assert legal_url(url) == url


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("DELETE", b"", None), ("POST", b"", "0"), ("PUT", b"ab", "2"), ("GET", b"abc", "3")],
)
def test_the_length_of_a_body_is_said_where_one_is_expected(method: str, body: bytes, length: str | None) -> None:
    sent = complete(Request(method, "http://h/", (), body), "a/1")
    assert isinstance(sent, Request)
    assert header(sent.headers, "content-length") == length


def test_what_a_request_says_itself_is_kept_except_how_long_its_body_is() -> None:
    own = (("accept", "text/csv"), ("USER-AGENT", "me"), ("accept-encoding", "identity"), ("Host", "other"))
    framing = (("Content-Length", "99"), ("Transfer-Encoding", "chunked"))
    sent = complete(Request("POST", "http://h/", (*own, *framing), b"abc"), "a/1")
    assert isinstance(sent, Request)
    assert sent.headers == (*own, ("Content-Length", "3"))


@pytest.mark.parametrize(
    ("method", "headers", "message"),
    [
        ("GET", (("X Y", "1"),), "'X Y' cannot be the name of a header"),
        ("GET", (("", "1"),), "'' cannot be the name of a header"),
        ("GET", (("X", "s3cret\nY: 1"),), "the value of header 'X' has characters that HTTP forbids"),
        ("GET", (("X", "s3cret\ud83d"),), "the value of header 'X' has characters that HTTP forbids"),
        ("GET", (("X", "s3cret\0"),), "the value of header 'X' has characters that HTTP forbids"),
        ("G T", (), "the method is not one that HTTP can send"),
    ],
)
def test_what_http_cannot_carry_is_refused_without_its_value(method: str, headers: Headers, message: str) -> None:
    assert complete(Request(method, "http://h/", headers), "a/1") == TransportFailure("protocol", message)


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        ("http://u:p%40@h/x", (), Request("GET", "http://h/x", (("Authorization", "Basic dTpwQA=="),))),
        ("http://u@h/x", (), Request("GET", "http://h/x", (("Authorization", "Basic dTo="),))),
        ("http://u:p@h/", (("authorization", "x"),), Request("GET", "http://h/", (("authorization", "x"),))),
        ("http://h/u:p@x", (), Request("GET", "http://h/u:p@x")),
        ("http://[u:p@h/", (), Request("GET", "http://[u:p@h/")),
    ],
)
def test_a_password_leaves_the_url_for_a_header(url: str, headers: Headers, expected: Request) -> None:
    assert without_user_info(Request("GET", url, headers)) == expected

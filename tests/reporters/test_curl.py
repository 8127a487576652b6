"""A request becomes a command that a shell and curl understand as it was meant."""

from __future__ import annotations

import shlex

import pytest

from runner.exchange import Headers, Request
from runner.reporters.curl import BODY_LIMIT, curl

URL = "https://x.example/a"
JSON = (("Content-Type", "application/json"),)


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "command"),
    [
        ("GET", URL, (), b"", f"curl {URL}"),
        ("POST", URL, JSON, b"{}", f"curl {URL} -H 'Content-Type: application/json' --data-raw '{{}}'"),
        ("POST", URL, (), b"", f"curl -X POST {URL}"),
        ("PUT", URL, JSON, b"1", f"curl -X PUT {URL} -H 'Content-Type: application/json' --data-raw 1"),
        ("GET", URL, JSON, b"1", f"curl -X GET {URL} -H 'Content-Type: application/json' --data-raw 1"),
        ("DELETE", URL, (), b"", f"curl -X DELETE {URL}"),
        ("HEAD", URL, (), b"", f"curl --head {URL}"),
        ("POST", URL, (), b"a", f"curl {URL} -H Content-Type: --data-raw a"),
        ("GET", URL + "?a=1&b=2", (), b"", f"curl '{URL}?a=1&b=2'"),
        ("GET", URL + "?a[0]=1", (), b"", f"curl --globoff '{URL}?a[0]=1'"),
        ("GET", URL, (("Authorization", "Bearer ***"),), b"", f"curl {URL} -H 'Authorization: Bearer ***'"),
        ("GET", URL, (("X-Empty", ""),), b"", f"curl {URL} -H 'X-Empty;'"),
        ("GET", URL, (("Host", "x.example"), ("Content-Length", "0")), b"", f"curl {URL}"),
        ("GET", URL, (("Host", "other.example"),), b"", f"curl {URL} -H 'Host: other.example'"),
        ("GET", "http://[x/", (("Host", "x"),), b"", "curl --globoff 'http://[x/' -H 'Host: x'"),
        ("GET", URL, (("Accept-Encoding", "gzip, br"),), b"", f"curl {URL} --compressed"),
    ],
)  # fmt: skip
def test_a_request_is_one_line(method: str, url: str, headers: Headers, body: bytes, command: str) -> None:
    assert curl(Request(method, url, headers, body)) == command


def test_control_characters_do_not_break_the_line() -> None:
    assert curl(Request("POST", URL, JSON, b"it's\na\ttab \\")).endswith(" --data-raw $'it\\'s\\na\\x09tab \\\\'")


@pytest.mark.parametrize(("body", "why"), [(b"\xff", "binary"), (b"a\0b", "binary"), (b"x" * (BODY_LIMIT + 1), "long")])
def test_a_body_that_cannot_be_written_out_comes_from_standard_input(body: bytes, why: str) -> None:
    assert curl(Request("POST", URL, JSON, body)).endswith(
        f"--data-binary @-  # the {why} body comes from standard input"
    )


@pytest.mark.parametrize("text", ["$(rm -rf /)", "`id`", "a'b", '"', "; ls", "#", "!x", "日本"])
def test_nothing_in_a_request_reaches_the_shell(text: str) -> None:
    words = shlex.split(curl(Request("POST", f"{URL}?q={text}", (("X", text), *JSON), text.encode())))
    assert words == [
        "curl",
        f"{URL}?q={text}",
        "-H",
        f"X: {text}",
        "-H",
        "Content-Type: application/json",
        "--data-raw",
        text,
    ]

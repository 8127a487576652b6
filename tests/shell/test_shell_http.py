"""What the transports make of servers that misbehave: one table, sync and async."""

from __future__ import annotations

import gzip
import random
import socket
import time
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from runner.errors import UsageError
from runner.exchange import Request, Response, TransportFailure
from runner.shell.http import HttpTransport
from runner.shell.options import HttpOptions
from tests.shell.conftest import QUIET, SendAll
from tests.shell.server import Behaviour, Connection, always, answer, once, refused_port, serve

CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"


def get(url: str) -> Request:
    return Request("GET", url)


def closes_without_answering(connection: Connection) -> None:
    connection.request()


def resets_without_answering(connection: Connection) -> None:
    connection.request()
    connection.reset()


def resets_in_the_body(connection: Connection) -> None:
    connection.request()
    connection.send(answer("Content-Length: 1000", body=b"half"))
    time.sleep(0.1)
    connection.reset()


def never_answers(connection: Connection) -> None:
    connection.request()
    connection.wait()


def trickle(start: bytes) -> Behaviour:
    """Send a byte every 0.02 s, so that no single read is ever late."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(start)
        for _ in range(500):
            connection.send(b"x")
            time.sleep(0.02)

    return behave


BOMB = gzip.compress(bytes(20_000_000))

RUDE: dict[str, tuple[Behaviour, str, str]] = {
    "closes without answering": (
        closes_without_answering,
        "closed",
        "the server closed the connection before it answered",
    ),
    "resets without answering": (
        resets_without_answering,
        "closed",
        "the server closed the connection before it answered",
    ),
    "resets in the body": (
        resets_in_the_body,
        "protocol",
        "the connection was closed before the body was complete",
    ),
    "announces more than it sends": (
        once(answer("Content-Length: 10", body=b"123")),
        "protocol",
        "the connection was closed before the body was complete (received 3 bytes, expected 10)",
    ),
    "ends in a chunk": (
        once(answer(CHUNKED, body=b"5\r\n123")),
        "protocol",
        "the connection was closed before the body was complete (incomplete chunked read)",
    ),
    "sends a bad chunk size": (
        once(answer(CHUNKED, body=b"zz\r\nnonsense\r\n")),
        "protocol",
        "the answer is not valid HTTP: illegal chunk header",
    ),
    "sends a garbage status line": (
        once(b"SSH-2.0-OpenSSH_9.9 token=s3cret\r\n\r\n"),
        "protocol",
        "the answer is not valid HTTP: illegal status line",
    ),
    "sends a TLS record": (
        once(b"\x16\x03\x01\x02\x00\x01"),
        "protocol",
        "the answer is not valid HTTP: illegal status line",
    ),
    "sends an empty line first": (
        once(b"\r\n" + answer()),
        "protocol",
        "the answer is not valid HTTP: no response line received",
    ),
    "sends a status that is no number": (
        once(b"HTTP/1.1 2x0 OK\r\n\r\n"),
        "protocol",
        "the answer is not valid HTTP: illegal status line",
    ),
    "sends a line without a colon": (
        once(answer("this is no field")),
        "protocol",
        "the answer is not valid HTTP: illegal header line",
    ),
    "sends a space before the colon": (
        once(answer("X-Key : value")),
        "protocol",
        "the answer is not valid HTTP: illegal header line",
    ),
    "sends a NUL in a field": (
        once(answer("X-Key: s3cret\x00")),
        "protocol",
        "the answer is not valid HTTP: illegal header line",
    ),
    "sends a bare CR in a field": (
        once(answer("X-Key: a\rX-Other: b")),
        "protocol",
        "the answer is not valid HTTP: illegal header line",
    ),
    "folds the first field": (
        once(answer(" folded: from nothing")),
        "protocol",
        "the answer is not valid HTTP: continuation line at start of headers",
    ),
    "says two lengths": (
        once(answer("Content-Length: 2", "Content-Length: 3", body=b"abc")),
        "protocol",
        "the answer is not valid HTTP: conflicting Content-Length headers",
    ),
    "says two lengths in one field": (
        once(answer("Content-Length: 2, 3", body=b"abc")),
        "protocol",
        "the answer is not valid HTTP: conflicting Content-Length headers",
    ),
    "says a length below nothing": (
        once(answer("Content-Length: -1")),
        "protocol",
        "the answer is not valid HTTP: bad Content-Length",
    ),
    "says no length where it should": (
        once(answer("Content-Length:")),
        "protocol",
        "the answer is not valid HTTP: bad Content-Length",
    ),
    "uses a transfer coding nobody asked for": (
        once(answer("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
        "protocol",
        "the answer is not valid HTTP: its Transfer-Encoding is not 'chunked'",
    ),
    "is chunked twice": (
        once(answer(CHUNKED, CHUNKED, body=b"0\r\n\r\n")),
        "protocol",
        "the answer is not valid HTTP: its Transfer-Encoding is not 'chunked'",
    ),
    "sends more in a chunk than it said": (
        once(answer(CHUNKED, body=b"3\r\nhello\r\n0\r\n\r\n")),
        "protocol",
        "the answer is not valid HTTP: malformed chunk footer",
    ),
    "sends a chunk of a size below nothing": (
        once(answer(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n")),
        "protocol",
        "the answer is not valid HTTP: illegal chunk header",
    ),
    "ends in its head": (
        once(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "closed",
        "the server closed the connection before it answered",
    ),
    "ends in its trailer": (
        once(answer(CHUNKED, body=b"0\r\nX-Sum: 1")),
        "protocol",
        "the connection was closed before the body was complete (incomplete chunked read)",
    ),
    "ends after an informational response": (
        once(b"HTTP/1.1 100 Continue\r\n\r\n"),
        "closed",
        "the server closed the connection before it answered",
    ),
    "sends a head that never ends": (
        once(b"HTTP/1.1 200 OK\r\n" + b"X-Long: 12345678\r\n" * 30_000),
        "protocol",
        "the answer is not valid HTTP: its head is longer than 100 KiB",
    ),
    "sends one field that never ends": (
        once(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 500_000),
        "protocol",
        "the answer is not valid HTTP: its head is longer than 100 KiB",
    ),
    "sends broken gzip": (
        once(answer(GZIP, body=b"this is not gzip")),
        "protocol",
        "the body cannot be unpacked: it is damaged",
    ),
    "sends half a gzip stream": (
        once(answer(GZIP, body=gzip.compress(random.Random(1).randbytes(999))[:500])),
        "protocol",
        "the body cannot be unpacked: it ends too early",
    ),
    "sends broken deflate": (
        once(answer("Content-Encoding: deflate", body=b"neither zlib nor bare")),
        "protocol",
        "the body cannot be unpacked: it is damaged",
    ),
    "sends a gzip bomb": (once(answer(GZIP, body=BOMB)), "too-large", "the body is larger than 1 MiB"),
    "sends a bomb in a bomb": (
        once(answer("Content-Encoding: gzip, gzip", body=gzip.compress(BOMB))),
        "too-large",
        "the body is larger than 1 MiB",
    ),
    "sends too much in chunks": (
        once(answer(CHUNKED, body=b"80000\r\n" + bytes(0x80000) + b"\r\n80001\r\n" + bytes(0x80001) + b"\r\n")),
        "too-large",
        "the body is larger than 1 MiB",
    ),
    "sends too much without saying how much": (
        once(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2_000_000)),
        "too-large",
        "the body is larger than 1 MiB",
    ),
    "sends too much": (once(answer(body=bytes(2_000_000))), "too-large", "the body is larger than 1 MiB"),
}


@pytest.mark.parametrize(("behaviour", "kind", "message"), RUDE.values(), ids=RUDE.keys())
def test_a_server_that(behaviour: Behaviour, kind: str, message: str, send_all: SendAll) -> None:
    with serve(behaviour) as server:
        options = HttpOptions(max_body=1024 * 1024, trust_env=False)
        assert send_all(get(server.url()), options=options) == [TransportFailure(kind, message)]


LATE: dict[str, tuple[Behaviour, str]] = {
    "never answers": (never_answers, "no response within 0.5 s"),
    "sends its status line one byte at a time": (trickle(b"HTTP/1.1 200 O"), "no response within 0.5 s"),
    "sends its headers one byte at a time": (trickle(b"HTTP/1.1 200 OK\r\nX-Y: "), "no response within 0.5 s"),
    "sends its body one byte at a time": (
        trickle(answer("Content-Length: 500")),
        "the body was not complete within 0.5 s",
    ),
    "sends endless header fields": (
        trickle(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10),
        "no response within 0.5 s",
    ),
}


@pytest.mark.parametrize(("behaviour", "message"), LATE.values(), ids=LATE.keys())
def test_the_timeout_bounds_the_whole_exchange_with_a_server_that(
    behaviour: Behaviour, message: str, send_all: SendAll
) -> None:
    with serve(behaviour) as server:
        began = time.monotonic()
        assert send_all(get(server.url()), timeout=0.5) == [TransportFailure("timeout", message)]
        assert 0.4 < time.monotonic() - began < 5, "they send for ten seconds"


def test_a_server_that_reads_nothing_is_late_too(send_all: SendAll) -> None:
    with serve(lambda connection: time.sleep(0.3)) as server:
        request = Request("POST", server.url(), body=bytes(30_000_000))
        assert send_all(request, timeout=0.15) == [TransportFailure("timeout", "no response within 0.15 s")]


def test_the_default_timeout_holds_where_a_request_has_none() -> None:
    with serve(never_answers) as server, HttpTransport(HttpOptions(timeout=0.2, trust_env=False)) as transport:
        assert transport.send(get(server.url()), None) == TransportFailure("timeout", "no response within 0.2 s")


def test_a_refused_connection_names_host_and_port(send_all: SendAll) -> None:
    port = refused_port()
    message = f"connection to 127.0.0.1:{port} refused"
    assert send_all(get(f"http://127.0.0.1:{port}/?token=s3cret")) == [TransportFailure("connect", message)]


def test_a_host_that_has_no_address_is_named(send_all: SendAll, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert send_all(get("http://nowhere.example/")) == [
        TransportFailure("dns", "cannot resolve host 'nowhere.example'")
    ]


def test_a_host_is_tried_at_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(always(answer())) as server, HttpTransport(QUIET) as transport:
        addresses = [("127.0.0.2", server.port), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        reply = transport.send(get(server.url(host="several.example")), 5)
    assert isinstance(reply, Response)


def test_a_host_in_other_letters_is_asked_for_in_ascii_and_named_as_it_was_written(
    send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def unknown(host: str | bytes, *_: object, **__: object) -> Any:
        asked.append(host if isinstance(host, str) else host.decode())
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [reply] = send_all(get("http://Bücher.example/"))
    assert reply == TransportFailure("dns", "cannot resolve host 'bücher.example'")
    assert set(asked) == {"xn--bcher-kva.example"}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.com/x", "the URL cannot be requested: 'ftp' is not http or https"),
        ("/pets", "the URL cannot be requested: it is not absolute"),
        ("http:///pets", "the URL cannot be requested: it names no host"),
        ("http://a b/", "the URL cannot be requested: it names no host"),
        ("http://x:99999/", "the URL cannot be requested: port out of range 0-65535"),
        ("http://[::1/", "the URL cannot be requested: invalid ipv6 url"),
        ("http://a..b/", "the URL cannot be requested: its host name is not valid"),
        ("https://xn--a/", "the URL cannot be requested: its host name is not valid"),
        ("https://xn--/", "the URL cannot be requested: its host name is not valid"),
        ("http://x/\ud83d", "the URL cannot be requested: it has half a character in it"),
        ("http://x/" + "y" * 70_000, "the URL cannot be requested: url too long"),
    ],
)
def test_a_url_that_cannot_be_requested_is_told(url: str, message: str, send_all: SendAll) -> None:
    assert send_all(get(url)) == [TransportFailure("url", message)]


def test_a_header_that_breaks_the_rules_never_shows_its_value(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        [reply] = send_all(Request("GET", server.url(), (("X-Key", "s3cret\r\nX-Other: 1"),)))
    assert reply == TransportFailure("protocol", "the request is not valid HTTP")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ReadTimeout("x"), TransportFailure("timeout", "no response within 5 s")),
        (httpx.ReadError(""), TransportFailure("closed", "the server closed the connection before it answered")),
        (httpx.ConnectError("x"), TransportFailure("connect", "no connection to api.example:443")),
        (
            httpx.ProxyError("407 Proxy Authentication Required"),
            TransportFailure("connect", "the proxy opened no connection: 407 proxy authentication required"),
        ),
        (
            httpx.RemoteProtocolError("conflicting Content-Length headers"),
            TransportFailure("protocol", "the answer is not valid HTTP: conflicting Content-Length headers"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_exception_of_httpx_becomes_a_failure(
    error: Exception, expected: TransportFailure, httpx_mock: HTTPXMock, send_all: SendAll
) -> None:
    httpx_mock.add_exception(error)
    assert send_all(get("https://api.example/")) == [expected]


def test_a_fault_of_our_own_is_not_hidden(httpx_mock: HTTPXMock, send_all: SendAll) -> None:
    httpx_mock.add_exception(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        send_all(get("https://api.example/"))


def test_certificates_that_cannot_be_read_are_refused_at_once(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="no certificates can be read from"):
        HttpTransport(HttpOptions(verify=str(tmp_path / "none.pem")))

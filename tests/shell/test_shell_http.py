"""What the transports make of servers that behave, and of those that do not: one table, sync and async."""

from __future__ import annotations

import gzip
import random
import socket
import subprocess
import sys
import threading
import time
import zlib
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from runner.errors import UsageError
from runner.exchange import Request, Response, TransportFailure
from runner.shell.http import HttpTransport
from runner.shell.options import HttpOptions
from runner.shell.wire import complete
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
    """Send a byte every 0.05 s, so that no single read is ever late."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(start)
        for _ in range(100):
            connection.send(b"x")
            time.sleep(0.05)

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
    "sends too much": (once(answer(body=bytes(2_000_000))), "too-large", "the body is larger than 1 MiB"),
}


@pytest.mark.parametrize(("behaviour", "kind", "message"), RUDE.values(), ids=RUDE.keys())
def test_a_server_that(behaviour: Behaviour, kind: str, message: str, send_all: SendAll) -> None:
    with serve(behaviour) as server:
        options = HttpOptions(max_body=1024 * 1024, trust_env=False)
        assert send_all(get(server.url()), options=options) == [TransportFailure(kind, message)]


LATE: dict[str, tuple[Behaviour, str]] = {
    "never answers": (never_answers, "no response within 0.3 s"),
    "sends its status line one byte at a time": (trickle(b"HTTP/1.1 200 O"), "no response within 0.3 s"),
    "sends its headers one byte at a time": (trickle(b"HTTP/1.1 200 OK\r\nX-Y: "), "no response within 0.3 s"),
    "sends its body one byte at a time": (
        trickle(answer("Content-Length: 500")),
        "the body was not complete within 0.3 s",
    ),
    "sends endless header fields": (
        trickle(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10),
        "no response within 0.3 s",
    ),
}


@pytest.mark.parametrize(("behaviour", "message"), LATE.values(), ids=LATE.keys())
def test_the_timeout_bounds_the_whole_exchange_with_a_server_that(
    behaviour: Behaviour, message: str, send_all: SendAll
) -> None:
    with serve(behaviour) as server:
        began = time.monotonic()
        assert send_all(get(server.url()), timeout=0.3) == [TransportFailure("timeout", message)]
        assert 0.25 < time.monotonic() - began < 0.6


def test_a_server_that_reads_nothing_is_late_too(send_all: SendAll) -> None:
    with serve(lambda connection: time.sleep(0.5)) as server:
        request = Request("POST", server.url(), body=bytes(30_000_000))
        assert send_all(request, timeout=0.3) == [TransportFailure("timeout", "no response within 0.3 s")]


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
        monkeypatch.setattr("runner.shell.deadline._addresses", lambda *_: ["127.0.0.2", "127.0.0.1"])
        reply = transport.send(get(server.url(host="several.example")), 5)
    assert isinstance(reply, Response)


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
        ("http://x/" + "y" * 70_000, "the URL cannot be requested: url too long"),
    ],
)
def test_a_url_that_cannot_be_requested_is_told(url: str, message: str, send_all: SendAll) -> None:
    assert send_all(get(url)) == [TransportFailure("url", message)]


def test_a_header_that_breaks_the_rules_never_shows_its_value(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        [reply] = send_all(Request("GET", server.url(), (("X-Key", "s3cret\r\nX-Other: 1"),)))
    assert reply == TransportFailure("protocol", "the request is not valid HTTP")


BODIES: dict[str, tuple[bytes, bytes]] = {
    "plain": (answer(body=b"hello"), b"hello"),
    "chunked": (answer(CHUNKED, body=b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), b"hello"),
    "up to the end of the connection": (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
    "gzip": (answer(GZIP, body=gzip.compress(b"hello")), b"hello"),
    "gzip in two members": (answer(GZIP, body=gzip.compress(b"hel") + gzip.compress(b"lo")), b"hello"),
    "deflate": (answer("Content-Encoding: deflate", body=zlib.compress(b"hello")), b"hello"),
    "deflate without its zlib frame": (
        answer("Content-Encoding: deflate", body=zlib.compress(b"hello", wbits=-15)),
        b"hello",
    ),
    "deflate, then gzip": (
        answer("Content-Encoding: deflate", "Content-Encoding: x-gzip", body=gzip.compress(zlib.compress(b"hello"))),
        b"hello",
    ),
    "a coding nobody asked for": (answer("Content-Encoding: br", body=b"\x0b\x02"), b"\x0b\x02"),
    "as large as is allowed": (answer(GZIP, body=gzip.compress(bytes(1000))), bytes(1000)),
    "announced as gzip, but empty": (answer(GZIP), b""),
    "after an informational response": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(body=b"x"), b"x"),
}


@pytest.mark.parametrize(("data", "body"), BODIES.values(), ids=BODIES.keys())
def test_a_body_arrives_whole(data: bytes, body: bytes, send_all: SendAll) -> None:
    with serve(once(data)) as server:
        [reply] = send_all(get(server.url()), options=HttpOptions(max_body=1000, trust_env=False))
    assert isinstance(reply, Response)
    assert (reply.status, reply.body) == (200, body)


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_a_response_that_has_no_body_leaves_the_connection_usable(method: str, data: bytes, send_all: SendAll) -> None:
    with serve(always(data)) as server:
        replies = send_all(Request(method, server.url()), Request(method, server.url()))
        assert [reply.body for reply in replies if isinstance(reply, Response)] == [b"", b""]
        assert server.connections == 1


def test_headers_are_kept_in_order_in_their_spelling_and_repeated(send_all: SendAll) -> None:
    data = b"HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nX-Caf\x45: caf\xc3\xa9\r\nSet-Cookie: b=2\r\nX-Old: caf\xe9\r\n"
    with serve(once(data + b"Content-Length: 0\r\n\r\n")) as server:
        [reply] = send_all(get(server.url()))
    assert isinstance(reply, Response)
    assert reply.reason == "Fine"
    assert reply.headers == (
        ("Set-Cookie", "a=1"),
        ("X-CafE", "café"),
        ("Set-Cookie", "b=2"),
        ("X-Old", "café"),
        ("Content-Length", "0"),
    )


def test_a_completed_request_is_what_the_server_sees_byte_for_byte(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        written = Request(
            "patch",
            server.url("/a%2Fb/ü c?q=[1]&r='x'|y&s=100%#part"),
            (("X-Name", "Zoë"), ("x-twice", "1"), ("x-twice", "2"), ("Content-Type", "text/plain")),
            b"hello",
        )
        sent = complete(written, "arazzo/test")
        assert isinstance(sent, Request)
        send_all(sent)
        [received] = server.received
    assert received.line == "patch /a%2Fb/%C3%BC%20c?q=[1]&r='x'%7Cy&s=100%25 HTTP/1.1"
    assert sent.url == server.url("/a%2Fb/%C3%BC%20c?q=[1]&r='x'%7Cy&s=100%25")
    assert tuple(received.fields) == sent.headers
    assert received.body == b"hello"
    assert received.fields == [
        ("Host", f"127.0.0.1:{server.port}"),
        ("X-Name", "Zoë"),
        ("x-twice", "1"),
        ("x-twice", "2"),
        ("Content-Type", "text/plain"),
        ("User-Agent", "arazzo/test"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Content-Length", "5"),
    ]


def test_cookies_and_passwords_in_the_url_are_nothing_to_a_transport(send_all: SendAll) -> None:
    with serve(always(answer("Set-Cookie: a=1"))) as server:
        url = server.url().replace("//", "//user:password@")
        send_all(get(url), get(url))
        assert [(r.field("cookie"), r.field("authorization")) for r in server.received] == [(None, None)] * 2


def test_redirects_are_answers_to_a_transport(send_all: SendAll) -> None:
    with serve(always(answer("Location: /", status="302 Found"))) as server:
        [reply] = send_all(get(server.url()))
        assert isinstance(reply, Response)
        assert (reply.status, len(server.received)) == (302, 1)


def hangs_up_after_each(connection: Connection) -> None:
    """Answer once, as if the connection stayed open, and close it."""
    connection.request()
    connection.send(answer())


def hangs_up_on_the_second(connection: Connection) -> None:
    """Answer the first request of the first connection, and close it when the second has come."""
    connection.request()
    connection.send(answer())
    while connection.request() and connection.number > 1:
        connection.send(answer())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_while_idle_is_opened_again(method: str, send_all: SendAll) -> None:
    with serve(hangs_up_after_each) as server:
        one = Request(method, server.url(), body=b"x")
        replies = send_all(one, one, one, between=lambda: time.sleep(0.05))
        assert [type(reply) for reply in replies] == [Response] * 3
        assert (server.connections, len(server.received)) == (3, 3)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_idempotent_request_is_repeated_when_its_kept_connection_closes(method: str, send_all: SendAll) -> None:
    with serve(hangs_up_on_the_second) as server:
        one = Request(method, server.url())
        assert [type(reply) for reply in send_all(one, one)] == [Response] * 2
        assert (server.connections, len(server.received)) == (2, 3)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_that_may_have_been_processed_is_never_repeated(method: str, send_all: SendAll) -> None:
    with serve(hangs_up_on_the_second) as server:
        one = Request(method, server.url())
        _, second = send_all(one, one)
        assert second == TransportFailure("closed", "the server closed the connection before it answered")
        assert len(server.received) == 2


def test_a_request_on_a_new_connection_is_never_repeated(send_all: SendAll) -> None:
    with serve(closes_without_answering) as server:
        send_all(get(server.url()))
        assert len(server.received) == 1


def test_a_transport_serves_several_threads_each_with_a_deadline_of_its_own() -> None:
    def slow(connection: Connection) -> None:
        while received := connection.request():
            time.sleep(0.4 if "slow" in received.line else 0)
            connection.send(answer(body=b"x"))

    replies: dict[str, object] = {}
    with serve(slow) as server, HttpTransport(QUIET) as transport:
        limits = {"/slow": 2.0, "/slow-too": 0.2, "/quick": 0.3}

        def send(path: str) -> None:
            replies[path] = transport.send(get(server.url(path)), limits[path])

        threads = [threading.Thread(target=send, args=(path,)) for path in limits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert isinstance(replies["/slow"], Response)
    assert isinstance(replies["/quick"], Response)
    assert replies["/slow-too"] == TransportFailure("timeout", "no response within 0.2 s")


def test_a_proxy_from_the_environment_is_used_except_where_no_proxy_says_so(
    send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(always(answer(body=b"direct"))) as server, serve(always(answer(body=b"proxied"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        options = HttpOptions(trust_env=True)
        replies = send_all(get(server.url()), get("http://elsewhere.example/x?y=1"), options=options)
        assert [reply.body for reply in replies if isinstance(reply, Response)] == [b"direct", b"proxied"]
        assert proxy.received[0].line == "GET http://elsewhere.example/x?y=1 HTTP/1.1"


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://127.0.0.1:{port}", "connection to 127.0.0.1:{port} refused"),
        ("gopher://user:s3cret@proxy", "the proxy that the environment names cannot be used"),
    ],
)
def test_a_proxy_that_is_of_no_use_is_told(
    proxy: str, message: str, send_all: SendAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = refused_port()
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.format(port=port))
    [reply] = send_all(get("http://elsewhere.example/"), options=HttpOptions(trust_env=True))
    assert reply == TransportFailure("connect", message.format(port=port))


def test_what_is_mocked_for_httpx_is_mocked_here(httpx_mock: HTTPXMock, send_all: SendAll) -> None:
    httpx_mock.add_response(
        url="https://api.example/pets", status_code=201, json={"id": 1}, match_headers={"X-Key": "k"}
    )
    [reply] = send_all(Request("POST", "https://api.example/pets", (("X-Key", "k"),), b"{}"))
    assert isinstance(reply, Response)
    assert (reply.status, reply.reason, reply.content.value) == (201, "Created", {"id": 1})


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


def test_importing_the_transport_leaves_the_command_line_of_httpx_out_and_findable() -> None:
    code = (
        "import sys, runner.shell.http as h\n"
        "assert 'rich' not in sys.modules and 'click' not in sys.modules\n"
        "import httpx._main\n"
        "assert 'click' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""What the transports send and receive when all goes well, and which connections they use: sync and async."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_httpx import HTTPXMock

from runner.exchange import Request, Response, TransportFailure
from runner.records import replace
from runner.shell.http import HttpTransport
from runner.shell.lean.connection import is_ready, is_soon_ready
from runner.shell.network import Network
from runner.shell.options import HttpOptions
from runner.shell.turn import Turn
from runner.shell.wire import complete
from tests.shell.conftest import QUIET, SendAll
from tests.shell.server import Connection, always, answer, once, refused_port, serve

CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"


def get(url: str) -> Request:
    return Request("GET", url)


BODIES: dict[str, tuple[bytes, bytes]] = {
    "plain": (answer(body=b"hello"), b"hello"),
    "of a length that is said twice": (answer("Content-Length: 5", "Content-Length: 5", body=b"hello"), b"hello"),
    "of a length that is said twice in one field": (answer("Content-Length: 5, 5", body=b"hello"), b"hello"),
    "with lines that end with a line feed alone": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"hello"),
    "without a reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "shorter than all that comes": (answer("Content-Length: 5", body=b"hello, world"), b"hello"),
    "chunked, and of a length": (
        answer(CHUNKED, "Content-Length: 3", body=b"5\r\nhello\r\n0\r\n\r\n"),
        b"hello",
    ),
    "chunked, with extensions and a trailer": (
        answer(CHUNKED, body=b'0005;a="b" \r\nhello\r\n0;last\r\nX-Sum: 1\r\n\r\n'),
        b"hello",
    ),
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
    "after several": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + answer(body=b"x"), b"x"),
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


FOLDED = b"HTTP/1.1 200 OK\r\nX-Folded: one\r\n\t  two \r\n three\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n"


def test_a_folded_field_is_one_field(send_all: SendAll) -> None:
    with serve(once(FOLDED)) as server:
        [reply] = send_all(get(server.url()))
    assert isinstance(reply, Response)
    assert reply.headers == (("X-Folded", "one two  three"), ("X-Empty", ""), ("Content-Length", "0"))


REQUESTS: dict[str, Request] = {
    "a plain one": Request("GET", "/pets?limit=2&tag=a%20b"),
    "one with a body": Request("POST", "/pets", (("Content-Type", "application/json"),), b'{"id": 1}'),
    "one without its body": Request("POST", "/pets"),
    "one with a large body": Request("PUT", "/pets", (("x-sum", "1"),), bytes(300_000)),
    "one that has nothing": Request("DELETE", "/pets/1", (("Accept", "text/plain"), ("accept-encoding", "identity"))),
    "one that names its host late": Request("GET", "/", (("X-First", "1"), ("host", "elsewhere.example"))),
    "one that says the same again": Request("get", "/", (("A", "1"), ("a", "2"), ("Cookie", "a=1; b=2"))),
    "one in other letters": Request("OPTIONS", "/zoë/%e2%82%ac", (("X-Name", "Zoë €"),)),
    "one that closes": Request("GET", "/", (("Connection", "close"),)),
}


@pytest.mark.parametrize("written", REQUESTS.values(), ids=REQUESTS.keys())
def test_every_transport_writes_the_same_bytes(written: Request, send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        sent = complete(replace(written, url=server.url(written.url)), "arazzo/test")
        assert isinstance(sent, Request)
        [reply] = send_all(sent)
        assert isinstance(reply, Response)
        [received] = server.received
    host, others = [], []
    for name, value in sent.headers:
        (host if name.lower() == "host" else others).append(f"{name}: {value}")
    target = sent.url.removeprefix(server.url(""))
    assert received.head.decode() == "\r\n".join((f"{sent.method} {target} HTTP/1.1", *host, *others))
    assert received.body == written.body


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/", (("X-Key\r\nX-Other", "1"),)),
        Request("GET", "/", (("X-Key", "1\nX-Other: 2"),)),
        Request("GET", "/", (("X-Key", "1\x00"),)),
        Request("GET", "/", (("", "1"),)),
        Request("GET / HTTP/1.1\r\nX-Key:", "/"),
        Request("POST", "/", (("Content-Length", "1"),), b"GET / HTTP/1.1"),
    ],
    ids=repr,
)
def test_what_would_be_another_request_is_never_sent(request_: Request, send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        replies = send_all(replace(request_, url=server.url(request_.url)))
        assert replies == [TransportFailure("protocol", "the request is not valid HTTP")]
        assert [received.line for received in server.received] in ([], ["POST / HTTP/1.1"])


def test_a_line_break_in_a_url_is_no_line_break_on_the_wire(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        send_all(get(server.url("/a b\x00c/ü")))
        assert [received.line for received in server.received] == ["GET /a%20b%00c/%C3%BC HTTP/1.1"]


def test_what_comes_after_a_response_is_no_answer_to_the_next_request(send_all: SendAll) -> None:
    def says_too_much(connection: Connection) -> None:
        while connection.request():
            connection.send(answer(body=b"real") + answer(body=b"smuggled"))

    with serve(says_too_much) as server:
        replies = send_all(get(server.url()), get(server.url()))
        assert [reply.body for reply in replies if isinstance(reply, Response)] == [b"real", b"real"]
        assert server.connections == 2


def test_what_comes_while_nobody_asks_is_no_answer_either(send_all: SendAll) -> None:
    heard, spoke = threading.Semaphore(0), threading.Semaphore(0)

    def speaks_up(connection: Connection) -> None:
        connection.request()
        connection.send(answer(body=b"real"))
        heard.acquire(timeout=5)
        connection.send(answer(body=b"unasked"))
        spoke.release()
        connection.wait()

    def between() -> None:
        heard.release()
        assert spoke.acquire(timeout=5)

    with serve(speaks_up) as server:
        replies = send_all(get(server.url()), get(server.url()), between=between)
        assert [reply.body for reply in replies if isinstance(reply, Response)] == [b"real", b"real"]
        assert server.connections == 2


@pytest.mark.parametrize(
    "data",
    [
        answer("Connection: close"),
        answer("Connection: Keep-Alive, Close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_the_server_will_close_is_not_used_again(data: bytes, send_all: SendAll) -> None:
    with serve(always(data)) as server:
        assert [type(reply) for reply in send_all(get(server.url()), get(server.url()))] == [Response] * 2
        assert server.connections == 2


def test_a_connection_that_the_request_gives_up_is_not_used_again(send_all: SendAll) -> None:
    with serve(always(answer())) as server:
        one = Request("GET", server.url(), (("Connection", "close"),))
        send_all(one, one)
        assert server.connections == 2


def test_an_answer_before_the_body_has_been_read_is_the_answer(send_all: SendAll) -> None:
    def refuses(connection: Connection) -> None:
        connection.sock.recv(1000)
        connection.send(answer("Connection: close", status="413 Content Too Large"))
        connection.sock.shutdown(socket.SHUT_WR)
        connection.wait()

    with serve(refuses) as server:
        [reply] = send_all(Request("POST", server.url(), body=bytes(3_000_000)))
    assert isinstance(reply, Response)
    assert (reply.status, reply.reason) == (413, "Content Too Large")


def test_an_answer_that_changes_the_protocol_is_one_for_who_asked(send_all: SendAll) -> None:
    data = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    with serve(once(data)) as server:
        upgrade = (("Connection", "upgrade"), ("Upgrade", "websocket"))
        [asked, unasked] = send_all(Request("GET", server.url(), upgrade), get(server.url()))
    assert isinstance(asked, Response)
    assert (asked.status, asked.body) == (101, b"")
    said = "the answer is not valid HTTP: it changes to another protocol, for which nobody asked"
    assert unasked == TransportFailure("protocol", said)


def test_an_ipv6_address_is_reached_and_named_in_brackets(send_all: SendAll) -> None:
    with serve(always(answer()), host="::1") as server:
        [reply] = send_all(get(server.url(host="[::1]")))
        assert isinstance(reply, Response)
        assert server.received[0].field("host") == f"[::1]:{server.port}"


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


def closes_without_answering(connection: Connection) -> None:
    connection.request()


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
        replies = send_all(one, one, one, between=lambda: server.closed.acquire(timeout=5))
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
        limits = {"/slow": 20.0, "/slow-too": 0.2, "/quick": 10.0}

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
        ("http://user:s3cret@xn--a", "the proxy that the environment names cannot be used"),
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


def test_importing_the_transport_leaves_the_command_line_of_httpx_out_and_findable() -> None:
    code = (
        "import sys, runner.shell.http as h\n"
        "assert 'rich' not in sys.modules and 'click' not in sys.modules\n"
        "import httpx._main\n"
        "assert 'click' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_others_may_compute_while_a_request_waits_for_its_connection_and_its_answer() -> None:
    seen = list[str]()

    class Watched(Turn):
        @contextmanager
        def left(self) -> Iterator[None]:
            seen.append("left")
            with super().left():
                yield

    turn = Watched()

    def slow(connection: Connection) -> None:
        while connection.request():
            with turn.held():
                seen.append("free")
            connection.send(answer("Content-Length: 2", body=b"ok"))

    with serve(slow) as server, Network(QUIET, turn) as network, turn.held():
        for _ in range(2):
            reply = network.send(get(server.url()), None)
            assert isinstance(reply, Response)
            assert reply.body == b"ok"
    assert seen[0] == "left", "to connect"
    assert seen.count("free") == 2, "while it waits for each answer"


def test_a_socket_may_be_ready_within_a_moment_and_none_of_too_high_a_number_is() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert is_soon_ready(one.fileno(), "write")
        assert not is_soon_ready(one.fileno(), "read")
        other.send(b"x")
        assert is_soon_ready(one.fileno(), "read")
        assert not is_soon_ready(5_000, "read")


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_a_socket_that_can_be_written_is_ready_at_once_however_long_it_may_take(seconds: float) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert is_ready(one.fileno(), "write", seconds)
        assert not is_ready(one.fileno(), "read", 0)
        other.send(b"x")
        assert is_ready(one.fileno(), "read", seconds)

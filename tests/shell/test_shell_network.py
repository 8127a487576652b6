"""Who moves the bytes: sockets, unless httpx is replaced or needed; and what sockets do that httpx does not."""

from __future__ import annotations

import asyncio
import functools
import os
import random
import socket
import subprocess
import sys
import threading
from typing import Any

import httpcore
import httpx
import pytest

from runner.exchange import Reply, Request, Response, TransportFailure
from runner.shell.lean import connection, pool
from runner.shell.network import AsyncNetwork, Network, is_replaced
from runner.shell.reach import ANYWHERE, Reach
from tests.shell.conftest import QUIET, SendAll, sender
from tests.shell.server import Connection, always, answer, refused_port, serve

V4, V6 = socket.AF_INET, socket.AF_INET6
UNWANTED = ("httpx", "httpcore", "h11", "anyio", "asyncio", "ssl", "http.client", "email", "rich", "certifi", "idna")


def get(url: str) -> Request:
    return Request("GET", url)


def test_a_request_of_the_common_case_imports_no_http_library() -> None:
    code = (
        "import sys\n"
        "from runner.exchange import Request\n"
        "from runner.shell.network import Network\n"
        "with Network() as transport:\n"
        "    print(transport.send(Request('GET', sys.argv[1]), 5).status)\n"
        "print(*sorted(sys.modules))\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with serve(always(answer(body=b"{}"))) as server:
        command = [sys.executable, "-c", code, server.url()]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    status, modules = done.stdout.splitlines()
    assert status == "200"
    assert sorted(set(modules.split()) & set(UNWANTED)) == []


def replaced(self: Any, request: httpx.Request) -> httpx.Response:
    return httpx.Response(299, request=request)


@pytest.fixture
def refused() -> str:
    return f"http://127.0.0.1:{refused_port()}/"


def test_who_replaces_the_transport_of_httpx_sees_every_request(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    with Network(QUIET) as transport:
        assert isinstance(transport.send(get(refused), 5), TransportFailure)
        with monkeypatch.context() as patch:
            patch.setattr(httpx.HTTPTransport, "handle_request", replaced)
            reply = transport.send(get(refused), 5)
            assert isinstance(reply, Response)
            assert reply.status == 299
        assert isinstance(transport.send(get(refused), 5), TransportFailure)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore.HTTPConnection, "handle_request"),
        (httpcore.AsyncConnectionPool, "handle_async_request"),
        (httpcore.AsyncHTTPConnection, "handle_async_request"),
    ],
)
def test_a_replacement_is_noticed_though_it_bears_the_name_of_what_it_replaces(
    kind: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_replaced()
    original = getattr(kind, method)
    monkeypatch.setattr(kind, method, functools.wraps(original)(lambda *given: original(*given)))
    assert is_replaced()


@pytest.fixture(params=["lean", "lean-async"])
def send_lean(request: pytest.FixtureRequest) -> Any:
    """`send_all`, by sockets only: it does what httpx does not."""
    return sender(request.param)


def test_a_class_in_the_place_of_a_transport_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "HTTPTransport", object)
    assert is_replaced()


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch, send_lean: SendAll) -> None:
    with serve(always(answer())) as server:
        found = [(family, (host, server.port)) for family, host in ((V6, "::1"), (V4, "127.0.0.2"), (V4, "127.0.0.1"))]
        resolve(monkeypatch, found)
        assert isinstance(send_lean(get(server.url(host="several.example")))[0], Response)


def test_the_next_address_is_tried_when_one_says_nothing(monkeypatch: pytest.MonkeyPatch, send_lean: SendAll) -> None:
    with full() as (silent, port), serve(always(answer())) as server:
        resolve(monkeypatch, [(V4, (silent, port)), (V4, ("127.0.0.1", server.port))])
        assert isinstance(send_lean(get(server.url(host="several.example")))[0], Response)


def test_a_host_that_refuses_at_every_address_says_so(monkeypatch: pytest.MonkeyPatch, send_lean: SendAll) -> None:
    port = refused_port()
    resolve(monkeypatch, [(V4, ("127.0.0.2", port)), (V4, ("127.0.0.1", port))])
    [reply] = send_lean(get(f"http://several.example:{port}/"))
    assert reply == TransportFailure("connect", f"connection to several.example:{port} refused")


def test_addresses_that_say_nothing_are_late(monkeypatch: pytest.MonkeyPatch, send_lean: SendAll) -> None:
    with full() as (silent, port):
        for found in ([(V4, (silent, port))], [(V4, (silent, port)), (V4, ("127.0.0.2", port))]):
            resolve(monkeypatch, found)
            [reply] = send_lean(get(f"http://several.example:{port}/"), timeout=0.4)
            assert reply == TransportFailure("timeout", "no response within 0.4 s")


def test_a_connection_that_closes_in_the_head_of_an_answer_is_not_sent_the_request_again(send_lean: SendAll) -> None:
    def breaks_off(connection: Connection) -> None:
        connection.request()
        connection.send(answer())
        connection.request()
        connection.send(b"HTTP/1.1 200")

    with serve(breaks_off) as server:
        _, failure = send_lean(get(server.url()), get(server.url()))
        assert failure == TransportFailure("closed", "the server closed the connection before it answered")
        assert (server.connections, len(server.received)) == (1, 2)


def test_no_more_connections_are_kept_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_IDLE", 1)
    with serve(at_once(2)) as server, Network(QUIET) as transport:
        together(transport, server.url(), 2)
        for _ in range(2):
            transport.send(get(server.url()), 5)
        assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LONGEST_IDLE", 0.0)
    with serve(always(answer())) as server, Network(QUIET) as transport:
        for _ in range(3):
            transport.send(get(server.url()), 5)
        assert server.connections == 3


def test_a_task_that_is_cancelled_leaves_no_connection_behind() -> None:
    asked, left = threading.Event(), threading.Event()

    def behave(connection: Connection) -> None:
        connection.request()
        asked.set()
        connection.wait()
        left.set()

    async def cancel(url: str) -> None:
        async with AsyncNetwork(QUIET) as transport:
            task = asyncio.create_task(transport.send(get(url), 5))
            assert await asyncio.to_thread(asked.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(left.wait, 5)

    with serve(behave) as server:
        asyncio.run(cancel(server.url()))
        assert len(server.received) == 1


def test_tasks_have_connections_of_their_own() -> None:
    async def send(url: str) -> list[Reply]:
        async with AsyncNetwork(QUIET) as transport:
            return list(await asyncio.gather(*(transport.send(get(url), 5) for _ in range(8))))

    with serve(at_once(8)) as server:
        assert [type(reply) for reply in asyncio.run(send(server.url()))] == [Response] * 8
        assert server.connections == 8


def test_connections_are_closed_with_the_transport() -> None:
    left = threading.Event()

    def behave(connection: Connection) -> None:
        always(answer())(connection)
        left.set()

    with serve(behave) as server:
        with Network(QUIET) as transport:
            transport.send(get(server.url()), 5)
            assert not left.is_set()
        assert left.wait(5)


def test_threads_have_connections_of_their_own() -> None:
    with serve(at_once(8)) as server, Network(QUIET) as transport:
        together(transport, server.url(), 8)
        assert server.connections == 8


def at_once(count: int) -> Any:
    """Answer once so many requests are there."""
    barrier = threading.Barrier(count)

    def behave(connection: Connection) -> None:
        connection.request()
        barrier.wait(5)
        connection.send(answer())
        always(answer())(connection)

    return behave


def together(transport: Network, url: str, count: int) -> None:
    replies: list[object] = []
    threads = [threading.Thread(target=lambda: replies.append(transport.send(get(url), 5))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(reply) for reply in replies] == [Response] * count


def moody(connection: Connection) -> None:
    """Answer with the path that was asked for, framed in every way, and break off or say too much now and then."""
    mood = random.Random(connection.number)
    while received := connection.request():
        body = received.line.split(" ")[1].encode() * mood.choice([1, 5000])
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:700], body[700:]) if part)
        match mood.randrange(12):
            case 0:
                return
            case 1:
                connection.send(answer(body=body)[:-1])
                return
            case 2:
                connection.send(answer(body=body))
                return
            case 3:
                connection.send(answer(body=body) + answer(body=b"unasked"))
            case 4 | 5 | 6:
                connection.send(answer("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
            case _:
                connection.send(answer(body=body))


def test_no_answer_ever_reaches_the_request_of_another() -> None:
    replies: dict[str, Reply] = {}

    def send_some(transport: Network, url: str, name: int) -> None:
        for count in range(20):
            path = f"/{name}-{count}-"
            replies[path] = transport.send(get(url + path), 5)

    with serve(moody) as server, Network(QUIET) as transport:
        given = [(transport, server.url(""), name) for name in range(12)]
        threads = [threading.Thread(target=send_some, args=each) for each in given]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert strays(replies) == []


def test_no_answer_ever_reaches_the_request_of_another_task() -> None:
    replies: dict[str, Reply] = {}

    async def send_some(transport: AsyncNetwork, url: str, name: int) -> None:
        for count in range(20):
            path = f"/{name}-{count}-"
            replies[path] = await transport.send(get(url + path), 5)

    async def send_all_at_once(url: str) -> None:
        async with AsyncNetwork(QUIET) as transport:
            await asyncio.gather(*(send_some(transport, url, name) for name in range(12)))

    with serve(moody) as server:
        asyncio.run(send_all_at_once(server.url("")))
    assert strays(replies) == []


def strays(replies: dict[str, Reply]) -> list[str]:
    answered = {path: reply.body.decode() for path, reply in replies.items() if isinstance(reply, Response)}
    assert len(replies) == 240
    assert len(answered) > 120
    return [path for path, body in answered.items() if not body or body.replace(path, "")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_opens_connections_of_its_own() -> None:
    code = (
        "import os, sys\n"
        "from runner.exchange import Request\n"
        "from runner.shell.network import Network\n"
        "from runner.shell.options import HttpOptions\n"
        "transport = Network(HttpOptions(trust_env=False))\n"
        "send = lambda: transport.send(Request('GET', sys.argv[1]), 5).status\n"
        "send()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if send() == 200 else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert send() == 200\n"
    )
    with serve(always(answer())) as server:
        subprocess.run([sys.executable, "-c", code, server.url()], check=True)
        assert (server.connections, len(server.received)) == (2, 3)


def test_families_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, [(V6, ("::1", 80)), (V6, ("::2", 80)), (V4, ("127.0.0.1", 80)), (V6, ("::1", 80))])
    assert [address.where[0] for address in connection.addresses_of("h", 80, Reach(ANYWHERE))] == [
        "::1",
        "127.0.0.1",
        "::2",
    ]


def resolve(monkeypatch: pytest.MonkeyPatch, found: list[tuple[int, tuple[str, int]]]) -> None:
    answers = [(family, socket.SOCK_STREAM, 6, "", where) for family, where in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


class full:  # noqa: N801 - used like `serve`
    """An address that takes no connection and refuses none: its queue is full."""

    def __enter__(self) -> tuple[str, int]:
        self.listener = socket.socket()
        self.listener.bind(("", 0))
        self.listener.listen(0)
        where = ("127.0.0.1", self.listener.getsockname()[1])
        self.waiting = [socket.socket() for _ in range(4)]
        for sock in self.waiting:
            sock.setblocking(False)
            sock.connect_ex(where)
        return where

    def __exit__(self, *_: object) -> None:
        for sock in (*self.waiting, self.listener):
            sock.close()

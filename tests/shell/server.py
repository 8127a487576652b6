"""A server on 127.0.0.1 that does to each connection what a test says, however rude."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest


@dataclass(frozen=True)
class Received:
    """A request as it came in: the bytes up to the empty line, and the body its Content-Length announced."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def fields(self) -> list[tuple[str, str]]:
        lines = self.head.decode("utf-8").split("\r\n")[1:]
        return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]

    def field(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)


class Connection:
    """One connection of a client; `number` counts from 1."""

    def __init__(self, sock: socket.socket, number: int, received: list[Received]) -> None:
        self.sock = sock
        self.number = number
        self._received = received

    def request(self) -> Received | None:
        """Read one request; nothing once the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := self.sock.recv(65536)):
                return None
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        announced = Received(head, b"").field("content-length")
        while len(body) < int(announced or 0):
            body += self.sock.recv(65536)
        self._received.append(Received(head, body))
        return self._received[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self) -> None:
        """Say nothing until the client goes away."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Close with a RST, as a crashed server's machine does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Behaviour: TypeAlias = Callable[[Connection], None]


@dataclass
class Server:
    """A running server: where it is, what came in, how many connections it took, and a count of those it closed."""

    port: int
    scheme: str
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextlib.contextmanager
def serve(behaviour: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Run a server for the length of a `with` block; each connection gets a thread."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"nothing can listen on {host} here")
    server = Server(listener.getsockname()[1], "https" if tls else "http")
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def attend(sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):  # the client left, or the test is over
            if tls:
                sock = tls.wrap_socket(sock, server_side=True)
                open_sockets.append(sock)
            behaviour(Connection(sock, number, server.received))
        sock.close()
        server.closed.release()

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            open_sockets.append(sock)
            threads.append(threading.Thread(target=attend, args=(sock, server.connections), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for sock in open_sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        for sock in open_sockets:
            sock.close()


def answer(*fields: str, body: bytes = b"", status: str = "200 OK") -> bytes:
    """Write a response; Content-Length is added, unless the fields say how the body is framed."""
    framed = any(field.lower().startswith(("content-length", "transfer-encoding")) for field in fields)
    lines = [f"HTTP/1.1 {status}", *fields, *([] if framed else [f"Content-Length: {len(body)}"]), "", ""]
    return "\r\n".join(lines).encode() + body


def always(data: bytes) -> Behaviour:
    """Answer every request on a connection with the same bytes and keep it alive."""

    def behave(connection: Connection) -> None:
        while connection.request():
            connection.send(data)

    return behave


def once(data: bytes) -> Behaviour:
    """Answer one request with these bytes and close."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(data)

    return behave


def routes(table: dict[str, bytes]) -> Behaviour:
    """Answer by path, everything else with 404."""

    def behave(connection: Connection) -> None:
        while received := connection.request():
            connection.send(table.get(received.line.split(" ")[1].partition("?")[0], answer(status="404 Not Found")))

    return behave


def refused_port() -> int:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

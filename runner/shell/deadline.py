"""Turns the connections of httpcore into ones that go where they may, and keep to the deadline of their request.

httpcore hands the same timeout to every single read, so a server that sends a byte now and then is never late. Here
every operation gets what is left instead. A synchronous request lives in one thread from its beginning to its end, and
so does its deadline. (Awaited requests need no deadline here: `asyncio.timeout` bounds them whole.) The addresses of a
host are looked up here, so that those which are connected to are those which were judged.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import httpcore

from runner.shell.reach import Reach

Info: TypeAlias = tuple[Any, ...]
"""What `getaddrinfo` gives for an address."""

WRITE_SIZE = 65536
"""Bytes handed on at once: the time is looked at between any two of these."""

_limit = threading.local()


def within(seconds: float | None) -> None:
    """Give everything this thread sends and receives from now on so many seconds in all."""
    _limit.until = None if seconds is None else time.monotonic() + seconds


def _left(late: type[Exception]) -> float | None:
    until: float | None = getattr(_limit, "until", None)
    if until is None:
        return None
    if (left := until - time.monotonic()) <= 0:
        raise late
    return left


def keep_watch(pool: httpcore.ConnectionPool | httpcore.AsyncConnectionPool, reach: Reach) -> None:
    """Let the connections of a pool go where they may, and keep to the deadline of the request they carry."""
    if isinstance(pool, httpcore.AsyncConnectionPool):
        pool._network_backend = JudgedBackend(pool._network_backend, reach)
    else:
        pool._network_backend = BoundedBackend(pool._network_backend, reach)


def look_up(host: str, port: int) -> list[Info]:
    """Give the addresses of a host; none where it has none."""
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return []


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that keep to the deadline; all addresses of a host share it."""

    def __init__(self, inner: httpcore.NetworkBackend, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        refusal: Exception = httpcore.ConnectError("no address")
        for address in self._addresses(host, port):
            left = _left(httpcore.ConnectTimeout)
            try:
                return BoundedStream(self._inner.connect_tcp(address, port, left, local_address, socket_options))
            except httpcore.ConnectError as error:
                refusal = error
        raise refusal

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return _texts(self._reach.permitted(host, port, found))


def _texts(found: Sequence[Info]) -> list[str]:
    return list(dict.fromkeys(str(info[-1][0]) for info in found))


class JudgedBackend(httpcore.AsyncNetworkBackend):
    """Opens awaited connections, to the addresses of a host that may be reached."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        refusal: Exception = httpcore.ConnectError("no address")
        for address in _texts(self._reach.permitted(host, port, found)):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                refusal = error
        raise refusal


class BoundedStream(httpcore.NetworkStream):
    """A connection on which every read and write gets what is left of the time."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_SIZE):
            self._inner.write(buffer[start : start + WRITE_SIZE], _left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, _left(httpcore.ConnectTimeout))
        if isinstance(sock := stream.get_extra_info("socket"), ssl.SSLSocket):
            # an end without a farewell may be anybody's doing (RFC 9112, 9.8)
            sock.suppress_ragged_eofs = False  # type: ignore[attr-defined]
        return BoundedStream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

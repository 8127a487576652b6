"""Turns the connections of httpcore into ones that keep to a deadline: the one their request has, however they trickle.

httpcore hands the same timeout to every single read, so a server that sends a byte now and then is never late. Here
every operation gets what is left instead. A synchronous request lives in one thread from its beginning to its end, and
so does its deadline. (Awaited requests need none of this: `asyncio.timeout` bounds them whole.)
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

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


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that keep to the deadline; all addresses of a host share it."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        refusal: Exception = httpcore.ConnectError("no address")
        for address in _addresses(host, port):
            left = _left(httpcore.ConnectTimeout)
            try:
                return BoundedStream(self._inner.connect_tcp(address, port, left, local_address, socket_options))
            except httpcore.ConnectError as error:
                refusal = error
        raise refusal


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
        return BoundedStream(self._inner.start_tls(ssl_context, server_hostname, _left(httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

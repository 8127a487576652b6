"""Turns a host and port into a connection whose every operation keeps to the deadline of the request it carries."""

from __future__ import annotations

import errno
import os
import socket
import time
from contextlib import ExitStack, suppress
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    import ssl

_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

PIECE = 65536
"""Bytes that are read at once, or handed on: the time is looked at between any two pieces."""

HEAD_START = 0.25
"""Seconds after which the next address of a host is tried as well (RFC 8305, 5)."""


class Address(NamedTuple):
    """An address family, and what `connect` takes."""

    family: int
    where: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


def left(until: float | None) -> float | None:
    """Give the seconds until then; raises TimeoutError where there are none."""
    if until is None:
        return None
    if (seconds := until - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


class Connection:
    """A connection. `until` is a time by the monotonic clock, None is no bound; raises OSError and TimeoutError."""

    __slots__ = ("_quiet", "sock")

    def __init__(self, sock: socket.socket, quiet: type[OSError] = BlockingIOError) -> None:
        self.sock = sock
        self._quiet = quiet

    def send(self, head: bytes, body: bytes, until: float | None) -> None:
        """Send all of it, in one piece where it is small."""
        if len(body) <= PIECE:
            self.sock.settimeout(left(until))
            self.sock.sendall(head + body)
            return
        self.send(head, b"", until)
        rest = memoryview(body)
        for start in range(0, len(body), PIECE):
            self.sock.settimeout(left(until))
            self.sock.sendall(rest[start : start + PIECE])

    def receive(self, until: float | None) -> bytes:
        """Give what has come, or what comes next; nothing at the end."""
        self.sock.settimeout(left(until))
        return self.sock.recv(PIECE)

    def is_stale(self) -> bool:
        """Say whether an idle connection was closed, or sent what nobody asked for: it is of no use any more."""
        try:
            self.sock.settimeout(0)
            self.sock.recv(1)
        except self._quiet:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        with suppress(OSError):
            self.sock.close()


def connect(host: str, port: int, until: float | None) -> Connection:
    """Open a connection to the first address of a host that takes one."""
    addresses = addresses_of(host, port)
    sock = _race(addresses, until) if len(addresses) > 1 else _reached(addresses[0], until)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(sock)


def secure(plain: Connection, context: ssl.SSLContext, host: str, until: float | None) -> Connection:
    """Speak TLS on a connection; `host` is whose certificate is expected, and the name that is asked for (SNI)."""
    import ssl

    try:
        plain.sock.settimeout(left(until))
        return Connection(context.wrap_socket(plain.sock, server_hostname=host), ssl.SSLWantReadError)
    except BaseException:
        plain.close()
        raise


def addresses_of(host: str, port: int) -> list[Address]:
    """Give the addresses of a host, the families by turns (RFC 8305, 4)."""
    found = [Address(family, where) for family, _, _, _, where in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)]
    first = [each for each in found if each.family == found[0].family]
    others = [each for each in found if each.family != found[0].family]
    turns = [each for pair in zip_longest(first, others) for each in pair if each is not None]
    return list(dict.fromkeys(turns))


def _reached(address: Address, until: float | None) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(left(until))
        sock.connect(address.where)
    except BaseException:
        sock.close()
        raise
    return sock


def _race(addresses: list[Address], until: float | None) -> socket.socket:
    """Try addresses one after the other, the next a moment later or when one fails; the first to answer wins."""
    import selectors

    refusal = 0
    with selectors.DefaultSelector() as running, ExitStack() as begun:
        while addresses or running.get_map():
            if addresses:
                address, *addresses = addresses
                sock = begun.enter_context(socket.socket(address.family, socket.SOCK_STREAM))
                sock.setblocking(False)
                if (code := sock.connect_ex(address.where)) not in _UNDER_WAY:
                    refusal = code
                    continue
                running.register(sock, selectors.EVENT_WRITE)
            for key, _ in running.select(_patience(bool(addresses), until)):
                sock = cast(socket.socket, key.fileobj)
                running.unregister(sock)
                refusal = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not refusal:
                    return _taken(sock)
    raise OSError(refusal, os.strerror(refusal))


def _patience(others: bool, until: float | None) -> float | None:
    """Give the seconds to wait for an address: not for long where there are others."""
    seconds = left(until)
    return min(HEAD_START, seconds or HEAD_START) if others else seconds


def _taken(sock: socket.socket) -> socket.socket:
    """Take over a connection from a socket that is about to be closed."""
    return socket.socket(sock.family, sock.type, sock.proto, sock.detach())

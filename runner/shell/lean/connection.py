"""Turns a host and port into a connection on which every wait ends with the patience of the request it carries."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from itertools import zip_longest
from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from runner.shell.clock import SLICE, never
from runner.shell.reach import Reach
from runner.shell.turn import ALONE, Turn

if TYPE_CHECKING:
    import ssl

_CAN_POLL = hasattr(select, "poll")
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

PIECE = 65536
"""Bytes that are read at once, or handed on."""

A_DAY = 86400.0
"""Seconds: what `poll` is asked for at once has bounds."""

A_MOMENT = 0.0002
"""Seconds that a server nearby takes to answer, and that it costs to let another thread compute meanwhile."""

HEAD_START = 0.25
"""Seconds after which the next address of a host is tried as well (RFC 8305, 5)."""


class Address(NamedTuple):
    """An address family, and what `connect` takes."""

    family: int
    where: Where


Where: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Info: TypeAlias = tuple[int, int, int, str, Where]
"""What `getaddrinfo` gives for an address."""

Event: TypeAlias = Literal["read", "write"]


class Patience:
    """How long one request may wait: so many seconds from now, None is no bound, and until the run is cancelled.

    Ctrl-C breaks into the main thread by itself; any other thread asks `cancelled` now and then. It leaves its `turn`
    to wait.
    """

    __slots__ = ("_asks", "_cancelled", "_until", "turn")

    def __init__(self, seconds: float | None, cancelled: Callable[[], bool] = never, turn: Turn = ALONE) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        self._cancelled = cancelled
        self._asks = cancelled is not never
        self.turn = turn

    def left(self) -> float | None:
        """Give the seconds that may pass before this is asked again; raises TimeoutError, or KeyboardInterrupt."""
        if self._asks and self._cancelled():
            raise KeyboardInterrupt
        if self._until is None:
            return SLICE if self._asks else None
        if (seconds := self._until - time.monotonic()) <= 0:
            raise TimeoutError
        return min(seconds, SLICE) if self._asks else seconds

    def wait(self, fileno: int, event: Event) -> None:
        """Wait until a socket can be read, or written; raises what `left` does."""
        turn = self.turn
        if not turn.kept:
            self._wait(fileno, event)
            return
        if is_ready(fileno, event, 0) or turn.glanced(lambda: is_soon_ready(fileno, event)):
            return
        if not (turn.passed() and is_ready(fileno, event, 0)):
            with turn.left():
                self._wait(fileno, event)

    def _wait(self, fileno: int, event: Event) -> None:
        while not is_ready(fileno, event, self.left()):
            pass


class Connection:
    """A connection that is waited for with patience; raises OSError, and what `Patience.left` does."""

    __slots__ = ("sock",)

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.setblocking(False)

    def send(self, head: bytes, body: bytes, patience: Patience) -> None:
        """Send all of it, in one piece where it is small."""
        if len(body) > PIECE:
            self._send(head, patience)
            self._send(body, patience)
        else:
            self._send(head + body, patience)

    def _send(self, data: bytes, patience: Patience) -> None:
        rest = memoryview(data)
        while rest:
            patience.left()
            try:
                rest = rest[self.sock.send(rest[:PIECE]) :]
            except BlockingIOError:
                patience.wait(self.sock.fileno(), "write")

    def receive(self, patience: Patience) -> bytes:
        """Give what has come, or what comes next; nothing at the end."""
        while True:
            patience.wait(self.sock.fileno(), "read")
            try:
                return self.sock.recv(PIECE)
            except BlockingIOError:
                continue

    def is_stale(self) -> bool:
        """Say whether an idle connection was closed, or sent what nobody asked for: it is of no use any more."""
        return is_ready(self.sock.fileno(), "read", 0)

    def close(self) -> None:
        with suppress(OSError):
            self.sock.close()


class SecureConnection(Connection):
    """The same with TLS, of which one read or write may take several of both."""

    __slots__ = ()

    def _send(self, data: bytes, patience: Patience) -> None:
        rest = memoryview(data)
        while rest:
            self.sock.settimeout(patience.left())
            with suppress(TimeoutError):
                rest = rest[self.sock.send(rest[:PIECE]) :]

    def receive(self, patience: Patience) -> bytes:
        with patience.turn.left():
            while True:
                self.sock.settimeout(patience.left())
                with suppress(TimeoutError):
                    return self.sock.recv(PIECE)


def is_ready(fileno: int, event: Event, seconds: float | None) -> bool:
    """Say whether a socket can be read, or written, within so many seconds, or a day."""
    if not _CAN_POLL:
        reads, writes = [fileno] * (event == "read"), [fileno] * (event == "write")
        return any(select.select(reads, writes, [], seconds))
    poll = select.poll()
    poll.register(fileno, select.POLLIN if event == "read" else select.POLLOUT)
    return bool(poll.poll(ceil(min(seconds, A_DAY) * 1000) if seconds else seconds))


def is_soon_ready(fileno: int, event: Event) -> bool:
    """Say whether a socket can be read, or written, within `A_MOMENT`: `poll` counts milliseconds."""
    fds = [fileno]
    try:
        return any(select.select(*((fds, [], []) if event == "read" else ([], fds, [])), A_MOMENT))
    except ValueError:  # it has too high a number for `select`
        return False


def connect(host: str, port: int, patience: Patience, reach: Reach) -> Connection:
    """Open a connection to the first address of a host that takes one, of those that may be reached."""
    sock = _race(addresses_of(host, port, reach), patience)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(sock)


def secure(plain: Connection, context: ssl.SSLContext, host: str, patience: Patience) -> Connection:
    """Speak TLS on a connection; `host` is whose certificate is expected, and the name that is asked for (SNI)."""
    try:
        plain.sock.settimeout(None)
        # ragged: an end without a farewell may be anybody's doing, and a body up to it is not whole (RFC 9112, 9.8)
        sock = context.wrap_socket(
            plain.sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
    except BaseException:
        plain.close()
        raise
    connection = SecureConnection(sock)
    try:
        _shake_hands(sock, patience)
    except BaseException:
        connection.close()
        raise
    return connection


def _shake_hands(sock: ssl.SSLSocket, patience: Patience) -> None:
    while True:
        sock.settimeout(patience.left())
        with suppress(TimeoutError):
            sock.do_handshake()
            return


def addresses_of(host: str, port: int, reach: Reach) -> list[Address]:
    """Give the addresses of a host in the order in which they are tried; raises FailedError where none may be."""
    return in_turns(reach.permitted(host, port, socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def in_turns(infos: Iterable[Info]) -> list[Address]:
    """Give the addresses that a resolver found, the families by turns (RFC 8305, 4)."""
    found = [Address(family, where) for family, _, _, _, where in infos]
    first = [each for each in found if each.family == found[0].family]
    others = [each for each in found if each.family != found[0].family]
    turns = [each for pair in zip_longest(first, others) for each in pair if each is not None]
    return list(dict.fromkeys(turns))


def _race(addresses: list[Address], patience: Patience) -> socket.socket:
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
            for key, _ in running.select(_pause(bool(addresses), patience)):
                sock = cast(socket.socket, key.fileobj)
                running.unregister(sock)
                refusal = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not refusal:
                    return _taken(sock)
    raise OSError(refusal, os.strerror(refusal))


def _pause(others: bool, patience: Patience) -> float | None:
    """Give the seconds to wait for an address: not for long where there are others."""
    seconds = patience.left()
    return min(HEAD_START, seconds or HEAD_START) if others else seconds


def _taken(sock: socket.socket) -> socket.socket:
    """Take over a connection from a socket that is about to be closed."""
    return socket.socket(sock.family, sock.type, sock.proto, sock.detach())

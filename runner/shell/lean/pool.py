"""Keeps connections that may be used again, each by where it leads and how TLS is spoken on it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Generic, NamedTuple, Protocol, TypeVar

from runner.shell.trust import Terms

MOST_IDLE = 64
LONGEST_IDLE = 5.0
"""Seconds: servers close idle connections, and one that is about to be closed is no place for a request."""


class Way(NamedTuple):
    """Who is at the other end of a connection, and the terms of its TLS, None where it is plain."""

    host: str
    port: int
    terms: Terms | None


class Keepable(Protocol):
    """A connection, as far as a pool knows it."""

    def is_stale(self) -> bool: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=Keepable)


class _Idle(NamedTuple, Generic[C]):
    connection: C
    since: float


class Pool(Generic[C]):
    """Idle connections, for any number of threads; a forked process begins without any."""

    def __init__(self) -> None:
        self._idle: dict[Way, list[_Idle[C]]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def take(self, way: Way) -> C | None:
        """Give the connection that was used last, if there is one that still works."""
        if self._owner != os.getpid():
            self._disown()
        while True:
            with self._lock:
                if not (kept := self._idle.get(way)):
                    return None
                self._count -= 1
                connection, since = kept.pop()
            if time.monotonic() - since < LONGEST_IDLE and not connection.is_stale():
                return connection
            connection.close()

    def _disown(self) -> None:
        """Leave to the parent of a forked process what is the parent's; its lock may have been held at that moment."""
        self._lock, self._owner = threading.Lock(), os.getpid()
        self.close()

    def put(self, way: Way, connection: C) -> None:
        """Keep a connection, unless there are many."""
        with self._lock:
            if self._count < MOST_IDLE:
                self._count += 1
                self._idle.setdefault(way, []).append(_Idle(connection, time.monotonic()))
                return
        connection.close()

    def tidy(self) -> None:
        """Close those that have been idle for too long."""
        oldest = time.monotonic() - LONGEST_IDLE
        with self._lock:
            old = [each for kept in self._idle.values() for each in kept if each.since <= oldest]
            fresh = ((way, [each for each in kept if each.since > oldest]) for way, kept in self._idle.items())
            self._idle = {way: kept for way, kept in fresh if kept}
            self._forget(old)

    def _forget(self, old: Iterable[_Idle[C]]) -> None:
        for each in old:
            self._count -= 1
            each.connection.close()

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            idle, self._idle = self._idle, {}
            self._forget(each for kept in idle.values() for each in kept)

"""Lets one of many threads compute at a time, and all of them wait for replies: to fight for the interpreter is dear.

A thread that comes back from each of its many calls of the system has to win the interpreter from the others again. It
wins it once for each reply where the others wait for their turn meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from runner.exchange import Clock, Reply, Request, Transport
from runner.records import Frozen, Mutable, field
from runner.shell.clock import ClockInside


class Turn(Mutable):
    """What threads that share it hold while they compute; nothing at all unless it is `kept`."""

    kept: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)
    HIDDEN = ("_lock",)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Compute: wait until no other thread does."""
        with self._lock if self.kept else nullcontext():
            yield

    @contextmanager
    def left(self) -> Iterator[None]:
        """Let others compute, for as long as nothing is done but to wait."""
        if not self.kept:
            yield
            return
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()

    def transport(self, inner: Transport) -> Transport:
        """Give a transport during whose requests others compute."""
        return _Transport(self, inner)

    def clock(self, inner: Clock) -> Clock:
        """Give a clock during whose sleeps others compute."""
        return ClockInside(inner, self.left)


class _Transport(Frozen):
    turn: Turn
    inner: Transport

    def send(self, request: Request, timeout: float | None) -> Reply:
        with self.turn.left():
            return self.inner.send(request, timeout)

"""Lets one of many threads compute at a time, and all of them wait for replies: to fight for the interpreter is dear.

A thread that comes back from each of its many calls of the system has to win the interpreter from the others again. It
wins it once for each reply where the others wait for their turn meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from runner.exchange import Clock
from runner.records import Mutable, field
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

    @property
    def apart(self) -> Callable[[], AbstractContextManager[None]] | None:
        """What a transport does the waiting for its requests inside of."""
        return self.left if self.kept else None

    def clock(self, inner: Clock) -> Clock:
        """Give a clock during whose sleeps others compute."""
        return ClockInside(inner, self.left) if self.kept else inner

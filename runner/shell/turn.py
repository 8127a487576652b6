"""Lets one of many threads compute at a time, and all of them wait for replies: to fight for the interpreter is dear.

A thread that comes back from each of its many calls of the system has to win the interpreter from the others again. It
wins it once for each reply where the others wait for their turn meanwhile. Who waits gets it in the order of asking.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from runner.exchange import Clock
from runner.records import Mutable, field
from runner.shell.clock import ClockInside

UNSEEN: Final = 30
"""Times that nobody looks after a look that was in vain: most servers are not so near."""


class Turn(Mutable):
    """What threads that share it hold while they compute; nothing at all unless it is `kept`."""

    kept: bool = True
    _taken: bool = False
    _unseen: int = 0
    _waiting: deque[threading.Lock] = field(default_factory=deque)
    _door: threading.Lock = field(default_factory=threading.Lock)
    HIDDEN = ("_waiting", "_door")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Compute: wait until no other thread does."""
        self._take()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Let others compute, for as long as nothing is done but to wait."""
        self._leave()
        try:
            yield
        finally:
            self._take()

    def glanced(self, look: Callable[[], bool]) -> bool:
        """Look once more before the turn is passed on; where it was in vain, not the next times."""
        if self._unseen:
            self._unseen -= 1
            return False
        is_there = look()
        self._unseen = 0 if is_there else UNSEEN
        return is_there

    def passed(self) -> bool:
        """Let those compute who want to, each once, before this thread goes on; False where nobody does."""
        with self._door:
            if not self._waiting:
                return False
            place = self._queued()
            self._waiting.popleft().release()
        place.acquire()
        return True

    def clock(self, inner: Clock) -> Clock:
        """Give a clock during whose sleeps others compute."""
        return ClockInside(inner, self.left) if self.kept else inner

    def _take(self) -> None:
        if not self.kept:
            return
        with self._door:
            if not self._taken:
                self._taken = True
                return
            place = self._queued()
        place.acquire()

    def _leave(self) -> None:
        if not self.kept:
            return
        with self._door:
            if self._waiting:
                self._waiting.popleft().release()  # the turn is the next one's, and never free in between
            else:
                self._taken = False

    def _queued(self) -> threading.Lock:
        """Give a lock that is released when it is this thread's turn."""
        place = threading.Lock()
        place.acquire()
        self._waiting.append(place)
        return place


ALONE: Final = Turn(kept=False)
"""The turn of a thread that shares it with nobody."""

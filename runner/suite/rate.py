"""Spaces the requests of many runs evenly: each is given its moment, and the time until then is nobody's."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from runner.errors import UsageError
from runner.exchange import Clock
from runner.records import Frozen, Mutable, field

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)/(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
NO_TIME = 1e-6
"""Seconds that are no reason to wait: clocks round."""


def read_rate(text: str) -> float:
    """Read `50/s`, `100/m` or `10/h` as the seconds from one request to the next."""
    found = _RATE.fullmatch(text)
    if not found or not float(found[1]):
        raise UsageError(f"--rate {text}: write N/s, N/m or N/h, such as 50/s")
    return _SECONDS[found[2]] / float(found[1])


class Turns(Protocol):
    """Whatever gives the seconds until it is one's turn."""

    def take(self, now: float) -> float: ...


class Bucket(Mutable):
    """A bucket of one token that is filled again every `interval` seconds, for any number of threads."""

    interval: float
    _next: float = float("-inf")
    _behind: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    HIDDEN = ("_lock",)

    def waits(self, now: Callable[[], float]) -> Iterator[float]:
        """Take a token, and give the seconds until it is there; again where somebody took one before it meanwhile."""
        with self._lock:
            at, behind = self._taken(now()), self._behind
        while (left := at + self._behind - behind - now()) > NO_TIME:
            yield left

    def take_first(self, now: float) -> None:
        """Take a token before all who wait for one."""
        with self._lock:
            self._taken(now)
            self._behind += self.interval

    def _taken(self, now: float) -> float:
        at = max(now, self._next)
        self._next = at + self.interval
        return at


class OwnTime:
    """A clock that stands still while its run waits for a token, so that no timeout and no duration counts that."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner
        self._paused = 0.0
        self.now = inner.now

    def monotonic(self) -> float:
        return self._inner.monotonic() - self._paused

    def whole(self) -> float:
        """Give the seconds of `monotonic` with those that it stood still."""
        return self._inner.monotonic()

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)

    def wait(self, turns: Turns) -> None:
        """Wait for a turn."""
        if seconds := turns.take(self.whole()):
            self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Sleep, and count none of it."""
        began = self.whole()
        self._inner.sleep(seconds)
        self._paused += self.whole() - began


class Rate(Frozen):
    """The gate of one run, at which each request waits for a token, or takes one before all who wait."""

    bucket: Bucket
    clock: OwnTime

    def enter(self, url: str, at_once: bool) -> None:
        if at_once:
            self.bucket.take_first(self.clock.whole())
            return
        for seconds in self.bucket.waits(self.clock.whole):
            self.clock.pause(seconds)

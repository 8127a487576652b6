"""Spaces the requests to a host for all workers together, and bounds how many of one worker's are under way at once."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final
from urllib.parse import urlsplit

from runner.exchange import Reply, Request, Transport
from runner.fleet.database import Database
from runner.records import Frozen, Mutable, field
from runner.shell.clock import SLICE
from runner.suite.rate import OwnTime

AHEAD: Final = 0.25
"""Seconds for which a worker takes turns ahead: a fast rate does not cost a transaction for each request."""
EVERY: Final = "*"
"""The host that stands for each one that has nothing said of it."""


class HostTurns:
    """The turns of one host, taken from the database some at a time; `interval` is in seconds."""

    def __init__(self, database: Database, host: str, interval: float) -> None:
        self._database = database
        self._host = host
        self._interval = interval
        self._many = max(int(AHEAD / interval), 1)
        self._turns: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self, now: float) -> float:
        """Take a turn, and give the seconds until it is there; `now` is by a clock that only ever grows.

        What asking the database takes is time that passes: no turn comes earlier for it.
        """
        ahead = now - time.monotonic()
        with self._lock:
            while self._turns and self._turns[0] < now - AHEAD:
                self._turns.popleft()  # it is over: nobody gets it any more
            if not self._turns:
                first = self._first() + ahead + time.monotonic()
                self._turns.extend(first + place * self._interval for place in range(self._many))
            return max(self._turns.popleft() - ahead - time.monotonic(), 0.0)

    def _first(self) -> float:
        """Take the next turns for all workers, and give the seconds until the first of them."""
        whole = self._many * self._interval
        rows = self._database.rows(
            "INSERT INTO fleet_host (host, free) VALUES (?, @now + ?) ON CONFLICT (host) DO UPDATE SET"
            " free = CASE WHEN fleet_host.free > @now THEN fleet_host.free ELSE @now END + ?"
            " RETURNING free - ? - @now",
            self._host,
            whole,
            whole,
            whole,
        )
        return float(rows[0][0])


class Traffic(Frozen):
    """What is said of hosts: seconds from one request to the next, and how many may be under way, by name or `*`."""

    intervals: Mapping[str, float] = field(default_factory=dict)
    many: Mapping[str, int] = field(default_factory=dict)


class Lights:
    """The traffic of one worker, told for all of its rows."""

    def __init__(self, database: Database, traffic: Traffic) -> None:
        self._database = database
        self._traffic = traffic
        self._turns: dict[str, HostTurns] = {}
        self._under_way: defaultdict[str, list[threading.Semaphore]] = defaultdict(list)
        self._lock = threading.Lock()

    def transport(self, inner: Transport, clock: OwnTime) -> Transport:
        """Give a transport whose requests keep to it; waiting for a turn is not time that the run takes."""
        if not (self._traffic.intervals or self._traffic.many):
            return inner
        return Paced(inner, self, clock)

    def turns(self, host: str) -> HostTurns | None:
        interval = self._traffic.intervals.get(host, self._traffic.intervals.get(EVERY))
        if interval is None:
            return None
        with self._lock:
            return self._turns.setdefault(host, HostTurns(self._database, host, interval))

    def place(self, host: str) -> AbstractContextManager[object]:
        many = self._traffic.many.get(host, self._traffic.many.get(EVERY))
        if many is None:
            return nullcontext()
        with self._lock:
            if not self._under_way[host]:
                self._under_way[host].append(threading.Semaphore(many))
            return self._under_way[host][0]


class Paced(Mutable):
    """A transport of one run whose requests each wait for their turn, and for a place."""

    inner: Transport
    lights: Lights
    clock: OwnTime
    _turn: str = ""

    def await_turn(self, url: str, stopping: Callable[[], bool]) -> bool:
        """Wait for a turn before the request is kept as sent; False where the worker is to end before it comes.

        The next request to that host has it.
        """
        host = host_of(url)
        if (turns := self.lights.turns(host)) is not None:
            left = turns.take(self.clock.whole())
            while left > 0:
                if stopping():
                    return False
                self.clock.wait(_Some(min(left, SLICE)))
                left -= SLICE
            self._turn = host
        return True

    def send(self, request: Request, timeout: float | None) -> Reply:
        host = host_of(request.url)
        taken, self._turn = self._turn, ""
        with self.lights.place(host):
            if taken != host and (turns := self.lights.turns(host)) is not None:
                self.clock.wait(turns)
            return self.inner.send(request, timeout)


class _Some(Frozen):
    """A turn that is so many seconds away."""

    seconds: float

    def take(self, now: float) -> float:
        return self.seconds


def host_of(url: str) -> str:
    """Give the host of a URL, with its port where that is not the usual one."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.hostname or ''}" + (f":{parts.port}" if parts.port and parts.port != usual else "")

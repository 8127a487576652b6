"""Time for a run: the machine's own, or a virtual one in which sleeping takes no time; and the dates HTTP writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC
from functools import partial

from runner.exchange import Clock

SLICE = 0.1
"""Seconds that a sleeping `SystemClock` lets pass before it asks again whether the run was cancelled."""


def never() -> bool:
    """Say that nobody cancelled anything."""
    return False


_passed: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Give the seconds since some moment; where the system can tell, those too in which the machine slept."""


def steady() -> Callable[[], float]:
    """Give a clock that is right when it is made, and then moves as time passes, whatever the machine's is set to."""
    began = time.time() - _passed()
    return lambda: began + _passed()


class SystemClock:
    """The machine's clock. `cancelled` cuts a sleep short from another thread; KeyboardInterrupt does so by itself."""

    def __init__(self, cancelled: Callable[[], bool] = never) -> None:
        self._cancelled = cancelled
        self.now = steady()
        self.monotonic = time.monotonic

    def sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._cancelled():
            time.sleep(min(left, SLICE))


class ClockInside:
    """A clock whose sleeps happen inside of `inside()`."""

    def __init__(self, inner: Clock, inside: Callable[[], AbstractContextManager[None]]) -> None:
        self.now, self.monotonic = inner.now, inner.monotonic
        self._sleep = inner.sleep
        self._inside = inside

    def sleep(self, seconds: float) -> None:
        with self._inside():
            self._sleep(seconds)


class AsyncSystemClock:
    """The machine's clock; cancelling the task ends a sleep."""

    def __init__(self) -> None:
        self.now = steady()
        self.monotonic = time.monotonic

    async def sleep(self, seconds: float) -> None:
        from asyncio import sleep  # late: a synchronous run starts faster without

        await sleep(max(seconds, 0.0))


class VirtualClock:
    """A clock that stands still until somebody sleeps: hours of polling pass in no time, and always alike."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._passed = 0.0

    def now(self) -> float:
        return self._start + self._passed

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        self._passed += max(seconds, 0.0)


class AsyncVirtualClock:
    """A `VirtualClock`, awaited: sleeping moves the clock on and lets other tasks run."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        from asyncio import sleep

        self._clock.sleep(seconds)
        await sleep(0)


def http_date(text: str) -> float | None:
    """Give the seconds since 1970 of a date in any of HTTP's three forms (RFC 9110, 5.6.7), or nothing."""
    from email.utils import parsedate_to_datetime  # late: few runs ever meet a date

    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # the 42nd of a month, the year 99999
        return None

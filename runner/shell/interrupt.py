"""Turns Ctrl-C, and being told to stop, into an orderly end: it breaks into a request or a sleep, and no further.

KeyboardInterrupt may otherwise strike between any two instructions, in the middle of a flow or a report, and leave
neither able to go on. So the signal only sets a mark, except where the run is blocked in the world: there it raises,
and the driver answers `Cancelled`. What a teardown does in the world (`shielded`) goes on, whether it began before or
after. The second Ctrl-C raises wherever it finds the program, with the number of the first signal.

Signals reach the main thread alone, and none comes where the end is decided `Elsewhere`. There a transport that can
(`Breakable`) asks now and then; for one that cannot, each request is sent by one more thread, which is left alone with
it when the user has had enough. Sleeps end by themselves, if their clock knows of `cancelled`.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from types import FrameType
from typing import Any, Protocol, TypeVar, cast

from runner.exchange import Clock, Reply, Request, Transport
from runner.shell.clock import SLICE, ClockInside, SystemClock, never

T = TypeVar("T")

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupt:
    """Ctrl-C, SIGTERM and SIGHUP while it is entered, on the main thread; `cancelled` is what a driver asks.

    `number` is the first signal that came: a process that one ended exits with 128 and it.
    """

    def __init__(self) -> None:
        self.number = 0
        self._count = 0
        self._blocked = False
        self._previous: dict[int, Any] = {}
        self._own = _Own()
        self._blocking = _Blocking(self)

    def cancelled(self) -> bool:
        """Say whether the user wants the run to end."""
        self._own.heard = self._count
        return self._count > 0

    def enough(self) -> Callable[[], bool]:
        """Give what says whether to break off something that this thread begins now: a signal it has not heard of."""
        bound = max(self._own.heard, 1) if self._own.shielded else self._own.heard
        return lambda: self._count > bound

    def has_enough(self) -> bool:
        """Say whether this thread has to break off what it does: a clock that sleeps in it asks."""
        return self.enough()()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let the first Ctrl-C break off nothing that this thread does in here."""
        before, self._own.shielded = self._own.shielded, True
        try:
            yield
        finally:
            self._own.shielded = before

    def __enter__(self) -> Interrupt:
        if _on_main_thread():
            self._previous = {number: signal.signal(number, self._struck) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def _struck(self, number: int, _frame: FrameType | None) -> None:
        self.number = self.number or number
        self._count += 1
        if (self._blocked and not self._own.shielded) or self._count > 1:  # signals reach the main thread
            raise KeyboardInterrupt(self.number)

    @contextmanager
    def breaking(self) -> Iterator[None]:
        """Let the first Ctrl-C raise KeyboardInterrupt in here; one that came just before does so too."""
        if _on_main_thread():
            with self._blocking:
                yield
            return
        with _asking(self.enough()):
            yield

    def transport(self, inner: Transport) -> Transport:
        """Give a transport whose requests Ctrl-C abandons."""
        return _BreakableTransport(self, inner)

    def clock(self, inner: Clock) -> Clock:
        """Give a clock whose sleeps Ctrl-C ends."""
        return ClockInside(inner, self.breaking)


class Elsewhere:
    """The end of a run that is decided elsewhere: whatever the thread of the run does in the world asks `cancelled`.

    What is `shielded` goes on all the same.
    """

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self._cancelled = cancelled
        self._is_shielded = False

    def enough(self) -> Callable[[], bool]:
        """Give what says whether to break off something that begins now."""
        return never if self._is_shielded else self._cancelled

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Let nothing be broken off in here."""
        before, self._is_shielded = self._is_shielded, True
        try:
            yield
        finally:
            self._is_shielded = before

    def transport(self, inner: Transport) -> Transport:
        """Give a transport whose requests are abandoned at the end."""
        return _TransportUntil(self.enough, inner)

    def clock(self) -> Clock:
        """Give the machine's clock, whose sleeps are over at the end."""
        return ClockInside(SystemClock(lambda: self.enough()()), lambda: _asking(self.enough()))


def aside(action: Callable[[], T], enough: Callable[[], bool]) -> T:
    """Do something in a thread of its own, and leave it there (KeyboardInterrupt) when there is `enough` of it."""
    done: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(action())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), daemon=True)
    if not enough():
        thread.start()
    while not enough():
        thread.join(SLICE)
        if failed:
            raise failed[0]
        if done:
            return done[0]
    raise KeyboardInterrupt


@contextmanager
def _asking(enough: Callable[[], bool]) -> Iterator[None]:
    """Raise KeyboardInterrupt after something that ends by itself, soon after there is `enough`."""
    yield
    if enough():
        raise KeyboardInterrupt


class Breakable(Protocol):
    """A Transport that raises KeyboardInterrupt by itself, soon after there is `enough`."""

    def send_breakably(self, request: Request, timeout: float | None, enough: Callable[[], bool]) -> Reply: ...


class _TransportUntil:
    """A transport whose requests are broken off soon after there is `enough`, asked for each of them."""

    def __init__(self, enough: Callable[[], Callable[[], bool]], inner: Transport) -> None:
        self._enough = enough
        self._inner = inner
        # a stand-in of a test has every name that it is asked for
        self._breakable = cast("Breakable", inner) if hasattr(type(inner), "send_breakably") else None

    def send(self, request: Request, timeout: float | None) -> Reply:
        if self._breakable is not None:
            return self._breakable.send_breakably(request, timeout, self._enough())
        return aside(lambda: self._inner.send(request, timeout), self._enough())


class _BreakableTransport:
    def __init__(self, interrupt: Interrupt, inner: Transport) -> None:
        self._interrupt = interrupt
        self._inner = inner
        self._asking = _TransportUntil(interrupt.enough, inner)

    def send(self, request: Request, timeout: float | None) -> Reply:
        if _on_main_thread():
            with self._interrupt._blocking:
                return self._inner.send(request, timeout)
        return self._asking.send(request, timeout)


class _Own(threading.local):
    """What a thread knows of an interrupt: how many signals it has heard of, and whether the first is not for it."""

    def __init__(self) -> None:
        self.heard = 0
        self.shielded = False


class _Blocking:
    """What the main thread is blocked inside of: an interrupt raises there, also one that came just before."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def __enter__(self) -> None:
        try:
            self._interrupt._blocked = True
            if self._interrupt.has_enough():
                raise KeyboardInterrupt
        except BaseException:
            self._interrupt._blocked = False
            raise

    def __exit__(self, *_: object) -> None:
        self._interrupt._blocked = False


def _on_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident

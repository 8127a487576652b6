"""Turns what is to go wrong, and how often, into requests that are answered by an error, late, or not at all.

A fault stands in front of any stand-in. Whether it happens to a request is decided by its seed and by how many requests
it has looked at before, so the same requests in the same order meet the same faults.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.exchange import (
    AsyncClock,
    AsyncTransport,
    Clock,
    Headers,
    Reply,
    Request,
    Response,
    Transport,
    TransportFailure,
)
from runner.records import Frozen, Mutable, field
from runner.sandbox.ids import digest
from runner.sandbox.replies import reply

DROPPED = TransportFailure("closed", "the connection was closed without an answer: a fault that was asked for")


class Fault(Frozen):
    """What goes wrong: an error `status`, a connection that is dropped, seconds of `latency`, or a `job`.

    It happens at a `rate`, at most so many `times`, to requests whose path matches a pattern (`/v2/*`) and whose
    operation is the one that is named. `job` is how a job ends: `fail`, `expire`, `stall`, as a prompt would say it.
    """

    status: int | None = None
    drop: bool = False
    latency: float = 0.0
    job: str | None = None
    retry_after: int | None = None
    rate: float = 1.0
    seed: str = "0"
    times: int | None = None
    path: str | None = None
    operation: str | None = None


class Incident(Frozen):
    """What a request meets: seconds that pass before its answer, and an answer that is not the stand-in's."""

    latency: float = 0.0
    reply: Reply | None = None


NameOperation: TypeAlias = Callable[[Request], str | None]
"""Give the operationId that a request means, or None."""

Refuse: TypeAlias = Callable[[Request, int, Headers], Response]
"""Answer a request by an error of a status, in the shape that its API gives to errors."""


def plainly(_request: Request, status: int, headers: Headers) -> Response:
    """Answer by an error of no particular shape."""
    return reply({"message": f"{status}: a fault that was asked for"}, status, headers)


class _Counted(Mutable):
    """A fault, and how many requests it has looked at and happened to."""

    fault: Fault
    place: int
    seen: int = 0
    happened: int = 0

    def happens(self) -> bool:
        """Decide for the next request that it could happen to."""
        fault = self.fault
        drawn = int.from_bytes(digest("fault", fault.seed, self.place, self.seen)[:8]) / 2**64
        self.seen += 1
        if drawn >= fault.rate or (fault.times is not None and self.happened >= fault.times):
            return False
        self.happened += 1
        return True


class Faults(Mutable):
    """The faults that stand in front of a stand-in. Safe to share between threads."""

    faults: Sequence[Fault]
    operation: NameOperation = lambda _request: None
    refuse: Refuse = plainly
    _counted: tuple[_Counted, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._counted = tuple(_Counted(fault, place) for place, fault in enumerate(self.faults))

    def meet(self, request: Request) -> Incident:
        """Say what a request meets: all the latencies that happen to it, and the first other answer."""
        with self._lock:
            met = [each.fault for each in self._counted if self._concerns(each.fault, request) and each.happens()]
        answers = (self._answer(fault, request) for fault in met if fault.drop or fault.status is not None)
        return Incident(sum(fault.latency for fault in met), next(answers, None))

    def job(self) -> str:
        """Give the marks that say how the next job goes wrong; none where it does not."""
        with self._lock:
            return "".join(f"[{each.fault.job}]" for each in self._counted if each.fault.job and each.happens())

    def _concerns(self, fault: Fault, request: Request) -> bool:
        if fault.job is not None or (fault.path and not fnmatchcase(urlsplit(request.url).path, fault.path)):
            return False
        return fault.operation is None or self.operation(request) == fault.operation

    def _answer(self, fault: Fault, request: Request) -> Reply:
        if fault.status is None:
            return DROPPED
        wait = () if fault.retry_after is None else (("Retry-After", str(fault.retry_after)),)
        return self.refuse(request, fault.status, wait)


class FaultyTransport(Frozen):
    """A transport in front of which faults stand; `claims` says whose requests they may happen to."""

    inner: Transport
    clock: Clock
    faults: Faults
    claims: Callable[[str], bool]

    def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the reply, unless something goes wrong first."""
        met = self.faults.meet(request) if self.claims(request.url) else Incident()
        failure, wait = _before(met, timeout)
        self.clock.sleep(wait)
        return failure or self.inner.send(request, None if timeout is None else timeout - wait)


class AsyncFaultyTransport(Frozen):
    """`FaultyTransport`, awaited."""

    inner: AsyncTransport
    clock: AsyncClock
    faults: Faults
    claims: Callable[[str], bool]

    async def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the reply, unless something goes wrong first."""
        met = self.faults.meet(request) if self.claims(request.url) else Incident()
        failure, wait = _before(met, timeout)
        await self.clock.sleep(wait)
        return failure or await self.inner.send(request, None if timeout is None else timeout - wait)


def _before(met: Incident, timeout: float | None) -> tuple[Reply | None, float]:
    """Say what comes instead of the stand-in's answer, if anything, and how many seconds pass before either."""
    if timeout is not None and timeout <= met.latency:
        return TransportFailure("timeout", f"no response within {timeout:g} s"), timeout
    return met.reply, met.latency

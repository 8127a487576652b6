"""Turns what is due in an outbox into requests on the network, by threads beside the server that fills it.

One thread looks at the time and one more sends each delivery, so that a slow receiver holds up the events of its own
workflow only. At the end no delivery begins any more, those under way have a moment to end, and what then was not
delivered says so in the outbox. A thread that still waits for its receiver is left alone; it does not keep the process.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Protocol

from runner.exchange import Reply, Request, Response, Transport
from runner.records import Frozen
from runner.sandbox.civitai.callbacks import is_loopback
from runner.sandbox.civitai.outbox import TIMEOUT, Delivery, Outbox
from runner.sandbox.stand_in import Answer

MOST = 64
"""Deliveries under way at a time."""

GRACE = 2.0
"""Seconds that those under way have at the end."""


class Paced(Protocol):
    """A clock that may run faster than the wall's, `scale` times."""

    @property
    def scale(self) -> float: ...

    def now(self) -> float: ...


class Parted(Frozen):
    """A Transport of two: by `near` goes what is for this machine, by `far` what is for any other."""

    near: Transport
    far: Transport

    def send(self, request: Request, timeout: float | None) -> Reply:
        """Send by the one that is for the request's URL."""
        return (self.near if is_loopback(request.url) else self.far).send(request, timeout)


class Courier:
    """Deliver the events of an outbox while the `with` block lasts, and close it at the end."""

    def __init__(self, outbox: Outbox, clock: Paced, outlet: Transport) -> None:
        self._outbox = outbox
        self._clock = clock
        self._outlet = outlet
        self._changed = threading.Event()
        self._ending = False
        self._senders: set[threading.Thread] = set()
        self._watch = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Courier:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending = True
        self._changed.set()
        self._watch.join()
        until = time.monotonic() + GRACE
        for sender in tuple(self._senders):
            sender.join(max(0.0, until - time.monotonic()))
        self._outbox.close(self._clock.now())

    def noticing(self, answer: Answer) -> Answer:
        """Wrap what may fill the outbox, so that each call makes the courier look again."""

        def noticed(request: Request) -> Response:
            response = answer(request)
            self._changed.set()
            return response

        return noticed

    def _run(self) -> None:
        while not self._ending:
            for delivery in self._outbox.take(self._clock.now(), MOST - len(self._senders)):
                self._send(delivery)
            self._changed.wait(self._pause())
            self._changed.clear()

    def _pause(self) -> float | None:
        """Say how many seconds of the wall's time there is nothing to do, as far as is known."""
        due = self._outbox.next_due()
        if due is None or len(self._senders) >= MOST:
            return None
        return min(max(0.0, (due - self._clock.now()) / self._clock.scale), threading.TIMEOUT_MAX)

    def _send(self, delivery: Delivery) -> None:
        def deliver() -> None:
            reply = self._outlet.send(delivery.request, TIMEOUT)
            self._outbox.settle(delivery, reply, self._clock.now())
            self._senders.discard(threading.current_thread())
            self._changed.set()

        sender = threading.Thread(target=deliver, name="webhook", daemon=True)
        self._senders.add(sender)
        sender.start()

"""Turns events of workflows into deliveries, one at a time per workflow and callback, and keeps what became of them.

It sends nothing and has no clock: whoever moves the bytes takes what is due, and tells how it went.

| what | here |
|---|---|
| order | an event waits until the one before it was delivered or given up; other workflows, and callbacks, do not |
| accepted | any 2xx within 10 seconds |
| anything else | tried again after 1, 2, 4 and 8 seconds, then given up; the workflow does not care |
| a host that the mode does not allow | the event is held here |
| what the receiver sees twice | the same bytes: `(workflowId, status, timestamp)` is the key |
| at the end of the sandbox | what happened and was not delivered says so; what was under way, for it may have arrived |
| kept | the last 1000 that are settled; all are counted |
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from math import inf
from typing import Literal, TypeAlias

from runner.exchange import Reply, Request, Response, TransportFailure
from runner.records import Frozen, Mutable
from runner.sandbox.civitai.accounts import Account
from runner.sandbox.civitai.callbacks import Callback, may_send
from runner.sandbox.civitai.events import Event, StepBody, body, events
from runner.sandbox.civitai.settings import WebhookMode
from runner.sandbox.civitai.workflows import Workflow
from runner.values import Json

TIMEOUT = 10.0
DELAYS = (1.0, 2.0, 4.0, 8.0)
KEPT = 1000

State: TypeAlias = Literal["pending", "delivered", "undelivered", "held"]


class Subscription(Frozen):
    """A workflow whose events are asked for, of the account that has it; `describe` writes its steps."""

    account: Account
    workflow_id: str
    callback: Callback
    describe: StepBody
    HIDDEN = ("describe",)


class Row(Frozen):
    """An event that has happened, as it is sent, and what became of it; `last` is how the last attempt went."""

    event: dict[str, Json]
    url: str
    state: State
    attempts: int
    last: str = ""


class _Line(Mutable):
    """The events of one workflow, first in, first out: how many are settled, and how it goes with the next."""

    asked: Subscription
    workflow: Workflow
    events: tuple[Event, ...]
    settled: int = 0
    attempts: int = 0
    not_before: float = 0.0
    last: str = ""
    under_way: bool = False

    @classmethod
    def of(cls, asked: Subscription) -> _Line:
        workflow = asked.account.workflows[asked.workflow_id]
        return cls(asked, workflow, tuple(events(workflow, asked.callback)))

    @property
    def url(self) -> str:
        return self.asked.callback.shown

    @property
    def due(self) -> float:
        """When the next event may be sent; infinity when none is known."""
        return max(self.events[self.settled].at, self.not_before) if self.settled < len(self.events) else inf

    def happened(self, now: float) -> list[Event]:
        """Give the events that are to be settled by now."""
        return [event for event in self.events[self.settled :] if event.at <= now]

    def body(self, event: Event) -> dict[str, Json]:
        return body(self.workflow, event, self.asked.describe if self.asked.callback.detailed else None)

    def row(self, event: Event, state: State) -> Row:
        return Row(self.body(event), self.url, state, self.attempts, self.last)

    def refresh(self) -> None:
        """See what became of the workflow; one that was deleted is as it was seen last."""
        current = self.asked.account.workflows.get(self.asked.workflow_id, self.workflow)
        if current is not self.workflow:
            self.workflow, self.events = current, tuple(events(current, self.asked.callback))


class Delivery(Frozen):
    """An event to be sent now; `at` is when its turn came."""

    at: float
    request: Request
    _line: _Line


class Outbox:
    """The events of all workflows. Safe to share between threads.

    `lock` is held by whoever changes the workflows: nothing is taken of one that is being canceled.
    """

    def __init__(self, mode: WebhookMode, lock: threading.RLock) -> None:
        self.mode = mode
        self.counts: Counter[State] = Counter()
        self._lines: list[_Line] = []
        self._settled: deque[Row] = deque(maxlen=KEPT)
        self._closed = False
        self._lock = lock

    def subscribe(self, asked: Subscription) -> None:
        """Begin to keep the events of a workflow that its account has."""
        with self._lock:
            self._lines.append(_Line.of(asked))

    def refresh(self, now: float) -> None:
        """See what became of the workflows: to be called before one is deleted."""
        with self._lock:
            self._refresh(now)

    def take(self, now: float, most: int | None = None) -> list[Delivery]:
        """Give what is due, first what has been so the longest; each must be settled before its workflow's next."""
        with self._lock:
            self._refresh(now)
            ready = [line for line in self._lines if line.due <= now and not line.under_way]
            ready.sort(key=lambda line: line.due)
            for line in ready[:most]:
                line.under_way = True
            return [Delivery(line.due, _request(line), line) for line in ready[:most]]

    def settle(self, delivery: Delivery, reply: Reply, now: float) -> None:
        """Tell how a delivery went: accepted, to be tried again, or given up."""
        with self._lock:
            if self._closed:
                return
            line = delivery._line
            line.under_way = False
            line.attempts += 1
            line.last = reply.message if isinstance(reply, TransportFailure) else f"status {reply.status}"
            if isinstance(reply, Response) and 200 <= reply.status < 300:
                self._settle(line, "delivered")
            elif line.attempts > len(DELAYS):
                self._settle(line, "undelivered")
            else:
                line.not_before = now + DELAYS[line.attempts - 1]

    def next_due(self) -> float | None:
        """Give when something will be due that is not under way; None where nothing will, as far as is known."""
        with self._lock:
            due = min((line.due for line in self._lines if not line.under_way), default=inf)
            return None if due == inf else due

    def rows(self, now: float) -> list[Row]:
        """Give the events that have happened: those that are settled, and those whose turn has yet to come."""
        with self._lock:
            self._refresh(now)
            return [*self._settled, *(row for line in self._lines for row in _pending(line, now))]

    @property
    def undelivered(self) -> list[Row]:
        """The events that will not be delivered although they might have been, as far as they are kept."""
        with self._lock:
            return [row for row in self._settled if row.state == "undelivered"]

    def close(self, now: float) -> None:
        """End all delivery: what has happened and was not delivered is undelivered."""
        with self._lock:
            self._refresh(now)
            for line in self._lines:
                if line.under_way:
                    line.last = "the sandbox ended before the answer came"
                for _ in line.happened(now):
                    line.last = line.last or "the sandbox ended first"
                    self._settle(line, "undelivered")
            self._lines.clear()
            self._closed = True

    def _refresh(self, now: float) -> None:
        """See what became of the workflows, settle what may not be sent, and forget what is over."""
        for line in self._lines:
            line.refresh()
            if not may_send(self.mode, line.asked.callback.url):
                for _ in line.happened(now):
                    self._settle(line, "held")
        self._lines = [line for line in self._lines if line.due < inf or not line.workflow.is_over(now)]

    def _settle(self, line: _Line, state: State) -> None:
        """Have done with the first event of a line."""
        self._settled.append(line.row(line.events[line.settled], state))
        self.counts[state] += 1
        line.settled += 1
        line.attempts, line.last = 0, ""


def _pending(line: _Line, now: float) -> Iterator[Row]:
    for place, event in enumerate(line.happened(now)):
        yield line.row(event, "pending") if place == 0 else Row(line.body(event), line.url, "pending", 0)


def _request(line: _Line) -> Request:
    told = line.body(line.events[line.settled])
    content = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    headers = (("Content-Type", "application/json"), ("User-Agent", "civitai-sandbox-webhooks"))
    return Request("POST", line.asked.callback.url, headers, content)

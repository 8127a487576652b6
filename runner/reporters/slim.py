"""Turns what a run showed into what is kept of it once something newer has come: the beginnings of what is large."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import takewhile
from typing import TypeVar, cast

from runner.engine.events import (
    Answered,
    AttemptFinished,
    CriterionChecked,
    Entry,
    Event,
    StepFinished,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Hop, Request, Response
from runner.records import replace
from runner.reporters.body import cut_body
from runner.reporters.record import StepRecord, WorkflowRecord
from runner.reporters.text import shown
from runner.values import Absent, Json, Value

EARLIER_LIMIT = 1024
"""Bytes of each body, and letters of each value, that are kept of what is not the last of its kind."""

LARGE = 16 * 1024
"""About so many bytes of text make a value large."""

MOST = 64 * 1024 * 1024
"""About so many bytes of bodies and values a caller is given whole."""

_LEVEL = 4
"""Letters that a part is taken to need: what is nested deeply has no more levels than are left of these."""

M = TypeVar("M", Request, Response)
V = TypeVar("V", bound=Value)


def trimmed(exchange: Exchange, limit: int) -> Exchange:
    """Keep the first `limit` bytes of each body of an exchange."""
    sent, reply = _cut(exchange.sent, limit), exchange.reply
    hops = tuple(Hop(_cut(hop.sent, limit), _cut(hop.response, limit)) for hop in exchange.hops)
    if isinstance(reply, Response):
        reply = _cut(reply, limit)
    if sent is exchange.sent and reply is exchange.reply and not hops:
        return exchange
    return replace(exchange, sent=sent, reply=reply, hops=hops)


def _cut(message: M, limit: int) -> M:
    return message if len(message.body) <= limit else replace(message, body=cut_body(message.body, limit))


def slim_step(step: StepRecord) -> None:
    """Keep of a visit, and of all that ran inside it, what tells how it went: another visit of the step follows."""
    step.exchanges = [trimmed(exchange, EARLIER_LIMIT) for exchange in step.exchanges]
    step.outputs = _slim_values(step.outputs)
    step.criteria = [_slim_criterion(each) for each in step.criteria]
    step.action_criteria = [_slim_criterion(each) for each in step.action_criteria]
    for workflow in step.called:
        slim_workflow(workflow)


def slim_workflow(workflow: WorkflowRecord) -> None:
    """Do the same to a workflow that is run once more."""
    workflow.inputs, workflow.outputs = _slim_values(workflow.inputs), _slim_values(workflow.outputs)
    for step in workflow.all_steps:
        slim_step(step)


class Entries:
    """The entries of a run, for a caller: whole until they hold too much, and then the oldest of them slim."""

    def __init__(self, most: int = MOST) -> None:
        self.all: list[Entry] = []
        self._most = most
        self._heavy: deque[tuple[int, int]] = deque()
        self._weight = 0

    def add(self, entry: Entry) -> None:
        """Keep an entry."""
        weight = _weight_of(entry.event)
        if weight > LARGE:
            self._heavy.append((len(self.all), weight))
            self._weight += weight
        self.all.append(entry)
        while self._weight > self._most and len(self._heavy) > 1:
            at, weight = self._heavy.popleft()
            self.all[at] = replace(self.all[at], event=_slim_event(self.all[at].event))
            self._weight -= weight


def _weight_of(event: Event) -> int:
    match event:
        case Answered(_, exchange):
            return exchange.weight
        case AttemptFinished() | StepFinished() | WorkflowFinished():
            return sum(map(weigh, event.outputs.values()))
        case WorkflowStarted():
            return sum(map(weigh, event.inputs.values()))
        case CriterionChecked():
            return weigh(event.verdict.left) + weigh(event.verdict.right)
        case _:
            return 0


def _slim_event(event: Event) -> Event:
    match event:
        case Answered(_, exchange):
            return replace(event, exchange=trimmed(exchange, EARLIER_LIMIT))
        case AttemptFinished() | StepFinished() | WorkflowFinished():
            return replace(event, outputs=_slim_values(event.outputs))
        case WorkflowStarted():
            return replace(event, inputs=_slim_values(event.inputs))
        case CriterionChecked():
            return _slim_criterion(event)
        case _:
            return event


def _slim_criterion(checked: CriterionChecked) -> CriterionChecked:
    verdict = checked.verdict
    left, right = slim_value(verdict.left), slim_value(verdict.right)
    if left is verdict.left and right is verdict.right:
        return checked
    return replace(checked, verdict=replace(verdict, left=left, right=right))


def _slim_values(values: Mapping[str, V]) -> Mapping[str, V]:
    return {name: cast(V, slim_value(value)) for name, value in values.items()}  # a text is one of whatever V is


def slim_value(value: Value) -> Value:
    """Give the beginning of a large value, as it would be written; any other as it is."""
    if isinstance(value, bytes):
        return cut_body(value, EARLIER_LIMIT)
    if isinstance(value, Absent) or weigh(value, LARGE) <= LARGE:
        return value
    return shown(_Beginning(EARLIER_LIMIT).of(value), EARLIER_LIMIT).removesuffix("…") + "…"


def weigh(value: Value, enough: float = float("inf")) -> int:
    """Count about how long a value would be as text, and no further than to `enough`."""
    if isinstance(value, bytes):
        return len(value)
    pending: list[Value] = [value]
    weight = 0
    while pending and weight <= enough:
        part = pending.pop()
        weight += 1 + (len(part) if isinstance(part, str) else 0)
        if isinstance(part, dict):
            weight += sum(map(len, part))
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return weight


class _Beginning:
    """Copies of values what their text begins with: `room` is how many letters are still of any use."""

    def __init__(self, room: int) -> None:
        self._room = room

    def of(self, value: Json) -> Json:
        self._room -= _LEVEL
        match value:
            case str():
                begins = value[: max(0, self._room)]
                self._room -= len(begins)
                return begins
            case list():
                return [self.of(each) for each in takewhile(self._has_room, value)]
            case dict():
                names = takewhile(self._has_room, value)
                return {str(self.of(name)): self.of(value[name]) for name in names}
            case _:
                return value

    def _has_room(self, _: object) -> bool:
        return self._room > 0

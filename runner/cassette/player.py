"""Turns a request of a run into what came of it when it was recorded, without a network and without credentials.

The request is looked for where the run is (workflow, step, visit, attempt), then by what it says: method, URL and body.
An exchange is played as a whole, redirects and all, and as often as it was recorded. Time is what the recording says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from runner.cassette.compare import Difference, alike, differences
from runner.cassette.folder import Cassette, Recorded, first_request, load_page, unit_name
from runner.cassette.leaving import hidden, leaving
from runner.cassette.page import place
from runner.engine.events import Case, Trail
from runner.engine.flow import Answer, Effect, Send
from runner.errors import UsageError
from runner.exchange import Clock, Exchange, Reply, Request, TransportFailure
from runner.records import Frozen, Mutable, field, replace
from runner.reporters.redact import Redactor

Strictness: TypeAlias = Literal["any", "request", "none"]
"""Which drift fails a step: any; a request that was not recorded; or none, where its place in the run has an answer."""

STRICTNESS: tuple[Strictness, ...] = ("any", "request", "none")
_MOST = 3


class Drift(Frozen):
    """A request that is not the recorded one. `path` is the page it was held against, None where there is none."""

    trail: Trail
    path: Path | None
    found: tuple[Difference, ...]
    failed: bool


class Nowhere:
    """A transport that sends nothing: under a replay there is nobody to send to."""

    def send(self, request: Request, timeout: float | None) -> Reply:
        return TransportFailure("offline", "nothing is sent in a replay")


class Player(Mutable):
    """Answers the requests of one run, or of one `case` of a suite. The clock is moved by what exchanges took."""

    cassette: Cassette
    clock: Clock
    redactor: Redactor = field(default_factory=Redactor)
    strictness: Strictness = "request"
    case: Case | None = None
    drifts: list[Drift] = field(default_factory=list)
    _used: set[Path] = field(default_factory=set)
    _units: dict[str, None] = field(default_factory=dict)
    _places: dict[str, dict[str, deque[Recorded]]] = field(default_factory=dict)
    HIDDEN = ("redactor", "_used", "_units", "_places")

    def around(self, effect: Effect, carry_out: Callable[[Effect], Answer]) -> Answer:
        """Stand between a flow and the world: requests are answered here, and waits take the time of the clock."""
        return self.answer(effect) if isinstance(effect, Send) else carry_out(effect)

    def answer(self, send: Send) -> Exchange:
        """Give what came of a request; a failure of the kind `unrecorded` where it has drifted too far."""
        sent = leaving(send.request)
        if isinstance(sent, TransportFailure):
            return Exchange(send.request, sent)
        try:
            return self._answer(send, sent)
        except UsageError as error:  # a page was changed since the cassette was read
            return Exchange(sent, TransportFailure("unrecorded", error.message))

    def _answer(self, send: Send, sent: Request) -> Exchange:
        unit = self._unit(send.trail[0].workflow_id)
        shown = hidden(sent, self.redactor)
        here = self._here(unit, place(send.trail))
        if here is not None:
            exchange, found = _held_against(here, shown)
            if not _essential(found):
                return self._play(here, send.trail, sent, found, exchange)
        if (elsewhere := self._elsewhere(unit, shown)) is not None:
            exchange, found = _held_against(elsewhere, shown)
            return self._play(elsewhere, send.trail, sent, found, exchange)
        if here is not None:
            return self._play(here, send.trail, sent, found, exchange)
        near = next(self._unused(unit, shown), None) or self._of_step(unit, place(send.trail))
        found = _held_against(near, shown)[1] if near else ()
        self.drifts.append(Drift(send.trail, near.path if near else None, found, failed=True))
        return Exchange(sent, _unrecorded(found) if unit in self.cassette.units else self._no_recording())

    def _no_recording(self) -> TransportFailure:
        if self.case is None:
            return _unrecorded(())
        hint = f"record it with --record {self.cassette.folder}"
        return TransportFailure("unrecorded", f"the cassette has no recording of the case '{self.case.name}': {hint}")

    def left(self) -> Iterator[Recorded]:
        """Give what was recorded of the workflows that ran, and was not asked for."""
        for unit in self._units:
            yield from (each for each in self.cassette.units.get(unit, ()) if each.path not in self._used)

    def expect(self, workflow_id: str) -> None:
        """Note a workflow that is going to run, whether it sends anything or not."""
        self._unit(workflow_id)

    def _unit(self, workflow_id: str) -> str:
        unit = unit_name(workflow_id) if self.case is None else self.cassette.unit_of(self.case)
        self._units[unit] = None
        return unit

    def _play(
        self, recorded: Recorded, trail: Trail, sent: Request, found: tuple[Difference, ...], exchange: Exchange
    ) -> Exchange:
        failed = bool(found) and (self.strictness == "any" or (self.strictness == "request" and _essential(found)))
        if found:
            self.drifts.append(Drift(trail, recorded.path, found, failed))
        if failed:  # it stays what a retry is held against
            return Exchange(sent, _unrecorded(found))
        self._used.add(recorded.path)
        self.clock.sleep(exchange.took)
        return replace(exchange, sent=sent) if found and not exchange.hops else exchange

    def _here(self, unit: str, at: str) -> Recorded | None:
        """Find the page of a place in the run; of a place that a run comes to again, the next one."""
        if unit not in self._places:
            places = self._places[unit] = {}
            for each in self.cassette.units.get(unit, ()):
                places.setdefault(each.at, deque()).append(each)
        pages = self._places[unit].get(at)
        return pages.popleft() if pages else None

    def _elsewhere(self, unit: str, sent: Request) -> Recorded | None:
        """Find a page of another place that is of this request; those of the same workflow come first."""
        units = [unit, *(() if self.case else (name for name in self.cassette.units if name != unit))]
        pages = (each for name in units for each in self._unused(name, sent))
        return next((each for each in pages if not _essential(_held_against(each, sent)[1])), None)

    def _of_step(self, unit: str, at: str) -> Recorded | None:
        """Find a page of the same step that was not played yet, to hold a request against."""
        step = at.rpartition("[")[0]
        pages = self.cassette.units.get(unit, ())
        return next(
            (each for each in pages if each.at.rpartition("[")[0] == step and each.path not in self._used), None
        )

    def _unused(self, unit: str, sent: Request) -> Iterator[Recorded]:
        """Give the pages that were not played yet, of requests of the same method to the same URL but for its query."""
        bare = sent.url.partition("?")[0]
        for each in self.cassette.units.get(unit, ()):
            same = each.method == sent.method and alike(each.url.partition("?")[0], bare)
            if same and each.path not in self._used:
                yield each


def _held_against(recorded: Recorded, sent: Request) -> tuple[Exchange, tuple[Difference, ...]]:
    page = load_page(recorded.path)
    return page.exchange, differences(first_request(page), sent)


def _essential(found: tuple[Difference, ...]) -> bool:
    """Say whether another answer may be wanted."""
    return any(each.part != "header" for each in found)


def _unrecorded(found: tuple[Difference, ...]) -> TransportFailure:
    """Say in one line what is not in the cassette."""
    if not found:
        return TransportFailure("unrecorded", "the cassette has no such request")
    told = "; ".join(map(str, found[:_MOST])) + (f"; and {len(found) - _MOST} more" if len(found) > _MOST else "")
    return TransportFailure("unrecorded", f"the cassette has another request: {told}")


def read_strictness(text: str) -> Strictness:
    """Read `--replay-drift`."""
    for known in STRICTNESS:
        if text == known:
            return known
    raise UsageError(f"--replay-drift {text}: it is one of {', '.join(STRICTNESS)}")

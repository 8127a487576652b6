"""Servers that put a flow off again and again, and clocks that are set while it runs."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from runner import api
from runner.engine.events import Entry, StepFinished, WaitStarted
from runner.engine.state import Limits
from runner.plan.plan import Plan
from runner.reporters.console import Console
from runner.reporters.html.report import HtmlReport
from runner.reporters.json import JsonReport
from runner.reporters.junit import JUnit
from runner.reporters.recorder import Recorder
from runner.reporters.reporter import Broadcast, Reporter
from runner.reporters.style import Style
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.drive import AsyncWorld, World, adrive, drive
from runner.shell.http import AsyncHttpTransport, HttpTransport
from runner.shell.network import AsyncNetwork, Network
from runner.shell.options import HttpOptions
from tests.faults.drivers import ending, nothing_left
from tests.scripted import plan_of
from tests.shell.server import Connection, answer, serve

START = 1_795_000_000.0
OPTIONS = HttpOptions(trust_env=False)

API = """
openapi: 3.1.0
info: {{title: Busy, version: '1'}}
servers: [{{url: '{url}'}}]
paths: {{/busy: {{get: {{operationId: ask, responses: {{default: {{description: whatever}}}}}}}}}}
"""
FLOW = """
arazzo: 1.0.1
info: {title: T, version: '1'}
sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]
workflows:
- workflowId: main
  steps:
  - stepId: ask
    operationId: ask
    successCriteria: [{condition: $statusCode == 200}]
    onFailure: [{name: again, type: retry, retryAfter: 7, retryLimit: 9, criteria: [{condition: $statusCode == 429}]}]
"""


class Jumping(VirtualClock):
    """A clock that is set back, or forward, each time before it is looked at."""

    def __init__(self, jump: float) -> None:
        super().__init__(START)
        self._jumps = count(0, jump)

    def now(self) -> float:
        return super().now() + next(self._jumps)


Driven = Callable[[Plan, VirtualClock, Limits], list[Entry]]


def blocking(kind: type[Network] | type[HttpTransport]) -> Driven:
    def driven(plan: Plan, clock: VirtualClock, limits: Limits) -> list[Entry]:
        entries: list[Entry] = []
        with kind(OPTIONS) as transport:
            world = World(transport, clock, entries.append)
            drive(api.start(plan, [api.ask(plan, key, {}) for key in plan.entries], limits, world), world)
        return entries

    return driven


def awaited(kind: type[AsyncNetwork] | type[AsyncHttpTransport]) -> Driven:
    async def driven(plan: Plan, clock: VirtualClock, limits: Limits) -> list[Entry]:
        entries: list[Entry] = []
        async with kind(OPTIONS) as transport:
            world = AsyncWorld(transport, AsyncVirtualClock(clock), entries.append)
            await adrive(api.start(plan, [api.ask(plan, key, {}) for key in plan.entries], limits, world), world)
        return entries

    return lambda plan, clock, limits: asyncio.run(driven(plan, clock, limits))


DRIVERS: dict[str, Driven] = {
    "lean": blocking(Network),
    "lean-async": awaited(AsyncNetwork),
    "httpx": blocking(HttpTransport),
    "httpx-async": awaited(AsyncHttpTransport),
}


def busy(*fields: str, times: int = 10**9) -> Callable[[Connection], None]:
    """Answer so many times that there is too much to do, and be at leisure then."""
    left = [times]

    def behave(connection: Connection) -> None:
        while connection.request():
            left[0] -= 1
            connection.send(answer(*fields, status="429 Too Many Requests") if left[0] >= 0 else answer())

    return behave


def story(driver: str, url: str, clock: VirtualClock, limits: Limits | None = None) -> list[Entry]:
    plan = plan_of(FLOW, {"things.yaml": API.format(url=url)})
    with nothing_left():
        return ending(lambda: DRIVERS[driver](plan, clock, limits or Limits(pace=0)))


def events(entries: list[Entry], kind: type[Any]) -> list[Any]:
    return [entry.event for entry in entries if isinstance(entry.event, kind)]


STORMS: dict[str, tuple[tuple[str, ...], float]] = {
    "without a word": ((), 7),
    "for a while": (("Retry-After: 3600",), 3600),
    "for no time": (("Retry-After: 0",), 0),
    "until a moment that is to come": (("Retry-After: Tue, 18 Nov 2036 00:00:00 GMT",), 315_579_200),
    "until a moment that is long past": (("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT",), 0),
    "for less than nothing": (("Retry-After: -5",), 7),
    "for a time that is none": (("Retry-After: soon",), 7),
    "for two times": (("Retry-After: 5", "Retry-After: 9"), 7),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("storm", STORMS)
def test_a_server_that_puts_off_ends_with_the_retries(storm: str, driver: str) -> None:
    fields, seconds = STORMS[storm]
    with serve(busy(*fields)) as server:
        entries = story(driver, server.url(""), VirtualClock(START))
        asked = len(server.received)
    [finished] = events(entries, StepFinished)
    pauses = [each.seconds for each in events(entries, WaitStarted)]
    if seconds > 86_400:
        assert (asked, pauses) == (1, [])
        assert finished.problem.message.startswith("step 'ask' is not tried again: its server asks for a pause of 3155")
    else:
        assert (asked, pauses) == (10, [seconds] * 9 if seconds else [])
        assert finished.problem.message == "$statusCode == 200 is not met: it is 429"


JUMPS = [-86_400.0, 86_400.0, -1.0]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_is_set_changes_nothing_that_a_flow_does(jump: float, driver: str) -> None:
    with serve(busy("Retry-After: 5", times=3)) as server:
        entries = story(driver, server.url(""), Jumping(jump), Limits(pace=0, wall=600.0))
    assert [each.seconds for each in events(entries, WaitStarted)] == [5.0, 5.0, 5.0]
    assert [each.outcome for each in events(entries, StepFinished)] == ["passed"]


@pytest.mark.parametrize("jump", JUMPS)
def test_no_report_tells_of_less_than_no_time(jump: float) -> None:
    with serve(busy("Retry-After: 5", times=3)) as server:
        entries = story("lean", server.url(""), Jumping(jump))
    recorder, written = Recorder(), [io.StringIO() for _ in range(4)]
    reporters: list[Reporter] = [
        JUnit(written[0]),
        JsonReport(written[1]),
        HtmlReport(written[2]),
        Console(written[3], Style()),
    ]
    broadcast = Broadcast(reporters)
    for entry in entries:
        broadcast.tell(entry)
        recorder.tell(entry)
    broadcast.close()
    [workflow] = recorder.run.workflows
    [step] = workflow.steps
    assert min(recorder.run.took, workflow.took, step.took, step.waited) >= 0
    for text in written:
        assert '="-' not in text.getvalue()

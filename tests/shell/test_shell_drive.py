"""How flows are driven: scripted flows, a clock that stands still, and Ctrl-C at the worst moments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import pytest

from runner.engine.events import Entry, Event, Outcome, RunFinished, RunStarted, WaitStarted
from runner.engine.flow import Answer, Cancelled, Effect, Flow, Send, Wait, Waited, is_cancelled
from runner.exchange import Exchange, Reply, Request, Response, TransportFailure, header
from runner.records import replace
from runner.shell.auth import Credentials
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.drive import AsyncWorld, World, adrive, drive
from tests.shell.operations import operation

START = RunStarted("doc", "title", ("w",))
END = RunFinished("passed")
STOPPED = RunFinished("error")
SEND = Send(Request("GET", "https://api.example/"), operation(), 3.0)


@dataclass
class Stage:
    """A world made for a test: what it does with a request or a sleep, and everything that was told and sent."""

    act: Callable[[], None] = lambda: None
    cancelled: Callable[[], bool] = lambda: False
    replies: list[Reply] = field(default_factory=lambda: [Response(200)])
    told: list[Entry] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(1000.0))
    refuse_to_hear: type[Event] | None = None

    def tell(self, entry: Entry) -> None:
        if self.refuse_to_hear and isinstance(entry.event, self.refuse_to_hear):
            raise OSError("disk full")
        self.told.append(entry)

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.sent.append(request)
        self.clock.sleep(0.25)
        self.act()
        return self.replies[min(len(self.sent), len(self.replies)) - 1]

    def sleep(self, seconds: float) -> None:
        self.act()
        self.clock.sleep(seconds)

    def now(self) -> float:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def world(self) -> World:
        return World(self, self, self.tell, Credentials({"Bearer": "s3cret"}), self.cancelled)


class AwaitedStage:
    """A `Stage`, awaited."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.now, self.monotonic = stage.now, stage.monotonic

    async def send(self, request: Request, timeout: float | None) -> Reply:
        await asyncio.sleep(0)
        return self.stage.send(request, timeout)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.stage.sleep(seconds)

    def world(self) -> AsyncWorld:
        return AsyncWorld(self, self, self.stage.tell, Credentials({"Bearer": "s3cret"}), self.stage.cancelled)


Run = Callable[[Flow, Stage], Outcome]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    if request.param == "sync":
        return lambda flow, stage: drive(flow, stage.world())
    return lambda flow, stage: asyncio.run(adrive(flow, AwaitedStage(stage).world()))


def scripted(answers: list[Answer], *effects: Effect) -> Flow:
    """A flow that begins, has these effects, and ends; cancelled, it tells its closing events at once."""
    yield START
    for effect in effects:
        answers.append((yield effect))
        if is_cancelled(answers[-1]):
            yield STOPPED
            return "error"
    yield END
    return "passed"


def test_what_is_secret_when_a_run_begins_is_kept_from_another_origin(run: Run) -> None:
    def flow() -> Flow:
        yield replace(START, secrets=frozenset({"s3cret"}))
        yield replace(SEND, request=replace(SEND.request, headers=(("X-Pin", "s3cret"), ("X-Y", "1"))))
        return "passed"

    stage = Stage(replies=[Response(307, (("Location", "https://other.example/"),)), Response(200)])
    run(flow(), stage)
    assert [header(sent.headers, "x-pin") for sent in stage.sent] == ["s3cret", None]
    assert [header(sent.headers, "x-y") for sent in stage.sent] == ["1", "1"]


def test_events_are_told_with_the_time_and_effects_are_answered(run: Run) -> None:
    answers: list[Answer] = []
    stage = Stage()
    assert run(scripted(answers, SEND, Wait(60.0), SEND), stage) == "passed"
    first, waited, second = answers
    assert isinstance(first, Exchange)
    assert (first.reply, first.took, header(first.sent.headers, "host")) == (Response(200), 0.25, "api.example")
    assert waited == Waited(60.0)
    assert isinstance(second, Exchange)
    assert stage.told == [Entry(1000.0, START), Entry(1060.5, END)]


def test_the_cookies_of_a_run_are_its_own(run: Run) -> None:
    stage = Stage(replies=[Response(200, (("Set-Cookie", "a=1"),))])
    run(scripted([], SEND, SEND), stage)
    run(scripted([], SEND), stage)
    assert [header(request.headers, "cookie") for request in stage.sent] == [None, "a=1", None]


def test_credentials_reach_the_requests(run: Run) -> None:
    stage = Stage()
    secured = operation([["Bearer"]], {"Bearer": {"type": "http", "scheme": "bearer"}})
    run(scripted([], Send(SEND.request, secured, None)), stage)
    assert header(stage.sent[0].headers, "authorization") == "Bearer s3cret"


def test_a_cancelled_run_sends_nothing_more_and_still_ends_in_order(run: Run) -> None:
    answers: list[Answer] = []
    stage = Stage()
    stage.cancelled = lambda: len(stage.sent) == 1
    assert run(scripted(answers, SEND, SEND, SEND), stage) == "error"
    assert isinstance(answers[0], Exchange)
    assert answers[1:] == [Cancelled()]
    assert [entry.event for entry in stage.told] == [START, STOPPED]
    assert len(stage.sent) == 1


def stubborn(answers: list[Answer]) -> Flow:
    """A flow that goes on asking after it was cancelled."""
    for _ in range(3):
        answers.append((yield SEND))
    yield STOPPED
    return "error"


def test_every_effect_after_a_cancellation_is_answered_the_same(run: Run) -> None:
    answers: list[Answer] = []
    stage = Stage()
    once = iter([True])
    stage.cancelled = lambda: next(once, False)
    assert run(stubborn(answers), stage) == "error"
    assert (answers, stage.sent) == ([Cancelled()] * 3, [])


def broken_off(effect: Effect) -> Answer:
    """A request that was under way is told of: nobody knows whether it arrived, and it may have cost money."""
    if isinstance(effect, Wait):
        return Cancelled()
    failure = TransportFailure("cancelled", "interrupted before an answer came; it may have arrived")
    return Exchange(effect.request, failure)


def interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("effect", [SEND, Wait(60.0)], ids=["in a request", "in a sleep"])
def test_ctrl_c_in_a_blocking_call_ends_the_run_in_order(effect: Effect) -> None:
    answers: list[Answer] = []
    stage = Stage(act=interrupted)
    assert drive(scripted(answers, effect, effect), stage.world()) == "error"
    assert answers == [broken_off(effect)]
    assert [entry.event for entry in stage.told] == [START, STOPPED]


def test_a_second_ctrl_c_ends_at_once() -> None:
    stage = Stage(act=interrupted)
    tell = stage.tell

    def interrupted_again(entry: Entry) -> None:
        if entry.event == STOPPED:
            raise KeyboardInterrupt
        tell(entry)

    stage.tell = interrupted_again  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        drive(scripted([], SEND), stage.world())


@pytest.mark.parametrize("effect", [SEND, Wait(60.0)], ids=["in a request", "in a sleep"])
def test_a_cancelled_task_ends_its_run_in_order_and_is_cancelled(effect: Effect) -> None:
    answers: list[Answer] = []

    async def main() -> Stage:
        stage = Stage()
        awaited = AwaitedStage(stage)
        began = asyncio.Event()

        async def forever(*_: object) -> Reply:
            began.set()
            await asyncio.sleep(60)
            raise AssertionError("it was abandoned")

        awaited.send = awaited.sleep = forever  # type: ignore[assignment, method-assign]
        task = asyncio.create_task(adrive(scripted(answers, effect, effect), awaited.world()))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        return stage

    stage = asyncio.run(main())
    assert answers == [broken_off(effect)]
    assert [entry.event for entry in stage.told] == [START, STOPPED]


class Watched:
    """A flow that notes how it was ended."""

    def __init__(self, *steps: Event | Effect) -> None:
        self.steps = steps
        self.closed = False

    def flow(self) -> Flow:
        try:
            for step in self.steps:
                _ = yield step
        finally:
            self.closed = True
        return "passed"


def test_a_reporter_that_fails_closes_the_flow_and_is_heard(run: Run) -> None:
    watched = Watched(START, SEND, WaitStarted((), 1, "pace"), END)
    stage = Stage(refuse_to_hear=WaitStarted)
    with pytest.raises(OSError, match="disk full"):
        run(watched.flow(), stage)
    assert watched.closed
    assert [entry.event for entry in stage.told] == [START]


def test_a_transport_that_fails_closes_the_flow_and_is_heard(run: Run) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    watched = Watched(START, SEND)
    with pytest.raises(ZeroDivisionError):
        run(watched.flow(), Stage(act=broken))
    assert watched.closed


def test_a_flow_that_fails_is_heard(run: Run) -> None:
    def faulty() -> Generator[Event | Effect, Answer, Outcome]:
        yield START
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(faulty(), Stage())


def test_two_awaited_runs_share_a_virtual_clock() -> None:
    async def main() -> float:
        clock = VirtualClock(0.0)
        world = AsyncWorld(AwaitedStage(Stage()), AsyncVirtualClock(clock), lambda _: None)
        await asyncio.gather(*(adrive(scripted([], Wait(3600.0)), world) for _ in range(2)))
        return clock.now()

    assert asyncio.run(main()) == 7200.0


def torn_down(answers: list[Answer]) -> Flow:
    """A flow that is cancelled in its first effect, and has a teardown."""
    yield START
    answers.append((yield SEND))
    for effect in (replace(SEND, in_teardown=True), Wait(2.0, in_teardown=True), SEND):
        answers.append((yield effect))
    yield STOPPED
    return "error"


def test_a_teardown_is_carried_out_after_the_run_was_cancelled_and_nothing_else_is(run: Run) -> None:
    answers: list[Answer] = []
    stage = Stage()
    stage.cancelled = lambda: True
    assert run(torn_down(answers), stage) == "error"
    assert [type(answer) for answer in answers] == [Cancelled, Exchange, Waited, Cancelled]
    assert len(stage.sent) == 1


def test_a_second_ctrl_c_ends_at_once_also_in_the_middle_of_a_teardown() -> None:
    answers: list[Answer] = []
    stage = Stage(act=interrupted)
    with pytest.raises(KeyboardInterrupt):
        drive(torn_down(answers), stage.world())
    assert [is_cancelled(answer) for answer in answers] == [True]
    assert len(stage.sent) == 2
    assert [entry.event for entry in stage.told] == [START]


@pytest.mark.parametrize("times", [1, 2])
def test_a_cancelled_task_is_torn_down_and_a_second_cancellation_ends_at_once(times: int) -> None:
    answers: list[Answer] = []

    async def main() -> Stage:
        stage = Stage()
        awaited, send, begun = AwaitedStage(stage), AwaitedStage(stage).send, asyncio.Semaphore(0)
        hanging = iter([True] * times)

        async def hang(request: Request, timeout: float | None) -> Reply:
            begun.release()
            if next(hanging, False):
                await asyncio.sleep(60)
            return await send(request, timeout)

        awaited.send = hang  # type: ignore[method-assign]
        task = asyncio.create_task(adrive(torn_down(answers), awaited.world()))
        for _ in range(times):
            await begun.acquire()
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return stage

    stage = asyncio.run(main())
    after = [] if times == 2 else [Exchange, Waited, Cancelled]
    assert [type(answer) for answer in answers] == [Exchange, *after]
    assert [entry.event for entry in stage.told] == [START] + [STOPPED] * (times == 1)

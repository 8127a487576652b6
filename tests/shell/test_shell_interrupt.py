"""Ctrl-C with the real signal: it breaks into what blocks and leaves everything else to finish."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from runner.engine.events import Entry, Event, RunFinished, RunStarted
from runner.engine.flow import Answer, Cancelled, Effect, Flow, Send, Wait, is_cancelled
from runner.exchange import Exchange, Request
from runner.shell.clock import SystemClock, VirtualClock
from runner.shell.drive import World, drive
from runner.shell.interrupt import Interrupt, aside
from tests.shell.conftest import QUIET, TRANSPORTS
from tests.shell.operations import operation
from tests.shell.server import Connection, serve

START, END = RunStarted("d", "t", ("w",)), RunFinished("error")


def strike() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def strike_soon() -> Iterator[None]:
    """Strike a moment after somebody listens: what is struck before ends the whole test run."""
    before, is_over = signal.getsignal(signal.SIGINT), threading.Event()

    def wait() -> None:
        while signal.getsignal(signal.SIGINT) == before:
            if is_over.wait(0.02):
                return
        time.sleep(0.1)
        strike()

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    is_over.set()
    thread.join()


def flow(answers: list[Answer], effect: Effect) -> Flow:
    yield START
    answers.append((yield effect))
    yield END
    return "error"


def silent(connection: Connection) -> None:
    connection.request()
    connection.wait()


@pytest.mark.usefixtures("strike_soon")
@pytest.mark.parametrize("kind", ["request", "sleep"])
@pytest.mark.parametrize("via", TRANSPORTS)
def test_ctrl_c_breaks_into_what_blocks(kind: str, via: str) -> None:
    answers: list[Answer] = []
    told: list[Event] = []
    with serve(silent) as server, TRANSPORTS[via](QUIET) as transport, Interrupt() as interrupt:
        effect = Send(Request("GET", server.url()), operation(), 30.0) if kind == "request" else Wait(30.0)
        ports = interrupt.transport(transport), interrupt.clock(SystemClock())
        world = World(*ports, lambda entry: told.append(entry.event), cancelled=interrupt.cancelled)
        began = time.monotonic()
        drive(flow(answers, effect), world)
        assert time.monotonic() - began < 10
    assert [is_cancelled(answer) for answer in answers] == [True]
    assert isinstance(answers[0], Cancelled if kind == "sleep" else Exchange)
    assert told == [START, END]


def test_ctrl_c_elsewhere_waits_for_the_next_effect() -> None:
    answers: list[Answer] = []
    told: list[Event] = []

    def tell(entry: Entry) -> None:
        if entry.event == START:
            strike()
        told.append(entry.event)

    with Interrupt() as interrupt, TRANSPORTS["lean"](QUIET) as transport:
        clock = interrupt.clock(VirtualClock(0.0))
        world = World(interrupt.transport(transport), clock, tell, cancelled=interrupt.cancelled)
        drive(flow(answers, Wait(5.0)), world)
        assert clock.now() == 0.0
    assert (answers, told) == ([Cancelled()], [START, END])


def test_a_ctrl_c_that_came_just_before_breaks_into_what_blocks_next() -> None:
    with Interrupt() as interrupt:
        strike()
        with pytest.raises(KeyboardInterrupt):
            interrupt.clock(SystemClock()).sleep(5.0)


def test_once_it_was_heard_of_a_teardown_may_wait() -> None:
    with Interrupt() as interrupt:
        strike()
        assert interrupt.cancelled()
        clock = interrupt.clock(VirtualClock(0.0))
        clock.sleep(5.0)
        assert clock.now() == 5.0


@pytest.mark.usefixtures("strike_soon")
def test_the_second_ctrl_c_breaks_into_a_teardown() -> None:
    with Interrupt() as interrupt:
        strike()
        assert interrupt.cancelled()
        with pytest.raises(KeyboardInterrupt):
            interrupt.clock(SystemClock()).sleep(5.0)


def test_the_second_ctrl_c_raises_anywhere() -> None:
    with Interrupt() as interrupt:
        strike()
        assert interrupt.cancelled()
        with pytest.raises(KeyboardInterrupt):
            strike()


def test_afterwards_ctrl_c_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_off_the_main_thread_nothing_is_changed_and_everything_works() -> None:
    before = signal.getsignal(signal.SIGINT)
    slept: list[float] = []

    def work() -> None:
        with Interrupt() as interrupt:
            clock = interrupt.clock(VirtualClock(0.0))
            clock.sleep(3.0)
            slept.append(clock.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert slept == [3.0]
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.usefixtures("strike_soon")
@pytest.mark.parametrize("via", TRANSPORTS)
def test_ctrl_c_ends_the_requests_and_sleeps_of_other_threads(via: str) -> None:
    answers: list[Answer] = []
    with serve(silent) as server, TRANSPORTS[via](QUIET) as transport, Interrupt() as interrupt:
        ports = interrupt.transport(transport), interrupt.clock(SystemClock(interrupt.cancelled))
        world = World(*ports, lambda _: None, cancelled=interrupt.cancelled)
        effects = (Send(Request("GET", server.url()), operation(), 30.0), Wait(30.0))
        threads = [threading.Thread(target=drive, args=(flow(answers, each), world), daemon=True) for each in effects]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    assert [is_cancelled(answer) for answer in answers] == [True, True]
    assert interrupt.number == signal.SIGINT


def test_another_thread_gets_its_answers_and_whatever_was_raised() -> None:
    interrupt, found = Interrupt(), list[object]()

    def work() -> None:
        found.append(aside(lambda: 7, interrupt.enough()))
        with pytest.raises(ZeroDivisionError):
            aside(lambda: 1 // 0, interrupt.enough())
        found.append("raised")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == [7, "raised"]

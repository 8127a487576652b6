"""One thread computes at a time, and all wait at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from runner.exchange import Exchange, Reply, Request, Response
from runner.shell.clock import SystemClock
from runner.shell.deliver import carry
from runner.shell.effects import Await, Steps
from runner.shell.turn import ALONE, UNSEEN, Turn

REQUEST = Request("GET", "http://h.test/", (), None)


class Meeting:
    """Answers when all that were expected have asked, and sleeps until then too."""

    def __init__(self, expected: int) -> None:
        self.barrier = threading.Barrier(expected, timeout=10)

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.barrier.wait()
        return Response(204, (), b"")

    def now(self) -> float:
        return 0.0

    monotonic = now

    def sleep(self, seconds: float) -> None:
        self.barrier.wait()


def test_threads_compute_one_at_a_time_and_wait_for_replies_and_sleep_side_by_side() -> None:
    turn, meeting, computing, most = Turn(), Meeting(5), list[int](), list[int]()
    clock = turn.clock(meeting)
    failures = list[BaseException]()

    def compute() -> None:
        computing.append(1)
        most.append(len(computing))
        computing.pop()

    def lane() -> None:
        try:
            with turn.held():
                for _ in range(20):
                    compute()
                    with turn.left():
                        assert meeting.send(REQUEST, None) == Response(204, (), b"")
                    compute()
                    clock.sleep(clock.now() + clock.monotonic())
        except BaseException as error:
            failures.append(error)
            meeting.barrier.abort()

    threads = [threading.Thread(target=lane) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (failures, max(most), len(most)) == ([], 1, 200)


def test_a_turn_is_held_again_after_a_request_that_was_broken_off() -> None:
    class Broken(Meeting):
        def send(self, request: Request, timeout: float | None) -> Reply:
            raise KeyboardInterrupt

    turn = Turn()
    try:
        with turn.held(), turn.left():
            Broken(1).send(REQUEST, None)
    except KeyboardInterrupt:
        pass
    with turn.held():  # nobody has kept it
        pass


def test_who_passes_the_turn_gets_it_back_when_all_who_waited_have_had_it() -> None:
    turn, order, began = Turn(), list[int](), threading.Barrier(4, timeout=10)

    def lane(number: int) -> None:
        began.wait()
        with turn.held():
            order.append(number)
            turn.passed()
            order.append(number)

    with turn.held():
        threads = [threading.Thread(target=lane, args=(number,)) for number in range(3)]
        for each in threads:
            each.start()
        began.wait()
        while len(turn._waiting) < 3:
            time.sleep(0.001)
        assert turn.passed()
        first, own = order.copy(), len(order)
    for each in threads:
        each.join()
    assert (sorted(first), own) == ([0, 1, 2], 3)
    assert order == [*first, *first]


def test_there_is_nobody_to_pass_a_turn_to_that_nobody_waits_for() -> None:
    turn = Turn()
    with turn.held():
        assert not turn.passed()
    with ALONE.held(), ALONE.held(), ALONE.left():
        assert not ALONE.passed()


def test_who_waits_for_the_token_that_another_run_asks_for_lets_others_compute() -> None:
    turn, token, done = Turn(), Future[None](), list[bool]()

    def delivery() -> Steps[Exchange]:
        yield Await(token, 10.0)
        return Exchange(REQUEST, Response(204, (), b""), 0.0)

    def lane() -> None:
        with turn.held():
            began.set()
            carry(delivery(), Meeting(1), SystemClock(), turn)
            done.append(True)

    began = threading.Event()
    thread = threading.Thread(target=lane)
    thread.start()
    began.wait()
    with turn.held():
        assert not done
        token.set_result(None)
    thread.join()
    assert done


def test_nobody_looks_for_answers_that_take_longer_until_some_have_come() -> None:
    turn, looks = Turn(), list[bool]()

    def look(is_there: bool) -> Callable[[], bool]:
        return lambda: looks.append(is_there) or is_there

    assert [turn.glanced(look(True)) for _ in range(3)] == [True] * 3
    assert not turn.glanced(look(False))
    assert not any(turn.glanced(look(True)) for _ in range(UNSEEN))
    assert turn.glanced(look(True))
    assert looks == [True, True, True, False, True]

"""One thread computes at a time, and all wait at once."""

from __future__ import annotations

import threading

from runner.exchange import Reply, Request, Response
from runner.suite.turn import Turn

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
    clock, apart = turn.clock(meeting), turn.apart
    assert apart is not None
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
                    with apart():
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

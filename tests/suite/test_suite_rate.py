"""The rate of a suite: every request has a moment of its own, and the wait for it is nobody's time."""

from __future__ import annotations

from functools import partial
from itertools import islice

import pytest

from runner.errors import UsageError
from runner.shell.clock import VirtualClock
from runner.suite.rate import Bucket, OwnTime, Rate, read_rate


@pytest.mark.parametrize(("text", "interval"), [("50/s", 0.02), ("0.5/s", 2.0), ("120/m", 0.5), ("10/h", 360.0)])
def test_a_rate_is_so_many_requests_in_a_time(text: str, interval: float) -> None:
    assert read_rate(text) == pytest.approx(interval)


@pytest.mark.parametrize("text", ["", "50", "0/s", "-1/s", "50/d", "1e3/s", "50 / s", "/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write N/s"):
        read_rate(text)


def test_tokens_come_one_after_the_other_and_none_is_saved_up() -> None:
    bucket = Bucket(0.5)
    waits = [sum(islice(bucket.waits(partial(float, now)), 1)) for now in (10.0, 10.0, 10.1, 20.0, 20.4)]
    assert waits == pytest.approx([0, 0.5, 0.9, 0, 0.1])


def test_the_clock_of_a_run_stands_still_while_a_request_waits() -> None:
    machine = VirtualClock(0.0)
    own, bucket = OwnTime(machine), Bucket(2.0)

    gate = Rate(bucket, own)
    for _ in range(3):
        gate.enter("http://a.test/", at_once=False)
        own.sleep(0.5)
    assert own.monotonic() == pytest.approx(1.5)
    assert machine.monotonic() == pytest.approx(4.5)
    assert own.now() == pytest.approx(4.5)


def test_what_leaves_at_once_is_waited_for_by_those_after_it() -> None:
    machine = VirtualClock(0.0)
    gate = Rate(Bucket(2.0), OwnTime(machine))
    left = []
    for at_once in (False, True, True, False, False):
        gate.enter("http://a.test/", at_once)
        left.append(machine.monotonic())
    assert left == pytest.approx([0.0, 0.0, 0.0, 6.0, 8.0])


def test_what_leaves_at_once_is_waited_for_by_those_who_wait_already_too() -> None:
    machine, bucket = VirtualClock(0.0), Bucket(2.0)
    waiting = [bucket.waits(machine.monotonic) for _ in range(3)]
    assert [next(each, None) for each in waiting] == [None, 2.0, 4.0]
    machine.sleep(1.0)
    bucket.take_first(machine.monotonic())
    machine.sleep(1.0)
    assert [next(each, None) for each in waiting[1:]] == [2.0, 4.0]
    machine.sleep(2.0)
    assert [next(each, None) for each in waiting[1:]] == [None, 2.0]

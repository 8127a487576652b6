"""Clocks, and the dates of HTTP."""

from __future__ import annotations

import asyncio
import time

import pytest

from runner.shell.clock import AsyncSystemClock, SystemClock, VirtualClock, http_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        ("Sun Nov  6 08:49:37 1994", 784111777.0),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 784111777.0),
        ("120", None),
        ("", None),
        ("soon", None),
        ("Sun, 42 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
)
def test_a_date_of_http_is_seconds_since_1970(text: str, expected: float | None) -> None:
    assert http_date(text) == expected


def test_a_virtual_clock_moves_only_when_somebody_sleeps() -> None:
    clock = VirtualClock(1000.0)
    assert (clock.now(), clock.monotonic()) == (1000.0, 0.0)
    clock.sleep(3600.0)
    clock.sleep(-1.0)
    assert (clock.now(), clock.monotonic()) == (4600.0, 3600.0)


def test_a_system_clock_sleeps_as_long_as_it_is_told() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.15)
    assert 0.15 <= clock.monotonic() - began < 5
    assert abs(clock.now() - time.time()) < 1


def test_a_system_clock_wakes_up_when_the_run_is_cancelled() -> None:
    until = time.monotonic() + 0.05
    began = time.monotonic()
    SystemClock(lambda: time.monotonic() > until).sleep(10.0)
    assert time.monotonic() - began < 1


def test_an_awaited_system_clock_sleeps_too() -> None:
    clock = AsyncSystemClock()
    began = clock.monotonic()
    asyncio.run(clock.sleep(0.05))
    assert clock.monotonic() - began >= 0.05
    assert abs(clock.now() - time.time()) < 1


@pytest.mark.parametrize("made", [SystemClock, AsyncSystemClock])
@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0], ids=["back", "forward"])
def test_a_system_clock_goes_on_as_time_does_when_the_machine_s_is_set(
    made: type[SystemClock | AsyncSystemClock], jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = made()
    before, real = clock.now(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    assert 0 <= clock.now() - before < 60
    assert abs(made().now() - before - jump) < 60

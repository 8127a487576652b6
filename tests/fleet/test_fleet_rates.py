from __future__ import annotations

import threading
import time

import pytest

from runner.exchange import Reply, Request, Response
from runner.fleet.database import Database, Row
from runner.fleet.rates import HostTurns, Lights, Traffic, host_of
from runner.suite.rate import OwnTime


class Times:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class Answering:
    """A transport that answers at once, once it is let."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.under_way = self.most = 0
        self.lock = threading.Lock()
        self.go_on = threading.Event()

    def send(self, request: Request, timeout: float | None) -> Reply:
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.go_on.wait(10)
        with self.lock:
            self.under_way -= 1
        return Response(200, (), b"")


def request(url: str) -> Request:
    return Request("GET", url)


RESOLUTION = 0.002
"""Seconds by which the clock of a database may be out: SQLite's counts milliseconds."""


def moment(turns: HostTurns, now: float) -> float:
    left = turns.take(now)
    return time.monotonic() + left


def test_two_workers_share_the_turns_of_a_host(database: Database) -> None:
    one, two = (HostTurns(database, "api.test", 10.0) for _ in range(2))
    found = sorted(moment(turns, time.monotonic()) for turns in (one, two, one, two))
    assert [round((each - found[0]) / 10.0) for each in found] == [0, 1, 2, 3]


def test_a_fast_rate_is_taken_some_turns_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    rows = database.rows

    def counted(sql: str, *values: object) -> list[Row]:
        asked.append(sql)
        return rows(sql, *values)

    monkeypatch.setattr(database, "rows", counted)
    turns = HostTurns(database, "api.test", 0.01)
    began = time.monotonic()
    moments = [moment(turns, began) for _ in range(60)]  # a clock that stands still: no turn is over
    ended = time.monotonic()
    latest = ended + (ended - began) + RESOLUTION  # what asking took counts twice by a clock that stands still
    assert len(asked) == 3
    for place, each in enumerate(moments):
        assert began - RESOLUTION <= each - place * 0.01 <= latest


def test_turns_that_nobody_took_in_time_are_over(database: Database) -> None:
    turns = HostTurns(database, "api.test", 0.05)
    turns.take(0.0)
    assert turns.take(100.0) <= 0.25


def test_waiting_for_a_turn_is_no_time_of_the_run(database: Database) -> None:
    times, inner = Times(), Answering()
    inner.go_on.set()
    own = OwnTime(times)
    transport = Lights(database, Traffic({"*": 30.0})).transport(inner, own)
    for _ in range(3):
        transport.send(request("http://a.test/"), None)
    assert own.monotonic() == 1000.0
    assert times.at > 1059  # the clock of the database stood still meanwhile


def test_hosts_do_not_wait_for_each_other(database: Database) -> None:
    times, inner = Times(), Answering()
    inner.go_on.set()
    transport = Lights(database, Traffic({"a.test": 30.0})).transport(inner, OwnTime(times))
    for url in ("http://a.test/", "http://b.test/", "http://b.test/", "https://a.test:8443/"):
        transport.send(request(url), None)
    assert times.at == 1000.0


def test_no_more_requests_are_under_way_than_may_be(database: Database) -> None:
    inner = Answering()
    transport = Lights(database, Traffic(many={"*": 2})).transport(inner, OwnTime(Times()))
    threads = [threading.Thread(target=transport.send, args=(request("http://a.test/"), None)) for _ in range(6)]
    for thread in threads:
        thread.start()
    while inner.under_way < 2:
        time.sleep(0.01)
    time.sleep(0.1)
    assert inner.under_way == 2
    inner.go_on.set()
    for thread in threads:
        thread.join()
    assert inner.most == 2


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://A.test/x", "a.test"),
        ("https://a.test:443/", "a.test"),
        ("http://a.test:8080/", "a.test:8080"),
        ("http://a.test:443/", "a.test:443"),
    ],
)
def test_a_host_is_named_with_its_port_where_that_is_not_the_usual_one(url: str, host: str) -> None:
    assert host_of(url) == host


def test_nothing_stands_between_where_nothing_is_said(database: Database) -> None:
    inner = Answering()
    assert Lights(database, Traffic()).transport(inner, OwnTime(Times())) is inner

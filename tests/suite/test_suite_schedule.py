"""Running side by side: what is told, and in which order, is the same with any number of jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from runner.engine.events import Answered, Case, CaseFinished, CaseSkipped, CaseStarted, Entry, Outcome
from runner.exchange import Exchange, Request, Response
from runner.plan.plan import Inputs, WorkflowPlan
from runner.source import Source, Span
from runner.suite import schedule
from runner.suite.cases import Subject, Task
from runner.suite.schedule import AHEAD, Perform, Schedule, Tell

PATIENCE = 10.0
NOWHERE = Span(Source("d", "d", ""), 0, 0)


def task(number: int, *mutexes: str) -> Task:
    workflow = WorkflowPlan(f"w{number}", f"w{number}", "d", "", "", Inputs(True, None), (), (), (), {}, None, NOWHERE)
    return Task(
        number, Case(f"w{number}", "d", f"w{number}"), Subject(0, f"w{number}", "d", workflow, frozenset(mutexes))
    )


def lanes(perform: Perform) -> Callable[[], AbstractContextManager[Perform]]:
    @contextmanager
    def lane() -> Iterator[Perform]:
        yield perform

    return lane


def skip(skipped: Task, reason: str) -> Entry:
    return Entry(0.0, CaseSkipped(skipped.case, reason))


def tell_all(it: Task, tell: Tell, outcome: Outcome = "passed") -> Outcome:
    tell(Entry(0.0, CaseStarted(it.case)))
    tell(Entry(0.0, CaseFinished(it.case, outcome)))
    return outcome


def said(told: list[Entry]) -> list[str]:
    return [
        f"{type(entry.event).__name__.removeprefix('Case').lower()} {entry.event.case.name}"
        for entry in told
        if isinstance(entry.event, CaseStarted | CaseFinished | CaseSkipped)
    ]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_what_is_told_is_in_the_order_of_the_tasks_with_any_number_of_jobs(jobs: int) -> None:
    told: list[Entry] = []
    tasks = [task(number) for number in range(40)]
    Schedule(iter(tasks), lanes(tell_all), skip, told.append, jobs).run()
    assert said(told) == [f"{what} w{number}" for number in range(40) for what in ("started", "finished")]


def test_a_later_case_that_is_done_first_is_held_back_and_the_oldest_is_heard_as_it_goes() -> None:
    told: list[Entry] = []
    last_is_done, first_is_heard = threading.Event(), threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        if it.number == 0:
            tell(Entry(0.0, CaseStarted(it.case)))
            first_is_heard.set()
            assert last_is_done.wait(PATIENCE)
            assert said(told) == ["started w0"]
            tell(Entry(0.0, CaseFinished(it.case, "passed")))
            return "passed"
        assert first_is_heard.wait(PATIENCE)
        outcome = tell_all(it, tell)
        if it.number == 3:
            last_is_done.set()
        return outcome

    Schedule(iter([task(number) for number in range(4)]), lanes(perform), skip, told.append, 2).run()
    assert said(told) == [f"{what} w{number}" for number in range(4) for what in ("started", "finished")]


@pytest.mark.parametrize("jobs", [2, 3])
def test_no_more_than_four_cases_a_job_are_held(jobs: int) -> None:
    pulled: list[int] = []
    others = threading.Semaphore(0)

    def source() -> Iterator[Task]:
        for number in range(100):
            pulled.append(number)
            yield task(number)

    def perform(it: Task, tell: Tell) -> Outcome:
        if it.number == 0:
            for _ in range(AHEAD * jobs - 1):
                assert others.acquire(timeout=PATIENCE)
            assert not others.acquire(timeout=0.3), "a case began too far ahead of the oldest"
            assert len(pulled) == AHEAD * jobs
        else:
            others.release()
        return tell_all(it, tell)

    told: list[Entry] = []
    Schedule(source(), lanes(perform), skip, told.append, jobs).run()
    assert len(told) == 200


def tell_heavily(it: Task, tell: Tell, outcome: Outcome = "passed") -> Outcome:
    exchange = Exchange(Request("GET", "https://a.test/"), Response(200, body=bytes(1000)))
    tell(Entry(0.0, Answered((), exchange)))
    return tell_all(it, tell, outcome)


def test_no_case_begins_ahead_of_the_oldest_while_large_bodies_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MOST_HELD", 2500)
    told: list[Entry] = []
    others = threading.Semaphore(0)

    def perform(it: Task, tell: Tell) -> Outcome:
        if it.number == 0:
            for _ in range(3):
                assert others.acquire(timeout=PATIENCE)
            assert not others.acquire(timeout=0.3), "a case began though too much was held"
        else:
            others.release()
        return tell_heavily(it, tell)

    Schedule(iter([task(number) for number in range(20)]), lanes(perform), skip, told.append, 2).run()
    assert said(told) == [f"{what} w{number}" for number in range(20) for what in ("started", "finished")]


def test_the_oldest_case_begins_whatever_is_held_though_it_waited_for_a_mutex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MOST_HELD", 1)
    told: list[Entry] = []
    free = threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        if it.number == 0:
            assert free.wait(PATIENCE)
        outcome = tell_heavily(it, tell)
        if it.number == 3:
            free.set()
        return outcome

    tasks = [task(0, "a"), task(1, "a"), task(2, "a"), *(task(number) for number in range(3, 20))]
    Schedule(iter(tasks), lanes(perform), skip, told.append, 2).run()
    assert said(told) == [f"{what} w{number}" for number in range(20) for what in ("started", "finished")]


def test_what_is_not_told_any_more_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MOST_HELD", 1)
    told: list[Entry] = []
    is_held, failed = threading.Event(), threading.Event()
    together = threading.Barrier(2, timeout=PATIENCE)

    def perform(it: Task, tell: Tell) -> Outcome:
        match it.number:
            case 0 | 1:
                assert failed.wait(PATIENCE)
            case 2 | 3:
                together.wait()
            case 4:
                assert is_held.wait(PATIENCE)
                failed.set()
                return tell_all(it, tell, "failed")
            case 5:
                tell_heavily(it, tell)
                is_held.set()
                return "passed"
        return tell_all(it, tell)

    tasks = [task(0, "a"), task(1, "b"), task(2, "a"), task(3, "b"), task(4), task(5)]
    Schedule(iter(tasks), lanes(perform), skip, told.append, 4, fail_fast=True).run()
    assert said(told) == [
        *(f"{what} w{number}" for number in range(5) for what in ("started", "finished")), "skipped w5",
    ]  # fmt: skip


def test_cases_that_share_a_mutex_never_overlap_and_others_pass_them_by() -> None:
    busy: set[str] = set()
    together: list[int] = []
    lock = threading.Lock()
    free = threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        mutexes = set(it.subject.mutexes)
        with lock:
            assert busy.isdisjoint(mutexes)
            busy.update(mutexes)
            together.append(it.number)
        if it.number == 0:
            assert free.wait(PATIENCE), "a case that shares nothing waited"
        if it.number == 3:
            free.set()
        with lock:
            busy.difference_update(mutexes)
        return tell_all(it, tell)

    mutexes = [("a", "b"), ("a",), ("b", "c"), (), ("c",), ("a",)]
    tasks = [task(number, *names) for number, names in enumerate(mutexes)]
    told: list[Entry] = []
    Schedule(iter(tasks), lanes(perform), skip, told.append, 3).run()
    assert said(told) == [f"{what} w{number}" for number in range(6) for what in ("started", "finished")]
    assert together.index(3) < together.index(1)


@pytest.mark.parametrize("jobs", [1, 3])
def test_under_fail_fast_the_first_in_order_that_does_not_pass_is_the_last_that_is_told(jobs: int) -> None:
    told: list[Entry] = []
    failed = threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        if it.number > 1:
            assert failed.wait(PATIENCE)
        return tell_all(it, tell, "failed" if it.number == 1 else "passed")

    def tell(entry: Entry) -> None:
        told.append(entry)
        if isinstance(entry.event, CaseFinished) and entry.event.outcome == "failed":
            failed.set()

    tasks = iter([task(number) for number in range(30)])
    Schedule(tasks, lanes(perform), skip, tell, jobs, fail_fast=True).run()
    assert said(told) == [
        "started w0", "finished w0", "started w1", "finished w1", *(f"skipped w{number}" for number in range(2, 30)),
    ]  # fmt: skip
    reasons = {entry.event.reason for entry in told if isinstance(entry.event, CaseSkipped)}
    assert reasons == {"'w1' did not pass (--fail-fast)"}


@pytest.mark.parametrize("before", ["passed", "failed"])
def test_a_failure_ahead_of_its_turn_stops_what_comes_after_it_and_nothing_before_it(before: Outcome) -> None:
    told: list[Entry] = []
    ahead = threading.Event()
    begun: list[int] = []

    def perform(it: Task, tell: Tell) -> Outcome:
        begun.append(it.number)
        if it.number == 0:
            assert ahead.wait(PATIENCE)
        outcome: Outcome = before if it.number == 1 else "failed" if it.number == 3 else "passed"
        tell_all(it, tell, outcome)
        if it.number == 3:
            ahead.set()
        return outcome

    tasks = [task(0, "a"), task(1, "a"), task(2, "a"), task(3), *(task(number, "a") for number in range(4, 20))]
    Schedule(iter(tasks), lanes(perform), skip, told.append, 2, fail_fast=True).run()
    last = 1 if before == "failed" else 3
    assert said(told) == [
        *(f"{what} w{number}" for number in range(last + 1) for what in ("started", "finished")),
        *(f"skipped w{number}" for number in range(last + 1, 20)),
    ]
    assert {0, 1, 3} <= set(begun) <= {0, 1, 2, 3}


def test_what_a_failing_suite_was_interrupted_in_is_told_to_be_that() -> None:
    told: list[Entry] = []
    cancelled = threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        cancelled.set()
        return tell_all(it, tell, "error")

    tasks = [task(number) for number in range(3)]
    Schedule(iter(tasks), lanes(perform), skip, told.append, 1, fail_fast=True, cancelled=cancelled.is_set).run()
    assert said(told) == ["started w0", "finished w0", "skipped w1", "skipped w2"]
    assert {entry.event.reason for entry in told if isinstance(entry.event, CaseSkipped)} == {"interrupted"}


def test_cancelling_skips_what_has_not_begun_also_what_waits_for_a_mutex_before_others_that_ran() -> None:
    told: list[Entry] = []
    cancelled = threading.Event()

    def perform(it: Task, tell: Tell) -> Outcome:
        tell_all(it, tell)
        if it.number == 2:
            cancelled.set()
        if it.number == 0:
            assert cancelled.wait(PATIENCE)
        return "passed"

    tasks = [task(0, "a"), task(1, "a"), task(2), *(task(number, "a") for number in range(3, 20))]
    Schedule(iter(tasks), lanes(perform), skip, told.append, 2, cancelled=cancelled.is_set).run()
    assert said(told) == [
        "started w0", "finished w0", "skipped w1", "started w2", "finished w2",
        *(f"skipped w{number}" for number in range(3, 20)),
    ]  # fmt: skip


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_should_never_happen_in_a_thread_is_raised_where_it_is_waited_for(jobs: int) -> None:
    def perform(it: Task, tell: Tell) -> Outcome:
        raise ZeroDivisionError(it.number)

    tasks = iter([task(number) for number in range(5)])
    with pytest.raises(ZeroDivisionError):
        Schedule(tasks, lanes(perform), skip, [].append, jobs).run()


def test_each_job_has_a_lane_of_its_own() -> None:
    opened, closed = [], []
    both = threading.Barrier(2, timeout=PATIENCE)

    @contextmanager
    def lane() -> Iterator[Perform]:
        opened.append(threading.get_ident())
        yield partial(lambda it, tell: (both.wait(), tell_all(it, tell))[1])
        closed.append(threading.get_ident())

    Schedule(iter([task(0), task(1)]), lane, skip, [].append, 2).run()
    assert len(set(opened)) == 2
    assert sorted(opened) == sorted(closed)

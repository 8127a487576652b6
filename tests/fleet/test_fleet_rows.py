from __future__ import annotations

import threading

import pytest

from runner.durable.store import KeptEffect
from runner.fleet.batches import Batches
from runner.fleet.database import Database, Session
from runner.fleet.effects import RowStore
from runner.fleet.rows import PEEK, Claim, LostClaim, Rows
from runner.fleet.workers import Workers, seen
from tests.fleet.batch import submitted


def worker(database: Database, name: str, lease: float = 60.0) -> Rows:
    Workers(database, name, "here", lease).beat()
    return Rows(database, name)


def numbers(claims: object) -> list[int]:
    return [claim.number for claim in claims]  # type: ignore[attr-defined]


def effect(number: int = 1, answered: bytes | None = None) -> KeptEffect:
    return KeptEffect("1.1", number, "send", "GET /", 1.0, b"asked", answered)


def test_a_row_is_held_by_one_worker_at_a_time(database: Database) -> None:
    submitted(database)
    first, second = worker(database, "one"), worker(database, "two")
    assert numbers(first.claim("b", 0, 60)) == [1, 2]
    assert numbers(second.claim("b", 0, 60)) == []
    assert numbers(second.claim("b", 1, 60)) == [3]


def test_many_workers_that_claim_at_once_share_the_rows_without_a_rest(database: Database) -> None:
    submitted(database, rows=40, chunk=40)
    taken: list[int] = []
    claimers = [worker(database, f"w{place}") for place in range(6)]
    threads = [threading.Thread(target=lambda each=each: taken.extend(numbers(each.claim("b", 0, 60))))  # type: ignore[misc]
               for each in claimers]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))


def test_the_rows_of_a_dead_worker_are_anybodys(database: Database) -> None:
    submitted(database)
    dead = worker(database, "dead", lease=-1.0)
    (held, _) = dead.claim("b", 0, 60)
    (taken, _) = worker(database, "alive").claim("b", 0, 60)
    assert (taken.number, taken.fence, taken.orphaned) == (held.number, held.fence + 1, 1)
    assert [(each.id, each.left > 0) for each in seen(database)] == [("dead", False), ("alive", True)]


def test_a_worker_that_slept_does_not_take_itself_for_dead(database: Database) -> None:
    for name in ("sleeper", "dead"):
        worker(database, name, lease=-1.0)
    assert list(Workers(database, "sleeper", "here", 60.0).dead()) == ["dead"]


def test_a_worker_that_was_thought_dead_can_say_nothing_of_its_rows(database: Database) -> None:
    batches = submitted(database, rows=1)
    sleeper = worker(database, "sleeper", lease=-1.0)
    (held,) = sleeper.claim("b", 0, 60)
    other = worker(database, "other")
    (taken,) = other.claim("b", 0, 60)
    worker(database, "sleeper")  # it wakes up
    journal = RowStore(database, held, "sleeper")
    for say in (lambda: journal.ask("b", effect()), lambda: journal.answer("b", "1.1", 1, b"answer")):
        with pytest.raises(LostClaim):
            say()
    assert not sleeper.finish(held, "passed", "its own")
    sleeper.park(held, 100)
    sleeper.again(held, 0)
    sleeper.release(held)
    assert other.finish(taken, "failed", "the other's")
    assert [(each.outcome, each.worker, each.entries) for each in batches.outcomes("b")] == [
        ("failed", "other", "the other's")
    ]


def test_a_worker_that_stopped_in_the_middle_of_a_transaction_holds_nobody_up(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.fleet.database.LONGEST_PAUSE", 1.0)
    stopped, other = Database(postgres), Database(postgres)
    submitted(other, rows=1)
    is_held, over = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        if not is_held.is_set():
            session.rows("SELECT 1 FROM fleet_row FOR UPDATE")
            is_held.set()
            over.wait()

    thread = threading.Thread(target=stopped.run, args=(hold,))
    thread.start()
    is_held.wait()
    assert numbers(worker(other, "other").claim("b", 0, 60)) == [1]
    over.set()
    thread.join()
    stopped.close()
    other.close()


def test_a_row_has_one_result_however_often_it_is_told(database: Database) -> None:
    batches = submitted(database, rows=1)
    rows = worker(database, "one")
    (held,) = rows.claim("b", 0, 60)
    assert [rows.finish(held, "passed", "x"), rows.finish(held, "failed", "y")] == [True, False]
    assert rows.claim("b", 0, 60) == []
    assert batches.progress("b").outcomes == {"passed": 1}
    assert batches.unfinished() == ()
    assert batches.progress("b").state == "done"


def test_a_row_that_waits_is_claimed_when_its_time_has_almost_come(database: Database) -> None:
    submitted(database, rows=1)
    rows = worker(database, "one")
    (held,) = rows.claim("b", 0, 60)
    rows.park(held, 3600)
    assert rows.claim("b", 0, 60) == []
    left = rows.next_look("b", 0)
    assert left is not None
    assert 3500 < left <= 3600
    assert numbers(rows.claim("b", 0, 3601)) == [1]


def test_a_chunk_wants_no_look_once_all_of_it_is_done(database: Database) -> None:
    submitted(database, rows=1)
    rows = worker(database, "one")
    assert rows.next_look("b", 0) == 0
    (held,) = rows.claim("b", 0, 60)
    assert rows.next_look("b", 0) == PEEK
    rows.finish(held, "passed", "x")
    assert rows.next_look("b", 0) is None


def test_the_journal_of_a_row_outlives_its_worker(database: Database) -> None:
    submitted(database, rows=1)
    (held,) = worker(database, "dead", lease=-1.0).claim("b", 0, 60)
    journal = RowStore(database, held, "dead")
    journal.ask("b", effect(1))
    journal.answer("b", "1.1", 1, b"answer")
    journal.ask("b", effect(2))
    (taken,) = worker(database, "alive").claim("b", 0, 60)
    found = RowStore(database, taken, "alive").effects("b", taken.unit)
    assert [(each.number, each.asked, each.answered) for each in found] == [
        (1, b"asked", b"answer"),
        (2, b"asked", None),
    ]


def test_a_row_that_runs_again_has_a_journal_of_its_own(database: Database) -> None:
    submitted(database, rows=1)
    rows = worker(database, "one")
    (held,) = rows.claim("b", 0, 60)
    RowStore(database, held, "one").ask("b", effect())
    rows.again(held, 0)
    (second,) = rows.claim("b", 0, 60)
    assert (second.unit, second.attempt) == ("1.2", 2)
    assert RowStore(database, second, "one").effects("b", second.unit) == ()
    assert database.rows("SELECT count(*) FROM fleet_effect") == [(0,)]


def test_what_is_done_leaves_no_journal_behind(database: Database) -> None:
    submitted(database, rows=1)
    rows = worker(database, "one")
    (held,) = rows.claim("b", 0, 60)
    RowStore(database, held, "one").ask("b", effect())
    rows.finish(held, "passed", "x")
    assert database.rows("SELECT count(*) FROM fleet_effect") == [(0,)]


def test_the_rows_of_a_cancelled_batch_are_taken_from_their_workers(database: Database) -> None:
    batches: Batches = submitted(database, rows=1)
    rows = worker(database, "one")
    held: Claim = rows.claim("b", 0, 60)[0]
    batches.cancel("b")
    with pytest.raises(LostClaim):
        RowStore(database, held, "one").ask("b", effect())
    assert rows.claim("b", 0, 60) == []
    assert rows.next_look("b", 0) is None
    assert batches.progress("b").state == "cancelled"

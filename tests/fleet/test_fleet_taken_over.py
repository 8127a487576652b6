from __future__ import annotations

import signal
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from runner.fleet.batches import Batches
from runner.fleet.database import Database
from tests.fleet.postgres import restart
from tests.fleet.working import LOOK, PAY, PAY_WITH_KEY, SOAK, Api, Fleet, api, document, rows, until

MANY, CHUNK, PAUSE = (10_000, 200, 0.0) if SOAK else (120, 10, 0.03)
"""Rows of the batch in whose middle something happens, and what makes that last long enough for it."""
JOBS = 8
HELD = "-c search_path=arazzo -c idle_in_transaction_session_timeout=2000"
"""A worker that is stopped in the middle of a transaction holds the others up for two seconds, and not for ten."""
LONG = 1200.0


class Batch:
    """A batch, two workers that are both at it, and what is known of it."""

    def __init__(self, fleet: Fleet, served: Api, workers: tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]):
        self.fleet, self.served, self.workers = fleet, served, workers
        self.database = Database(fleet.store)
        self.batches = Batches(self.database)
        until(self._is_shared, "both are at work", LONG)

    def _is_shared(self) -> bool:
        workers = self.database.rows("SELECT DISTINCT worker FROM fleet_result")
        return len(workers) == 2 and self.done > MANY / 8

    @property
    def done(self) -> int:
        return self.batches.progress("b").done

    def strike(self) -> None:
        """Stop the first worker in the middle of its rows: between two instructions, whatever they are."""

        def struck() -> bool:
            self.workers[0].send_signal(signal.SIGSTOP)
            holds = "SELECT 1 FROM fleet_row WHERE state = 'running' AND owner LIKE ?"
            if held := self.database.rows(holds, f"%-{self.workers[0].pid}-%"):
                return bool(held)
            self.workers[0].send_signal(signal.SIGCONT)
            return False

        until(struck, "the first one is in the middle of its rows", LONG)
        assert self.done < MANY

    def check_rows(self) -> None:
        """Every row has one result, though one of its workers was thought dead."""
        assert [each.number for each in self.batches.outcomes("b")] == list(range(1, MANY + 1))
        assert (self.batches.progress("b").state, "are taken over" in self.fleet.logs) == ("done", True)

    def check_payments(self) -> None:
        """No payment was sent twice. One whose answer was lost is told as an error, and there are few of these."""
        paid = {number: self.served.seen[f"POST {number}"] for number in range(1, MANY + 1)}
        outcomes = {each.number: each.outcome for each in self.batches.outcomes("b")}
        assert {number: times for number, times in paid.items() if times > 1} == {}
        assert {number for number, outcome in outcomes.items() if outcome == "passed" and not paid[number]} == set()
        unknown = self.database.rows("SELECT entries FROM fleet_result WHERE outcome <> 'passed'")
        assert len(unknown) <= JOBS
        assert all(b"nobody knows whether it arrived" in zlib.decompress(bytes(entries)) for (entries,) in unknown)


@contextmanager
def two_at_work(folder: Path, store: str, steps: str) -> Iterator[Batch]:
    with api(pause=PAUSE) as served:
        fleet = Fleet(folder, f"{store}&options={quote(HELD)}")
        fleet.submit(document(folder, served.url, steps), "--rows", rows(folder, MANY), "--id", "b", "--chunk", CHUNK)
        jobs = ("--drain", "--jobs", str(JOBS))
        with fleet.worker(*jobs) as first, fleet.worker(*jobs) as second:
            batch = Batch(fleet, served, (first, second))
            try:
                yield batch
            finally:
                batch.database.close()


@pytest.mark.skipif(not SOAK, reason="make soak: the next two show the same of fewer rows")
def test_a_worker_that_is_killed_costs_no_row_and_no_second_payment(tmp_path: Path, postgres: str) -> None:
    with two_at_work(tmp_path, postgres, PAY + LOOK) as batch:
        batch.strike()
        batch.workers[0].kill()
        assert batch.workers[1].wait(LONG) == 0, batch.fleet.logs
        batch.check_rows()
        batch.check_payments()


def test_a_payment_with_a_key_is_sent_again_under_the_same_one(tmp_path: Path, postgres: str) -> None:
    with two_at_work(tmp_path, postgres, PAY_WITH_KEY) as batch:
        batch.strike()
        batch.workers[0].kill()
        assert batch.workers[1].wait(LONG) == 0, batch.fleet.logs
        batch.check_rows()
        assert batch.batches.progress("b").outcomes == {"passed": MANY}
        assert {len(keys) for keys in batch.served.keys.values()} == {1}
        assert "" not in set().union(*batch.served.keys.values())
        assert sum(batch.served.seen.values()) <= MANY + JOBS


def test_a_worker_that_was_thought_dead_and_wakes_up_does_no_harm(tmp_path: Path, postgres: str) -> None:
    with two_at_work(tmp_path, postgres, PAY + LOOK) as batch:
        batch.strike()
        until(lambda: batch.done == MANY, "the other one has done all there was", LONG)
        batch.workers[0].send_signal(signal.SIGCONT)
        assert [worker.wait(LONG) for worker in batch.workers] == [0, 0], batch.fleet.logs
        batch.check_rows()
        batch.check_payments()


def test_a_database_that_breaks_off_for_a_moment_costs_no_row_and_no_second_payment(
    tmp_path: Path, postgres: str
) -> None:
    with api(pause=0.03) as served:
        fleet = Fleet(tmp_path, postgres)
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 100), "--id", "b", "--chunk", 25)
        with fleet.worker("--drain") as worker:
            until(lambda: sum(served.seen.values()) > 40, "it is at work")
            restart(postgres)
            assert worker.wait(300) == 0, fleet.logs
        assert fleet.status("b")["outcomes"] == {"passed": 100}
        assert {what for what, times in served.seen.items() if times > 1 and what.startswith("POST")} == set()

from __future__ import annotations

import threading

import pytest

from runner.errors import UsageError
from runner.fleet.batches import Batches
from runner.fleet.database import Database
from runner.fleet.schedules import Schedules, due_after
from tests.fleet.batch import submitted

NOON = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


@pytest.mark.parametrize(
    ("cron", "zone", "due"),
    [
        ("0 * * * *", "UTC", NOON - 800 + 3600),
        ("30 23 * * *", "Europe/Berlin", NOON - 800 + 1800),
        ("0 0 1 1 *", "UTC", 1_704_067_200.0),
        ("@yearly", "UTC", 1_704_067_200.0),
    ],
)
def test_a_cron_expression_has_a_next_time(cron: str, zone: str, due: float) -> None:
    assert due_after(cron, zone, NOON) == due


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [
        ("every day", "UTC", "no cron expression"),
        ("0 3 * * * *", "UTC", "no cron expression of five fields"),
        ("0 3 * * * * *", "UTC", "no cron expression of five fields"),
        ("R 3 * * *", "UTC", "no cron expression of five fields"),
        ("0 H(0-7) * * *", "UTC", "no cron expression of five fields"),
        ("0 0 30 2 *", "UTC", "no cron expression"),
        ("0 0 * * *", "Mars/Base", "no such time zone"),
    ],
)
def test_what_names_no_time_is_refused(cron: str, zone: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        due_after(cron, zone, NOON)


def scheduled(database: Database) -> Schedules:
    submitted(database, is_template=True, name="nightly.1")
    schedules = Schedules(database)
    schedules.add("nightly", "0 3 * * *", "UTC", "nightly.1")
    return schedules


def test_a_template_is_no_batch_and_is_never_run(database: Database) -> None:
    scheduled(database)
    batches = Batches(database)
    assert (batches.all(), batches.unfinished()) == ((), ())


def test_what_was_missed_is_made_up_for_once(database: Database) -> None:
    schedules = scheduled(database)
    database.rows("UPDATE fleet_schedule SET due = ?", NOON)
    assert schedules.make_due() == ("nightly-20231114T221320Z",)
    assert schedules.make_due() == ()
    assert schedules.all()[0].due > NOON + 86_400
    (made,) = Batches(database).all()
    assert (made.rows, made.is_going) == (3, True)
    assert Batches(database).read(made.id).texts == Batches(database).read("nightly.1").texts


def test_workers_that_see_the_same_time_come_make_one_batch_of_it(database: Database) -> None:
    schedules = scheduled(database)
    database.rows("UPDATE fleet_schedule SET due = ?", NOON)
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(schedules.make_due())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(Batches(database).all()) == 1


def test_a_schedule_is_replaced_and_removed_with_its_template(database: Database) -> None:
    schedules = scheduled(database)
    submitted(database, is_template=True, name="nightly.2")
    schedules.add("nightly", "0 4 * * *", "UTC", "nightly.2")
    assert [(each.cron, each.batch) for each in schedules.all()] == [("0 4 * * *", "nightly.2")]
    assert database.rows("SELECT id FROM fleet_batch") == [("nightly.2",)]
    schedules.remove("nightly")
    assert (schedules.all(), database.rows("SELECT id FROM fleet_batch")) == ((), [])
    with pytest.raises(UsageError, match="there is no schedule 'nightly'"):
        schedules.remove("nightly")

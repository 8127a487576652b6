from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.fleet.batches import Batches
from runner.fleet.database import Database
from runner.fleet.store_url import StoreError, shown
from tests.fleet.batch import batch, submitted


def test_a_batch_is_read_as_it_was_submitted(database: Database) -> None:
    batches = submitted(database)
    assert batches.read("b") == batch()
    assert batches.open_chunks("b") == (0, 1)
    progress = batches.progress("b")
    assert (progress.rows, progress.done, progress.state, progress.is_going) == (3, 0, "running", True)


def test_a_batch_that_is_submitted_again_is_the_same_one(database: Database) -> None:
    batches = submitted(database)
    assert not batches.submit(batch(), [b"1", b"2", b"3"])
    assert database.rows("SELECT count(*) FROM fleet_row") == [(3,)]


@pytest.mark.parametrize("changed", [{"texts": {"file:///a.yaml": "a: 2"}}, {"settings": {"rows": "others"}}])
def test_another_batch_of_the_same_name_is_refused(database: Database, changed: dict[str, object]) -> None:
    batches = submitted(database)
    with pytest.raises(UsageError, match="is another one"):
        batches.submit(batch(**changed), [b"1"])


def test_a_batch_without_rows_is_refused_and_not_kept(database: Database) -> None:
    with pytest.raises(UsageError, match="no row"):
        Batches(database).submit(batch(), [])
    assert Batches(database).all() == ()


def test_a_submission_that_breaks_off_leaves_nothing(database: Database) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the database says of a row that is none
        Batches(database).submit(batch(), [b"1", None])  # type: ignore[list-item]
    assert database.rows("SELECT count(*) FROM fleet_batch") == [(0,)]
    assert database.rows("SELECT count(*) FROM fleet_row") == [(0,)]


def test_a_document_that_was_changed_in_the_database_is_not_run(database: Database) -> None:
    batches = submitted(database)
    database.rows("UPDATE fleet_text SET content = ?", b"x\x9cK\x04\x00\x00b\x00b")
    with pytest.raises(UsageError, match=r"file:///a\.yaml is not in the database as it was submitted"):
        batches.read("b")


def test_what_is_not_there_is_said(database: Database) -> None:
    for ask in (Batches(database).read, Batches(database).progress):
        with pytest.raises(UsageError, match="there is no batch 'x'"):
            ask("x")


def test_tables_of_another_version_are_left_alone(store: str) -> None:
    database = Database(store)
    database.rows("UPDATE fleet_format SET version = 99")
    database.close()
    with pytest.raises(StoreError, match="a later version"):
        Database(store)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    path.write_text("this is a letter, and a rather long one, for it has to look like something else than a database")
    with pytest.raises(StoreError, match="cannot be used"):
        Database(str(path))


def test_a_server_that_is_not_there_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError) as error:
        Database("postgresql://me:hush@127.0.0.1:1/fleet", patience=0.0)
    assert "postgresql://me@127.0.0.1:1/fleet cannot be used" in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:hush@db/fleet?sslmode=require", "postgresql://me@db/fleet"),
        ("postgresql:///fleet?password=hush", "postgresql:///fleet"),
        ("postgresql://db/fleet", "postgresql://db/fleet"),
        ("postgresql://[::1]:5432/fleet", "postgresql://[::1]:5432/fleet"),
        ("postgresql://me:hush/hush@db/fleet", "postgresql://me@db/fleet"),
        ("postgresql://me:hush@hush@db/fleet", "postgresql://me@db/fleet"),
        ("postgresql://me:hush#hush", "postgresql://…"),
        ("a/fleet.db", "a/fleet.db"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, told: str) -> None:
    assert shown(url) == told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:hu/sh@127.0.0.1:1/fleet", "this is no URL of a Postgres database"),
        ("postgresql://me:a@hush@127.0.0.1:1/fleet", "this is no URL of a Postgres database"),
        ("postgresql://me:hush%2", "this is no URL of a Postgres database"),
        ("postgresql://me:hush@[::1/fleet", "this is no URL of a Postgres database"),
        ("postgresql://me:hush@db:port/fleet", "this is no URL of a Postgres database"),
        ("postgresql://me@db/fleet?hush=hush", "this is no URL of a Postgres database"),
        ("postgres:me:hush@db/fleet", "settings of a Postgres connection, and no URL"),
        ("host=db password=hush", "settings of a Postgres connection, and no URL"),
        ("mysql://me:hu/sh@db/fleet", "this is no database"),
        ("http://[::1/hush", "this is no database"),
        (":memory:", "gone with its process"),
        ("sqlite::memory:", "gone with its process"),
    ],
)
def test_what_names_no_database_is_refused_without_a_password_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=told) as error:
        Database(url, patience=0.0)
    assert "hu" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_is_the_same_in_capitals() -> None:
    with pytest.raises(StoreError, match="connection failed"):
        Database("Postgres://me@127.0.0.1:1/fleet", patience=0.0)


def test_the_file_of_a_fleet_is_its_users_alone(tmp_path: Path) -> None:
    Database(str(tmp_path / "a" / "fleet.db")).close()
    assert (tmp_path / "a" / "fleet.db").stat().st_mode & 0o077 == 0


def test_work_goes_on_when_the_server_has_dropped_the_connection(postgres: str) -> None:
    database = Database(postgres)
    submitted(database)
    (pid,) = database.rows("SELECT pg_backend_pid()")[0]
    other = Database(postgres)
    other.rows("SELECT pg_terminate_backend(?)", pid)
    assert Batches(database).open_chunks("b") == (0, 1)
    other.close()
    database.close()

from __future__ import annotations

import json
import signal
import zlib
from collections import Counter
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from runner.fleet.database import Database
from runner.fleet.rows import MOST_ORPHANED
from tests.cli.process import arazzo
from tests.fleet.working import AUTH, LOOK, PAY, PIN, POLL, SOAK, TOKEN, Fleet, api, document, on_sqlite, rows, until


def on_one_kind(kind: str) -> pytest.MarkDecorator:
    """Run a test on one kind of database, and on both in its long form: the rows of both have their own tests."""
    return pytest.mark.parametrize("fleet", ["sqlite", "postgres"] if SOAK else [kind], indirect=True)


def test_a_batch_is_run_and_told_as_one_report(tmp_path: Path, fleet: Fleet) -> None:
    with api() as served:
        name = fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 7), "--chunk", 3)
        fleet.drain()
        assert served.seen == Counter({f"{what}{n}": 1 for n in range(1, 8) for what in ("POST ", "GET /things/")})
        assert served.authorized == {f"Bearer {AUTH}"}
    told = arazzo("status", name, "--report", "junit=j.xml", cwd=tmp_path, env=fleet.environ)
    assert (told.code, told.out) == (0, f"{name}: 7 of 7 rows, 7 passed (Pay)\n")
    suites = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert [suite.get("name") for suite in suites] == [f"pay[{n}]" for n in range(1, 8)]
    assert suites.get("tests") == "14"


@on_one_kind("postgres")
def test_no_secret_is_in_the_database_in_the_clear(tmp_path: Path, fleet: Fleet) -> None:
    with api(polls_until_done=1) as served:
        fleet.submit(document(tmp_path, served.url, PAY + POLL), "--rows", rows(tmp_path, 3), "--id", "b")
        kept = dict[str, bytes]()

        def wait_together() -> bool:
            kept.update(_everything(database))
            return kept["fleet_effect"].count(b"POST") == 3

        with closing(Database(fleet.store)) as database, fleet.worker("--long-wait", "0.5"):
            until(lambda: sum(served.seen.values()) > 0, "it is at work, and its queue has tables")
            until(wait_together, "every row waits, with a journal of all that it was answered")
            until(lambda: fleet.status("b")["done"] == 3, "every row is done")
    database = Database(fleet.store)
    kept_later = _everything(database)
    database.close()
    for content in (*kept.values(), *kept_later.values()):
        assert not [secret for secret in (AUTH, PIN, TOKEN) if secret.encode() in content]
    assert b"Pay" in kept["fleet_batch"]
    assert b"workflowId" in kept_later["fleet_result"]


def _everything(database: Database) -> dict[str, bytes]:
    """Give all that stands in the tables of a fleet, unpacked, those of the queue with it."""
    queue = ["dbos.workflow_status", "dbos.operation_outputs"] if database.is_shared else ["workflow_status"]
    names = ["fleet_batch", "fleet_text", "fleet_row", "fleet_result", "fleet_effect", "fleet_worker", *queue]
    return {
        name: b"\n".join(_plain(value) for row in database.rows(f"SELECT * FROM {name}") for value in row)
        for name in names
    }


def _plain(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


@on_one_kind("postgres")
def test_a_row_that_waits_long_leaves_its_chunk_and_holds_no_process(tmp_path: Path, fleet: Fleet) -> None:
    with api(polls_until_done=1) as served:
        fleet.submit(document(tmp_path, served.url, PAY + POLL), "--rows", rows(tmp_path, 4), "--id", "b")
        with closing(Database(fleet.store)) as database, fleet.worker("--long-wait", "0.5", "--jobs", "1") as worker:
            count = "SELECT count(*) FROM fleet_row WHERE state = 'waiting'"
            until(lambda: database.rows(count) == [(4,)], "one lane has put all rows away")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 128 + signal.SIGTERM
        assert fleet.status("b")["waiting"] == 4  # nobody is there, and nothing is lost
        fleet.drain("--long-wait", "0.5")
        assert served.seen == Counter(
            {**{f"POST {n}": 1 for n in range(1, 5)}, **{f"GET /things/{n}": 2 for n in range(1, 5)}}
        )
    assert fleet.status("b")["outcomes"] == {"passed": 4}


@on_one_kind("sqlite")
def test_a_worker_that_is_told_to_stop_hands_its_rows_on(tmp_path: Path, fleet: Fleet) -> None:
    with api(pause=0.2) as served:
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 40), "--id", "b", "--chunk", 20)
        with fleet.worker() as worker:
            until(lambda: sum(served.seen.values()) > 8, "it is at work")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 128 + signal.SIGTERM
        left = fleet.status("b")
        assert (left["running"], left["done"] < 40) == (0, True)
        served.pause = 0.0
        fleet.drain()
        assert fleet.status("b")["outcomes"] == {"passed": 40}
        assert set(served.seen.values()) == {1}


def test_a_worker_ends_though_another_one_has_taken_over_what_it_was_at(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api(pause=0.2) as served:
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 40), "--id", "b")
        with fleet.worker("--jobs", "1") as worker:
            until(lambda: sum(served.seen.values()) > 0, "it is at work")
            database = Database(fleet.store)
            taken = "UPDATE workflow_status SET owner_xid = 'other', executor_id = 'other' WHERE status = 'PENDING'"
            assert database.rows(f"{taken} RETURNING 1") == [(1,)]
            database.close()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 128 + signal.SIGTERM
    assert fleet.status()["workers"] == []  # it has left, and is not told as dead


def test_a_worker_that_stops_while_requests_wait_for_their_turn_has_kept_none_of_them(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        flow = document(tmp_path, served.url)
        fleet.submit(flow, "--rows", rows(tmp_path, 6), "--id", "b", "--rate", "2/h")
        with fleet.worker() as worker:
            until(lambda: sum(served.seen.values()) == 1, "one has had its turn")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 128 + signal.SIGTERM
    database = Database(fleet.store)
    assert database.rows("SELECT kind FROM fleet_effect WHERE answered IS NULL") == []
    database.close()
    assert (fleet.status("b")["running"], fleet.status("b")["done"]) == (0, 0)


def test_a_row_that_does_not_pass_is_run_again_as_often_as_is_said(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    steps, _, _ = POLL.partition("    onFailure:")
    with api(polls_until_done=1) as served:
        flow = document(tmp_path, served.url, steps)
        fleet.submit(flow, "--rows", rows(tmp_path, 2), "--id", "b", "--retries", 3)
        fleet.drain()
        assert served.seen == Counter({"GET /things/1": 2, "GET /things/2": 2})
    assert fleet.status("b")["outcomes"] == {"passed": 2}


def test_a_row_that_nobody_gets_through_is_told_as_one(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 2), "--id", "b")
        database = Database(fleet.store)
        database.rows("UPDATE fleet_row SET orphaned = ? WHERE number = 1", MOST_ORPHANED)
        database.close()
        fleet.drain()
        assert served.seen == Counter({"POST 2": 1, "GET /things/2": 1})
    assert fleet.status("b")["outcomes"] == {"error": 1, "passed": 1}


def test_the_requests_of_a_batch_keep_to_its_rate(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        host = served.url.removeprefix("http://")
        said = ("--rate", f"{host}=10/s", "--concurrency", "1")
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 5), "--id", "b", *said)
        fleet.drain()
        assert max(served.times) - min(served.times) > 0.8
    assert fleet.status("b")["outcomes"] == {"passed": 5}


def test_what_does_not_pass_is_told_and_is_the_exit_code(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        flow = document(tmp_path, served.url, LOOK.replace("$statusCode == 200", "$statusCode == 418"))
        (tmp_path / "rows.csv").write_text("n\n1\nmany\n")
        fleet.submit(flow, "--rows", "rows.csv", "--id", "b")
        fleet.drain()
    told = arazzo("status", "b", "--report", "tap=out.tap", cwd=tmp_path, env=fleet.environ)
    assert (told.code, told.out) == (1, "b: 2 of 2 rows, 1 error, 1 failed (Pay)\n")
    assert "not ok 2 - pay[2]" in (tmp_path / "out.tap").read_text()


def test_a_bundled_workflow_runs_on_the_sandbox_of_each_worker(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    fleet.submit("civitai-search-models-detail", "--id", "b")
    fleet.drain()
    assert fleet.status("b")["outcomes"] == {"passed": 1}


def _hurry(fleet: Fleet) -> None:
    """Let chunks that are put off be looked at now."""
    database = Database(fleet.store)
    database.rows("UPDATE workflow_status SET delay_until_epoch_ms = 0 WHERE delay_until_epoch_ms IS NOT NULL")
    database.close()


def test_a_batch_is_not_run_without_its_secrets(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        fleet.submit(document(tmp_path, served.url), "--rows", rows(tmp_path, 2), "--id", "b")
        lacking = {name: value for name, value in fleet.environ.items() if name != "ARAZZO_AUTH_KEY"}
        ended = arazzo("worker", "--drain", cwd=tmp_path, env=lacking)
        assert (ended.code, served.seen) == (2, Counter())
        assert "batch 'b' cannot go on here: 'pay' wants a credential that nobody gave" in ended.err
        _hurry(fleet)
        other = arazzo(
            "worker",
            "--drain",
            cwd=tmp_path,
            env={**fleet.environ, "ARAZZO_JOURNAL_KEY": "a key of its own"},
        )
        assert (other.code, served.seen) == (2, Counter())
        assert "another key" in other.err
        _hurry(fleet)
        fleet.drain()
    assert fleet.status("b")["outcomes"] == {"passed": 2}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-i", "pin=1234"], "the input 'pin' is a secret, and those do not go along"),
        (["--rate", "fast"], "--rate fast: write N/s"),
        (["--rate", "a=1/s", "--rate", "a=2/s"], "it is given twice for a"),
        (["--rate", "http://a.test=1/s"], "--rate http://a.test=1/s: this names no host"),
        (["--concurrency", "a.test="], "--concurrency a.test=: this names no host"),
        (["--concurrency", "0"], "--concurrency 0: write a number"),
        (["--id", "my batch"], "'my batch' is no name"),
        (["--rows", "none.csv"], "--rows none.csv"),
        (["-w", "nothing"], "there is no workflow 'nothing'"),
        (["--store", "mysql://me:hush@db/x"], "--store mysql://me@db/x: this is no database"),
    ],
)
def test_what_cannot_be_kept_is_refused_when_it_is_submitted(tmp_path: Path, arguments: list[str], told: str) -> None:
    flow = document(tmp_path, "http://127.0.0.1:9")
    fleet = on_sqlite(tmp_path)
    ended = arazzo("submit", flow, *arguments, cwd=tmp_path, env=fleet.environ)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_what_only_one_process_can_hold_is_refused(tmp_path: Path) -> None:
    flow = document(tmp_path, "http://127.0.0.1:9", extra="  x-mutex: [till]\n")
    ended = arazzo("submit", flow, cwd=tmp_path, env=on_sqlite(tmp_path).environ)
    assert ended.code == 2
    assert "'till' (x-mutex) holds within one process" in ended.err


def test_workers_run_what_was_submitted_and_not_what_was_saved_since(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        flow = document(tmp_path, served.url)
        fleet.submit(flow, "--rows", rows(tmp_path, 1), "--id", "b")
        for path in (flow, tmp_path / "api.yaml", tmp_path / "rows.csv"):
            path.unlink()
        fleet.drain()
    assert fleet.status("b")["outcomes"] == {"passed": 1}


def test_a_report_of_what_is_not_done_is_refused(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    fleet.submit(document(tmp_path, "http://127.0.0.1:9"), "--rows", rows(tmp_path, 2), "--id", "b")
    ended = arazzo("status", "b", "--report", "junit=j.xml", cwd=tmp_path, env=fleet.environ)
    assert ended.code == 2
    assert "batch 'b' is not done: 0 of 2 rows" in ended.err
    assert not (tmp_path / "j.xml").exists()


def test_a_batch_that_was_cancelled_is_told_as_far_as_it_came(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api(pause=0.2) as served:
        given = (document(tmp_path, served.url), "--rows", rows(tmp_path, 40), "--id", "b")
        fleet.submit(*given)
        with fleet.worker("--drain", "--jobs", "2") as worker:
            until(lambda: fleet.status("b")["done"] > 0, "one is done")
            cancelled = arazzo("status", "b", "--cancel", cwd=tmp_path, env=fleet.environ)
            assert (cancelled.code, ", cancelled (Pay)" in cancelled.out) == (0, True)
            assert worker.wait(60) == 0
    again = arazzo("submit", *given, cwd=tmp_path, env=fleet.environ)
    assert (again.code, "it is there already" in again.err) == (0, True)
    told = arazzo("status", "b", "--wait", "--report", "json=j.json", cwd=tmp_path, env=fleet.environ)
    report = json.loads((tmp_path / "j.json").read_text())
    assert (told.code, report["outcome"]) == (1, "error")
    assert {case["outcome"] for case in report["cases"]} == {"passed"}
    assert len(report["cases"]) == fleet.status("b")["done"] < 40


@pytest.mark.parametrize("asked", [["--wait"], ["--cancel"], ["--report", "json=j.json"], ["b"]])
def test_what_is_asked_of_no_batch_is_refused_and_leaves_nothing(tmp_path: Path, asked: list[str]) -> None:
    ended = arazzo("status", *asked, "--store", "fleet.db", cwd=tmp_path)
    assert (ended.code, ended.out, list(tmp_path.iterdir())) == (2, "", [])
    assert ("--store fleet.db: there is no such database" if asked == ["b"] else "is for one batch") in ended.err


def test_a_limit_of_a_host_that_nobody_asks_is_told(tmp_path: Path) -> None:
    flow = document(tmp_path, "http://127.0.0.1:9")
    fleet = on_sqlite(tmp_path)
    said = ("--rate", "127.0.0.1=1/s", "--concurrency", "127.0.0.1:9=1")
    ended = arazzo("submit", flow, "--rows", rows(tmp_path, 1), *said, cwd=tmp_path, env=fleet.environ)
    assert (ended.code, ended.err.count("warning")) == (0, 1)
    assert "--rate 127.0.0.1=…: no server is called that; there are: 127.0.0.1:9\n" in ended.err


def test_a_schedule_is_kept_and_makes_its_batch(tmp_path: Path) -> None:
    fleet = on_sqlite(tmp_path)
    with api() as served:
        flow = document(tmp_path, served.url)
        added = arazzo(
            "schedule",
            "add",
            "nightly",
            "0 3 * * *",
            flow,
            "--rows",
            rows(tmp_path, 2),
            cwd=tmp_path,
            env=fleet.environ,
        )
        assert added.code == 0, added
        listed = arazzo("schedule", "list", cwd=tmp_path, env=fleet.environ)
        assert listed.out.startswith("nightly: 0 3 * * * (UTC), next at ")
        database = Database(fleet.store)
        database.rows("UPDATE fleet_schedule SET due = due - 200000")
        database.close()
        fleet.drain()
        (made,) = fleet.status()["batches"]
        assert (made["batch"].startswith("nightly-"), made["outcomes"]) == (True, {"passed": 2})
    assert arazzo("schedule", "remove", "nightly", cwd=tmp_path, env=fleet.environ).code == 0
    assert arazzo("schedule", "list", cwd=tmp_path, env=fleet.environ).out == ""


def test_without_the_extra_a_worker_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "dbos.py").write_text("raise ImportError('dbos')\n")
    told = arazzo("worker", "--drain", cwd=tmp_path, env={"ARAZZO_STORE": "f.db", "PYTHONPATH": str(tmp_path),
                                                          "ARAZZO_JOURNAL_KEY": "k" * 20})  # fmt: skip
    assert told.code == 2
    assert "pip install 'arazzo[durable]'" in told.err
    looked = arazzo("status", "--store", "f.db", "--format", "json", cwd=tmp_path)
    assert looked.json["workers"] == []  # it never was at work

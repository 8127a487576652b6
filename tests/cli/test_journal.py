"""`arazzo run --journal`, `runs`, `resume` and `cancel`, on the real process."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.durable.sqlite import SqliteStore
from runner.durable.store import KeptRun
from tests.cli.process import Ended, arazzo, documents, started
from tests.shell.server import Connection, Server, answer, serve

STEPS = """
  - stepId: create
    operationId: createThing
    outputs: {id: $response.body#/id}
  - stepId: poll
    operationId: getThing
    parameters: [{name: id, in: path, value: $inputs.id}]
    successCriteria: [{condition: $response.body#/ready == true}]
    onFailure: [{name: again, type: retry, retryAfter: 600, retryLimit: 3}]
"""
INPUTS = "  inputs: {type: object, properties: {id: {type: string}, pw: {type: string, format: password}}}\n"


def things(connection: Connection) -> None:
    """A thing is ready once it was asked for a second time, whichever process asks."""
    while received := connection.request():
        asked = [each for each in connection._received if each.line.startswith("GET")]
        body = {"id": "7"} if received.line.startswith("POST") else {"ready": len(asked) > 1}
        connection.send(answer("Content-Type: application/json", body=json.dumps(body).encode()))


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(things) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    documents(tmp_path, server.url(""), STEPS, extra=INPUTS)
    return tmp_path


def runs(folder: Path) -> tuple[KeptRun, ...]:
    with closing(SqliteStore(folder / "state" / "arazzo" / "journal.db")) as store:
        return store.runs()


def until(holds: Callable[[], bool]) -> None:
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def is_waiting(folder: Path) -> bool:
    path = folder / "state" / "arazzo" / "journal.db"
    return path.exists() and bool(path.stat().st_size) and any(run.state == "waiting" for run in runs(folder))


def broken_off(folder: Path, *options: str, by: signal.Signals = signal.SIGKILL) -> KeptRun:
    """Run until it waits for the thing, and end the process then."""
    arguments = ("run", "flow.arazzo.yaml", "-i", "id=a", *options, "--report", "json=run.json", "--journal")
    with started(*arguments, cwd=folder) as process:
        until(lambda: is_waiting(folder))
        process.send_signal(by)
        process.wait(20)
    return runs(folder)[0]


def resume(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Ended:
    return arazzo("resume", *arguments, cwd=folder, env=env)


def test_the_runs_are_listed_with_how_they_stand(folder: Path) -> None:
    run = broken_off(folder)
    told = arazzo("runs", cwd=folder)
    assert told.out.split()[0] == run.run_id
    assert "broken off  flow.arazzo.yaml: flow  · wait 600 s" in told.out
    (found,) = arazzo("runs", "--format", "json", cwd=folder).json["runs"]
    assert found["run"] == run.run_id
    assert (found["stands"], found["is_held"], found["last"]) == ("broken off", False, "wait 600 s")
    assert found["wake"] > found["began"]
    assert told.out.endswith(f"wait 600 s until {found['wake'][:19].replace('T', ' ')}\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("document", "flow.arazzo.yaml has changed"),
        ("description", "api.yaml has changed"),
        ("input", "the input 'id' has changed"),
        ("secret", "the input 'pw' has changed"),
    ],
)
def test_a_run_of_which_something_has_changed_is_refused(folder: Path, server: Server, change: str, said: str) -> None:
    (folder / "in.yaml").write_text("id: a\n")
    with started(
        "run", "flow.arazzo.yaml", "--inputs", "in.yaml", "-i", "pw=hunter22", "--journal", cwd=folder
    ) as process:
        until(lambda: is_waiting(folder))
        process.kill()
    before = len(server.received)
    named = {"document": "flow.arazzo.yaml", "description": "api.yaml", "input": "in.yaml"}
    if name := named.get(change):
        with (folder / name).open("a") as file:
            file.write("\n# another comment\n" if change != "input" else "\n")
        if change == "input":
            (folder / name).write_text("id: b\n")
    refused = resume(folder, runs(folder)[0].run_id, "-i", f"pw={'other' if change == 'secret' else 'hunter22'}")
    assert refused.code == 2
    assert "cannot go on, for it is not the same any more:" in refused.err
    assert said in refused.err
    assert refused.err.count("  - ") == 1
    assert len(server.received) == before
    assert "hunter22" not in refused.err


def test_a_secret_of_the_command_line_is_given_again(folder: Path) -> None:
    run = broken_off(folder, "-i", "pw=hunter22", "--auth", "Key=t0ps3cret")
    refused = resume(folder, run.run_id)
    assert (refused.code, refused.err) == (
        2,
        "error: the input 'pw' is secret, so it was not kept\ngive it again: -i pw=…\n",
    )
    refused = resume(folder, run.run_id, "-i", "pw=hunter22")
    assert "the credential 'KEY' is missing" in refused.err
    kept = b"".join(each.read_bytes() for each in (folder / "state" / "arazzo").iterdir())
    assert b"hunter22" not in kept
    assert b"t0ps3cret" not in kept


def test_a_run_that_was_broken_off_by_hand_goes_on(folder: Path, server: Server) -> None:
    run = broken_off(folder, by=signal.SIGINT)
    assert run.state == "stopped"
    told = (folder / "run.json").read_text()
    assert "the run was cancelled" in told
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    with started("resume", run.run_id[:4], "--report", "json=again.json", cwd=elsewhere) as process:
        until(lambda: is_waiting(folder))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert f"note: resumed run {run.run_id} at wait 600 s" in err
    assert f"go on with it: arazzo resume {run.run_id}" in err
    assert [each.line.split()[0] for each in server.received] == ["POST", "GET"]
    assert "the run was cancelled" in (elsewhere / "again.json").read_text()


def test_a_run_is_cancelled_from_elsewhere_while_it_waits(folder: Path) -> None:
    with started("run", "flow.arazzo.yaml", "-i", "id=a", "--journal", cwd=folder) as process:
        until(lambda: is_waiting(folder))
        run_id = runs(folder)[0].run_id
        held = resume(folder, run_id)
        assert "another process is at work on run" in held.err
        told = arazzo("cancel", run_id, cwd=folder)
        assert told.out == f"run {run_id} ends before its next request\n"
        process.wait(20)
    assert process.returncode == 143
    assert runs(folder)[0].state == "cancelled"
    assert f"run {run_id} was cancelled" in resume(folder, run_id).err
    assert "is over: cancelled" in arazzo("cancel", run_id, cwd=folder).err


def test_a_run_that_nobody_is_at_work_on_is_marked(folder: Path, server: Server) -> None:
    run = broken_off(folder)
    assert arazzo("cancel", run.run_id, cwd=folder).out == f"run {run.run_id} is cancelled\n"
    refused = resume(folder, run.run_id)
    assert (refused.code, "--even-cancelled" in refused.err) == (2, True)
    with started("resume", run.run_id, "--even-cancelled", cwd=folder) as process:
        until(lambda: is_waiting(folder))
        assert runs(folder)[0].is_held
        process.kill()
    assert arazzo("runs", "--forget", run.run_id, "--forget", "over", cwd=folder).out == ""
    assert runs(folder) == ()


def test_a_run_without_anything_to_say_says_where_it_is_kept(folder: Path) -> None:
    done = arazzo("run", "flow.arazzo.yaml", "-i", "id=a", "--max-time", "1", "--journal=own.db", cwd=folder)
    run_id = done.err.split("this run is kept as ")[1].split()[0]
    assert f"in {folder / 'own.db'}" in done.err
    assert run_id in arazzo("runs", "--journal", "own.db", cwd=folder).out


def test_the_next_step_names_the_journal_that_is_not_where_it_is_looked_for(folder: Path) -> None:
    own = f"--journal '{folder / 'my own.db'}'"
    with started("run", "flow.arazzo.yaml", "-i", "id=a", "--journal", "my own.db", cwd=folder) as process:
        until(lambda: "waiting" in arazzo("runs", "--journal", "my own.db", cwd=folder).out)
        run_id = arazzo("runs", "--journal", "my own.db", "--format", "json", cwd=folder).json["runs"][0]["run"]
        assert f"end it: arazzo cancel {run_id} {own}\n" in resume(folder, run_id, "--journal", "my own.db").err
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert f"go on with it: arazzo resume {run_id} {own}\n" in err
    assert f"those there are: arazzo runs {own}\n" in resume(folder, "zzz", "--journal", "my own.db").err


def test_a_document_behind_the_option_is_run_and_not_taken_for_the_journal(folder: Path) -> None:
    done = arazzo("run", "-i", "id=a", "--max-time", "1", "--journal", "flow.arazzo.yaml", cwd=folder)
    assert (done.code, [run.shown for run in runs(folder)]) == (1, ["flow.arazzo.yaml: flow"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--journal", "--dry-run"), "--dry-run excludes it"),
        (("--journal", "--sandbox"), "the embedded sandbox ends with its process"),
        (("--journal", "--inputs", "-"), "standard input can be read once"),
        (("--journal=notes.txt",), "notes.txt is no journal"),
    ],
)
def test_what_could_not_be_resumed_is_refused(
    folder: Path, server: Server, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "notes.txt").write_text("no journal\n" * 100)
    (folder / "notes.txt").chmod(0o600)
    refused = arazzo("run", "flow.arazzo.yaml", "-i", "id=a", *arguments, cwd=folder, stdin="id: a")
    assert refused.code == 2
    assert said in refused.err
    assert server.received == []


def test_a_run_that_is_refused_leaves_nothing_in_the_journal(folder: Path) -> None:
    refused = arazzo(
        "run", "flow.arazzo.yaml", "-i", "id=a", "--report", "json=api.yaml/r.json", "--journal", cwd=folder
    )
    assert refused.code == 2
    assert runs(folder) == ()


def test_a_key_in_the_environment_is_the_one_that_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    with_key = {"ARAZZO_JOURNAL_KEY": "the key of a test, and long"}
    done = arazzo("run", "flow.arazzo.yaml", "-i", "id=a", "--max-time", "1", "--journal", cwd=folder, env=with_key)
    assert done.code == 1
    assert sorted(each.name for each in (folder / "state" / "arazzo").iterdir()) == ["journal.db", "journal.db-claims"]
    run = runs(folder)[0]
    assert f"run {run.run_id} is over: error" in resume(folder, run.run_id, env=with_key).err
    with closing(SqliteStore(folder / "state" / "arazzo" / "journal.db")) as store:
        store.change(run.run_id, "stopped", time.time())
    lost = resume(folder, run.run_id).err
    assert "journal-key, is missing\nput back the file, or set ARAZZO_JOURNAL_KEY" in lost
    (folder / "state" / "arazzo" / "journal-key").write_bytes(bytes(32))
    (folder / "state" / "arazzo" / "journal-key").chmod(0o600)
    assert "was written with another key" in resume(folder, run.run_id).err


@pytest.mark.parametrize("verb", ["runs", "resume x", "cancel x"])
def test_where_there_is_no_journal_none_is_made(folder: Path, verb: str) -> None:
    refused = arazzo(*verb.split(), cwd=folder)
    assert (refused.code, "there is no journal at" in refused.err) == (2, True)
    assert not (folder / "state").exists()


def test_a_run_that_there_is_not_is_named(folder: Path) -> None:
    broken_off(folder)
    for verb in ("resume", "cancel"):
        assert "there is no run 'zzz'" in arazzo(verb, "zzz", cwd=folder).err


def test_two_runs_that_begin_alike_are_both_named(folder: Path) -> None:
    broken_off(folder)
    with closing(SqliteStore(folder / "state" / "arazzo" / "journal.db")) as store:
        for name in ("zz1", "zz2"):
            store.create(KeptRun(name, 1.0, "", b""))
    assert "several runs begin with 'zz': zz2, zz1" in arazzo("cancel", "zz", cwd=folder).err

"""A journal in a file keeps what it was given, whoever dies, and says what is wrong with the file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runner.durable.sqlite import SqliteStore
from runner.durable.store import JournalError, KeptEffect, KeptRun

RUN = KeptRun("r1", 100.0, "flow.yaml buy", b"sealed", changed=100.0)
ASK = KeptEffect("flow.yaml", 1, "send", "GET /", 101.0, b"asked")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def test_what_is_kept_is_read_by_another_process(store: SqliteStore, path: Path) -> None:
    store.create(RUN)
    store.ask("r1", ASK)
    other = SqliteStore(path)
    assert other.run("r1") == RUN
    assert other.effects("r1", "flow.yaml") == (ASK,)
    store.answer("r1", "flow.yaml", 1, b"answered")
    assert other.effects("r1", "flow.yaml")[0].answered == b"answered"
    other.close()


def test_an_effect_that_is_asked_for_again_has_no_answer(store: SqliteStore) -> None:
    store.create(RUN)
    store.ask("r1", ASK)
    store.answer("r1", "flow.yaml", 1, b"answered")
    store.ask("r1", ASK)
    assert store.effects("r1", "flow.yaml") == (ASK,)


def test_effects_come_by_number_and_only_those_of_the_unit(store: SqliteStore) -> None:
    store.create(RUN)
    for number in (2, 10, 1):
        store.ask("r1", KeptEffect("a", number, "wait", "", 1.0, b""))
    store.ask("r1", KeptEffect("b", 1, "wait", "", 9.0, b""))
    assert [each.number for each in store.effects("r1", "a")] == [1, 2, 10]
    last = store.last("r1")
    assert last is not None
    assert last.unit == "b"
    store.drop("r1", "a", 2)
    assert [each.number for each in store.effects("r1", "a")] == [1]


def test_a_run_that_is_over_is_no_longer_to_be_cancelled(store: SqliteStore) -> None:
    store.create(RUN)
    store.cancel("r1")
    assert store.is_cancelling("r1")
    store.change("r1", "waiting", 110.0, wake=500.0)
    kept = store.run("r1")
    assert kept is not None
    assert (kept.state, kept.wake, kept.is_cancelling) == ("waiting", 500.0, True)
    store.change("r1", "cancelled", 120.0)
    assert not store.is_cancelling("r1")


def test_the_latest_run_comes_first_and_a_forgotten_one_takes_its_effects_along(store: SqliteStore) -> None:
    store.create(RUN)
    store.create(KeptRun("r2", 90.0, "", b""))
    store.ask("r1", ASK)
    assert [each.run_id for each in store.runs()] == ["r2", "r1"]
    store.forget("r1")
    assert store.run("r1") is None
    assert store.effects("r1", "flow.yaml") == ()


def test_one_process_holds_a_run_and_with_its_death_it_is_free(store: SqliteStore, path: Path) -> None:
    store.create(RUN)
    script = (
        "import sys; from pathlib import Path; from runner.durable.sqlite import SqliteStore\n"
        f"with SqliteStore(Path({str(path)!r})).claim('r1') as held: print(held, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with store.claim("r1") as held:
            assert not held
        kept = store.run("r1")
        assert kept is not None
        assert kept.is_held
        other.kill()
        other.wait()
    kept = store.run("r1")
    assert kept is not None
    assert not kept.is_held
    with store.claim("r1") as held, store.claim("r1") as twice:
        assert held
        assert not twice


@pytest.mark.skipif(sys.platform == "win32", reason="modes are for POSIX")
def test_a_journal_is_its_owners_only(store: SqliteStore, path: Path) -> None:
    store.create(RUN)
    assert {each.name: each.stat().st_mode & 0o077 for each in path.parent.iterdir()} == {
        each.name: 0 for each in path.parent.iterdir()
    }
    path.chmod(0o640)
    with pytest.raises(JournalError, match="others can read or change"):
        SqliteStore(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links and owners are for POSIX")
def test_a_journal_is_no_link_and_of_no_other_user(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(JournalError, match=r"is a link[^\n]*\ngive the file: .*" + path.name):
        SqliteStore(link)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(JournalError, match="belongs to another user"):
        SqliteStore(path)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
@pytest.mark.parametrize("again", [False, True])
def test_a_journal_that_is_removed_takes_no_more(store: SqliteStore, path: Path, again: bool) -> None:
    store.create(RUN)
    path.rename(path.with_name("elsewhere.db"))
    if again:
        SqliteStore(path).close()
    with pytest.raises(JournalError, match="was moved or removed"):
        store.ask("r1", ASK)


def test_a_journal_that_must_be_there_is_not_made(path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        SqliteStore(path, must_exist=True)
    assert not path.exists()


def other_version(path: Path) -> None:
    SqliteStore(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()


def other_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (a)")
    db.close()


def text(path: Path) -> None:
    path.write_text("arazzo: 1.0.1\n" * 200)


def damaged(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(200):
        store.create(KeptRun(f"r{number}", 1.0, "x" * 100, b""))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def no_text(path: Path) -> None:
    store = SqliteStore(path)
    store.create(KeptRun("r1", 1.0, "the name of a run", b""))
    store.close()
    path.write_bytes(path.read_bytes().replace(b"name of a run", b"name of a r\xff\xff"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_version, "is of a later version of arazzo"),
        (other_database, "is a database, but no journal"),
        (text, "is no journal"),
        (damaged, "is damaged"),
        (no_text, "is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_left_as_it_is(path: Path, spoil: object, said: str) -> None:
    assert callable(spoil)
    path.parent.mkdir()
    spoil(path)
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=said):
        SqliteStore(path).runs()
    assert path.read_bytes()[100:] == before[100:]


def test_a_locked_journal_is_an_error_and_not_an_endless_wait(store: SqliteStore, path: Path) -> None:
    store.create(RUN)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patient = SqliteStore(path, busy=0.01)
    with pytest.raises(JournalError, match="is locked by another process"):
        patient.ask("r1", ASK)
    other.execute("ROLLBACK")
    patient.ask("r1", ASK)
    patient.close()
    other.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the size of files")
def test_a_full_disk_is_named_and_what_was_kept_before_stays(store: SqliteStore, path: Path) -> None:
    store.create(RUN)
    store.ask("r1", ASK)
    script = (
        "import resource, signal; from pathlib import Path; from runner.durable.sqlite import SqliteStore\n"
        "from runner.durable.store import JournalError, KeptEffect\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"store = SqliteStore(Path({str(path)!r}))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try: store.ask('r1', KeptEffect('flow.yaml', 2, 'send', '', 1.0, b'x' * 400_000))\n"
        "except JournalError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert "the disk" in done.stdout
    assert store.effects("r1", "flow.yaml") == (ASK,)
    assert SqliteStore(path).run("r1") is not None


MAKING = """
import sys
from pathlib import Path
from runner.durable.sqlite import SqliteStore

for line in sys.stdin:
    try:
        SqliteStore(Path(line.strip())).close()
        print("made", flush=True)
    except Exception as error:
        print(error, flush=True)
"""


def test_processes_that_make_a_journal_at_once_all_have_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKING]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(6)
        ]
        for number in range(40):
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(f"{tmp_path / str(number)}\n")
                process.stdin.flush()
        for process in processes:
            out, _ = process.communicate(timeout=60)
            assert out.split("\n") == ["made"] * 40 + [""]

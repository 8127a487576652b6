"""Keeps runs in one SQLite file of the user's, and says in plain words what is wrong with it.

Every write is one transaction in a write-ahead log that is synced before the method returns, so that neither a killed
process nor a lost supply takes back what was said to be kept. The claim of a run is a lock on a byte of a file beside
the journal: the system takes it back with the process, however that ends, and no number of a process is ever trusted.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from time import sleep
from typing import Any, Final

from runner.durable.store import OVER, JournalError, KeptEffect, KeptRun, RunState
from runner.records import values_of

APPLICATION: Final = 0x41727A6F  # "Arzo": what the head of the file says that it is
VERSION: Final = 1
BUSY: Final = 10.0
"""Seconds to wait for another process to finish its write."""
LOOKS: Final = 20
"""Times to try for a claim, a hundredth of a second apart."""

_SCHEMA: Final = """
CREATE TABLE runs (
  place INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, began REAL NOT NULL, shown TEXT NOT NULL,
  begins BLOB NOT NULL, state TEXT NOT NULL, changed REAL NOT NULL, wake REAL, is_cancelling INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE effects (
  run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE, unit TEXT NOT NULL, number INTEGER NOT NULL,
  kind TEXT NOT NULL, shown TEXT NOT NULL, at REAL NOT NULL, asked BLOB NOT NULL, answered BLOB,
  PRIMARY KEY (run_id, unit, number)
);
"""
_RUN: Final = "SELECT place, run_id, began, shown, begins, state, changed, wake, is_cancelling FROM runs"
_EFFECT: Final = "SELECT unit, number, kind, shown, at, asked, answered FROM effects"


_HEAD: Final = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
FROM pragma_application_id, pragma_user_version"""


class SqliteStore:
    """A journal in a file, which is made where there is none unless `must_exist`.

    `option` is what a command needs to find it, where that is more than its name.
    """

    def __init__(self, path: Path, *, must_exist: bool = False, busy: float = BUSY, option: str = "") -> None:
        self.path, self.option = path.absolute(), option  # resuming goes to another folder
        self._lock = RLock()
        self._locks: int | None = None
        self._held: set[int] = set()
        with self._told():
            self._db = self._opened(must_exist, busy)
            self._file = _identity(self.path)

    def _opened(self, must_exist: bool, busy: float) -> sqlite3.Connection:
        if must_exist and not self.path.exists():
            raise JournalError(f"there is no journal at {self.path}", "arazzo run --journal makes one")
        _make(self.path)
        db = sqlite3.connect(self.path, timeout=busy, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the tables in a new file, and refuse one that is not ours."""
        application, version, tables = db.execute(_HEAD).fetchone()  # at one moment: another process may make them
        if application == APPLICATION and version != VERSION:
            by = "a later" if version > VERSION else "an earlier"
            raise JournalError(
                f"the journal {self.path} is of {by} version of arazzo (its format is {version}, not {VERSION})",
                "give another file: --journal PATH",
            )
        if application != APPLICATION and tables:
            raise JournalError(
                f"{self.path} is a database, but no journal of arazzo", "give another file: --journal PATH"
            )
        _write_ahead(db)
        for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            db.execute(f"PRAGMA {setting}").fetchall()
        if application != APPLICATION:
            made = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
            db.execute("BEGIN IMMEDIATE")
            try:
                if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:  # another process may be faster
                    for statement in (_SCHEMA + made).split(";"):
                        db.execute(statement)
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def create(self, run: KeptRun) -> None:
        values = (run.run_id, run.began, run.shown, run.begins, run.state, run.changed or run.began, run.wake)
        self._do("INSERT INTO runs (run_id, began, shown, begins, state, changed, wake) VALUES (?,?,?,?,?,?,?)", values)

    def run(self, run_id: str) -> KeptRun | None:
        rows = self._do(f"{_RUN} WHERE run_id = ?", (run_id,))
        return self._kept(*rows[0]) if rows else None

    def runs(self) -> tuple[KeptRun, ...]:
        return tuple(self._kept(*row) for row in self._do(f"{_RUN} ORDER BY place DESC"))

    def change(self, run_id: str, state: RunState, at: float, wake: float | None = None) -> None:
        ends = ", is_cancelling = 0" if state in OVER else ""
        self._do(f"UPDATE runs SET state = ?, changed = ?, wake = ?{ends} WHERE run_id = ?", (state, at, wake, run_id))

    def cancel(self, run_id: str) -> None:
        self._do("UPDATE runs SET is_cancelling = 1 WHERE run_id = ?", (run_id,))

    def is_cancelling(self, run_id: str) -> bool:
        return bool(self._do("SELECT 1 FROM runs WHERE run_id = ? AND is_cancelling", (run_id,)))

    @contextmanager
    def claim(self, run_id: str) -> Iterator[bool]:
        rows = self._do("SELECT place FROM runs WHERE run_id = ?", (run_id,))
        if not rows:
            raise JournalError(f"there is no run '{run_id}' in {self.path}")
        place: int = rows[0][0]
        taken = self._claimed(place)
        try:
            yield taken
        finally:
            if taken:
                with self._lock:
                    self._give_back(place)

    def _claimed(self, place: int) -> bool:
        """Take a claim; who only looks whether it is held holds it for a moment, too."""
        for _ in range(LOOKS):
            with self._lock, self._told():
                if self._take(place):
                    return True
                if place in self._held:
                    return False
            sleep(0.01)
        return False

    def ask(self, run_id: str, effect: KeptEffect) -> None:
        self._do("INSERT OR REPLACE INTO effects VALUES (?,?,?,?,?,?,?,?)", (run_id, *values_of(effect).values()))

    def answer(self, run_id: str, unit: str, number: int, answered: bytes) -> None:
        self._do(
            "UPDATE effects SET answered = ? WHERE run_id = ? AND unit = ? AND number = ?",
            (answered, run_id, unit, number),
        )

    def effects(self, run_id: str, unit: str) -> tuple[KeptEffect, ...]:
        rows = self._do(f"{_EFFECT} WHERE run_id = ? AND unit = ? ORDER BY number", (run_id, unit))
        return tuple(KeptEffect(*row) for row in rows)

    def last(self, run_id: str) -> KeptEffect | None:
        rows = self._do(f"{_EFFECT} WHERE run_id = ? ORDER BY at DESC, number DESC LIMIT 1", (run_id,))
        return KeptEffect(*rows[0]) if rows else None

    def drop(self, run_id: str, unit: str, number: int) -> None:
        self._do("DELETE FROM effects WHERE run_id = ? AND unit = ? AND number >= ?", (run_id, unit, number))

    def forget(self, run_id: str) -> None:
        self._do("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def close(self) -> None:
        with self._lock:
            with suppress(sqlite3.Error):
                self._db.close()
            if self._locks is not None:
                os.close(self._locks)
                self._locks = None
            self._held.clear()

    def _do(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Carry out one statement, which is a transaction of its own."""
        with self._lock, self._told():
            if _identity(self.path) != self._file:  # SQLite would go on with a file that nobody finds any more
                message = f"the journal {self.path} was moved or removed while a run was kept in it"
                raise JournalError(message, "put it back, then resume the run")
            return self._db.execute(statement, values).fetchall()

    def _kept(self, place: int, run_id: str, began: float, shown: str, begins: bytes, *rest: Any) -> KeptRun:
        state, changed, wake, is_cancelling = rest
        return KeptRun(run_id, began, shown, begins, state, changed, wake, bool(is_cancelling), self._is_held(place))

    def _is_held(self, place: int) -> bool:
        """Say whether any process, this one included, holds the claim of a run."""
        with self._lock:
            if place in self._held:
                return True
            if self._locks is None and not _locks_of(self.path).exists():
                return False
            with self._told():
                if self._take(place):
                    self._give_back(place)
                    return False
            return True

    def _take(self, place: int) -> bool:
        if place in self._held:
            return False
        if self._locks is None:
            self._locks = os.open(_locks_of(self.path), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        if not _lock_byte(self._locks, place):
            return False
        self._held.add(place)
        return True

    def _give_back(self, place: int) -> None:
        self._held.discard(place)
        if self._locks is not None:
            _unlock_byte(self._locks, place)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in plain words what SQLite or the system has against it."""
        try:
            yield
        except sqlite3.Error as error:
            raise _told(error, self.path) from error
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be used: {error.strerror or error}") from error


def _told(error: sqlite3.Error, path: Path) -> JournalError:
    """Turn an error of SQLite into one that says what to do."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if not primary and isinstance(error, sqlite3.OperationalError):  # a text that is none any more
        primary = sqlite3.SQLITE_CORRUPT
    match primary:
        case sqlite3.SQLITE_FULL:
            return JournalError(
                f"the disk is full: the journal {path} cannot be written", "make room, then resume the run"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalError(f"the journal {path} is locked by another process", "try again once that has ended")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            what = "is damaged" if primary == sqlite3.SQLITE_CORRUPT else "is no journal, or its beginning is damaged"
            return JournalError(
                f"the file {path} {what}", "put back a copy of it, or give another file: --journal PATH"
            )
        case sqlite3.SQLITE_IOERR:  # some systems say so where a quota or a limit of the file's size is reached
            hint = "see whether there is room left, then resume the run"
            return JournalError(f"the disk takes no more of the journal {path}: {error}", hint)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return JournalError(f"the journal {path} cannot be written: {error}", "give another file: --journal PATH")
        case _:
            return JournalError(f"the journal {path} cannot be used: {error}")


def _make(path: Path) -> None:
    """Make the file and its folder for this user only; one that others can change is not used."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink():
        raise JournalError(f"{path} is a link, and a journal is a file of its own", f"give the file: {path.resolve()}")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"{path} is no file that a journal can be kept in")
        if sys.platform != "win32" and status.st_uid != os.geteuid():
            raise JournalError(f"{path} belongs to another user: a journal is its owner's only", "give another file")
        if sys.platform != "win32" and status.st_mode & 0o077:
            raise JournalError(f"others can read or change {path}: a journal is its owner's only", f"chmod 600 {path}")
    finally:
        os.close(descriptor)


def _identity(path: Path) -> tuple[int, int] | None:
    """Give what tells a file from any other that comes to have its name; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _locks_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-claims")


if sys.platform == "win32":
    import msvcrt

    def _lock_byte(descriptor: int, place: int) -> bool:
        os.lseek(descriptor, place, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock_byte(descriptor: int, place: int) -> None:
        os.lseek(descriptor, place, os.SEEK_SET)
        with suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock_byte(descriptor: int, place: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            return False
        return True

    def _unlock_byte(descriptor: int, place: int) -> None:
        with suppress(OSError):
            fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)


def _write_ahead(db: sqlite3.Connection) -> None:
    """Keep a write-ahead log; SQLite does not wait for its turn to begin one."""
    for left in reversed(range(LOOKS)):
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not left:
                raise
            sleep(0.01)
        else:
            return

"""Turns a URL into a database that all workers share, Postgres or one SQLite file, and work into its transactions.

SQL is written once, in what both understand: `?` stands for a value, `@now` for the seconds since 1970 by the clock of
the database (machines do not agree about the time), `@bytes` for the type of bytes, `@lock` for
holding what a query finds until the transaction ends.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from runner.fleet.store_url import ENCODED, INSTALL, StoreError, is_postgres, path_of, shown
from runner.fleet.tables import SCHEMA, VERSION

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]

PATIENCE: Final = 60.0
"""Seconds that work is tried again where the database is not there, or does not want to."""
MOST_CONNECTIONS: Final = 8
LONGEST_PAUSE: Final = 10.0
"""Seconds that a session may pause in the middle of a transaction: so long may a machine that vanished hold locks."""


class Session:
    """A transaction that is open."""

    def __init__(self, connection: Any, translate: Callable[[str], str]) -> None:
        self._connection = connection
        self._translate = translate

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Carry out a statement, and give the rows that it returns."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(self._translate(sql), values)
            return cursor.fetchall() if cursor.description else []

    def row(self, sql: str, *values: object) -> Row | None:
        """Give the first row of them."""
        return next(iter(self.rows(sql, *values)), None)

    def each(self, sql: str, values: Iterable[Row]) -> None:
        """Carry out a statement with each of these values."""
        with closing(self._connection.cursor()) as cursor:
            cursor.executemany(self._translate(sql), values)


class _Kind(Protocol):
    """What differs between one database and another."""

    connections: int
    words: tuple[tuple[str, str], ...]

    def connect(self) -> Any: ...

    def begin(self, connection: Any) -> None: ...

    def prepare(self, session: Session) -> None: ...

    def is_passing(self, error: Exception) -> bool: ...

    def told(self, error: Exception) -> StoreError | None: ...


class Database:
    """The database at a URL. Work is tried again where the connection breaks: what it does has to bear that."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        url = self.url = re.sub(r"^postgres(ql)?://", "postgresql://", url, flags=re.IGNORECASE)
        self._kind: _Kind = _kind(url)
        self._patience = patience
        self._idle: LifoQueue[Any] = LifoQueue()
        self._places: LifoQueue[None] = LifoQueue()
        for _ in range(self._kind.connections):
            self._places.put(None)
        self._texts: dict[str, str] = {}
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    @property
    def is_shared(self) -> bool:
        """Whether several machines can use it."""
        return isinstance(self._kind, _Postgres)

    def run(self, work: Callable[[Session], T]) -> T:
        """Do work in one transaction, which is durable when this returns; StoreError where that cannot be."""
        until, pause = time.monotonic() + self._patience, 0.05
        while True:
            try:
                with self._session() as session:
                    return work(session)
            except Exception as error:
                if not self._kind.is_passing(error) or time.monotonic() + pause > until:
                    raise self._kind.told(error) or error from error
            time.sleep(pause)
            pause = min(pause * 2, 2.0)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Carry out one statement in a transaction of its own, and give the rows that it returns."""
        return self.run(lambda session: session.rows(sql, *values))

    def close(self) -> None:
        """Let go of all connections that nobody uses."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        self._places.get()
        connection = None
        try:
            connection = self._connected()
            self._kind.begin(connection)
            yield Session(connection, self._translated)
            connection.commit()
            self._idle.put(connection)
            connection = None
        finally:
            if connection is not None:  # whatever state it is in: the next one is new
                with suppress(Exception):
                    connection.close()
            self._places.put(None)

    def _connected(self) -> Any:
        with suppress(Empty):
            return self._idle.get_nowait()
        return self._kind.connect()

    def _translated(self, sql: str) -> str:
        found = self._texts.get(sql)
        if found is None:
            found = sql
            for word, meant in self._kind.words:
                found = found.replace(word, meant)
            self._texts[sql] = found
        return found

    def _make(self) -> None:
        """Make the tables where there are none; refuse those of another version."""

        def made(session: Session) -> int:
            self._kind.prepare(session)
            for statement in SCHEMA:
                session.rows(statement)
            session.rows("INSERT INTO fleet_format (one, version) VALUES (1, ?) ON CONFLICT DO NOTHING", VERSION)
            return int(session.rows("SELECT version FROM fleet_format")[0][0])

        patience, self._patience = self._patience, min(self._patience, 5.0)
        version = self.run(made)
        self._patience = patience
        if version != VERSION:
            by = "a later" if version > VERSION else "an earlier"
            raise StoreError(
                f"{shown(self.url)} is of {by} version of arazzo (its format is {version}, not {VERSION})",
                "let all machines have one version, or give another database: --store URL",
            )


def _kind(url: str) -> _Kind:
    return _Postgres(url) if is_postgres(url) else _Sqlite(path_of(url))


class _Sqlite:
    connections = 1
    words: tuple[tuple[str, str], ...] = (
        ("@now", "((julianday('now') - 2440587.5) * 86400.0)"),
        ("@bytes", "BLOB"),
        ("@lock", ""),
    )

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> Any:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._path, timeout=30.0, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        return connection

    def begin(self, connection: Any) -> None:
        connection.execute("BEGIN IMMEDIATE")

    def prepare(self, session: Session) -> None:
        """SQLite needs nothing: a transaction that writes is alone."""

    def is_passing(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.OperationalError) and _code(error) in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        )

    def told(self, error: Exception) -> StoreError | None:
        if not isinstance(error, sqlite3.Error | OSError):
            return None
        held = isinstance(error, sqlite3.OperationalError) and self.is_passing(error)
        hint = "another process holds it, and does not let go of it" if held else "give another one: --store URL"
        return StoreError(f"the database {self._path} cannot be used: {error}", hint)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


class _Postgres:
    connections = MOST_CONNECTIONS
    words: tuple[tuple[str, str], ...] = (
        ("%", "%%"),
        ("?", "%s"),
        ("@now", "extract(epoch FROM clock_timestamp())::double precision"),
        ("@bytes", "BYTEA"),
        ("@lock", "FOR SHARE"),
    )

    def __init__(self, url: str) -> None:
        self._url = url
        if not _is_url(url):
            raise StoreError(f"--store {shown(url)}: this is no URL of a Postgres database", ENCODED)

    def connect(self) -> Any:
        psycopg = _psycopg()
        pause = int(LONGEST_PAUSE * 1000)
        said = f"-c search_path=arazzo -c idle_in_transaction_session_timeout={pause} -c lock_timeout={2 * pause}"
        options = {"connect_timeout": "10", "application_name": "arazzo", "options": said}
        if "options=" in self._url:
            del options["options"]
        return psycopg.connect(self._url, keepalives_idle=30, keepalives_count=3, keepalives_interval=10, **options)

    def begin(self, connection: Any) -> None:
        """psycopg begins by itself."""

    def prepare(self, session: Session) -> None:
        session.rows("SELECT pg_advisory_xact_lock(7098)")  # two that make one schema at once would collide
        session.rows("CREATE SCHEMA IF NOT EXISTS arazzo")

    def is_passing(self, error: Exception) -> bool:
        errors = _psycopg()
        wrong = (errors.errors.InvalidPassword, errors.errors.InvalidCatalogName, errors.errors.DiskFull)
        broken = (errors.OperationalError, errors.InterfaceError, errors.errors.IdleInTransactionSessionTimeout)
        return isinstance(error, broken) and not isinstance(error, wrong)

    def told(self, error: Exception) -> StoreError | None:
        if not isinstance(error, _psycopg().Error):
            return None
        why = str(error).strip().splitlines() or [type(error).__name__]
        return StoreError(f"the database {shown(self._url)} cannot be used: {why[0]}", "--store URL, or ARAZZO_STORE")


def _is_url(url: str) -> bool:
    """Say whether a URL says what its author meant, as far as that can be seen.

    Where a password ends it too early, errors of the server would show the rest.
    """
    psycopg = _psycopg()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return False
    host, name, port = (str(parts.get(part, "")) for part in ("host", "dbname", "port"))
    return "@" not in host[1:] + name and re.fullmatch(r"[\d,]*", port) is not None


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise StoreError("a fleet on Postgres needs what is not installed here", INSTALL) from error
    return psycopg

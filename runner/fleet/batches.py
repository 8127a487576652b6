"""Keeps what was submitted: documents by their digests, how rows are run, the rows; and counts what came of them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from runner.engine.events import Outcome
from runner.errors import UsageError
from runner.fleet.database import Database, Session
from runner.records import Frozen, field

State: TypeAlias = Literal["running", "cancelled", "done"]
CHUNK: Final = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Batch(Frozen):
    """Rows that were submitted together. `settings` say how they are run, `told` is what their report begins with.

    `texts` are the documents by URI. A template is never run itself: a schedule makes batches of it.
    """

    id: str
    title: str
    settings: Mapping[str, Any]
    told: str
    texts: Mapping[str, str]
    chunk: int = CHUNK
    is_template: bool = False
    HIDDEN = ("settings", "texts")


class Progress(Frozen):
    """How far a batch is: its rows, of which so many run, wait for their time, or came out in some way."""

    id: str
    title: str
    state: State
    created: float
    rows: int
    running: int
    waiting: int
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    @property
    def is_going(self) -> bool:
        """Whether there is more to come of it."""
        return self.state == "running" and self.done < self.rows


class RowOutcome(Frozen):
    """What came of a row: its entries as a run record, without secrets."""

    number: int
    outcome: Outcome
    worker: str
    at: float
    entries: str


def check_name(name: str) -> str:
    """Refuse what cannot name a batch or a schedule."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name for this", "letters, digits, '.', '_' and '-', 64 of them at most")
    return name


class Batches:
    """The batches of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, batch: Batch, rows: Iterable[bytes]) -> bool:
        """Keep a batch with its rows, all of it or nothing; False where it was there already.

        UsageError where there is one of this name with other contents.
        """
        sealed = list(rows)
        if not sealed:
            raise UsageError("there is no row to run")

        def work(session: Session) -> bool:
            if (kept := self._kept(session, batch.id)) is not None:
                if not _is_same(kept, batch):
                    raise UsageError(f"there is a batch '{batch.id}' already, and it is another one", "--id NAME")
                return False
            settings = json.dumps({**batch.settings, "texts": _digests(batch.texts)})
            session.rows(
                "INSERT INTO fleet_batch (id, created, title, state, settings, told, many, chunk, is_template)"
                " VALUES (?, @now, ?, 'running', ?, ?, ?, ?, ?)",
                batch.id,
                batch.title,
                settings,
                packed(batch.told),
                len(sealed),
                batch.chunk,
                int(batch.is_template),
            )
            session.each(
                "INSERT INTO fleet_text (digest, content) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(_digest(text), packed(text)) for text in batch.texts.values()],
            )
            session.each(
                "INSERT INTO fleet_row (batch, number, chunk, sealed, state) VALUES (?, ?, ?, ?, 'open')",
                [(batch.id, number, (number - 1) // batch.chunk, each) for number, each in enumerate(sealed, start=1)],
            )
            return True

        return self._database.run(work)

    def repeat(self, session: Session, template: str, name: str) -> None:
        """Make a batch of a template, unless it is there."""
        made = session.rows(
            "INSERT INTO fleet_batch (id, created, title, state, settings, told, many, chunk)"
            " SELECT ?, @now, title, 'running', settings, told, many, chunk FROM fleet_batch WHERE id = ?"
            " ON CONFLICT DO NOTHING RETURNING 1",
            name,
            template,
        )
        if made:
            session.rows(
                "INSERT INTO fleet_row (batch, number, chunk, sealed, state)"
                " SELECT CAST(? AS TEXT), number, chunk, sealed, 'open' FROM fleet_row WHERE batch = ?",
                name,
                template,
            )

    def read(self, batch: str) -> Batch:
        """Give a batch; UsageError where there is none of this name."""
        kept = self._database.run(lambda session: self._kept(session, batch))
        if kept is None:
            raise UsageError(f"there is no batch '{batch}'", "batches there are: arazzo status")
        return kept

    def _kept(self, session: Session, batch: str) -> Batch | None:
        found = session.row("SELECT title, settings, told, chunk, is_template FROM fleet_batch WHERE id = ?", batch)
        if found is None:
            return None
        title, settings, told, chunk, is_template = found
        read = json.loads(settings)
        texts = {uri: self._text(session, uri, digest) for uri, digest in read.pop("texts").items()}
        return Batch(batch, title, read, _unpacked(told), texts, chunk, bool(is_template))

    def _text(self, session: Session, uri: str, digest: str) -> str:
        found = session.row("SELECT content FROM fleet_text WHERE digest = ?", digest)
        text = _unpacked(found[0]) if found else ""
        if _digest(text) != digest:
            raise UsageError(f"the text of {uri} is not in the database as it was submitted", "submit it again")
        return text

    def all(self) -> tuple[Progress, ...]:
        """Say how far every batch is, the latest first; templates are none."""
        rows = self._database.rows("SELECT id FROM fleet_batch WHERE is_template = 0 ORDER BY created DESC, id")
        return tuple(self.progress(batch) for (batch,) in rows)

    def progress(self, batch: str) -> Progress:
        """Say how far a batch is."""

        def work(session: Session) -> Progress:
            found = session.row(
                "SELECT title, state, created, many FROM fleet_batch WHERE id = ? AND is_template = 0", batch
            )
            if found is None:
                raise UsageError(f"there is no batch '{batch}'", "batches there are: arazzo status")
            states = _counted(session, "SELECT state, count(*) FROM fleet_row WHERE batch = ? GROUP BY state", batch)
            outcomes = _counted(
                session, "SELECT outcome, count(*) FROM fleet_result WHERE batch = ? GROUP BY outcome", batch
            )
            title, state, created, many = found
            running, waiting = states.get("running", 0), states.get("waiting", 0)
            return Progress(batch, title, state, created, many, running, waiting, outcomes)

        return self._database.run(work)

    def outcomes(self, batch: str, page: int = 500) -> Iterator[RowOutcome]:
        """Give what came of each row that is done, by number."""
        last = 0
        while True:
            rows = self._database.rows(
                "SELECT number, outcome, worker, at, entries FROM fleet_result WHERE batch = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                batch,
                last,
                page,
            )
            for number, outcome, worker, at, entries in rows:
                yield RowOutcome(number, outcome, worker, at, _unpacked(entries))
                last = number
            if len(rows) < page:
                return

    def cancel(self, batch: str) -> None:
        """Let no more of a batch be done: rows that run are taken from their workers, and end before they send more."""

        def work(session: Session) -> None:
            session.rows("UPDATE fleet_batch SET state = 'cancelled' WHERE id = ? AND state = 'running'", batch)
            session.rows(
                "UPDATE fleet_row SET state = 'open', owner = '' WHERE batch = ? AND state = 'running' AND EXISTS"
                " (SELECT 1 FROM fleet_batch WHERE id = fleet_row.batch AND state = 'cancelled')",
                batch,
            )

        self._database.run(work)

    def unfinished(self) -> tuple[str, ...]:
        """Give the batches of which something is left to do, and say of all others that they are done."""

        def work(session: Session) -> tuple[str, ...]:
            session.rows(
                "UPDATE fleet_batch SET state = 'done' WHERE state = 'running' AND is_template = 0 AND NOT EXISTS"
                " (SELECT 1 FROM fleet_row WHERE batch = fleet_batch.id AND state <> 'done')"
            )
            rows = session.rows(
                "SELECT id FROM fleet_batch WHERE state = 'running' AND is_template = 0 ORDER BY created"
            )
            return tuple(batch for (batch,) in rows)

        return self._database.run(work)

    def open_chunks(self, batch: str) -> tuple[int, ...]:
        """Give the chunks of a batch that have a row which is not done."""
        rows = self._database.rows(
            "SELECT DISTINCT chunk FROM fleet_row WHERE batch = ? AND state <> 'done' ORDER BY chunk", batch
        )
        return tuple(chunk for (chunk,) in rows)

    def is_running(self, batch: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM fleet_batch WHERE id = ? AND state = 'running'", batch))


def _counted(session: Session, sql: str, batch: str) -> dict[str, int]:
    return {name: int(number) for name, number in sorted(session.rows(sql, batch))}


def _is_same(kept: Batch, batch: Batch) -> bool:
    """Say whether two batches ask for the same: what is sealed, and when it was, differ each time."""

    def wanted(each: Batch) -> tuple[object, ...]:
        settings = {name: value for name, value in each.settings.items() if name != "probe"}
        return each.title, settings, each.texts, each.chunk, each.is_template

    return wanted(kept) == wanted(batch)


def packed(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def _unpacked(content: bytes) -> str:
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digests(texts: Mapping[str, str]) -> dict[str, str]:
    return {uri: _digest(text) for uri, text in texts.items()}

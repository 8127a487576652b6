"""Hands rows to workers, each to one at a time, and takes back what came of them: once, and only from who holds them.

A claim is a number that grows with each claim of a row (its fence). Whatever a worker writes about a row is written in
one statement with the question whether its number is still the row's: one that was thought dead, and only slept, finds
that it is not, and neither a result nor the next request of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runner.fleet.batches import packed
from runner.fleet.database import Database, Session
from runner.records import Frozen

MOST_ORPHANED: Final = 5
"""Times that a row may be left lying by whoever had begun it: then it is told as one that nobody gets through."""
PEEK: Final = 5.0
"""Seconds after which rows of a chunk that another worker holds are looked at again."""


class Claim(Frozen):
    """A row that a worker holds. `attempt` counts its runs from the beginning, `orphaned` how often it was left."""

    batch: str
    number: int
    fence: int
    attempt: int
    orphaned: int
    sealed: bytes
    HIDDEN = ("sealed",)

    @property
    def unit(self) -> str:
        """The name under which the effects of this run of the row are kept."""
        return f"{self.number}.{self.attempt}"


class LostClaim(Exception):  # noqa: N818 - no error: another worker goes on with the row
    """The row is another worker's now, or nobody's: its batch was cancelled."""


class Rows:
    """The rows of a database, as the worker `owner` sees them."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def claim(self, batch: str, chunk: int, ahead: float) -> Sequence[Claim]:
        """Take the rows of a chunk that nobody alive holds and whose time comes within `ahead` seconds."""
        rows = self._database.rows(
            "UPDATE fleet_row SET state = 'running', fence = fence + 1,"
            " orphaned = orphaned + CASE WHEN state = 'running' THEN 1 ELSE 0 END, owner = ?"
            " WHERE batch = ? AND chunk = ? AND (state = 'open' OR (state = 'waiting' AND wake <= @now + ?)"
            " OR (state = 'running' AND (owner = ? OR owner NOT IN (SELECT id FROM fleet_worker WHERE until > @now))))"
            " AND EXISTS (SELECT 1 FROM fleet_batch WHERE id = fleet_row.batch AND state = 'running')"
            " RETURNING number, fence, attempt, orphaned, sealed",
            self._owner,
            batch,
            chunk,
            ahead,
            self._owner,
        )
        return sorted(
            (Claim(batch, number, fence, attempt, orphaned, bytes(sealed))
             for number, fence, attempt, orphaned, sealed in rows),
            key=lambda claim: claim.number,
        )  # fmt: skip

    def finish(self, claim: Claim, outcome: str, entries: str) -> bool:
        """Keep what came of a row, and forget its journal; False where it was not held any more."""

        def work(session: Session) -> bool:
            if not self._leave(session, claim, "done", 0.0):
                return False
            session.rows(
                "INSERT INTO fleet_result (batch, number, outcome, at, worker, entries) VALUES (?, ?, ?, @now, ?, ?)",
                claim.batch,
                claim.number,
                outcome,
                self._owner,
                packed(entries),
            )
            session.rows("DELETE FROM fleet_effect WHERE batch = ? AND unit = ?", claim.batch, claim.unit)
            return True

        return self._database.run(work)

    def park(self, claim: Claim, seconds: float) -> None:
        """Let go of a row until so many seconds have passed."""
        self._database.run(lambda session: self._leave(session, claim, "waiting", seconds))

    def release(self, claim: Claim) -> None:
        """Let go of a row, for whoever comes first."""
        self._database.run(lambda session: self._leave(session, claim, "open", 0.0))

    def again(self, claim: Claim, seconds: float) -> None:
        """Let a row be run from its beginning once so many seconds have passed."""

        def work(session: Session) -> None:
            if self._leave(session, claim, "waiting", seconds):
                session.rows(
                    "UPDATE fleet_row SET attempt = attempt + 1 WHERE batch = ? AND number = ?",
                    claim.batch,
                    claim.number,
                )
                session.rows("DELETE FROM fleet_effect WHERE batch = ? AND unit = ?", claim.batch, claim.unit)

        self._database.run(work)

    def next_look(self, batch: str, chunk: int) -> float | None:
        """Give the seconds until a chunk is worth a look; None where all of its rows are done, or none will be."""
        found = self._database.rows(
            "SELECT min(CASE state WHEN 'open' THEN 0.0 WHEN 'waiting' THEN wake - @now ELSE ? END) FROM fleet_row"
            " WHERE batch = ? AND chunk = ? AND state <> 'done'"
            " AND EXISTS (SELECT 1 FROM fleet_batch WHERE id = fleet_row.batch AND state = 'running')",
            PEEK,
            batch,
            chunk,
        )
        seconds = found[0][0]
        return None if seconds is None else max(float(seconds), 0.0)

    def _leave(self, session: Session, claim: Claim, state: str, seconds: float) -> bool:
        """Let go of a row, if it is still held."""
        return bool(
            session.rows(
                "UPDATE fleet_row SET state = ?, owner = '', wake = @now + ?"
                " WHERE batch = ? AND number = ? AND owner = ? AND fence = ? AND state = 'running' RETURNING 1",
                state,
                seconds,
                claim.batch,
                claim.number,
                self._owner,
                claim.fence,
            )
        )

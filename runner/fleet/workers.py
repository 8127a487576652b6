"""Keeps who is at work: each worker says again and again that it is alive, and who does not is taken for dead.

What counts is the clock of the database. Nothing depends on a worker knowing that it was taken for dead: its rows have
another number by then (see `rows.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.fleet.database import Database
from runner.records import Frozen


class Seen(Frozen):
    """A worker, where it is, and the seconds for which it is alive unless it says so again; below zero it is dead."""

    id: str
    place: str
    left: float


class Workers:
    """The workers of a database, as the one called `own` sees them; it is alive for `lease` seconds at a time."""

    def __init__(self, database: Database, own: str, place: str, lease: float) -> None:
        self._database = database
        self._own = own
        self._place = place
        self._lease = lease

    def beat(self) -> None:
        """Say that this one is alive."""
        self._database.rows(
            "INSERT INTO fleet_worker (id, place, began, until) VALUES (?, ?, @now, @now + ?)"
            " ON CONFLICT (id) DO UPDATE SET until = excluded.until, is_swept = 0",
            self._own,
            self._place,
            self._lease,
        )

    def leave(self) -> None:
        """Say that this one is gone: it is not told as dead, and others take over at once what it may have left."""
        self._database.rows("UPDATE fleet_worker SET until = 0 WHERE id = ?", self._own)

    def dead(self) -> Sequence[str]:
        """Give the workers that died and of whose work nobody has said that it is taken over.

        Never this one: it may have slept, but whoever asks is alive.
        """
        rows = self._database.rows(
            "SELECT id FROM fleet_worker WHERE until <= @now AND is_swept = 0 AND id <> ?", self._own
        )
        return [worker for (worker,) in rows]

    def swept(self, worker: str) -> None:
        """Say that nothing of a dead worker's is left to take over."""
        self._database.rows("UPDATE fleet_worker SET is_swept = 1 WHERE id = ? AND until <= @now", worker)


def seen(database: Database) -> tuple[Seen, ...]:
    """Give the workers, those that have died within an hour among them."""
    rows = database.rows("SELECT id, place, until - @now FROM fleet_worker WHERE until > @now - 3600 ORDER BY began")
    return tuple(Seen(worker, place, float(left)) for worker, place, left in rows)

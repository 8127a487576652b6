"""Makes batches of a template again and again, as a cron expression says: each time once, whoever is alive to do it.

What was missed while no worker was alive is made up for once, not as often as it was missed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runner.errors import UsageError
from runner.fleet.batches import Batches
from runner.fleet.database import Database, Session
from runner.fleet.store_url import INSTALL
from runner.records import Frozen

_CRON = re.compile(r"@[a-z]+|(?![hr]\b)\S+(?:\s+(?![hr]\b)\S+){4}", re.IGNORECASE)
"""No seconds, years and moments by chance: with a sixth field `0 3 * * * *` would be sixty batches, not one."""


class Schedule(Frozen):
    """A template that is run as `cron` says in a time zone; `due` is when next, in seconds since 1970."""

    name: str
    cron: str
    zone: str
    batch: str
    due: float


def due_after(cron: str, zone: str, moment: float) -> float:
    """Give the first time after a moment that a cron expression names; UsageError where it is none."""
    croniter = _croniter()
    hint = "minute hour day month weekday, such as '0 6 * * 1-5'"
    if not _CRON.fullmatch(cron.strip()):
        raise UsageError(f"'{cron}' is no cron expression of five fields", hint)
    try:
        here = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"--zone {zone}: there is no such time zone", "write one such as Europe/Berlin") from error
    try:
        return float(croniter.croniter(cron, datetime.fromtimestamp(moment, here)).get_next(float))
    except (croniter.CroniterError, ValueError) as error:
        raise UsageError(f"'{cron}' is no cron expression that has a next time", hint) from error


class Schedules:
    """The schedules of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, cron: str, zone: str, batch: str) -> Schedule:
        """Keep a schedule for a template; one of this name is replaced, and its template forgotten."""

        def work(session: Session) -> Schedule:
            made = Schedule(name, cron, zone, batch, due_after(cron, zone, _now(session)))
            self._remove(session, name)
            session.rows("INSERT INTO fleet_schedule (name, cron, zone, batch, due) VALUES (?, ?, ?, ?, ?)",
                         name, cron, zone, batch, made.due)  # fmt: skip
            return made

        return self._database.run(work)

    def remove(self, name: str) -> None:
        """Forget a schedule; the batches it has made stay."""
        if not self._database.run(lambda session: self._remove(session, name)):
            raise UsageError(f"there is no schedule '{name}'", "schedules there are: arazzo schedule list")

    def all(self) -> tuple[Schedule, ...]:
        rows = self._database.rows("SELECT name, cron, zone, batch, due FROM fleet_schedule ORDER BY due, name")
        return tuple(Schedule(*row) for row in rows)

    def make_due(self) -> tuple[str, ...]:
        """Make a batch of each schedule whose time has come, and give their names."""

        def work(session: Session) -> tuple[str, ...]:
            now, batches, made = _now(session), Batches(self._database), []
            for row in session.rows("SELECT name, cron, zone, batch, due FROM fleet_schedule WHERE due <= @now"):
                due = Schedule(*row)
                name = f"{due.name}-{datetime.fromtimestamp(due.due, UTC):%Y%m%dT%H%M%SZ}"
                later = due_after(due.cron, due.zone, now)
                # Whoever moves it on makes the batch: both happen, or neither.
                moved = session.rows("UPDATE fleet_schedule SET due = ? WHERE name = ? AND due = ? RETURNING 1",
                                     later, due.name, due.due)  # fmt: skip
                if moved:
                    batches.repeat(session, due.batch, name)
                    made.append(name)
            return tuple(made)

        return self._database.run(work)

    def _remove(self, session: Session, name: str) -> bool:
        gone = session.rows("DELETE FROM fleet_schedule WHERE name = ? RETURNING batch", name)
        for (batch,) in gone:
            session.rows("DELETE FROM fleet_batch WHERE id = ? AND is_template = 1", batch)
        return bool(gone)


def _now(session: Session) -> float:
    return float(session.rows("SELECT @now")[0][0])


def _croniter() -> Any:
    try:
        import croniter
    except ImportError as error:
        raise UsageError("schedules need what is not installed here", INSTALL) from error
    return croniter

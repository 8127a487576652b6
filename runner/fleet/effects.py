"""Keeps the effects of a row where its results are, so that they outlive the machine; only who holds the row may."""

from __future__ import annotations

from runner.durable.store import KeptEffect, RunState
from runner.fleet.database import Database, Session
from runner.fleet.rows import Claim, LostClaim
from runner.records import values_of


class RowStore:
    """The journal of one row that `owner` holds, as `Effects`: the run is the batch, the unit the run of the row.

    LostClaim is raised before anything is written that another worker would have to believe.
    """

    def __init__(self, database: Database, claim: Claim, owner: str) -> None:
        self._database = database
        self._claim = claim
        self._owner = owner

    def ask(self, run_id: str, effect: KeptEffect) -> None:
        def work(session: Session) -> None:
            self._check(session)
            session.rows(
                "INSERT INTO fleet_effect (batch, unit, number, kind, shown, at, asked, answered)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (batch, unit, number) DO UPDATE SET kind = excluded.kind,"
                " shown = excluded.shown, at = excluded.at, asked = excluded.asked, answered = excluded.answered",
                self._claim.batch,
                *values_of(effect).values(),
            )

        self._database.run(work)

    def answer(self, run_id: str, unit: str, number: int, answered: bytes) -> None:
        def work(session: Session) -> None:
            self._check(session)
            session.rows(
                "UPDATE fleet_effect SET answered = ? WHERE batch = ? AND unit = ? AND number = ?",
                answered,
                self._claim.batch,
                unit,
                number,
            )

        self._database.run(work)

    def _check(self, session: Session) -> None:
        """Hold the row for this transaction: whoever wants to claim it waits, and then sees what was written."""
        held = session.row(
            "SELECT 1 FROM fleet_row WHERE batch = ? AND number = ? AND owner = ? AND fence = ? AND state = 'running'"
            " @lock",
            self._claim.batch,
            self._claim.number,
            self._owner,
            self._claim.fence,
        )
        if held is None:
            raise LostClaim

    def effects(self, run_id: str, unit: str) -> tuple[KeptEffect, ...]:
        rows = self._database.rows(
            "SELECT unit, number, kind, shown, at, asked, answered FROM fleet_effect WHERE batch = ? AND unit = ?"
            " ORDER BY number",
            self._claim.batch,
            unit,
        )
        return tuple(
            KeptEffect(unit, number, kind, shown, at, bytes(asked), None if answered is None else bytes(answered))
            for unit, number, kind, shown, at, asked, answered in rows
        )

    def drop(self, run_id: str, unit: str, number: int) -> None:
        self._database.rows(
            "DELETE FROM fleet_effect WHERE batch = ? AND unit = ? AND number >= ?", self._claim.batch, unit, number
        )

    def change(self, run_id: str, state: RunState, at: float, wake: float | None = None) -> None:
        """How the row stands is told by whoever claims it and lets go of it."""

    def is_cancelling(self, run_id: str) -> bool:
        """Say no: the rows of a batch that is cancelled are taken from whoever holds them."""
        return False

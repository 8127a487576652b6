"""The port behind which runs are kept: rows of plain columns and sealed bytes, the same for SQLite and Postgres.

A run has units (a document with its workflows, or a case of a suite), each a flow that numbers its effects from 1 on.
What a reader of the store may see is in plain columns, with secrets taken out; all else is bytes that it cannot open.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol, TypeAlias

from runner.errors import UsageError
from runner.records import Frozen

RunState: TypeAlias = Literal["running", "waiting", "stopped", "unknown", "cancelled", "passed", "failed", "error"]
"""`running` and `waiting` mean what they say while a process holds the claim: without one they died in that state.

`stopped` can go on, `unknown` has a request of which nobody knows whether it arrived, and the others are over.
"""

OVER: Final[frozenset[RunState]] = frozenset({"cancelled", "passed", "failed", "error"})
EffectKind: TypeAlias = Literal["send", "wait", "cancel"]


class KeptRun(Frozen):
    """A run as it is kept. Times are seconds since 1970; `wake` is when a waiting one goes on.

    `begins` is sealed: all that it takes to begin it again. `shown` names it to people. `is_cancelling` says that
    somebody wants it to end; `is_held` that a process is at work on it.
    """

    run_id: str
    began: float
    shown: str
    begins: bytes
    state: RunState = "running"
    changed: float = 0.0
    wake: float | None = None
    is_cancelling: bool = False
    is_held: bool = False


class KeptEffect(Frozen):
    """An effect of a unit: what was asked, before it was carried out, and what it was answered; both sealed."""

    unit: str
    number: int
    kind: EffectKind
    shown: str
    at: float
    asked: bytes
    answered: bytes | None = None


def is_torn_down(effects: Sequence[KeptEffect]) -> bool:
    """Say whether the user has ended a flow and its teardown was begun: only that can go on."""
    return any(each.kind == "cancel" or each.answered is None for each in effects[:-1])


class JournalError(UsageError):
    """A journal cannot be read or written; the message says why, the hint what to do."""


class Effects(Protocol):
    """What the journal of one flow needs of a store."""

    def change(self, run_id: str, state: RunState, at: float, wake: float | None = None) -> None:
        """Say how a run stands; a state that is over also ends the wish to cancel it."""

    def is_cancelling(self, run_id: str) -> bool:
        """Say whether somebody wants a run to end: asked before each effect."""

    def ask(self, run_id: str, effect: KeptEffect) -> None:
        """Keep an effect before it is carried out; one of the same unit and number is replaced."""

    def answer(self, run_id: str, unit: str, number: int, answered: bytes) -> None:
        """Keep what an effect was answered, before anybody uses it."""

    def effects(self, run_id: str, unit: str) -> tuple[KeptEffect, ...]:
        """Give the effects of a unit by number."""

    def drop(self, run_id: str, unit: str, number: int) -> None:
        """Forget an effect that is to be asked for anew, and those after it."""


class Store(Effects, Protocol):
    """Keep runs. What a method has written is durable when it returns; JournalError where it cannot be.

    Methods may be called from any thread. At most one process holds the claim of a run, and with its death it is free.
    """

    def create(self, run: KeptRun) -> None:
        """Keep a new run."""

    def run(self, run_id: str) -> KeptRun | None:
        """Give a run."""

    def runs(self) -> tuple[KeptRun, ...]:
        """Give all runs, the latest first."""

    def cancel(self, run_id: str) -> None:
        """Ask whoever is at work on a run to end it."""

    def claim(self, run_id: str) -> AbstractContextManager[bool]:
        """Hold a run while the block lasts; False where another process holds it."""

    def last(self, run_id: str) -> KeptEffect | None:
        """Give the effect that was asked for last, in any unit."""

    def forget(self, run_id: str) -> None:
        """Remove a run and all that is kept of it."""

    def close(self) -> None:
        """Let go of what is held."""

"""Passes over a chunk: takes its rows, has each carried out beside the others, and keeps what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeAlias

from runner.durable.journal import Parked
from runner.errors import ArazzoError
from runner.fleet.rows import PEEK, Claim, LostClaim, Rows
from runner.records import Frozen, Mutable, field

LONG_WAIT: Final = 60.0
"""Seconds of waiting beyond which a row leaves its chunk until it wakes up."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 600.0
"""Seconds before a row that did not pass runs again: the first time, and at most."""


class Released(Exception):  # noqa: N818 - no error: another worker goes on with the row
    """This worker is to end, and a row that it was at has come to a place from which another can go on."""


class Carried(Frozen):
    """What came of a row: its outcome, and its run record without secrets. `may_repeat`: it may be run once more."""

    outcome: str
    entries: str
    may_repeat: bool = False
    HIDDEN = ("entries",)


Carry: TypeAlias = Callable[[Claim], Carried]
"""Carry out a row; Parked, Released or LostClaim where somebody goes on with it at another time."""


class Passes(Mutable):
    """The passes that one worker makes. `work` gives how rows of a batch are carried out, or raises an ArazzoError.

    `tell` is told what keeps this worker from it, `stopping` whether it is to end.
    """

    rows: Rows
    pool: ThreadPoolExecutor
    work: Callable[[str], Carry]
    tell: Callable[[str], None]
    stopping: Callable[[], bool]
    ahead: float = LONG_WAIT
    _looking: set[tuple[str, int]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    HIDDEN = ("_lock", "_looking")

    def look(self, batch: str, chunk: int) -> float | None:
        """Pass over a chunk, and give the seconds until it wants another pass, None where it is done."""
        if self.stopping():
            return 1.0
        with self._lock:
            if (batch, chunk) in self._looking:
                return PEEK
            self._looking.add((batch, chunk))
        try:
            return self._passed(batch, chunk)
        except ArazzoError as error:
            self.tell(f"batch '{batch}' cannot go on here: {error}")
            return PEEK
        except Exception as error:  # whoever asks must get an answer, or the chunk is lost to it
            self.tell(f"batch '{batch}' cannot go on here: {_bug(error)}")
            return PEEK
        finally:
            with self._lock:
                self._looking.discard((batch, chunk))

    def _passed(self, batch: str, chunk: int) -> float | None:
        carry = self.work(batch)
        claims = self.rows.claim(batch, chunk, self.ahead)
        for _ in self.pool.map(partial(self._one, carry), claims):
            pass
        return self.rows.next_look(batch, chunk)

    def _one(self, carry: Carry, claim: Claim) -> None:
        """Carry out a row and keep what came of it. Where that cannot be kept, the row is claimed again later."""
        try:
            if self.stopping():
                raise Released
            carried = carry(claim)
            if carried.may_repeat:
                self.rows.again(claim, min(FIRST_PAUSE * 2 ** (claim.attempt - 1), LONGEST_PAUSE))
            else:
                self.rows.finish(claim, carried.outcome, carried.entries)
        except Parked as parked:
            self.rows.park(claim, max(parked.wake - time.time(), 0.0))
        except Released:
            self.rows.release(claim)
        except LostClaim:
            pass
        except ArazzoError as error:
            self.tell(f"row {claim.number} of batch '{claim.batch}' has to wait: {error}")
        except Exception as error:
            self.tell(f"row {claim.number} of batch '{claim.batch}' has to wait: {_bug(error)}")


def _bug(error: Exception) -> str:
    """Name what should never happen; its own message could hold a secret."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_globals.get('__name__')}:{last.tb_lineno}" if last else "an unknown place"
    return f"this is a bug in arazzo: {type(error).__name__} in {place}"

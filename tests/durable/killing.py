"""Kill the process of a command line, or fill its disk, at one of the writes to its journal: `FAULT=kill 3 before`."""

from __future__ import annotations

import os
import signal
import sqlite3
from itertools import count
from typing import Any

from runner.durable.sqlite import SqliteStore

WRITES = ("create", "ask", "answer", "change")


def prepare() -> None:
    """Make the n-th write to the journal the last thing that this process does, or one for which there is no room."""
    fault, number, when = os.environ["FAULT"].split()
    numbers = count(1)
    for name in WRITES:
        setattr(SqliteStore, name, _faulty(getattr(SqliteStore, name), numbers, fault, int(number), when))


def _faulty(write: Any, numbers: count[int], fault: str, fatal: int, when: str) -> Any:
    def faulty(store: SqliteStore, *arguments: Any, **options: Any) -> None:
        number = next(numbers)
        if fault == "kill":
            if number == fatal and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            write(store, *arguments, **options)
            if number == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        elif number >= fatal:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            with store._told():
                raise error
        else:
            write(store, *arguments, **options)

    return faulty

"""Turns a case of a suite into what is kept of it, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.durable.seal import Seal
from runner.durable.store import JournalError
from runner.errors import UsageError
from runner.suite.cases import Subject, Task, case_of
from runner.suite.rows import Row
from runner.values import Json

_PROBE = "arazzo"


def seal_of(secret: bytes, batch: str, secrets: Mapping[str, str] | None = None) -> Seal:
    """Give what seals the rows of a batch and their journals; `secrets` are a worker's own, by name."""
    return Seal(secret, f"fleet {batch}", secrets)


def place(number: int) -> str:
    """Give what a row is sealed for: no other one can stand in its place."""
    return f"row {number}"


def probe(secret: bytes, batch: str) -> str:
    """Give something sealed, by which a worker knows whether its key is the one."""
    return seal_of(secret, batch).close("probe", _PROBE).hex()


def check_probe(secret: bytes, batch: str, sealed: str) -> None:
    """Raise UsageError where the key is another one."""
    try:
        seal_of(secret, batch).open("probe", bytes.fromhex(sealed))
    except JournalError as error:
        raise UsageError("it was submitted with another key", "give ARAZZO_JOURNAL_KEY as it was given then") from error


def written(task: Task) -> Json:
    """Give what is kept of a case."""
    row = task.row
    found: dict[str, Json] = {"key": task.subject.workflow.key}
    if row is not None:
        found["row"] = {
            "name": row.name,
            "file": row.file,
            "line": row.line,
            "texts": dict(row.texts),
            "values": dict(row.values),
            "problem": row.problem,
            "number": row.number,
        }
    return found


def read(number: int, kept: Json, found: Sequence[Subject]) -> Task:
    """Give the case again, among the workflows that were submitted with it."""
    assert isinstance(kept, dict)
    subject = next((each for each in found if each.workflow.key == kept["key"]), None)
    if subject is None:
        raise UsageError(f"row {number} is of a workflow that was not submitted: '{kept['key']}'")
    data: Any = kept.get("row")
    row = None if data is None else Row(**data)
    return Task(number - 1, case_of(subject, row, 0), subject, row)

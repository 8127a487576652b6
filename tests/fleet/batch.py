"""A batch without a document, for what has to do with rows alone."""

from __future__ import annotations

from runner.fleet.batches import Batch, Batches
from runner.fleet.database import Database


def batch(name: str = "b", **changed: object) -> Batch:
    given = {"title": "T", "settings": {"retries": 0}, "told": "told", "texts": {"file:///a.yaml": "a: 1"}, "chunk": 2}
    return Batch(name, **{**given, **changed})  # type: ignore[arg-type]


def submitted(database: Database, rows: int = 3, **changed: object) -> Batches:
    """Keep a batch `b` of so many rows."""
    batches = Batches(database)
    batches.submit(batch(**changed), [b"row %d" % number for number in range(1, rows + 1)])
    return batches

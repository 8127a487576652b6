"""Turns the name of a document into the rows of data its workflows are run with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from runner import api
from runner.cli.asking import check_columns, declared_by
from runner.errors import UsageError
from runner.plan.plan import Plan
from runner.suite.rows import Rows, open_rows

FORMATS = ("csv", "tsv", "json", "jsonl", "ndjson", "yaml", "yml")


def rows_of(document: Path, given: str, here: Path, secret: Iterable[str] = ()) -> Rows | None:
    """Give the rows of the file that is given, else of the one beside a document; None where there is none.

    Beside `checkout.arazzo.yaml` that is `checkout.rows.csv`, or `.json`, `.jsonl` or `.yaml`. No row has its
    name from a `secret` input.
    """
    stem = document.name.rpartition(".arazzo.")[0] or document.stem
    beside = [path for each in FORMATS if (path := document.with_name(f"{stem}.rows.{each}")).is_file()]
    if given:
        return open_rows(given).hiding(secret)
    if len(beside) > 1:
        names = " and ".join(path.name for path in beside)
        raise UsageError(f"{names} are both rows for {document.name}", "keep one of them, or give --arazzo-rows FILE")
    return open_rows(api.display_name(beside[0].as_uri(), here)).hiding(secret) if beside else None


class Tables:
    """The rows of a session, with the workflows that each file is for: a column has to be known to one of them."""

    def __init__(self) -> None:
        self._plans: dict[Path, list[Plan]] = {}
        self._rows: dict[Path, Rows] = {}

    def note(self, rows: Rows, plan: Plan) -> None:
        """Note that the workflows of a plan are run with rows."""
        self._rows[rows.path] = rows
        self._plans.setdefault(rows.path, []).append(plan)

    def declared(self, path: Path) -> frozenset[str] | None:
        """Give the inputs of all workflows that a file of rows is for, None where any may be given."""
        return declared_by((plan, plan.entries) for plan in self._plans[path])

    def check(self) -> None:
        """Refuse a column that no workflow knows, once all of them are collected."""
        for path, rows in self._rows.items():
            check_columns(rows, self.declared(path))


_tables = pytest.StashKey[Tables]()


def tables_of(config: pytest.Config) -> Tables:
    """Give the rows of a session."""
    return config.stash.setdefault(_tables, Tables())

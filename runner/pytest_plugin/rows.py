"""Turns the name of a document into the rows of data its workflows are run with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from runner.errors import UsageError
from runner.values import Json

FORMATS = ("csv", "json", "jsonl", "yaml", "yml")


class Row(Protocol):
    """A row of data: `texts` are read as the schema of an input says, `problem` says why it cannot be used."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def texts(self) -> Mapping[str, str]: ...
    @property
    def values(self) -> Mapping[str, Json]: ...
    @property
    def problem(self) -> str: ...


def rows_of(document: Path, given: str, secret: Iterable[str] = ()) -> Iterable[Row] | None:
    """Give the rows of the file that is given, else of the one beside a document; None where there is none.

    Beside `checkout.arazzo.yaml` that is `checkout.rows.csv`, or `.json`, `.jsonl` or `.yaml`. No row has its
    name from a `secret` input.
    """
    stem = document.name.rpartition(".arazzo.")[0] or document.stem
    beside = [path for each in FORMATS if (path := document.with_name(f"{stem}.rows.{each}")).is_file()]
    if given:
        return _open(given, secret)
    if len(beside) > 1:
        names = " and ".join(path.name for path in beside)
        raise UsageError(f"{names} are both rows for {document.name}", "keep one of them, or give --arazzo-rows FILE")
    return _open(str(beside[0]), secret) if beside else None


def _open(path: str, secret: Iterable[str]) -> Iterable[Row]:
    rows: Iterable[Row] = import_module("runner.suite.rows").open_rows(path).hiding(secret)
    return rows

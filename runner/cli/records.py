"""Open run records, which runs write with `--report jsonl=PATH`, with their secrets taken out once more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from runner.cli.documents import refuse_empty
from runner.cli.terminal import Terminal
from runner.engine.events import Entry, RunFinished
from runner.errors import UsageError
from runner.records import replace
from runner.reporters.jsonl import RecordedRun, open_record
from runner.reporters.redact import Redactor


@contextmanager
def opened(file: str, terminal: Terminal) -> Iterator[RecordedRun]:
    """Open a run record, `-` being standard input; what is missing at its end is warned of.

    UsageError where it is none, or where a line is broken.
    """
    refuse_empty(file)
    stream = sys.stdin if file == "-" else _open(file)
    name = "standard input" if file == "-" else file
    cut: list[int] = []
    try:
        with _named(name):
            record = open_record(stream, cut.append)
        yield replace(record, entries=_heard(record.entries, name, cut, terminal))
    finally:
        if stream is not sys.stdin:
            stream.close()


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in which record something is broken."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{name}: {error.message}", error.hint) from error


def _open(file: str) -> TextIO:
    try:
        return Path(file).open(encoding="utf-8", errors="surrogateescape", newline="\n")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _heard(entries: Iterator[Entry], name: str, cut: list[int], terminal: Terminal) -> Iterator[Entry]:
    redactor, is_over = Redactor(), False
    while True:
        with _named(name):
            entry = next(entries, None)
        if entry is None:
            break
        is_over = is_over or isinstance(entry.event, RunFinished)
        yield redactor.redact(entry)
    if cut:
        terminal.warn(f"{name} ends in the midst of line {cut[0]}: the run was broken off there")
    elif not is_over:
        terminal.warn(f"{name} has no end: the run was broken off, is still going, or never began")

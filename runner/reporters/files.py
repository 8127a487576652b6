"""Turns a path into a report file that is either the old one or complete."""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal, TextIO

from runner.engine.events import Entry
from runner.reporters.reporter import Reporter

SPOOL_LIMIT = 256 * 1024
"""Bytes of a spool that stay in memory."""


class ReportFile:
    """A text file that appears under its name when it is committed, and not before.

    What is no regular file (a terminal, a pipe, `/dev/null`) cannot be replaced and is written to as it is; so is a
    file that others write to, with `append`. What was neither committed nor discarded is discarded when the process
    ends.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        special = append or (path.exists() and not path.is_file())
        self._path = path if special else Path(os.path.realpath(path))  # what a link leads to is replaced, not it
        self._part = None if special else self._path.with_name(f".{self._path.name}.{os.urandom(4).hex()}.part")
        mode: Literal["a", "w"] = "a" if append else "w"
        self.stream: TextIO = (self._part or self._path).open(mode, encoding="utf-8", newline="\n")
        atexit.register(self.discard)

    def commit(self) -> None:
        """Put the file in its place."""
        self.stream.close()
        if self._part is not None:
            os.replace(self._part, self._path)  # noqa: PTH105 - `os.replace` is the atomic one
            self._part = None
        atexit.unregister(self.discard)

    def discard(self) -> None:
        """Leave what was there before."""
        with suppress(OSError):
            self.stream.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None
        atexit.unregister(self.discard)


def open_report(path: Path) -> ReportFile:
    """Open a report file, its folders too; OSError where it cannot be written, before anything has run."""
    return ReportFile(path)


def open_spool(beside: TextIO) -> IO[str]:
    """Open a file without a name, in the folder of the one that `beside` writes: for what comes after a head that is
    not known yet. It is in memory while it is small, and gone when it is closed.
    """
    name = getattr(beside, "name", None)
    folder = str(Path(name).parent) if isinstance(name, str) and Path(name).is_file() else None
    from tempfile import SpooledTemporaryFile  # late: few reports have something to put aside

    return SpooledTemporaryFile(SPOOL_LIMIT, "w+", encoding="utf-8", newline="\n", dir=folder)


def pour(spool: IO[str], stream: TextIO) -> None:
    """Write what a spool holds to a stream, and let go of it."""
    with spool:
        spool.seek(0)
        shutil.copyfileobj(spool, stream)


class FileReport:
    """A reporter that writes to a file of its own: when it is closed the file is complete and in its place."""

    def __init__(self, path: Path, make: Callable[[TextIO], Reporter], *, append: bool = False) -> None:
        self._file = ReportFile(path, append=append)
        try:
            self._reporter = make(self._file.stream)
        except BaseException:
            self._file.discard()
            raise

    def tell(self, entry: Entry) -> None:
        """Pass an entry on; where the file can no longer be written the old one stays."""
        try:
            self._reporter.tell(entry)
        except OSError:
            self._file.discard()
            raise

    def discard(self) -> None:
        """Leave what was there before."""
        self._file.discard()

    def close(self) -> None:
        """Complete the report; where that fails the old file stays."""
        try:
            self._reporter.close()
            self._file.commit()
        except BaseException:
            self._file.discard()
            raise

"""Turns entries into lines of JSON, one for each, and lines of JSON back into entries.

Nothing is left out but secrets and what a body has beyond the limit, so that every other report can be made later from
the file. A span is kept as its place and the line it quotes: a diagnostic can be drawn without the document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry
from runner.errors import UsageError
from runner.records import Frozen
from runner.reporters.codec import read_diagnostic, read_event, write_diagnostic, write_event
from runner.version import __version__

VERSION = 1
BODY_LIMIT = 64 * 1024

_LATEST = 253_402_300_800  # the year 10000
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

# ASCII: a line separator in a string, or half a surrogate pair, would not survive every reader.
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


class JsonLines:
    """Written line by line as things happen. `body_limit` is in bytes, for each body.

    The first line says what the file is, which `document` was asked for, and what was found in it before the run.
    """

    def __init__(
        self,
        stream: TextIO,
        body_limit: int = BODY_LIMIT,
        *,
        diagnostics: Sequence[Diagnostic] = (),
        document: str = "",
    ) -> None:
        self._stream = stream
        self._limit = body_limit
        head = {"jsonl": VERSION, "runner": __version__, "body_limit": body_limit, "document": document}
        self._write({**head, "diagnostics": [write_diagnostic(each) for each in diagnostics]})

    def tell(self, entry: Entry) -> None:
        self._write({"at": entry.at, **write_event(entry.event, self._limit)})

    def close(self) -> None:
        self._stream.flush()

    def _write(self, line: dict[str, object]) -> None:
        self._stream.write(_ENCODER.encode(line) + "\n")
        self._stream.flush()


class RecordedRun(Frozen):
    """A run record that is being read: what its first line says, and its entries, which can be read once."""

    document: str
    diagnostics: tuple[Diagnostic, ...]
    entries: Iterator[Entry]


def read_jsonl(stream: TextIO) -> Iterator[Entry]:
    """Read entries back; an event this version does not know is passed over, a last line that was cut off as well."""
    yield from open_record(stream).entries


def open_record(stream: TextIO, tell_cut: Callable[[int], None] = lambda line: None) -> RecordedRun:
    """Read the first line of a run record, and the others as they are asked for; UsageError names one that is broken.

    `tell_cut` hears of the number of a last line that was cut off.
    """
    header = _header(stream.readline())
    try:
        diagnostics = tuple(read_diagnostic(each) for each in header.get("diagnostics", ()))
    except _BROKEN as error:
        raise _broken(1, error) from error
    return RecordedRun(str(header.get("document", "")), diagnostics, _entries(stream, tell_cut))


def _entries(stream: TextIO, tell_cut: Callable[[int], None]) -> Iterator[Entry]:
    for number, line in enumerate(stream, start=2):
        try:
            entry = _entry(json.loads(line))
        except _BROKEN as error:
            if not line.endswith("\n"):
                tell_cut(number)
                return
            raise _broken(number, error) from error
        if entry is not None:
            yield entry


def _entry(data: dict[str, object]) -> Entry | None:
    event = read_event(data)
    at = data["at"]
    if not isinstance(at, int | float) or not 0 <= at < _LATEST:
        raise ValueError("'at' is not a time in seconds since 1970")
    return Entry(float(at), event) if event else None


def _broken(number: int, error: Exception) -> UsageError:
    what = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
    return UsageError(f"line {number} of the run record cannot be read: {what}")


def _header(line: str) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or "jsonl" not in header:
        raise UsageError("this is not a run record", "its first line would be a JSON object with 'jsonl' in it")
    if header["jsonl"] != VERSION:
        raise UsageError(f"this run record is of version {header['jsonl']}, and version {VERSION} can be read here")
    return header

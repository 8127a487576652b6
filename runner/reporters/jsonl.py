"""Turns entries into lines of JSON, one for each, and lines of JSON back into entries.

Nothing is left out but secrets and what a body has beyond the limit, so that every other report can be made later from
the file. A span is kept as its place and the line it quotes: a diagnostic can be drawn without the document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from runner.engine.events import Entry
from runner.errors import UsageError
from runner.reporters.codec import read_event, write_event
from runner.version import __version__

VERSION = 1
BODY_LIMIT = 64 * 1024

# ASCII: a line separator in a string, or half a surrogate pair, would not survive every reader.
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


class JsonLines:
    """Written line by line as things happen. `body_limit` is in bytes, for each body."""

    def __init__(self, stream: TextIO, body_limit: int = BODY_LIMIT) -> None:
        self._stream = stream
        self._limit = body_limit
        self._write({"jsonl": VERSION, "runner": __version__, "body_limit": body_limit})

    def tell(self, entry: Entry) -> None:
        self._write({"at": entry.at, **write_event(entry.event, self._limit)})

    def close(self) -> None:
        self._stream.flush()

    def _write(self, line: dict[str, object]) -> None:
        self._stream.write(_ENCODER.encode(line) + "\n")
        self._stream.flush()


def read_jsonl(stream: TextIO) -> Iterator[Entry]:
    """Read entries back; an event this version does not know is passed over, a last line that was cut off as well."""
    _check_header(stream.readline())
    for number, line in enumerate(stream, start=2):
        try:
            data = json.loads(line)
            entry = _entry(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if not line.endswith("\n"):
                return
            raise UsageError(f"line {number} of the run record cannot be read: {error}") from error
        if entry is not None:
            yield entry


def _entry(data: dict[str, object]) -> Entry | None:
    event = read_event(data)
    at = data["at"]
    if not isinstance(at, int | float):
        raise ValueError("'at' is not a number")
    return Entry(float(at), event) if event else None


def _check_header(line: str) -> None:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or "jsonl" not in header:
        raise UsageError("this is not a run record", "its first line would be a JSON object with 'jsonl' in it")
    if header["jsonl"] != VERSION:
        raise UsageError(f"this run record is of version {header['jsonl']}, and version {VERSION} can be read here")

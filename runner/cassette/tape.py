"""Turns the stream of entries into a cassette, page by page: what was recorded stays usable whatever happens next.

It is a reporter like any other and hears of no secret. What becomes known as one later may stand in pages that were
written before, so these are gone through again whenever the redactor has learned something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner.cassette.folder import (
    LABEL,
    Made,
    load_page,
    numbered,
    page_files,
    page_name,
    read_label,
    unit_name,
    write_label,
    write_whole,
)
from runner.cassette.page import Page, is_same, place, write_page
from runner.engine.events import Answered, CaseFinished, CaseStarted, Entry, Trail
from runner.errors import UsageError
from runner.exchange import Exchange, TransportFailure
from runner.reporters.redact import Redactor


@dataclass
class Tape:
    """Records into a folder. A workflow or case that is recorded again replaces what the folder has of it.

    `redactor` is the one that stands in front of it. OSError where the folder cannot be written.
    """

    folder: Path
    made: tuple[Made, ...]
    redactor: Redactor = field(repr=False)
    _case: str = ""
    _known: int = 0
    _counts: dict[Path, Counter[str]] = field(default_factory=dict, repr=False)
    _written: dict[Path, set[Path]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._known = self.redactor.known
        self.folder.mkdir(parents=True, exist_ok=True)
        write_label(self.folder, self.made, complete=False)

    def tell(self, entry: Entry) -> None:
        if self.redactor.known != self._known:
            self._hide_again()
        match entry.event:
            case CaseStarted(case):
                self._case = case.name
            case CaseFinished():
                self._end(self.folder / unit_name(self._case))
                self._case = ""
            case Answered(trail, exchange) if not _was_broken_off(exchange):
                self._record(trail, exchange)

    def close(self) -> None:
        """Remove what was not recorded again, and say that the recording is complete."""
        self._hide_again()
        for unit in list(self._written):
            self._end(unit)
        write_label(self.folder, self.made, complete=True)

    def _record(self, trail: Trail, exchange: Exchange) -> None:
        unit = self.folder / unit_name(self._case or trail[0].workflow_id)
        name, counts = page_name(trail), self._counts.setdefault(unit, Counter())
        counts[name.casefold()] += 1  # some file systems take `Pay` and `pay` for one
        path = unit / numbered(name, counts[name.casefold()])
        self._written.setdefault(unit, set()).add(path)
        text = write_page(Page(place(trail), exchange))
        with suppress(OSError, ValueError):  # there is none yet, or none that is worth keeping
            if is_same(path.read_text(encoding="utf-8"), text):
                return
        write_whole(path, text)

    def _hide_again(self) -> None:
        """Take out of the pages what was not known to be secret when they were written."""
        while self.redactor.known != self._known:
            self._known = self.redactor.known
            for path in [path for paths in self._written.values() for path in paths]:
                text = path.read_text(encoding="utf-8")
                if self.redactor.text(text) != text or '"base64"' in text:
                    self._hide_in(path)

    def _hide_in(self, path: Path) -> None:
        with suppress(UsageError):  # somebody else wrote into it
            page = load_page(path)
            hidden = self.redactor.redact(Entry(0.0, Answered((), page.exchange)))
            assert isinstance(hidden.event, Answered)
            if hidden.event.exchange != page.exchange:
                write_whole(path, write_page(replace(page, exchange=hidden.event.exchange)))

    def _end(self, unit: Path) -> None:
        """Remove the pages of a workflow that are of an earlier recording."""
        written = self._written.pop(unit, set())
        self._counts.pop(unit, None)
        if written:
            for path in page_files(unit):
                if path not in written:
                    path.unlink(missing_ok=True)


def _was_broken_off(exchange: Exchange) -> bool:
    """Nobody knows what would have come of it."""
    return isinstance(exchange.reply, TransportFailure) and exchange.reply.kind == "cancelled"


def check_folder(folder: Path) -> tuple[Made, ...]:
    """Give what a folder to record into holds already, or raise UsageError where it is something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return ()
    if not folder.is_dir():
        raise UsageError(f"--record {folder}: it is not a folder")
    if not (folder / LABEL).exists():
        raise UsageError(f"--record {folder}: the folder is not empty, and no cassette", "name another one")
    return read_label(folder, "--record")[0]


def merged(before: Iterable[Made], now: Iterable[Made]) -> tuple[Made, ...]:
    """Give what a cassette is made of when more is recorded into it, in a stable order."""
    found = {each.document: each for each in (*before, *now)}
    return tuple(found[name] for name in sorted(found))

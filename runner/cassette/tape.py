"""Turns the stream of entries into a cassette, page by page: what was recorded stays usable whatever happens next.

No secret comes into it: each is called by a number of its own in its workflow, `***1***`, so that a replay can tell an
old token from the one that came after it. What becomes known as a secret later may stand in pages that were written
before, so these are gone through again whenever something was learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runner.cassette.folder import (
    LABEL,
    Made,
    case_names,
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
from runner.engine.events import Answered, Case, CaseFinished, CaseStarted, Entry, Trail
from runner.engine.flow import is_cancelled
from runner.errors import UsageError
from runner.exchange import Exchange
from runner.records import replace
from runner.reporters.redact import Redactor
from runner.reporters.secret_values import PLACEHOLDER


class _Names:
    """Calls each secret of a workflow or case by a number."""

    def __init__(self) -> None:
        self.unit = Path()
        self._numbers: dict[Path, dict[str, int]] = {}

    def __call__(self, secret: str) -> str:
        numbers = self._numbers.setdefault(self.unit, {})
        return f"{PLACEHOLDER}{numbers.setdefault(secret, len(numbers) + 1)}{PLACEHOLDER}"

    def forget(self, unit: Path) -> None:
        self._numbers.pop(unit, None)

    def move(self, after: Path) -> None:
        """Go on with the same numbers in another folder."""
        self._numbers[after] = self._numbers.pop(self.unit, {})
        self.unit = after


class Tape:
    """Records into a folder; it is told everything, secrets included, for it is its own redactor.

    A workflow or case that is recorded again replaces what the folder has of it. OSError where it cannot be written.
    What a case learns is secret in that case, so that what is known does not grow with their number.
    """

    def __init__(self, folder: Path, made: tuple[Made, ...]) -> None:
        self.folder = folder
        self.made = made
        self._was_whole = not (folder / LABEL).exists() or read_label(folder, "--record")[1]
        self._recorded: set[str] = set()
        self._names = _Names()
        self._redactor = self._of_all = Redactor(name=self._names)
        self._known = 0
        self._case: Case | None = None
        self._counts: dict[Path, Counter[str]] = {}
        self._written: dict[Path, set[Path]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        write_label(folder, made, complete=False)

    def tell(self, entry: Entry) -> None:
        trail: Trail = getattr(entry.event, "trail", ())
        if isinstance(entry.event, CaseStarted):
            self._begin_case(entry.event.case)
        elif self._case is None and trail:
            self._names.unit = self.folder / unit_name(trail[0].workflow_id)
        event = self._redactor.redact(entry).event
        if self._redactor.known != self._known:
            self._hide_again()
        match event:
            case CaseFinished():
                self._end_case()
            case Answered(trail, exchange) if not is_cancelled(exchange):  # nobody knows what would have come of it
                self._record(self._names.unit, trail, exchange)

    def close(self) -> None:
        """Remove what was not recorded again, and say that the recording is complete."""
        self._hide_again()
        for unit in list(self._written):
            self._end(unit)
        units = {each.name for each in self.folder.iterdir() if each.is_dir() and not each.name.startswith(".")}
        write_label(self.folder, self.made, complete=self._was_whole or units <= self._recorded)

    def _begin_case(self, case: Case) -> None:
        self._case, self._redactor = case, self._of_all.fork()
        self._names.unit = self.folder / case_names(case)[0]
        self._leave_shown(case)

    def _end_case(self) -> None:
        assert self._case is not None
        unit = self._names.unit
        if unit in self._written:
            for name in case_names(self._case):
                if name != unit.name:
                    _remove(self.folder / name)
        self._end(unit)
        self._case, self._redactor, self._known = None, self._of_all, self._of_all.known

    def _record(self, unit: Path, trail: Trail, exchange: Exchange) -> None:
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
        if self._case is not None:
            self._leave_shown(self._case)
        current = self._names.unit
        while self._redactor.known != self._known:
            self._known = self._redactor.known
            for unit, paths in self._written.items():
                self._names.unit = unit
                for path in paths:
                    text = path.read_text(encoding="utf-8")
                    if self._redactor.text(text) != text or '"base64"' in text:
                        self._hide_in(path)
        self._names.unit = current

    def _leave_shown(self, case: Case) -> None:
        """Leave a folder where the name of the row turns out to show a secret."""
        before, after = self._names.unit, self.folder / case_names(case)[-1]
        if before == after or self._redactor.text(case.row) == case.row:
            return
        self._names.move(after)
        if before in self._written:
            after.mkdir(exist_ok=True)
            self._counts[after] = self._counts.pop(before)
            self._written[after] = {path.replace(after / path.name) for path in self._written.pop(before)}
        _remove(before)

    def _hide_in(self, path: Path) -> None:
        with suppress(UsageError):  # somebody else wrote into it
            page = load_page(path)
            hidden = self._redactor.redact(Entry(0.0, Answered((), page.exchange))).event
            assert isinstance(hidden, Answered)
            if hidden.exchange != page.exchange:
                write_whole(path, write_page(replace(page, exchange=hidden.exchange)))

    def _end(self, unit: Path) -> None:
        """Remove the pages of a workflow that are of an earlier recording."""
        written = self._written.pop(unit, set())
        self._counts.pop(unit, None)
        self._names.forget(unit)
        if written:
            self._recorded.add(unit.name)
            for path in page_files(unit):
                if path not in written:
                    path.unlink(missing_ok=True)


def _remove(unit: Path) -> None:
    """Remove the pages of a folder, and the folder unless something else is in it."""
    for path in page_files(unit):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        unit.rmdir()


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

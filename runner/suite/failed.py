"""Remembers from one suite to the next which cases did not pass, in a file beside the documents."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from runner.engine.events import Case, CaseFinished, CaseSkipped, Entry
from runner.records import Mutable, field
from runner.reporters.files import open_report

FOLDER = ".arazzo"
FILE = "last-failed.json"
VERSION = 1
MOST = 100_000
"""Cases that are remembered: beyond that somebody has other worries."""


class LastFailed(Mutable):
    """The cases that did not pass, or were skipped, when they were last selected; others stay what they were.

    They are kept as hashes of their names, which may come from data, in `.arazzo` below the folder of the project.
    """

    folder: Path
    known: frozenset[str] = frozenset()
    _failed: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, folder: Path) -> LastFailed:
        """Read what is known; nothing where there is no such file, or one that cannot be read."""
        found: list[str] = []
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads((folder / FOLDER / FILE).read_text(encoding="utf-8"))
            if kept["version"] == VERSION:
                found = [each for each in kept["failed"] if isinstance(each, str)]
        return cls(folder, frozenset(found), set(found))

    def holds(self, case: Case) -> bool:
        """Say whether a case did not pass when it was last selected."""
        return self._key(case) in self.known

    def hear(self, entry: Entry) -> None:
        """Remember how a case came out."""
        event = entry.event
        if not isinstance(event, CaseFinished | CaseSkipped):
            return
        has_passed = isinstance(event, CaseFinished) and event.outcome == "passed"
        if has_passed and not self._failed:
            return
        key = self._key(event.case)
        if has_passed:
            self._failed.discard(key)
        elif len(self._failed) < MOST:
            self._failed.add(key)

    def write(self) -> None:
        """Keep it; OSError where that cannot be."""
        if self._failed == self.known:
            return
        folder = self.folder / FOLDER
        folder.mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        file = open_report(folder / FILE)
        json.dump({"version": VERSION, "failed": sorted(self._failed)}, file.stream, indent=0)
        file.commit()

    def _key(self, case: Case) -> str:
        document = case.document if "://" in case.document else os.path.relpath(case.document, self.folder)
        named = [document.replace(os.sep, "/"), case.workflow_id, case.row, case.repetition]
        return sha256(json.dumps(named).encode()).hexdigest()[:24]

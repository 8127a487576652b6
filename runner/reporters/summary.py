"""Turns a run into the Markdown of a step summary on GitHub: how many cases passed, what is wrong, and where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry
from runner.reporters.chapters import Chapter, Chapters
from runner.reporters.complaints import Complaint, Complaints, refusals
from runner.reporters.text import count, cut, one_line, seconds
from runner.source import Source

LIMIT = 1024 * 1024
"""Bytes that GitHub takes for a step; beyond that it shows nothing at all."""

LISTED = 200
"""Complaints, and cases that did not pass, that are listed."""

_WIDEST = 300
_RESERVE = 1024
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;", "#": "&#35;"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@])")


class Summary:
    """Written when it is closed. `limit` is in bytes: what does not fit is left out, and that is said."""

    def __init__(
        self,
        stream: TextIO,
        path: Callable[[Source], str],
        diagnostics: Sequence[Diagnostic] = (),
        *,
        limit: int = LIMIT,
        chapters: Chapters | None = None,
    ) -> None:
        self._stream = stream
        self._path = path
        self._limit = limit
        self._refusals = refusals(diagnostics)
        self._complaints = Complaints()
        self._chapters = chapters or Chapters()
        self._outcomes: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._red: list[str] = []
        self._noun = "workflow"

    def tell(self, entry: Entry) -> None:
        for chapter in self._chapters.tell(entry):
            self._add(chapter)

    def close(self) -> None:
        for chapter in self._chapters.close():
            self._add(chapter)
        room = self._limit - _RESERVE
        for line in self._lines():
            room -= len(line.encode("utf-8", "backslashreplace")) + 1
            if room < 0:
                self._stream.write("\n…and more, for which there is no room here.\n")
                break
            self._stream.write(line + "\n")
        self._stream.flush()

    def _add(self, chapter: Chapter) -> None:
        self._complaints.add(chapter)
        steps = [step for workflow in chapter.all_workflows() for step in workflow.steps]
        self._noun = "case" if chapter.case else "workflow"
        outcome = "skipped" if chapter.case and chapter.case.skipped else chapter.outcome
        self._outcomes[outcome] += 1
        self._counts["steps"] += len(steps)
        self._counts["requests"] += sum(len(step.exchanges) for step in steps)
        self._counts["flaky"] += outcome == "passed" and any(step.problems for step in steps)
        if outcome in ("failed", "error") and len(self._red) < LISTED:
            self._red.append(chapter.name)

    def _lines(self) -> Iterator[str]:
        run = self._chapters.run
        is_begun = run.started is not None
        passed = is_begun and run.outcome == "passed"
        title = one_line(run.title or run.document) or "arazzo"
        yield f"### {'✅' if passed else '❌'} {escaped(title)}"
        yield ""
        if is_begun:
            yield self._totals(run.took)
            yield ""
            for warning in run.warnings:
                yield from (f"⚠️ {escaped(_bounded(warning))}", "")
        yield from self._wrong(self._complaints.worst_first() if is_begun else self._refusals)
        yield from self._cases()

    def _totals(self, took: float) -> str:
        number = sum(self._outcomes.values())
        parts = [f"**{count(number, self._noun)}**"]
        parts += [
            f"{self._outcomes[each]} {each}"
            for each in ("passed", "failed", "error", "skipped")
            if self._outcomes[each]
        ]
        parts += [f"{self._counts['flaky']} flaky"] if self._counts["flaky"] else []
        parts += [count(self._counts["steps"], "step"), count(self._counts["requests"], "request"), seconds(took)]
        return " · ".join(parts)

    def _wrong(self, complaints: Sequence[Complaint]) -> Iterator[str]:
        if not complaints:
            return
        yield "| | where | what | seen in |"
        yield "|---|---|---|---|"
        for each in complaints[:LISTED]:
            yield self._row(each)
        if len(complaints) > LISTED:
            yield ""
            yield f"…and {len(complaints) - LISTED} more."
        yield ""

    def _row(self, complaint: Complaint) -> str:
        told, span = complaint.diagnostic, complaint.diagnostic.span
        place = self._path(span.source) + (f":{span.begin.line}" if span.source.text else "")
        mark = "❌" if complaint.severity == "error" else "⚠️"
        text = "; ".join([told.message, *told.notes])
        cells = (
            mark,
            _code(place),
            escaped(_bounded(text)),
            escaped(_bounded(complaint.seen or ", ".join(complaint.cases))),
        )
        return f"| {' | '.join(cells)} |"

    def _cases(self) -> Iterator[str]:
        number = self._outcomes["failed"] + self._outcomes["error"]
        if self._noun != "case" or not number:
            return
        yield f"<details><summary>{count(number, 'case')} did not pass</summary>"
        yield ""
        yield from (f"- {escaped(_bounded(name))}" for name in self._red)
        if number > len(self._red):
            yield f"- …and {number - len(self._red)} more"
        yield ""
        yield "</details>"


def escaped(text: str) -> str:
    """Write text on one line so that Markdown shows it as it is: no markup, no mention, no break of a table."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), one_line(text))


def _bounded(text: str) -> str:
    return cut(one_line(text), _WIDEST)


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>" if text else ""

"""Turns the entries of a suite into what a person sees of it: what failed, a line for each document, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from io import StringIO
from typing import TextIO

from runner.engine.events import (
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    Entry,
    RunFinished,
    RunStarted,
    ServerUsed,
    StepStarted,
)
from runner.records import Mutable, field
from runner.reporters import lines
from runner.reporters.console import Console, Verbosity
from runner.reporters.live import LiveScreen, PlainScreen, Screen
from runner.reporters.record import RunRecord, elapsed
from runner.reporters.style import Role, Style
from runner.reporters.text import count, one_line, seconds, visible

_OF_THE_SUITE = frozenset({RunStarted, RunFinished, CaseStarted, CaseFinished, CaseSkipped})

MOST_SERVERS = 5
MOST_FAILURES = 30
"""Failures that the summary repeats on a line each; cases beyond are counted."""

_WORDS = ("passed", "failed", "error", "skipped")


class _Running(Mutable):
    """A case while it runs: what `run` would show of it, written when it is known whether anybody wants to see it."""

    case: Case
    began: float
    entries: list[Entry] = field(default_factory=list)


class _Tally(Mutable):
    """How the cases of a document came out; `took` is the time in them, in seconds."""

    document: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    took: float = 0.0


class SuiteConsole:
    """Quiet as long as all is well: "quiet" leaves the lines of documents out, "verbose" draws every case as it ran.

    `live` is for a terminal: what happens just now stands on the last line, with the number of all cases, `total`.
    `counted` gives the requests, and the exchanges that were not what their description says.
    """

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        *,
        verbosity: Verbosity = "normal",
        live: bool = False,
        total: int = 0,
        counted: Callable[[], tuple[int, int]],
    ) -> None:
        self._style = style
        self._screen: Screen = LiveScreen(stream, style) if live else PlainScreen(stream)
        self._verbosity = verbosity
        self._live = live
        self._total = total
        self._running: _Running | None = None
        self._document = _Tally()
        self._counts: Counter[str] = Counter()
        self._counted = counted
        self._reasons: Counter[str] = Counter()
        self._failures: list[str] = []
        self._untold = 0
        self._began = self._at = 0.0
        self._summed_up = False

    def tell(self, entry: Entry) -> None:
        self._at = max(self._at, entry.at)
        if self._running is not None and type(entry.event) not in _OF_THE_SUITE:
            self._hear(self._running, entry)
            return
        match entry.event:
            case RunStarted(servers=servers):
                self._began = self._at = entry.at
                for line in self._servers(servers):
                    self._say(line)
            case CaseStarted(case):
                self._start(case, entry.at)
            case CaseFinished() as event if self._running:
                self._finish(event, self._running, entry.at)
            case CaseSkipped(case, reason):
                self._count(case, "skipped")
                self._reasons[reason] += 1
            case RunFinished():
                self._sum_up()
            case _:
                pass  # nothing is open that it could belong to

    def _hear(self, running: _Running, entry: Entry) -> None:
        running.entries.append(entry)
        if self._live and isinstance(entry.event, StepStarted):
            self._progress(f"{one_line(running.case.name)}  {one_line(entry.event.step_id)}")

    def close(self) -> None:
        """Take the live line away; a suite that was broken off is summed up as far as it came."""
        if not self._summed_up and self._counts:
            self._sum_up()
        self._screen.close()

    def _servers(self, servers: tuple[ServerUsed, ...]) -> Iterator[str]:
        yield from lines.server_lines(servers[:MOST_SERVERS], self._style)
        if (left := len(servers) - MOST_SERVERS) > 0:
            yield "  " + self._style.paint(f"and {count(left, 'more server')}", "muted")

    def _start(self, case: Case, at: float) -> None:
        self._running = _Running(case, at)
        if self._live:
            self._progress(one_line(case.name))

    def _progress(self, what: str) -> None:
        done = sum(self._counts.values())
        failed = done - self._counts["passed"] - self._counts["skipped"]
        parts = [f"{done}/{self._total}" if self._total else f"{done}", *([f"{failed} failed"] if failed else []), what]
        self._screen.show("  ".join(parts))

    def _finish(self, event: CaseFinished, running: _Running, at: float) -> None:
        self._running = None
        self._count(event.case, event.outcome)
        self._document.took += elapsed(running.began, at)
        if event.outcome == "passed" and self._verbosity != "verbose":
            return
        drawn, run = self._drawn(running)
        self._screen.say(self._heading(event, at - running.began))
        if event.problem:
            drawn = f"  {visible(event.problem.message)}"
        self._screen.say(f"\n{drawn}\n" if drawn else "")
        if event.outcome != "passed":
            self._remember(event, run)

    def _drawn(self, running: _Running) -> tuple[str, RunRecord]:
        """Give what `run` would show of a case, and the record of it."""
        text = StringIO()
        console = Console(text, self._style, verbosity="verbose" if self._verbosity == "verbose" else "quiet")
        for entry in running.entries:
            console.tell(entry)
        console.draw_findings()
        return text.getvalue().strip("\n"), console.run

    def _remember(self, event: CaseFinished, run: RunRecord) -> None:
        """Keep a line for each failure of a case, to be said again at the end."""
        name, problem = one_line(event.case.name), event.problem
        if len(self._failures) >= MOST_FAILURES:
            self._untold += 1
        elif problem is not None:
            self._failures.append(lines.failure_line(name, problem.message, self._style))
        else:
            found = list(lines.failure_lines(run, self._style, name))
            self._failures += found or [lines.failure_line(name, "interrupted", self._style)]

    def _heading(self, event: CaseFinished, took: float) -> str:
        case, style = event.case, self._style
        passed = event.outcome == "passed"
        mark = style.paint(style.mark("passed" if passed else "failed"), "ok" if passed else "error")
        place = f"{one_line(case.document)}:{case.span.begin.line}" if case.span else one_line(case.document)
        tail = style.paint(f"{place}  {seconds(took)}", "muted")
        return f"{mark} {style.paint(one_line(case.name), 'strong')}  {tail}"

    def _count(self, case: Case, word: str) -> None:
        if case.document != self._document.document:
            self._end_document()
            self._document = _Tally(case.document)
        self._document.counts[word] += 1
        self._counts[word] += 1

    def _end_document(self) -> None:
        tally, style = self._document, self._style
        if not tally.counts:
            return
        passed = not (tally.counts["failed"] or tally.counts["error"])
        mark = style.paint(style.mark("passed" if passed else "failed"), "ok" if passed else "error")
        rest = style.paint(f"{_counted(tally.counts)}  {seconds(tally.took)}", "muted" if passed else None)
        self._say(f"{mark} {one_line(tally.document)}  {rest}")

    def _sum_up(self) -> None:
        self._summed_up = True
        self._screen.show("")
        self._end_document()
        self._say("")
        style, dot = self._style, f" {self._style.mark('dot')} "
        for line in self._failures:
            self._screen.say(line)
        if self._untold:
            self._screen.say(style.paint(f"and {count(self._untold, 'more case')} that did not pass", "muted"))
        for reason, number in self._reasons.items():
            self._screen.say(f"{style.mark('skipped')} {count(number, 'case')} not run: {one_line(reason)}")
        if self._failures or self._reasons:
            self._screen.say("")
        role: Role = "ok" if set(self._counts) <= {"passed"} else "error"
        counted = style.paint(_counted(self._counts) or "nothing ran", role)
        asked, broken = self._counted()
        requests = style.paint(f"{count(asked, 'request')}{dot}{seconds(self._at - self._began)}", "muted")
        warned = style.paint(f"{dot}{count(broken, 'exchange')} against the contract", "warning") if broken else ""
        self._screen.say(f"{counted}{dot}{requests}{warned}")

    def _say(self, line: str) -> None:
        if self._verbosity != "quiet":
            self._screen.say(line)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(
        count(counts[word], word, "errors") if word == "error" else f"{counts[word]} {word}"
        for word in _WORDS
        if counts[word]
    )

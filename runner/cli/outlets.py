"""Where a run is told: stdout and the report files, with secrets taken out once, and the exit code that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

from runner.api import Sources
from runner.cli.checkout import Checkout
from runner.cli.kinds import KINDS, ON_STDOUT, PAGES, STDOUT, Make
from runner.cli.terminal import Terminal
from runner.cli.watch import Read
from runner.cli.world import Ready
from runner.diagnostics import Diagnostic, Fix, in_order
from runner.engine.asked import secret_inputs
from runner.engine.events import Answered, CaseFinished, ContractChecked, Entry, Event, Outcome, RunFinished, RunStarted
from runner.engine.run import SEVERITY
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.exchange import Exchange, Fetched, Response
from runner.plan.plan import Plan
from runner.records import Mutable, field, replace
from runner.reporters.chapters import Chapters
from runner.reporters.files import FileReport
from runner.reporters.junit_form import JUnitForm
from runner.reporters.reporter import Broadcast, Reporter
from runner.source import Source, Span

if TYPE_CHECKING:
    from runner.reporters.coverage.reach import CoverageRecorder

ON_SCREEN = "standard output"
Verbosity: TypeAlias = Literal["quiet", "normal", "verbose"]


class Sturdy(Mutable):
    """A reporter whose stream may fail: it is then given up, and `lose` hears of it once."""

    reporter: Reporter
    name: str
    lose: Callable[[str, OSError], None]
    lost: bool = False

    def tell(self, entry: Entry) -> None:
        if not self.lost:
            try:
                self.reporter.tell(entry)
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        if not self.lost:
            try:
                self.reporter.close()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.lost = True
        self.lose(self.name, error)


def report_paths(texts: Sequence[str]) -> list[tuple[Make, Path]]:
    """Read `--report kind=path` options."""
    found: list[tuple[Make, Path]] = []
    for text in texts:
        kind, sign, path = text.partition("=")
        if kind not in KINDS or not sign or not path:
            raise UsageError(f"--report {text}: write KIND=PATH, where KIND is {', '.join(KINDS)}")
        if path == "-" and kind != ON_STDOUT:
            raise UsageError(f"--report {text}: '-' is no file", "--format json prints JSON on standard output")
        if any(Path(path) == other for _, other in found):
            raise UsageError(f"--report {text}: another report has that path")
        is_page = path.lower().endswith((".html", ".htm"))
        found.append((PAGES.get(kind, KINDS[kind]) if is_page else KINDS[kind], Path(path)))
    return found


def _console(stream: TextIO, outlets: Outlets) -> Reporter:
    from runner.reporters.console import Console

    live = outlets.terminal.live and outlets.verbosity != "quiet"
    return Console(stream, outlets.terminal.out_style, verbosity=outlets.verbosity, live=live)


class Outlets(Mutable):
    """The reporters of one invocation. They hear of one run, however many documents it takes."""

    terminal: Terminal
    reports: list[tuple[Make, Path]]
    is_json: bool
    verbosity: Verbosity
    document: str
    diagnostics: tuple[Diagnostic, ...] = ()
    outcome: Outcome = "passed"
    sent: int = 0
    answered: int = 0
    mismatched: int = 0
    last_at: float = 0.0
    warnings: list[str] = field(default_factory=list)
    junit_form: JUnitForm = JUnitForm()
    console: Callable[[TextIO, Outlets], Reporter] = _console
    in_brief: bool = False
    """Whether the console has no use for what happened in a case that passed."""
    terse: bool = False
    """Whether warnings of documents are counted, not drawn."""
    read: Read | None = None
    """Notes what is read for each target, where somebody watches."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What stands at URIs, in place of what would be read there."""
    note_text: Callable[[Fetched], None] | None = None
    """Notes the text of each document, where the run is kept."""
    recorder: Callable[[], Reporter] | None = None
    """Makes what records the run. It hears secrets, too, and keeps them to itself."""
    chapters: Chapters = field(default_factory=Chapters)
    """What all reports that are written case by case hear the run through."""
    reach: CoverageRecorder | None = None
    """What was reached of the descriptions, where somebody wants to know."""
    plans: tuple[Plan, ...] = ()
    """What is going to run, for reports that draw it."""
    keeps: list[Callable[[], None]] = field(default_factory=list)
    """What puts away, when the run is over, what documents came to."""
    _broadcast: Broadcast | None = None
    _tape: Reporter | None = None
    _lost: bool = False
    HIDDEN = ("texts", "note_text", "console", "recorder", "chapters", "reach", "plans", "_broadcast", "_tape")

    @property
    def covered(self) -> CoverageRecorder:
        """What was reached of the descriptions; of none where nobody wants to know."""
        from runner.reporters.coverage import reach

        return reach.CoverageRecorder({}) if self.reach is None else self.reach

    @property
    def checkout(self) -> Checkout:
        return Checkout.of(self.terminal.environ)

    def diagnose(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = in_order((*self.diagnostics, *diagnostics))

    def warn(self, message: str) -> None:
        self.terminal.warn(message)

    def heard(self, target: str, sources: Sources) -> Sources:
        """Let what is read for a target be noted, where somebody watches or keeps the run."""
        if self.texts:
            sources = replace(sources, texts=self.texts)
        if self.note_text is not None:
            sources = replace(sources, note=self.note_text)
        return sources if self.read is None else replace(sources, hear=partial(self.read.hear, target))

    def note(self, message: str) -> None:
        print(self.terminal.err_style.paint("note:", "note"), message, file=self.terminal.err)

    def distrust(self, message: str) -> None:
        """Warn of something that reports keep, too: it says how far a run can be trusted."""
        self.warnings.append(message)
        self.warn(message)

    def begin(self, runs: Sequence[Ready], secrets: frozenset[str], at: float) -> None:
        """Open the reports and tell them what is going to run."""
        started = self.started(runs)
        self.plans = tuple(each.plan for each in runs)
        recorders = [] if self.reach is None else [self.reach]
        self._tape = self._opened_tape()
        reporters = [*recorders, *self.open(console=True)]
        alone = not (self.is_json or recorders or self.reports)
        self._broadcast = Broadcast(reporters, in_brief=self.in_brief and alone)
        self.last_at = at
        self._tell_all(Entry(at, replace(started, secrets=started.secrets | secrets)))

    def started(self, runs: Sequence[Ready]) -> RunStarted:
        """Give what is going to run, as one run."""
        plans = [each.plan for each in runs]
        return RunStarted(
            document=", ".join(plan.document for plan in plans),
            title=plans[0].title if len(plans) == 1 else f"{len(plans)} documents",
            workflow_ids=tuple(each.plan.workflows[key].workflow_id for each in runs for key in each.keys),
            sources=tuple(dict.fromkeys(source for plan in plans for source in plan.sources)),
            secrets=frozenset[str]().union(*(secret_inputs(each.plan, each.asked) for each in runs)),
            servers=tuple(dict.fromkeys(used for each in runs for used in each.servers)),
            warnings=tuple(self.warnings),
        )

    def _opened_tape(self) -> Reporter | None:
        if self.recorder is None:
            return None
        try:
            return Sturdy(self.recorder(), "the cassette", self.lose)
        except OSError as error:
            raise UsageError(f"the cassette cannot be written: {error.strerror or error}") from error

    def _tell_all(self, entry: Entry) -> None:
        assert self._broadcast is not None
        if self._tape is not None:
            self._tape.tell(entry)
        self._broadcast.tell(entry)

    def open(self, *, console: bool) -> list[Reporter]:
        """Open every reporter, or none: a report file that was begun is given up where another cannot be written."""
        if self.is_json and any(path == STDOUT for _, path in self.reports):
            raise UsageError(f"--report {ON_STDOUT}=- and --format json would both write to standard output")
        opened: list[FileReport] = []
        named: list[Reporter] = []
        step_summary = self._step_summary()
        files = [(make, path) for make, path in self.reports if path != STDOUT]
        for make, path in [*files, *step_summary]:
            try:
                opened.append(FileReport(path, partial(self._make, make), append=(make, path) in step_summary))
                named.append(Sturdy(opened[-1], f"the report {path}", self.lose))
            except OSError as error:
                for report in opened:
                    report.discard()
                raise UsageError(f"the report {path} cannot be written: {error.strerror or error}") from error
        return [*named, *(Sturdy(each, ON_SCREEN, self.lose) for each in self._stdout(console))]

    def _step_summary(self) -> list[tuple[Make, Path]]:
        """Give the summary that GitHub shows of a step: whoever wants to see annotations there wants to see it, too."""
        environ = self.terminal.environ
        place = environ.get("GITHUB_STEP_SUMMARY") if environ.get("GITHUB_ACTIONS") == "true" else None
        asked = any(make is KINDS[ON_STDOUT] for make, _ in self.reports)
        return [(KINDS["summary"], Path(place))] if place and asked else []

    def lose(self, what: str, error: OSError) -> None:
        """Go on without an outlet that cannot be written any more: a run is not stopped for want of a listener."""
        if isinstance(error, BrokenPipeError) and what == ON_SCREEN:  # whoever reads it has seen enough
            return
        self._lost = True
        with suppress(OSError):  # nobody may be left to hear of it
            self.warn(f"{what} cannot be written: {error.strerror or error}")

    def _make(self, make: Make, stream: TextIO) -> Reporter:
        return make(stream, self)

    def _stdout(self, console: bool) -> Iterator[Reporter]:
        if self.is_json:
            yield KINDS["json"](self.terminal.out, self)
        elif console:
            yield self.console(self.terminal.out, self)
        for make, path in self.reports:
            if path == STDOUT:
                yield make(self.terminal.out, self)

    def tell(self, entry: Entry) -> None:
        """Pass on what one document's run tells; its own beginning and end stay inside."""
        event: Event = entry.event
        if entry.at > self.last_at:  # cases that ran side by side are told one after the other
            self.last_at = entry.at
        kind = type(event)
        if kind is RunStarted:
            return
        if type(event) is RunFinished or type(event) is CaseFinished:
            self.outcome = max(self.outcome, event.outcome, key=SEVERITY.__getitem__)
        elif type(event) is Answered:
            self.sent += 1
            self.answered += _was_answered(event.exchange)
        elif type(event) is ContractChecked:
            self.mismatched += bool(event.breaches)
        if kind is not RunFinished:
            self._tell_all(entry)

    def finish(self, signal_number: int = 0) -> int:
        """Tell the end, write what is left to write, and give the exit code; `signal_number` is what ended the run."""
        assert self._broadcast is not None
        if self._tape is not None and not signal_number:  # what was broken off is no whole recording
            self._tape.close()
        self._broadcast.tell(Entry(self.last_at, RunFinished(self.outcome)))
        self._broadcast.close()
        if signal_number:
            return 128 + signal_number
        if self._lost:
            return 2
        if self.sent and not self.answered:
            return 4
        return 0 if self.outcome == "passed" else 1

    def refuse(self, error: ArazzoError) -> int:
        """Write the reports of a run that never began."""
        if not isinstance(error, DescriptionError):
            self.diagnose([as_diagnostic(error, self.document)])
        for each in self.reports:
            if self.is_json and each[1] == STDOUT:
                continue
            with suppress(UsageError):  # said already, or beside the point
                Broadcast(replace(self, reports=[each], is_json=False).open(console=False)).close()
        Broadcast(replace(self, reports=[]).open(console=False)).close()
        return error.exit_code


def _was_answered(exchange: Exchange) -> bool:
    """Say whether anybody answered; that the request is not in a cassette, or not allowed, is an answer, too."""
    reply = exchange.reply
    return isinstance(reply, Response) or bool(exchange.hops) or reply.kind in ("unrecorded", "not-allowed")


def as_diagnostic(error: ArazzoError, document: str) -> Diagnostic:
    """Give reports, which know only diagnostics, the reason why a run was refused."""
    nowhere = Span(Source(document, document, ""), 0, 0)
    rule = "refused" if isinstance(error, UsageError) else "unreadable-document"
    hint = error.hint if isinstance(error, UsageError) else ""
    message = " ".join(str(error).removesuffix(hint).split())
    return Diagnostic(rule, "error", message, nowhere, fix=Fix(hint) if hint else None)

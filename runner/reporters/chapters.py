"""Turns the stream of entries into chapters: a case, or a workflow that nobody called; given once, then forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.engine.events import CaseFinished, CaseSkipped, Entry, Outcome, WorkflowFinished
from runner.records import Frozen
from runner.reporters.findings import Finding, merged
from runner.reporters.record import CaseRecord, Failure, RunRecord, WorkflowRecord, failures, inside_out
from runner.reporters.recorder import Recorder

_ENDS = frozenset({WorkflowFinished, CaseFinished, CaseSkipped})


class Chapter(Frozen):
    """What ran for one case of a suite, or for one workflow that was asked for or depended on.

    `workflows` are those that nobody called, the last one to finish last; `run` knows what is said of all chapters.
    """

    run: RunRecord
    workflows: tuple[WorkflowRecord, ...]
    case: CaseRecord | None = None

    @property
    def head(self) -> WorkflowRecord | None:
        """The workflow that it is about: the others went before it, or it went on to them."""
        return next((each for each in reversed(self.workflows) if each.reason != "goto"), None)

    @property
    def name(self) -> str:
        """The name of the case, or of the workflow where there is no suite."""
        if self.case:
            return self.case.case.name
        return self.head.workflow_id if self.head else self.document

    @property
    def document(self) -> str:
        if self.case:
            return self.case.case.document
        return file_of(self.head, self.run.document) if self.head else self.run.document

    @property
    def outcome(self) -> Outcome:
        if self.case:
            return self.case.outcome
        return self.head.outcome if self.head else "error"

    @property
    def took(self) -> float:
        if self.case:
            return self.case.took
        return self.head.took if self.head else 0.0

    def all_workflows(self) -> Iterator[WorkflowRecord]:
        """Give every workflow that ran, a called one before the one that called it."""
        for workflow in self.workflows:
            yield from inside_out(workflow)

    def failures(self) -> list[Failure]:
        """Give what did not pass, at its root."""
        return list(failures(self.workflows))

    def findings(self) -> list[Finding]:
        """Give the broken contracts of all steps, each once, errors first."""
        return merged(step.findings for workflow in self.all_workflows() for step in workflow.all_steps)


def file_of(workflow: WorkflowRecord, document: str) -> str:
    """Give the name of the file that a workflow stands in; a document that was run where it has no place."""
    return workflow.span.source.name if workflow.span else document


class Chapters:
    """Hears a run, and gives each chapter when it is over. What was sent and received is kept where something failed.

    A run may have a million chapters: of those that were given nothing is kept. Several reports may share this, which
    then finds once what an entry comes to, and says so to each that tells it.
    """

    def __init__(self) -> None:
        self._recorder = Recorder(passed_bodies=False)
        self._heard: Entry | None = None
        self._over: tuple[Chapter, ...] = ()

    @property
    def run(self) -> RunRecord:
        return self._recorder.run

    def tell(self, entry: Entry) -> tuple[Chapter, ...]:
        """Hear of an entry, and give what it ends: nothing or a chapter."""
        if entry is not self._heard:
            self._heard = entry
            self._recorder.tell(entry)
            ends = type(entry.event) in _ENDS and self._recorder.is_idle
            self._over = self._taken() if ends else ()
        return self._over

    def close(self) -> tuple[Chapter, ...]:
        """Give what was begun and never finished."""
        if self._heard is not None:
            self._heard = None
            self._over = self._taken()
        return self._over

    def _taken(self) -> tuple[Chapter, ...]:
        run = self._recorder.run
        found = tuple(Chapter(run, tuple(case.workflows), case) for case in run.cases)
        if run.workflows and not found:
            found = (Chapter(run, tuple(run.workflows)),)
        self._recorder.forget()
        return found


def chapters_of(entries: Iterable[Entry]) -> Iterator[Chapter]:
    """Give the chapters of a whole run, one after the other."""
    chapters = Chapters()
    for entry in entries:
        yield from chapters.tell(entry)
    yield from chapters.close()

"""Turns the stream of entries into chapters: a case, or a workflow that nobody called; told once, then forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runner.engine.events import CaseFinished, CaseSkipped, Entry, Outcome, WorkflowFinished
from runner.reporters.findings import Finding, merged
from runner.reporters.record import CaseRecord, Failure, RunRecord, WorkflowRecord, failures, inside_out
from runner.reporters.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Chapter:
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
    """Hears a run, and tells each chapter when it is over. What was sent and received is kept where something failed.

    A run may have a million chapters: of those that were told nothing is kept.
    """

    def __init__(self, tell_chapter: Callable[[Chapter], None]) -> None:
        self._recorder = Recorder(passed_bodies=False)
        self._tell_chapter = tell_chapter

    @property
    def run(self) -> RunRecord:
        return self._recorder.run

    def tell(self, entry: Entry) -> None:
        self._recorder.tell(entry)
        if isinstance(entry.event, WorkflowFinished | CaseFinished | CaseSkipped) and self._recorder.is_idle:
            self._end()

    def close(self) -> None:
        """Tell what was begun and never finished."""
        self._end()

    def _end(self) -> None:
        run = self._recorder.run
        for case in run.cases:
            self._tell_chapter(Chapter(run, tuple(case.workflows), case))
        if run.workflows and not run.cases:
            self._tell_chapter(Chapter(run, tuple(run.workflows)))
        self._recorder.forget()

"""Turns a run into complaints: each thing that is wrong, at its place, once in however many cases it was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256

from runner.diagnostics import Diagnostic, Severity
from runner.records import Mutable, field, replace
from runner.reporters.chapters import Chapter
from runner.reporters.contract import diagnose_finding, finding_headline
from runner.reporters.evidence import diagnose, diagnose_workflow, headline, unmet
from runner.reporters.findings import Finding
from runner.reporters.record import Failure, RunRecord
from runner.reporters.sarif import Address
from runner.reporters.testcase import chapter_problem
from runner.reporters.text import count, one_line
from runner.source import Source, Span
from runner.values import split_pointer

MOST = 5_000
"""Different things that are told: GitHub shows no more of a SARIF log, and nobody reads them."""

NAMED = 3
"""Cases that are named for each."""


class Complaint(Mutable):
    """How something was first seen, and what stays the same of it from run to run: `source` and `key`.

    A key is the rule, the name of the file, and what tells it from others there.
    `cases` are the names of the first cases it was seen in, or workflows where there is no suite; `number` counts all.
    """

    source: Source
    key: tuple[str, ...]
    diagnostic: Diagnostic
    noun: str
    cases: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def severity(self) -> Severity:
        return self.diagnostic.severity

    @property
    def seen(self) -> str:
        """Say how often it was seen, and where first; nothing of what was seen once."""
        more = ", …" if self.number > len(self.cases) else ""
        return (
            f"in {count(self.number, self.noun)}: {', '.join(map(one_line, self.cases))}{more}"
            if self.number > 1
            else ""
        )

    def told(self) -> Diagnostic:
        """Give it as a diagnostic that says how often it was seen."""
        notes = (*self.diagnostic.notes, self.seen)
        return replace(self.diagnostic, notes=notes) if self.seen else self.diagnostic

    def fingerprint(self, address: Address) -> str:
        """Give what tells it from others in every run, however lines and values change."""
        rule, _, *others = self.key  # a file has its name from where the run was started
        facts = "\0".join((address(self.source)[0], rule, *others))
        return sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Complaints:
    """Folds chapters. What it keeps grows with what is wrong in documents and APIs, and not with the cases.

    `failures`: whether steps that failed are told, too, or broken contracts alone.
    """

    def __init__(self, *, failures: bool = True) -> None:
        self._failures = failures
        self._found: dict[tuple[str, ...], Complaint] = {}
        self._left_out = 0

    def add(self, chapter: Chapter) -> None:
        """Take in what is wrong in a chapter."""
        findings = chapter.findings()
        for finding in findings:
            self._note(chapter, _finding_key(finding), partial(_draw_finding, finding, chapter))
        if not self._failures:
            return
        failures = chapter.failures()
        for failure in failures:
            self._note(chapter, _failure_key(failure), partial(_draw_failure, failure, chapter))
        is_told = failures or any(finding.severity == "error" for finding in findings)
        if chapter.outcome != "passed" and not is_told and not (chapter.case and chapter.case.skipped):
            self._note(chapter, _chapter_key(chapter), partial(_draw_chapter, chapter))

    def worst_first(self) -> list[Complaint]:
        """Give errors before warnings, and what was seen in many cases before what was seen in few."""
        told = sorted(self._found.values(), key=lambda each: (each.severity, -each.number))
        return [*told, *([_rest(self._left_out, told[-1])] if self._left_out else [])]

    def _note(self, chapter: Chapter, key: tuple[str, ...], draw: Callable[[], tuple[Source, Diagnostic]]) -> None:
        known = self._found.get(key)
        if known is None and len(self._found) == MOST:
            self._left_out += 1
            return
        if known is None:
            source, diagnostic = draw()
            diagnostic = replace(diagnostic, message=one_line(diagnostic.message))
            known = self._found[key] = Complaint(source, key, diagnostic, "case" if chapter.case else "workflow")
        known.number += 1
        if len(known.cases) < NAMED:
            known.cases.append(chapter.name)


def refusals(diagnostics: Iterable[Diagnostic]) -> list[Complaint]:
    """Give the errors for which nothing ran."""
    return [
        Complaint(each.span.source, (each.rule, each.span.source.name, each.message), each, "case")
        for each in diagnostics
        if each.severity == "error"
    ]


TRUST = "trust"
"""The rule of what says how far a run can be trusted."""


def misgivings(run: RunRecord) -> list[Complaint]:
    """Give what says how far a run can be trusted, such as a host whose certificate was not checked."""
    document = run.document.partition(", ")[0]
    nowhere = Span(Source(document, document, ""), 0, 0)
    told = (Diagnostic(TRUST, "warning", one_line(text), nowhere) for text in run.warnings)
    return [Complaint(nowhere.source, (TRUST, document, each.message), each, "case") for each in told]


def _rest(number: int, last: Complaint) -> Complaint:
    """Say that not everything is told."""
    message = f"{count(number, 'more mismatch', 'more mismatches')} or failures are not told here"
    source = Source(last.source.uri, last.source.name, "")
    return Complaint(source, ("left-out", ""), Diagnostic("left-out", "warning", message, Span(source, 0, 0)), "case")


def _workflow_id(chapter: Chapter) -> str:
    if chapter.case:
        return chapter.case.case.workflow_id
    return chapter.head.workflow_id if chapter.head else ""


def _chapter_key(chapter: Chapter) -> tuple[str, ...]:
    """Give what a case is about in which nothing ran: a row that was refused is by its place a fault of its own."""
    problem = chapter_problem(chapter)
    place = (problem.span.source.name, str(problem.span.begin.line)) if problem.span and not chapter.head else ()
    return problem.kind, chapter.document, _workflow_id(chapter), *place


def _finding_key(finding: Finding) -> tuple[str, ...]:
    """Give what a broken contract is about; an API is known by the pointer into its description."""
    mismatch = finding.breach.mismatch
    place = "/".join("*" if token.isdigit() else token for token in split_pointer(mismatch.instance))
    where = mismatch.address.pointer if mismatch.address else mismatch.message
    api = finding.breach.declared.source.name if finding.breach.declared else ""
    return f"contract-{mismatch.check}", api, mismatch.subject, place, where


def _failure_key(failure: Failure) -> tuple[str, ...]:
    workflow, step, problem = failure
    span = workflow.span
    criteria = unmet(step) if step and problem.kind == "criterion" else []
    condition = criteria[0].condition if criteria else ""
    step_id = step.step_id if step else ""
    return problem.kind, span.source.name if span else "", workflow.workflow_id, step_id, condition


def _draw_finding(finding: Finding, chapter: Chapter) -> tuple[Source, Diagnostic]:
    declared = finding.breach.declared
    drawn = diagnose_finding(finding, evidence=False)
    if drawn is None:
        rule = f"contract-{finding.breach.mismatch.check}"
        drawn = _nowhere(rule, finding.severity, finding_headline(finding), chapter)
    return declared.source if declared else drawn.span.source, drawn


def _draw_failure(failure: Failure, chapter: Chapter) -> tuple[Source, Diagnostic]:
    """Draw a failure without what was sent and received: a report of many has no room for it."""
    workflow, step, problem = failure
    if step:
        drawn, message = diagnose(step, problem), headline(step, problem)
    else:
        drawn = diagnose_workflow(workflow, problem)
        message = f"workflow '{workflow.workflow_id}': {problem.message}"
    if drawn is None:
        made = _nowhere(problem.kind, "error", message, chapter)
        return made.span.source, made
    labels = (drawn.label, *(label.text for label in drawn.related))
    return drawn.span.source, replace(drawn, notes=tuple(label for label in labels if label))


def _draw_chapter(chapter: Chapter) -> tuple[Source, Diagnostic]:
    problem = chapter_problem(chapter)
    message = f"workflow '{_workflow_id(chapter)}': {problem.message}"
    made = _nowhere(problem.kind, "error", message, chapter)
    made = replace(made, span=problem.span) if problem.span else made
    return made.span.source, made


def _nowhere(rule: str, severity: Severity, message: str, chapter: Chapter) -> Diagnostic:
    """Say something of a document that has no place for it."""
    return Diagnostic(rule, severity, message, Span(Source(chapter.document, chapter.document, ""), 0, 0))

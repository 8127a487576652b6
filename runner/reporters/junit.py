"""Turns a run into JUnit XML: a testsuite for each workflow with a testcase for each step, or a testcase for the whole.

No standard exists; this is the part that the consumers agree on, with `file` and `line` on a testcase added under the
dialect "extended", which Jenkins' xUnit plugin alone refuses ("strict" leaves them out).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO, TextIO

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry
from runner.records import Frozen, Mutable, field
from runner.reporters import lines, xml
from runner.reporters.chapters import Chapter, Chapters, file_of
from runner.reporters.diagnostics import render_concise
from runner.reporters.files import open_spool, pour
from runner.reporters.junit_form import DIALECTS as DIALECTS
from runner.reporters.junit_form import UNITS as UNITS
from runner.reporters.junit_form import Dialect as Dialect
from runner.reporters.junit_form import JUnitForm as JUnitForm
from runner.reporters.junit_form import Unit as Unit
from runner.reporters.names import Names
from runner.reporters.record import RunRecord, TeardownRecord, WorkflowRecord
from runner.reporters.testcase import (
    at,
    broken_element,
    chapter_place,
    chapter_problem,
    chapter_result,
    outside,
    skipped,
    step_place,
    step_result,
    time_text,
    timestamp,
    why_not,
)
from runner.reporters.text import shown
from runner.source import Span
from runner.version import __version__

WHOLE = "(workflow)"
"""The name of a testcase for what is no step."""

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


class _Pile(Mutable):
    """Testcases that are written already, and what they come to. `spool` holds them, each on lines of its own."""

    spool: IO[str]
    sums: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    started: float | None = None


class JUnit:
    """Written case by case; the sums are put in front when it is closed. `diagnostics` tell why nothing ran."""

    def __init__(
        self,
        stream: TextIO,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        document: str = "",
        form: JUnitForm = JUnitForm(),  # noqa: B008 - it cannot change
        chapters: Chapters | None = None,
    ) -> None:
        self._stream = stream
        self._errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
        self._document = document
        self._form = form
        self._chapters = chapters or Chapters()
        self._names = Names()
        self._piles: dict[str, _Pile] = {}
        """Of whole suites under the empty name, or of the testcases of each document under its own."""

    def tell(self, entry: Entry) -> None:
        for chapter in self._chapters.tell(entry):
            self._write(chapter)

    def close(self) -> None:
        for chapter in self._chapters.close():
            self._write(chapter)
        run = self._chapters.run
        if self._errors and not self._piles:
            self._append("", self._invalid(), 1)
        name = run.title or run.document or self._document or "arazzo"
        totals = sum((pile.sums for pile in self._piles.values()), Counter[str]())
        counted = {each: totals[each] for each in ("tests", "failures", "errors")}
        root = xml.element("testsuites", {"name": name, "time": time_text(run.took), **counted})
        begin, end = xml.tags(root)
        self._stream.write(f"{xml.DECLARATION}\n{begin}\n")
        for document, pile in self._piles.items():
            suite_begin, suite_end = xml.tags(self._suite_of(document, pile))
            if document:
                properties = _elements({"document": document, **_run_facts(run)})
                self._stream.write(f"  {suite_begin}\n{xml.indented(properties, 2)}")
            pour(pile.spool, self._stream)
            self._stream.write(f"  {suite_end}\n" if document else "")
        self._stream.write(f"{end}\n")
        self._stream.flush()

    def _write(self, chapter: Chapter) -> None:
        if self._form.unit == "workflow":
            document = chapter.document or WHOLE
            self._append(document, self._chapter_case(chapter), 2)
            pile = self._piles[document]
            pile.took += chapter.took
            first = chapter.case.started if chapter.case else chapter.workflows[0].started
            pile.started = first if pile.started is None else pile.started
        else:
            for suite in self._suites(chapter):
                self._append("", suite, 1)

    def _append(self, pile_name: str, element: ET.Element, level: int) -> None:
        if pile_name not in self._piles:
            self._piles[pile_name] = _Pile(open_spool(self._stream))
        pile = self._piles[pile_name]
        pile.sums.update(_sums([element] if element.tag == "testcase" else element.findall("testcase")))
        pile.spool.write(xml.indented(element, level))

    def _suite_of(self, document: str, pile: _Pile) -> ET.Element:
        return xml.element(
            "testsuite",
            {
                "name": dotted(document),
                **_attributes(pile.sums),
                "time": time_text(pile.took),
                "timestamp": timestamp(pile.started or 0.0),
                "hostname": self._form.hostname or None,
                "file": document,
            },
        )

    def _suites(self, chapter: Chapter) -> Iterator[ET.Element]:
        """Give a suite for each workflow of a chapter, and one where nothing else says that the case did not pass."""
        is_first, is_red = not self._piles, False
        names = Names() if chapter.case else self._names
        for workflow in chapter.all_workflows():
            suite = self._suite(chapter, workflow, names)
            suite.insert(0, _properties(chapter, workflow, whole=is_first or not chapter.case))
            is_red = is_red or any(suite.get(name) != "0" for name in ("failures", "errors"))
            is_first = False
            yield suite
        if chapter.case and (not chapter.workflows or (chapter.outcome != "passed" and not is_red)):
            yield self._bare_suite(chapter)

    def _suite(self, chapter: Chapter, workflow: WorkflowRecord, names: Names) -> ET.Element:
        file = file_of(workflow, chapter.document)
        own = names.unique(workflow.workflow_id)
        if chapter.case is None:
            name, classname = own, f"{dotted(file)}.{own}"
        elif workflow is chapter.head:
            name, classname = chapter.case.case.name, f"{dotted(file)}.{workflow.workflow_id}"
        else:  # under the case's own class: the same workflow may be called in other cases
            name = f"{chapter.case.case.name} / {own}"
            classname = f"{dotted(chapter.document)}.{chapter.case.case.workflow_id}.{own}"
        cases = list(self._cases(workflow, _Named(classname, file, _label(chapter))))
        return self._suite_element(name, cases, workflow.took, workflow.started, file)

    def _bare_suite(self, chapter: Chapter) -> ET.Element:
        """Give the suite of a case that has no workflow to tell of, or whose own end is not that of its workflows."""
        assert chapter.case is not None
        case, file = chapter.case.case, chapter.document
        named = _Named(f"{dotted(file)}.{case.workflow_id}", file, _label(chapter))
        made = self._case(named, WHOLE, 0.0, case.span)
        if chapter.case.skipped:
            made.append(skipped(chapter.case.skipped))
        else:
            problem = chapter_problem(chapter)
            made.append(broken_element(problem, at(problem.span)))
        name = f"{case.name} / {WHOLE}" if chapter.workflows else case.name
        return self._suite_element(name, [made], chapter.took, chapter.case.started, file)

    def _suite_element(self, name: str, cases: list[ET.Element], took: float, started: float, file: str) -> ET.Element:
        attributes = {"time": time_text(took), "timestamp": timestamp(started), "hostname": self._form.hostname or None}
        suite = xml.element("testsuite", {"name": name, **_attributes(_sums(cases)), **attributes, "file": file})
        suite.extend(cases)
        return suite

    def _cases(self, workflow: WorkflowRecord, named: _Named) -> Iterator[ET.Element]:
        names, failed = Names(), False
        for step in workflow.steps:
            blamed = step.failed and not workflow.excused
            place = step_place(step) if blamed else step.span
            case = self._case(named, names.unique(step.step_id), step.took, place)
            case.extend(step_result(step, blamed))
            failed = failed or blamed
            yield case
        if not failed and (problem := outside(workflow)):
            place = problem.span or workflow.span
            case = self._case(named, names.unique(WHOLE), 0.0, place)
            case.append(broken_element(problem, at(place)))
            yield case
        for outline in workflow.not_reached():
            case = self._case(named, names.unique(outline.step_id), 0.0, outline.span)
            case.append(skipped(f"not reached: {why_not(workflow, outline)}"))
            yield case
        if workflow.teardown:
            yield from self._teardown(workflow.teardown, names, named)

    def _teardown(self, teardown: TeardownRecord, names: Names, named: _Named) -> Iterator[ET.Element]:
        """Give the steps of a teardown, which no action above them excuses; their names say what they are."""
        for step in teardown.steps:
            place = step_place(step) if step.failed else step.span
            case = self._case(named, names.unique(f"(teardown) {step.step_id}"), step.took, place)
            case.extend(step_result(step, step.failed))
            yield case
        if problem := teardown.untold:
            case = self._case(named, names.unique("(teardown)"), 0.0, problem.span)
            case.append(broken_element(problem, at(problem.span)))
            yield case
        for outline, reason in teardown.left_out():
            case = self._case(named, names.unique(f"(teardown) {outline.step_id}"), 0.0, outline.span)
            case.append(skipped(f"skipped: {reason}"))
            yield case

    def _chapter_case(self, chapter: Chapter) -> ET.Element:
        """Give the one testcase of all that ran for a workflow."""
        head, file = chapter.head, chapter.document
        name = chapter.case.case.name if chapter.case else self._names.unique(head.workflow_id if head else WHOLE)
        findings = chapter.findings()
        case = self._case(_Named(dotted(file), file), name, chapter.took, chapter_place(chapter, findings))
        case.extend(chapter_result(chapter, findings))
        return case

    def _case(self, named: _Named, name: str, took: float, place: Span | None) -> ET.Element:
        attributes: dict[str, str | int | None] = {
            "name": name + named.label,
            "classname": named.classname,
            "time": time_text(took),
        }
        if self._form.dialect == "extended":
            attributes["file"] = place.source.name if place else named.file
            attributes["line"] = place.begin.line if place else None
        return xml.element("testcase", attributes)

    def _invalid(self) -> ET.Element:
        """Give one suite for a document that could not be run, with a testcase for each error."""
        file = self._document or self._errors[0].span.source.name
        names = Names()
        cases = []
        for diagnostic in self._errors:
            case = self._case(_Named(dotted(file), file), names.unique(diagnostic.rule), 0.0, diagnostic.span)
            message = xml.message(diagnostic.message)
            lines = [message, *at(diagnostic.span), render_concise(diagnostic)]
            lines += [diagnostic.fix.title] if diagnostic.fix else []
            case.append(xml.element("error", {"type": "arazzo.invalid", "message": message}, "\n".join(lines)))
            cases.append(case)
        suite = xml.element(
            "testsuite", {"name": file, **_attributes(_sums(cases)), "time": time_text(0), "file": file}
        )
        suite.extend(cases)
        return suite


class _Named(Frozen):
    """What the testcases of a suite share: their class, their file, and what each name ends in."""

    classname: str
    file: str
    label: str = ""


@lru_cache(maxsize=256)  # the cases of a suite come from few documents
def dotted(file: str) -> str:
    """Write a path as a class name: `flows/pets.arazzo.yaml` is `flows.pets`; Jenkins splits it at the last dot."""
    path = re.sub(r"(\.arazzo)?\.(ya?ml|json)$", "", re.sub(r"^[a-z]+://", "", file), flags=re.IGNORECASE)
    segments = [segment.replace(".", "_") for segment in re.split(r"[/\\]+", path) if segment.strip(".")]
    return ".".join(segments) or "arazzo"


def _label(chapter: Chapter) -> str:
    """Give what tells the steps of one case from those of another with the same workflow: `[row] #2`."""
    if chapter.case is None:
        return ""
    case = chapter.case.case
    return (f"[{case.row}]" if case.row else "") + (f" #{case.repetition}" if case.repetition else "")


def _sums(cases: Sequence[ET.Element]) -> Counter[str]:
    tags = (_COUNTED.get(child.tag) for case in cases for child in case)
    return Counter([*(name for name in tags if name), *["tests"] * len(cases)])


def _attributes(sums: Counter[str]) -> dict[str, int]:
    return {name: sums[name] for name in ("tests", "failures", "errors", "skipped")}


def _properties(chapter: Chapter, workflow: WorkflowRecord, *, whole: bool) -> ET.Element:
    """Give what is known of the workflow; what is said of the `whole` run need not stand in every suite of a case."""
    run, case = chapter.run, chapter.case.case if chapter.case else None
    named = {"document": case.document if case else run.document, **(_run_facts(run) if whole else {})}
    facts = {"row": case.row, "tags": ", ".join(case.tags)} if case else {}
    named |= {name: value for name, value in facts.items() if value}
    named |= {f"input.{name}": shown(value, 200) for name, value in workflow.inputs.items()}
    return _elements(named)


def _run_facts(run: RunRecord) -> dict[str, str]:
    facts = {f"source.{name}": location for name, location in run.sources}
    facts |= {f"server.{used.source}": lines.server(used) for used in run.servers}
    return facts | {f"warning.{number}": text for number, text in enumerate(run.warnings, start=1)}


def _elements(named: dict[str, str]) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in {"runner": f"arazzo {__version__}", **named}.items():
        properties.append(xml.element("property", {"name": name, "value": value}))
    return properties

"""Turns a run into TAP, version 14: a subtest for each workflow or case, a test point for each step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeAlias

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry, Problem
from runner.reporters.chapters import Chapter, Chapters
from runner.reporters.contract import report_lines
from runner.reporters.evidence import evidence, explain, headline, unmet
from runner.reporters.findings import said
from runner.reporters.record import StepRecord, WorkflowRecord
from runner.reporters.testcase import chapter_problem, outside, request_line, step_place, why_not
from runner.reporters.text import one_line, visible
from runner.source import Span
from runner.values import Json

Details: TypeAlias = dict[str, Json]
"""What stands in the YAML block of a test point."""

_INDENT = "    "


class Tap:
    """Written case by case. `diagnostics` tell why nothing ran."""

    def __init__(
        self, stream: TextIO, diagnostics: Sequence[Diagnostic] = (), *, chapters: Chapters | None = None
    ) -> None:
        self._stream = stream
        self._errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
        self._chapters = chapters or Chapters()
        self._number = 0
        self._say("TAP version 14")

    def tell(self, entry: Entry) -> None:
        for chapter in self._chapters.tell(entry):
            self._write(chapter)

    def close(self) -> None:
        for chapter in self._chapters.close():
            self._write(chapter)
        if self._chapters.run.started is None:
            for each in self._errors:
                self._point(each.rule, {"message": each.message, "severity": "error", **_at(each.span)})
        self._say(*(f"# warning: {one_line(warning)}" for warning in self._chapters.run.warnings))
        self._say(f"1..{self._number}")
        self._stream.flush()

    def _write(self, chapter: Chapter) -> None:
        if chapter.case and chapter.case.skipped:
            self._point(chapter.name, skip=chapter.case.skipped)
            return
        if chapter.workflows:
            self._say(f"# Subtest: {_escaped(chapter.name)}")
        number, is_red = 0, False
        for workflow in chapter.all_workflows():
            prefix = "" if workflow is chapter.head else f"{workflow.workflow_id}: "
            for title, details, skip in _points(workflow):
                number += 1
                is_red = is_red or details.get("severity") in ("fail", "error")
                self._say(*_point(number, prefix + title, details, skip), indent=_INDENT)
        if chapter.workflows:
            self._say(f"1..{number}", indent=_INDENT)
        own: Details = {}
        if chapter.outcome != "passed" and not is_red:
            problem = chapter_problem(chapter)
            own = _problem(problem, problem.message, problem.span)
        self._point(chapter.name, own, passed=chapter.outcome == "passed")

    def _point(self, title: str, details: Details | None = None, skip: str = "", *, passed: bool = False) -> None:
        self._number += 1
        self._say(*_point(self._number, title, details or {}, skip, passed=passed))

    def _say(self, *lines: str, indent: str = "") -> None:
        self._stream.writelines(f"{indent}{line}".rstrip() + "\n" for line in lines)


def _points(workflow: WorkflowRecord) -> Iterator[tuple[str, Details, str]]:
    """Give the test points of a workflow: title, details, and why it was skipped."""
    failed = False
    for step in workflow.steps:
        blamed = step.failed and not workflow.excused
        failed = failed or blamed
        yield step.step_id, _details(step, blamed), ""
    if not failed and (problem := outside(workflow)):
        yield "(workflow)", _problem(problem, problem.message, problem.span or workflow.span), ""
    for outline in workflow.not_reached():
        yield outline.step_id, {}, f"not reached: {why_not(workflow, outline)}"
    if workflow.teardown:
        for step in workflow.teardown.steps:
            yield f"(teardown) {step.step_id}", _details(step, step.failed), ""
        if problem := workflow.teardown.untold:
            yield "(teardown)", _problem(problem, problem.message, problem.span), ""
        for outline, reason in workflow.teardown.left_out():
            yield f"(teardown) {outline.step_id}", {}, reason


def _details(step: StepRecord, blamed: bool) -> Details:
    """Say what is wrong with a step; nothing of one that passed at once."""
    broken = [finding for finding in step.findings.values() if finding.severity == "error"]
    contract = [line for finding in step.findings.values() for line in report_lines(finding)]
    found: Details = {}
    if blamed:
        problem = step.problem or Problem("cancelled", "it did not finish", step.span)
        found = _problem(problem, headline(step, problem), step_place(step))
        found["criteria"] = [f"{each.condition}: {explain(each)}" for each in unmet(step)]
    elif broken:
        found = _problem(Problem("contract", said(broken[0])), f"step '{step.step_id}': {said(broken[0])}", step.span)
    elif step.problems:
        found = {"message": one_line(step.problems[-1].message), "severity": "flaky", "attempts": step.attempts}
    if blamed or broken:
        found["requests"] = [request_line(exchange) for exchange in step.exchanges]
        found["evidence"] = "\n".join(evidence(step))
    found["contract"] = [*contract]
    return {name: value for name, value in found.items() if value not in ([], "")}


def _problem(problem: Problem, message: str, place: Span | None) -> Details:
    severity = "fail" if problem.outcome == "failed" else "error"
    return {"message": one_line(message), "severity": severity, "kind": problem.kind, **_at(place)}


def _at(place: Span | None) -> Details:
    return {"at": {"file": place.source.name, "line": place.begin.line, "column": place.begin.column}} if place else {}


def _point(number: int, title: str, details: Details, skip: str, *, passed: bool | None = None) -> Iterator[str]:
    is_red = details.get("severity") in ("fail", "error") if passed is None else not (passed or skip)
    directive = f" # SKIP {_escaped(skip)}" if skip else ""
    yield f"{'not ok' if is_red else 'ok'} {number} - {_escaped(title)}{directive}"
    if details:
        yield "  ---"
        for name, value in details.items():
            yield from (f"  {line}" for line in _yaml(name, value))
        yield "  ..."


def _yaml(name: str, value: Json) -> Iterator[str]:
    """Write a member as YAML: JSON is YAML, and a text of many lines is a block that a person can read."""
    if isinstance(value, str) and "\n" in value:
        yield f"{name}: |2-"
        yield from (f"  {line}" for line in visible(value).strip("\n").split("\n"))
    elif isinstance(value, list):
        yield f"{name}:"
        yield from (f"  - {json.dumps(item)}" for item in value)
    else:
        yield f"{name}: {json.dumps(value)}"


def _escaped(text: str) -> str:
    """Write text for a test point: `#` would begin a directive."""
    return one_line(text).replace("\\", "\\\\").replace("#", "\\#")

"""Turns a run into the one JSON object of `--format json`: its workflows, or the cases of a suite with theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import TextIO

from runner.diagnostics import Diagnostic
from runner.engine.events import CriterionChecked, Entry, Problem
from runner.exchange import Response
from runner.reporters.body import whole_length
from runner.reporters.chapters import Chapter, Chapters
from runner.reporters.evidence import absence
from runner.reporters.files import open_spool, pour
from runner.reporters.findings import Finding, said
from runner.reporters.record import CaseRecord, StepRecord, TeardownRecord, WorkflowRecord
from runner.values import Absent, Json, Value

VERSION = 1
"""Of the format; it changes when a reader would have to."""


class JsonReport:
    """Written case by case; how it ended is put in front when it is closed, also where the document is invalid."""

    def __init__(
        self, stream: TextIO, diagnostics: Sequence[Diagnostic] = (), *, chapters: Chapters | None = None
    ) -> None:
        self._stream = stream
        self._diagnostics = tuple(diagnostics)
        self._chapters = chapters or Chapters()
        self._spool = open_spool(stream)
        self._name = "workflows"
        self._number = 0
        self._asked: list[WorkflowRecord] = []

    def tell(self, entry: Entry) -> None:
        for chapter in self._chapters.tell(entry):
            self._write(chapter)

    def close(self) -> None:
        for chapter in self._chapters.close():
            self._write(chapter)
        items = "]" if not self._number else "\n  ]"
        diagnostics = {"diagnostics": [diagnostic_json(diagnostic) for diagnostic in self._diagnostics]}
        self._stream.write(_open(self._head()) + f',\n  "{self._name}": [')
        pour(self._spool, self._stream)
        self._stream.write(items + "," + json.dumps(diagnostics, indent=2).removeprefix("{") + "\n")
        self._stream.flush()

    def _head(self) -> dict[str, Json]:
        run = self._chapters.run
        head: dict[str, Json] = {"version": VERSION, "outcome": run.outcome}
        if len(self._asked) == 1 and len(run.workflow_ids) == 1:
            head["outputs"] = values_json(self._asked[0].outputs)
        return {**head, "servers": [dict(used._asdict()) for used in run.servers], "warnings": list(run.warnings)}

    def _write(self, chapter: Chapter) -> None:
        asked = [workflow for workflow in chapter.workflows if workflow.reason == "asked"]
        self._asked = [*self._asked, *asked][:2]  # one is the workflow of the run, more are many
        if chapter.case:
            self._name = "cases"
            # One on a line: there may be a million, and to lay them out would take longer than all else.
            self._add("    " + json.dumps(_case(chapter.case, chapter.workflows)))
        else:
            for workflow in chapter.workflows:
                self._add(indent(json.dumps(_workflow(workflow), indent=2), "    "))

    def _add(self, text: str) -> None:
        self._spool.write(f"{',' if self._number else ''}\n{text}")
        self._number += 1


def _open(head: dict[str, Json]) -> str:
    """Write an object to which more is added."""
    return json.dumps(head, indent=2).removesuffix("\n}")


def diagnostic_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """Write a diagnostic as a JSON object; `fixable` where `check --fix` can write what was meant."""
    begin, end = diagnostic.span.begin, diagnostic.span.finish
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": diagnostic.span.source.name,
        "line": begin.line,
        "column": begin.column,
        "end_line": end.line,
        "end_column": end.column,
        "suggestion": diagnostic.fix.title if diagnostic.fix else None,
        "fixable": bool(diagnostic.fix and diagnostic.fix.edits),
    }


def value_json(value: Value) -> Json:
    """Write a value as JSON: what is not there is null, bytes are described by their number."""
    match value:
        case Absent():
            return None
        case bytes():
            return {"$bytes": whole_length(value)}
        case _:
            return value


def values_json(values: Mapping[str, Value]) -> dict[str, Json]:
    """Write named values as a JSON object."""
    return {name: value_json(value) for name, value in values.items()}


def _case(record: CaseRecord, workflows: Sequence[WorkflowRecord]) -> dict[str, Json]:
    case = record.case
    return {
        "name": case.name,
        "document": case.document,
        "workflow_id": case.workflow_id,
        "row": case.row or None,
        "repetition": case.repetition or None,
        "tags": list(case.tags),
        "outcome": "skipped" if record.skipped else record.outcome,
        "skipped": record.skipped or None,
        "error": _error(record.problem),
        "workflows": [_workflow(workflow) for workflow in workflows],
    }


def _workflow(workflow: WorkflowRecord) -> dict[str, Json]:
    return {
        "workflow_id": workflow.workflow_id,
        "outcome": workflow.outcome,
        "inputs": values_json(workflow.inputs),
        "outputs": values_json(workflow.outputs),
        "steps": [_step(step) for step in workflow.steps],
        **({"teardown": _teardown(workflow.teardown)} if workflow.teardown else {}),
        "error": _error(workflow.problem),
    }


def _teardown(teardown: TeardownRecord) -> dict[str, Json]:
    """Write a teardown; `skipped` says of steps by their id why they had nothing to do."""
    return {
        "outcome": teardown.outcome,
        "steps": [_step(step) for step in teardown.steps],
        "skipped": dict(teardown.skipped),
        "error": _error(teardown.problem),
    }


def _step(step: StepRecord) -> dict[str, Json]:
    exchange = step.exchange
    reply = exchange.reply if exchange else None
    return {
        "step_id": step.step_id,
        "outcome": step.outcome,
        "attempts": step.attempts,
        "request": {"method": exchange.sent.method, "url": exchange.sent.url} if exchange else None,
        "response": {"status": reply.status} if isinstance(reply, Response) else None,
        "criteria": [_criterion(checked) for checked in step.criteria],
        "contract": [_finding(finding) for finding in step.findings.values()],
        "outputs": values_json(step.outputs),
        "action": step.action,
        "workflow": _workflow(step.workflow) if step.workflow else None,
        "workflows": [_workflow(each) for each in step.called if each is not step.workflow],
        "error": _error(step.problem),
    }


def _criterion(checked: CriterionChecked) -> dict[str, Json]:
    verdict = checked.verdict
    missing = "" if verdict.passed else absence(checked)
    return {
        "condition": checked.condition,
        "type": checked.type,
        "passed": verdict.passed,
        "left": value_json(verdict.left),
        "right": value_json(verdict.right),
        "error": verdict.problem or missing or (None if verdict.passed else verdict.note),
    }


def _finding(finding: Finding) -> dict[str, Json]:
    """Write a broken contract; `file` and `line` are the place in the API description."""
    mismatch, declared = finding.breach.mismatch, finding.breach.declared
    return {
        "check": mismatch.check,
        "severity": finding.severity,
        "message": said(finding),
        "name": mismatch.name or None,
        "instance": mismatch.instance,
        "value": value_json(mismatch.value),
        "count": finding.count,
        "file": declared.source.name if declared else None,
        "line": declared.begin.line if declared else None,
        "column": declared.begin.column if declared else None,
        "pointer": mismatch.address.pointer if mismatch.address else None,
    }


def _error(problem: Problem | None) -> Json:
    return {"kind": problem.kind, "message": problem.message} if problem else None

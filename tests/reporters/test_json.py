"""The JSON report has exactly the promised form."""

from __future__ import annotations

import io
import json
from typing import Any

from runner.criteria.verdict import Verdict
from runner.diagnostics import Diagnostic, Fix, Rewrite
from runner.engine.events import (
    CriterionChecked,
    Entry,
    RunStarted,
    ServerUsed,
    StepFinished,
    StepStarted,
    WorkflowStarted,
)
from runner.reporters.json import JsonReport, diagnostic_json, value_json
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Broadcast
from runner.values import ABSENT

from .golden import agrees
from .story import SECRET, span, story


def written(entries: list[Entry], diagnostics: tuple[Diagnostic, ...] = ()) -> str:
    stream = io.StringIO()
    report = Broadcast([JsonReport(stream, diagnostics)], Redactor())
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue()


WRONG = Diagnostic("unknown-step", "error", "no such step", span("stepId: pay"), fix=Fix("did you mean 'play'?"))


def test_a_run_is_one_object() -> None:
    text = written(story())
    assert agrees("run.json", text)
    assert SECRET not in text


def test_the_asked_workflow_stands_last_and_its_outputs_at_the_top() -> None:
    report = json.loads(written(story()))
    assert [workflow["workflow_id"] for workflow in report["workflows"]] == ["ping", "adopt"]
    assert report["outputs"] == report["workflows"][-1]["outputs"] == {"user_id": 7, "receipt": "r-1"}


def test_of_several_asked_workflows_no_outputs_stand_at_the_top() -> None:
    entries = [Entry(0, RunStarted("d", "t", ("a", "b")))]
    entries += [Entry(0, WorkflowStarted((), name, "asked", {}, ())) for name in ("a", "b")]
    assert "outputs" not in json.loads(written(entries))


def test_a_document_that_cannot_run_is_reported_without_a_run() -> None:
    report = json.loads(written([], (WRONG,)))
    nothing = {"servers": [], "warnings": [], "workflows": []}
    assert report == {"version": 1, "outcome": "error", **nothing, "diagnostics": [diagnostic_json(WRONG)]}


def test_where_requests_go_and_what_was_warned_of_is_in_the_report_without_passwords() -> None:
    used = ServerUsed("api", "https://bob:hunter22@h/v1", "the description's first server", sandbox=True)
    started = RunStarted("d", "t", ("a",), servers=(used,), warnings=("the certificate of 'h' is not checked",))
    report = json.loads(written([Redactor().redact(Entry(0, started))]))
    assert report["warnings"] == ["the certificate of 'h' is not checked"]
    assert report["servers"] == [
        {
            "source": "api",
            "url": "https://bob:***@h/v1",
            "reason": "the description's first server",
            "sandbox": True,
        }
    ]


def test_a_diagnostic_is_an_object_with_its_place() -> None:
    assert diagnostic_json(WRONG) == {
        "rule": "unknown-step",
        "severity": "error",
        "message": "no such step",
        "file": "flows/pets.arazzo.yaml",
        "line": 14,
        "column": 9,
        "end_line": 14,
        "end_column": 20,
        "suggestion": "did you mean 'play'?",
        "fixable": False,
    }


def test_only_a_fix_with_edits_is_fixable() -> None:
    fixed = Diagnostic("r", "warning", "m", WRONG.span, fix=Fix("t", (Rewrite("/x", "x"),)))
    plain = Diagnostic("r", "warning", "m", WRONG.span)
    assert (diagnostic_json(fixed)["fixable"], diagnostic_json(plain)["fixable"]) == (True, False)
    assert diagnostic_json(plain)["suggestion"] is None


def test_bytes_are_described_and_what_is_not_there_is_null() -> None:
    assert value_json(b"abc") == {"$bytes": 3}
    assert value_json(ABSENT) is None


def criterion(verdict: Verdict, type_: str = "simple") -> Any:
    entries = [
        Entry(0, WorkflowStarted((), "w", "asked", {}, ())),
        Entry(0, StepStarted((), "s", "operation", "GET /")),
        Entry(0, CriterionChecked((), "c", type_, verdict)),
        Entry(0, StepFinished((), "s", "failed", {}, 1)),
    ]
    return json.loads(written(entries))["workflows"][0]["steps"][0]["criteria"][0]


def test_a_broken_criterion_says_why() -> None:
    assert criterion(Verdict(False, problem="it is not JSON"))["error"] == "it is not JSON"


def test_a_missing_operand_is_named_where_the_criterion_failed() -> None:
    missing = Verdict(False, ABSENT, 5, "$response.body#/x == 5")
    assert criterion(missing)["error"] == "'$response.body#/x' is not there"
    assert criterion(Verdict(True, ABSENT, None, "$response.body#/x == null"))["error"] is None
    assert criterion(Verdict(False, ABSENT, ABSENT, "$.x"), "jsonpath")["error"] is None

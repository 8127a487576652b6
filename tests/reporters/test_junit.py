"""JUnit XML that every consumer reads the same way."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import pytest

from runner.criteria.verdict import Verdict
from runner.diagnostics import Diagnostic
from runner.engine.events import (
    ActionTaken,
    Answered,
    CriterionChecked,
    Entry,
    Event,
    Frame,
    Problem,
    RunStarted,
    StepFinished,
    StepOutline,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Request, Response
from runner.reporters.junit import Dialect, JUnit, JUnitForm, dotted
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Broadcast
from runner.reporters.xml import message, safe

from .golden import agrees
from .story import SECRET, span, story

TESTCASE_STRICT = {"name", "time", "classname"}


def written(entries: list[Entry], dialect: Dialect = "extended") -> str:
    stream = io.StringIO()
    report = Broadcast([JUnit(stream, form=JUnitForm(dialect, hostname="ci-7"))], Redactor())
    for entry in entries:
        report.tell(entry)
    report.close()
    return re.sub(r"arazzo \d+\.\d+\.\d+", "arazzo VERSION", stream.getvalue())


def workflow(*during: Event, outline: str = "a b c", problem: Problem | None = None, at: float = 0.0) -> ET.Element:
    """Give the suite of a workflow in which these events happened."""
    steps = tuple(StepOutline(step_id) for step_id in outline.split())
    outcome = problem.outcome if problem else "passed"
    events: list[Event] = [RunStarted("dir/flow.arazzo.yaml", "t", ("w",))]
    events += [WorkflowStarted((Frame("w"),), "w", "asked", {}, steps), *during]
    events += [WorkflowFinished((Frame("w"),), "w", outcome, {}, problem)]
    suite = ET.fromstring(written([Entry(at, event) for event in events])).find("testsuite")
    assert suite is not None
    return suite


def visit(step_id: str, problem: Problem | None = None, *during: Event, action: str | None = None) -> list[Event]:
    outcome = problem.outcome if problem else "passed"
    finished = StepFinished((), step_id, outcome, {}, 1, problem, action)
    return [StepStarted((), step_id, "operation", "GET /"), *during, finished]


def skipped(suite: ET.Element) -> dict[str, str | None]:
    return {case.get("name", ""): element.get("message") for case in suite for element in case.iter("skipped")}


@pytest.mark.parametrize("dialect", ["extended", "strict"])
def test_a_run_is_written_in_both_dialects(dialect: Dialect) -> None:
    text = written(story(), dialect)
    assert agrees(f"junit-{dialect}.xml", text)
    assert SECRET not in text
    assert "tok-12345678" not in text


def test_the_strict_dialect_has_only_what_the_schema_of_jenkins_has() -> None:
    cases = list(ET.fromstring(written(story(), "strict")).iter("testcase"))
    assert cases
    assert all(set(case.keys()) == TESTCASE_STRICT for case in cases)


def test_counts_are_those_of_the_elements() -> None:
    root = ET.fromstring(written(story()))
    for element in (root, *root.iter("testsuite")):
        counted = {tag: len(list(element.iter(tag))) for tag in ("testcase", "failure", "error")}
        assert [int(element.get(name, "-1")) for name in ("tests", "failures", "errors")] == list(counted.values())


def test_times_have_three_decimals() -> None:
    root = ET.fromstring(written(story()))
    times = [element.get("time") for element in root.iter() if element.get("time")]
    assert len(times) > 5
    assert all(re.fullmatch(r"\d+\.\d{3}", time or "") for time in times)


def test_a_failure_begins_with_its_message_and_its_place() -> None:
    failure = next(ET.fromstring(written(story())).iter("failure"))
    first, second, *rest = (failure.text or "").split("\n")
    assert first == failure.get("message") == "step 'fetch': $statusCode == 200 is not met"
    assert second == " flows/pets.arazzo.yaml:19"
    assert [line for line in rest if line.startswith(("  left", "  right", "curl", "answered 404"))]


def test_a_failed_step_has_exactly_one_failure_or_error() -> None:
    checks = [CriterionChecked((), f"c{i}", "simple", Verdict(False, i, 0, f"{i} == 0")) for i in (1, 2)]
    suite = workflow(*visit("a", Problem("criterion", "m"), *checks), *visit("b", Problem("timeout", "late")))
    found = [[child.tag for child in case if child.tag in ("failure", "error")] for case in suite.iter("testcase")]
    assert found == [["failure"], ["error"], []]
    assert "1 is not 0" in (suite.findtext("testcase/failure") or "")
    assert "2 is not 0" in (suite.findtext("testcase/failure") or "")


@pytest.mark.parametrize(
    ("kind", "tag", "type_"),
    [
        ("criterion", "failure", "arazzo.criterion"),
        ("workflow", "failure", "arazzo.workflow"),
        ("transport", "error", "arazzo.runtime"),
        ("expression", "error", "arazzo.runtime"),
        ("cancelled", "error", "arazzo.runtime"),
    ],
)
def test_what_could_not_be_found_out_is_an_error(kind: str, tag: str, type_: str) -> None:
    suite = workflow(*visit("a", Problem(kind, "m")))  # type: ignore[arg-type]
    element = suite.find("testcase")
    assert element is not None
    assert [(child.tag, child.get("type")) for child in element] == [(tag, type_)]


def test_visits_of_a_step_have_names_of_their_own() -> None:
    suite = workflow(*visit("a"), *visit("b"), *visit("a"), *visit("a"))
    assert [case.get("name") for case in suite.iter("testcase")] == ["a", "b", "a (2)", "a (3)", "c"]
    assert {case.get("classname") for case in suite.iter("testcase")} == {"dir.flow.w"}


FAILED = Problem("criterion", "m")
END = ActionTaken((), "enough", "end")
JUMP = ActionTaken((), "skip", "goto", "c")


@pytest.mark.parametrize(
    ("during", "problem", "reasons"),
    [
        (visit("a", FAILED), FAILED, {"b": "not reached: step a failed", "c": "not reached: step a failed"}),
        (visit("a", None, END, action="enough"), None, dict.fromkeys("bc", "not reached: ended by action 'enough'")),
        (
            [*visit("a", None, JUMP, action="skip"), *visit("c")],
            None,
            {"b": "not reached: passed over by action 'skip'"},
        ),
        (visit("a"), Problem("cancelled", "c"), dict.fromkeys("bc", "not reached: the run was cancelled")),
    ],
)
def test_a_step_that_was_not_reached_says_why(
    during: list[Event], problem: Problem | None, reasons: dict[str, str]
) -> None:
    assert skipped(workflow(*during, problem=problem)) == reasons


def test_a_workflow_that_stopped_outside_of_its_steps_is_not_green() -> None:
    suite = workflow(outline="a", problem=Problem("dependency", "workflow 'b' did not pass"))
    assert [case.get("name") for case in suite.iter("testcase")] == ["(workflow)", "a"]
    assert suite.get("failures") == "1"
    assert skipped(suite) == {"a": "not reached: workflow 'b' did not pass"}


def test_a_run_that_was_broken_off_is_still_written() -> None:
    root = ET.fromstring(written(story()[:12]))
    assert [suite.get("name") for suite in root] == ["ping", "adopt"]
    assert int(root.get("errors", "0")) == 1


def test_what_xml_cannot_hold_is_made_visible() -> None:
    nasty = "\x1b[31mred\x1b[0m \x00 \x7f ]]> \ud83d \ufffe <&>\"'\r\n"
    answer = Response(500, (), nasty.encode("utf-8", "replace"))
    sent = Answered((), Exchange(Request("GET", "https://x.example/"), answer))
    check = CriterionChecked((), nasty, "simple", Verdict(False, nasty, 1, "a == b"))
    text = written([Entry(0, each) for each in _around(sent, check, Problem("criterion", nasty))])
    root = ET.fromstring(text)
    assert "]]>" not in text
    assert "\x1b" not in text
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "step 'a': red \\x00 \\x7f ]]> \\ud83d \\ufffe <&>\"'"


def _around(sent: Event, check: Event, problem: Problem) -> list[Event]:
    return [
        WorkflowStarted((), "w", "asked", {}, ()),
        *visit("a", problem, sent, check),
        WorkflowFinished((), "w", "failed", {}),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("a\x01b", "a#x01b"),
        ("\x7f", "#x7F"),
        ("\ud800", "#xD800"),
        ("\uffff", "#xFFFF"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\U0001f600\t日", "\U0001f600\t日"),
    ],
)
def test_text_is_made_safe_for_xml(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_message_is_one_line_of_bounded_length() -> None:
    assert message("a\n b\tc") == "a b c"
    assert len(message("x" * 5000)) == 1000


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("flows/pets.arazzo.yaml", "flows.pets"),
        ("pets.yml", "pets"),
        ("../x/v1.2/pets.json", "x.v1_2.pets"),
        ("/tmp/pets.arazzo.json", "tmp.pets"),
        ("https://x.example/pets.yaml", "x_example.pets"),
        ("dir\\pets.yaml", "dir.pets"),
        ("", "arazzo"),
    ],
)
def test_a_class_name_has_dots_instead_of_slashes(file: str, name: str) -> None:
    assert dotted(file) == name


def test_a_document_that_cannot_run_is_a_suite_of_errors() -> None:
    wrong = Diagnostic("unknown-step", "error", "there is no step 'x'", span("stepId: pay"))
    again = Diagnostic("unknown-step", "error", "there is no step 'y'", span("stepId: fetch"))
    mild = Diagnostic("style", "warning", "m", span("stepId: pay"))
    stream = io.StringIO()
    JUnit(stream, [wrong, again, mild]).close()
    root = ET.fromstring(stream.getvalue())
    assert (root.get("tests"), root.get("errors")) == ("2", "2")
    assert [case.get("name") for case in root.iter("testcase")] == ["unknown-step", "unknown-step (2)"]
    error = root.find(".//error")
    assert error is not None
    assert (error.text or "").split("\n")[:2] == ["there is no step 'x'", " flows/pets.arazzo.yaml:14"]


def test_a_run_beside_warnings_is_reported_as_the_run() -> None:
    stream = io.StringIO()
    report = JUnit(stream, [Diagnostic("r", "error", "m", span("stepId: pay"))])
    for entry in story():
        report.tell(entry)
    report.close()
    assert ET.fromstring(stream.getvalue()).get("tests") == "8"

"""What is wrong in a run, once each: annotations and a summary for GitHub, code quality for GitLab, SARIF of drift."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runner.diagnostics import Diagnostic
from runner.engine.events import Case, CaseFinished, CaseStarted, Entry, Problem, RunFinished, RunStarted
from runner.records import replace
from runner.reporters.chapters import chapters_of
from runner.reporters.complaints import MOST, Complaints
from runner.reporters.quality import ComplaintReport, code_quality, drift_log, workflow_annotations
from runner.reporters.reporter import Broadcast, Reporter
from runner.reporters.summary import LIMIT, Summary, escaped
from runner.source import Source

from .story import SECRET, Script, span, story
from .suite import begun, case, drifting, failed, many, passed, suite

WRONG = Diagnostic("unknown-step", "error", "there is no step 'x'", span("stepId: pay"))


def path(source: Source) -> str:
    return f"repo/{source.name}"


def address(source: Source) -> tuple[str, bool]:
    return path(source), True


def written(make: Callable[[io.StringIO], Reporter], entries: Sequence[Entry]) -> str:
    stream = io.StringIO()
    report = Broadcast([make(stream)])
    for entry in entries:
        report.tell(without_warnings(entry))
    report.close()
    return stream.getvalue()


def without_warnings(entry: Entry) -> Entry:
    event = entry.event
    return replace(entry, event=replace(event, warnings=())) if isinstance(event, RunStarted) else entry


def github(entries: Sequence[Entry], *diagnostics: Diagnostic) -> str:
    return written(lambda stream: ComplaintReport(stream, workflow_annotations(path), diagnostics), entries)


def gitlab(entries: Sequence[Entry], *diagnostics: Diagnostic) -> list[dict[str, Any]]:
    text = written(lambda stream: ComplaintReport(stream, code_quality(path), diagnostics), entries)
    found: list[dict[str, Any]] = json.loads(text)
    return found


def sarif(entries: Sequence[Entry]) -> dict[str, Any]:
    text = written(lambda stream: ComplaintReport(stream, drift_log(address), drift=True), entries)
    log: dict[str, Any] = json.loads(text)
    return log


def summary(entries: Sequence[Entry], *diagnostics: Diagnostic, limit: int = LIMIT) -> str:
    return written(lambda stream: Summary(stream, path, diagnostics, limit=limit), entries)


def drifted(*values: str, severity: str = "error") -> list[Entry]:
    """Tell a suite in each case of which the API breaks its contract with another value."""
    script = Script()
    begun(script)
    for number, value in enumerate(values):
        drifting(script, case(str(number)), value, severity)
    script.tell(RunFinished("failed"))
    return script.entries


def test_what_failed_in_many_cases_is_one_annotation_that_names_some() -> None:
    first, *others = github(suite()).splitlines()
    assert first.startswith(
        "::error file=repo/flows/pets.arazzo.yaml,line=11,endLine=11,col=24,endColumn=56,title=criterion::"
    )
    assert "in 4 cases: adopt[tom], adopt[kim], adopt[" in first
    assert [re.findall(r"title=([^,:]+)", line)[0] for line in others] == ["transport", "contract-body", "input"]


def test_of_a_kind_ten_are_annotations_and_the_others_lines_of_the_log() -> None:
    script = Script()
    begun(script)
    for number in range(14):
        workflow_id = f"w{number}"
        script.entries += [
            Entry(entry.at, entry.event) for entry in _failing(workflow_id, times=2 if number == 13 else 1)
        ]
    lines = github(script.entries).splitlines()
    annotations = [line for line in lines if line.startswith("::error ")]
    assert len(annotations) == 10
    assert "workflow 'w13'" in annotations[0]  # the worst is what was seen most often
    assert "in 2 cases" in annotations[0]
    assert lines[-1] == "::notice title=arazzo::4 more errors in the log: GitHub shows 10 of a kind"
    assert len(lines) == 15


def _failing(workflow_id: str, times: int) -> list[Entry]:
    script = Script()
    for number in range(times):
        told = case(str(number))

        own = Case(f"{workflow_id}[{number}]", told.document, workflow_id, told.row)
        script.tell(CaseStarted(own))
        script.tell(CaseFinished(own, "error", Problem("input", "no")))
    return script.entries


def test_a_green_run_says_nothing() -> None:
    script = Script()
    begun(script)
    passed(script, case("a"))
    script.tell(RunFinished("passed"))
    assert github(script.entries) == ""
    assert gitlab(script.entries) == []
    assert sarif(script.entries)["runs"][0]["results"] == []


def test_why_nothing_ran_is_told_instead() -> None:
    assert "title=unknown-step::there is no step 'x'" in github([], WRONG)
    assert [each["check_name"] for each in gitlab([], WRONG)] == ["unknown-step"]
    assert "there is no step 'x'" in summary([], WRONG)
    assert "unknown-step" not in github(story(), WRONG)


def test_code_quality_has_what_gitlab_reads() -> None:
    found = gitlab(suite())
    assert all(each.keys() == {"description", "check_name", "fingerprint", "severity", "location"} for each in found)
    assert {each["severity"] for each in found} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(not each["location"]["path"].startswith("/") for each in found)
    assert found[0]["location"] == {"path": "repo/flows/pets.arazzo.yaml", "lines": {"begin": 11}}
    assert len({each["fingerprint"] for each in found}) == len(found) == 4


def marks(entries: list[Entry]) -> set[str]:
    return {each["fingerprint"] for each in gitlab(entries)}


def test_a_fingerprint_does_not_change_with_values_rows_and_their_number() -> None:
    assert marks(drifted("Rex")) == marks(drifted("Tom", "Kim"))
    one, other = Script(), Script()
    for script, rows in ((one, "a"), (other, "bc")):
        begun(script)
        for row in rows:
            failed(script, case(row), f'{{"state": "{row}"}}')
    assert marks(one.entries) == marks(other.entries)
    assert len(marks(one.entries)) == 1


def test_sarif_tells_drift_alone_with_its_rule_and_both_places() -> None:
    (run,) = sarif(suite())["runs"]
    (result,) = run["results"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == result["ruleId"] == "contract-body"
    assert "body of a response" in rule["shortDescription"]["text"]
    assert result["level"] == "error"
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {
        "uri": "repo/flows/pets.arazzo.yaml", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip
    assert location["physicalLocation"]["region"]["startLine"] == 16
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "repo/flows/pets.yaml"


def test_the_same_drift_has_the_same_partial_fingerprint_in_every_run() -> None:
    found = [sarif(drifted(*values))["runs"][0]["results"] for values in (("Rex",), ("Tom", "Kim"))]
    assert [len(each) for each in found] == [1, 1]
    assert found[0][0]["partialFingerprints"] == found[1][0]["partialFingerprints"]
    assert "in 2 cases: adopt[0], adopt[1]" in found[1][0]["message"]["text"]


def test_no_more_complaints_are_kept_than_anybody_shows() -> None:
    complaints = Complaints()
    for chapter in chapters_of(entry for number in range(MOST + 5) for entry in _failing(f"w{number}", 1)):
        complaints.add(chapter)
    *told, last = complaints.worst_first()
    assert len(told) == MOST
    assert last.diagnostic.message == "5 more mismatches or failures are not told here"


def test_the_summary_counts_and_names_what_is_wrong() -> None:
    text = summary(suite())
    assert text.startswith("### ❌ Pet shop\n\n**11 cases** · 3 passed · 5 failed · 2 error · 1 skipped · 1 flaky · ")
    rows = [line for line in text.splitlines() if line.startswith("| ❌")]
    assert len(rows) == 4
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
    assert "<summary>7 cases did not pass</summary>" in text
    assert "\x1b" not in text


def test_the_summary_of_a_big_suite_stays_within_its_limit_and_says_what_it_leaves_out() -> None:
    big = list(many(500, each=2))  # what passes is counted, and no more
    text = summary(big)
    assert "…and 50 more" in text
    assert len(text.encode()) < LIMIT
    short = summary(big, limit=4096)
    assert len(short.encode()) <= 4096
    assert short.endswith("…and more, for which there is no room here.\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("@team #12", "&#64;team &#35;12"),
        ("*x* `y`\nz", "\\*x\\* \\`y\\` z"),
    ],
)
def test_text_in_markdown_is_shown_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    "make", [github, summary, lambda entries: json.dumps(gitlab(entries)), lambda entries: json.dumps(sarif(entries))]
)
def test_no_secret_and_no_control_character_is_in_them(make: Callable[[list[Entry]], str]) -> None:
    for entries in (story(), suite()):
        text = make(entries)
        assert SECRET not in text
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", text)

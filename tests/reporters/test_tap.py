"""TAP, version 14, as a harness reads it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import yaml

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry
from runner.reporters.reporter import Broadcast
from runner.reporters.tap import Tap

from .story import SECRET, span, story
from .suite import suite

POINT = re.compile(r"(?P<result>not ok|ok) (?P<number>\d+) - (?P<title>.*?)(?<!\\)(?: # SKIP (?P<skip>.*))?")


class Point(NamedTuple):
    title: str
    passed: bool
    skip: str | None
    details: dict[str, Any]
    inner: tuple[Any, ...]


def written(entries: list[Entry], diagnostics: Sequence[Diagnostic] = ()) -> str:
    stream = io.StringIO()
    report = Broadcast([Tap(stream, diagnostics)])
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue()


def read(text: str) -> list[Point]:
    """Read a stream by the rules: a version, points in order, a plan, subtests and YAML indented."""
    lines = text.splitlines()
    assert lines[0] == "TAP version 14"
    return points(lines[1:])


def points(lines: list[str]) -> list[Point]:
    found: list[Point] = []
    inner: list[str] = []
    plan = None
    while lines:
        line = lines.pop(0)
        if line.startswith("    "):
            inner.append(line[4:])
        elif line.startswith("1.."):
            plan = int(line[3:])
        elif not line.startswith("#"):
            match = POINT.fullmatch(line)
            assert match, line
            assert int(match["number"]) == len(found) + 1
            details = block(lines) if lines and lines[0] == "  ---" else {}
            subtest = tuple(points(inner)) if inner else ()
            inner = []
            found.append(Point(match["title"], match["result"] == "ok", match["skip"], details, subtest))
    assert plan == len(found)
    return found


def block(lines: list[str]) -> dict[str, Any]:
    end = lines.index("  ...")
    text = "\n".join(line[2:] for line in lines[1:end])
    del lines[: end + 1]
    details = yaml.safe_load(text)
    assert isinstance(details, dict)
    return details


def test_a_suite_is_a_subtest_for_each_case() -> None:
    found = read(written(suite()))
    assert [(point.title, point.passed, point.skip) for point in found[:9]] == [
        ("adopt[rex]", True, None),
        (r"adopt[rex] \#2", True, None),
        ("adopt[tom]", False, None),
        ("adopt[kim]", False, None),
        ("adopt[bea]", False, None),
        ("adopt[max]", True, None),
        ("adopt[ida]", False, None),
        ("adopt[x]", False, None),
        ("adopt[zoe]", True, "a case before it failed"),
    ]
    assert all(any(not inner.passed for inner in point.inner) for point in found if not point.passed and point.inner)


def test_a_step_that_failed_says_why_and_where() -> None:
    point = read(written(suite()))[2]
    titles = [(inner.title, inner.passed, inner.skip) for inner in point.inner]
    assert titles == [
        ("payment: charge", True, None),
        ("pay", True, None),
        ("wait-for-stock", False, None),
        ("say-thanks", True, "not reached: step wait-for-stock failed"),
    ]
    details = point.inner[2].details
    assert details["severity"] == "fail"
    assert details["at"] == {"file": "flows/pets.arazzo.yaml", "line": 11, "column": 24}
    assert details["requests"] == ["GET https://pets.example/v1/stock -> 200 (0.050 s)"]
    assert details["evidence"].splitlines()[-1] == '{"state": "gone"}'


def test_what_was_retried_is_ok_and_says_so() -> None:
    (inner,) = read(written(suite()))[5].inner
    assert inner.passed
    assert (inner.details["severity"], inner.details["attempts"]) == ("flaky", 2)


def test_a_row_that_was_refused_fails_without_a_subtest() -> None:
    point = read(written(suite()))[7]
    assert point.inner == ()
    assert point.details["message"] == "row 8 has no name"


def test_a_run_without_cases_and_one_that_was_broken_off_are_whole() -> None:
    assert [(point.title, point.passed) for point in read(written(story()))] == [("ping", True), ("adopt", False)]
    for end in range(1, len(story())):
        found = read(written(story()[:end]))
        assert [point.passed for point in found] in ([], [True], [False], [True, False])


def test_a_document_that_cannot_run_fails_for_each_error() -> None:
    wrong = Diagnostic("unknown-step", "error", "there is no step 'x'", span("stepId: pay"))
    (point,) = read(written([], [wrong, Diagnostic("style", "warning", "m", span("stepId: pay"))]))
    assert (point.title, point.passed, point.details["at"]["line"]) == ("unknown-step", False, 14)


@pytest.mark.parametrize("entries", [story(), suite()], ids=["story", "suite"])
def test_no_secret_and_no_control_character_is_in_it(entries: list[Entry]) -> None:
    text = written(entries)
    assert SECRET not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]", text)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import arazzo

FLOW = "civitai-model-version-by-hash"
MISSING = ("-i", "hash=FFFFFFFFFF")


def coverage(path: Path, *arguments: object) -> Any:
    arazzo("run", FLOW, "-q", "--report", f"coverage={path}", *arguments)
    return json.loads(path.read_text(encoding="utf-8"))


def answers(report: Any) -> dict[str, dict[str, int]]:
    [description] = report["descriptions"]
    return {row["operation"]: row["statuses"] for row in description["details"] if row["answers"]}


def test_a_run_says_what_it_reached(tmp_path: Path) -> None:
    found = answers(coverage(tmp_path / "a.json"))
    assert set(found) == {"GET /model-versions/by-hash/{hash}", "GET /models/{id}"}
    assert {status for statuses in found.values() for status, count in statuses.items() if count} == {"200"}
    not_found = answers(coverage(tmp_path / "b.json", *MISSING))
    assert {name: statuses["404"] for name, statuses in not_found.items()} == {"GET /model-versions/by-hash/{hash}": 1}


def test_the_table_is_printed_after_the_summary() -> None:
    ended = arazzo("run", FLOW, "--coverage")
    assert ended.code == 0
    _, summary, drawn = ended.out.partition("coverage of specs/civitai-site.openapi.yaml")
    assert summary
    assert "operations 2 of 18 (11 %)" in drawn
    assert "✓ GET /model-versions/by-hash/{hash}  200✓" in drawn
    assert "○ GET /enums\n" in drawn


@pytest.mark.parametrize(
    ("bound", "code"),
    [("11", 0), ("11.1", 0), ("12", 1), ("operations=12%", 1), ("statuses=1", 0), ("property=90", 1)],
)
def test_a_bound_that_is_not_kept_fails_the_run(bound: str, code: int) -> None:
    ended = arazzo("run", FLOW, "-q", "--min-coverage", bound)
    assert ended.code == code
    assert ("coverage is too low" in ended.err) == bool(code)


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("101", "'101' is not a share from 0 to 100"),
        ("nan", "'nan' is not a share from 0 to 100"),
        ("operations=", "'' is not a share from 0 to 100"),
        ("operation-s=5", "there are no 'operation-s' in a description\ndid you mean 'operations'?"),
        ("x=5", "there are operations, statuses, parameters, properties"),
    ],
)
def test_a_bound_that_means_nothing_is_refused_before_anything_is_sent(bound: str, said: str) -> None:
    ended = arazzo("run", FLOW, "--min-coverage", bound)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


def test_several_reports_are_added_up(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    coverage(one)
    coverage(other, *MISSING)
    whole, page = tmp_path / "sum.json", tmp_path / "sum.html"
    ended = arazzo("coverage", one, other, "--json", whole, "--html", page, "--min-coverage", "statuses=50")
    assert ended.code == 1
    assert "✓ GET /model-versions/by-hash/{hash}  200✓ 400○ 401○ 404✓" in ended.out
    assert "of 123 statuses" in ended.err
    assert answers(json.loads(whole.read_text()))["GET /model-versions/by-hash/{hash}"]["404"] == 1
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert arazzo("coverage", whole, "--min-coverage", "operations=11").code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "is no coverage report"),
        ("{}", "it has no 'descriptions'"),
        ("[1", "is no coverage report"),
        ('{"version": 1, "descriptions": [1]}', "it is damaged"),
        ("\ud800", "is no coverage report"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content, encoding="utf-8", errors="surrogatepass")
    ended = arazzo("coverage", path)
    assert ended.code == 2
    assert said in ended.err


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    coverage(one)
    ended = arazzo("coverage", one, "--html", tmp_path)
    assert ended.code == 2
    assert "cannot be written" in ended.err
    assert "'-' is no file" in arazzo("coverage", one, "--json", "-").err

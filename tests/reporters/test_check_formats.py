"""Diagnostics as GitHub's annotations, as SARIF, and as a diff."""

from __future__ import annotations

from typing import Any

import pytest

from runner.diagnostics import Diagnostic, Fix, Label, Recomment, Rewrite, Severity
from runner.reporters.diff import unified
from runner.reporters.github import MOST, workflow_commands
from runner.reporters.sarif import replaced, sarif_log
from runner.rulebook import rulebook
from runner.schema.check import compile_schema
from runner.source import Source, Span

SOURCE = Source("file:///w/a b.yaml", "a b.yaml", "a: '{$x}'\r\nb: [1,\r\n  2]\r\n")
REMOTE = Source("https://api.test/b.yaml", "https://api.test/b.yaml", "x: y\n")


def problem(start: int, end: int, message: str = "odd", severity: Severity = "warning", **more: Any) -> Diagnostic:
    return Diagnostic("braced-operand", severity, message, Span(SOURCE, start, end), **more)


def named(source: Source) -> str:
    return source.name


def test_what_commands_cannot_hold_is_escaped() -> None:
    source = Source("file:///w/a,b:c.yaml", "a,b:c.yaml", "x")
    said = Diagnostic("r", "error", "100 %: one,\r\ntwo", Span(source, 0, 1), notes=("why",), fix=Fix("do"))
    assert list(workflow_commands([said], named)) == [
        (
            "::error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=2,title=r::"
            "100 %25: one,%0D%0Atwo%0Anote: why%0Ahelp: do"
        )
    ]


def test_columns_are_of_one_line_and_a_text_that_is_not_there_has_no_line() -> None:
    nowhere = Diagnostic("r", "error", "gone", Span(Source("file:///x", "x", ""), 0, 0))
    first, second = workflow_commands([nowhere, problem(14, 21)], named)
    assert first == "::error file=x,title=r::gone"
    assert second == "::warning file=a b.yaml,line=2,endLine=3,title=braced-operand::odd"


def test_what_github_would_hide_stands_in_the_log() -> None:
    lines = list(workflow_commands([problem(0, 1, f"odd {number}") for number in range(MOST + 2)], named))
    assert [line.partition(" ")[0] for line in lines[: MOST + 1]] == ["::warning"] * MOST + ["a"]
    assert lines[MOST] == "a b.yaml:1:1: warning[braced-operand]: odd 10"
    assert lines[-1] == "::notice title=arazzo::2 more warnings in the log: GitHub shows 10 of a kind"


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": {"type": "string"}},
}
COUNT = {"type": "integer", "minimum": 1}
REGION = {
    "type": "object",
    "required": ["startLine"],
    "additionalProperties": False,
    "properties": dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), COUNT),
}
PLACE = {
    "type": "object",
    "required": ["artifactLocation"],
    "additionalProperties": False,
    "properties": {"artifactLocation": ARTIFACT, "region": REGION},
}
REPLACEMENT = {
    "type": "object",
    "required": ["deletedRegion"],
    "properties": {"deletedRegion": REGION, "insertedContent": {"type": "object", "required": ["text"]}},
}
RESULT = {
    "type": "object",
    "required": ["message", "ruleId"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": {"type": "object", "properties": {"physicalLocation": PLACE}}},
        "relatedLocations": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "object", "properties": {"id": {"type": "integer"}, "physicalLocation": PLACE}},
        },
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "fixes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["artifactChanges"],
                "properties": {
                    "description": TEXT,
                    "artifactChanges": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["artifactLocation", "replacements"],
                            "properties": {
                                "artifactLocation": ARTIFACT,
                                "replacements": {"type": "array", "minItems": 1, "items": REPLACEMENT},
                            },
                        },
                    },
                },
            },
        },
    },
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "rules": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {"id": {"type": "string"}, "shortDescription": TEXT, "help": TEXT},
            },
        },
    },
}
LOG: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {"type": "object", "required": ["driver"], "properties": {"driver": DRIVER}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""What the schema of SARIF 2.1.0 asks of the parts that are written here."""


def address(source: Source) -> tuple[str, bool]:
    return ("a%20b.yaml", True) if source is SOURCE else (source.uri, False)


FOUND = [
    problem(3, 9, fix=Fix("write $x", (Rewrite("/a", "$x"),))),
    problem(3, 9, "worse", "error", related=(Label(Span(REMOTE, 0, 1), "declared here"),), notes=("so it is",)),
    problem(14, 21, "odd", fix=Fix("did you mean 'c'?")),
    Diagnostic("unknown-to-all", "error", "gone", Span(Source("file:///x", "x", ""), 0, 0)),
]


def test_a_sarif_log_is_what_its_schema_asks_for() -> None:
    log = sarif_log(FOUND, rulebook(), address)
    assert [str(each) for each in compile_schema(LOG).errors(log)] == []


def test_a_result_points_at_its_rule_its_place_and_its_fix() -> None:
    (run,) = sarif_log(FOUND, rulebook(), address)["runs"]  # type: ignore[misc, union-attr]
    first, second, third, fourth = run["results"]  # type: ignore[call-overload, index, misc]
    rules = run["tool"]["driver"]["rules"]  # type: ignore[call-overload, index]
    assert rules[first["ruleIndex"]]["id"] == "braced-operand"
    assert "**Instead**: " in rules[first["ruleIndex"]]["help"]["markdown"]
    assert rules[fourth["ruleIndex"]] == {"id": "unknown-to-all"}
    assert first["fixes"][0]["artifactChanges"][0]["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 1, "endLine": 2, "endColumn": 1},
            "insertedContent": {"text": "a: '$x'\r\n"},
        }
    ]
    assert second["relatedLocations"][0]["physicalLocation"]["artifactLocation"] == {"uri": REMOTE.uri}
    assert second["message"]["text"] == "worse\nnote: so it is"
    assert "fixes" not in third
    assert "region" not in fourth["locations"][0]["physicalLocation"]


def test_findings_alike_have_fingerprints_of_their_own_that_stay_when_lines_move() -> None:
    def prints(text: str) -> list[str]:
        source = Source("file:///x.yaml", "x.yaml", text)
        at = text.index("a:")
        twice = [Diagnostic("r", "error", "odd", Span(source, at, at + 1))] * 2
        (run,) = sarif_log(twice, {}, named_and_relative)["runs"]  # type: ignore[misc, union-attr]
        return [each["partialFingerprints"]["arazzo/v1"] for each in run["results"]]  # type: ignore[call-overload, index, union-attr]

    assert prints("a: 1\n") == prints("# more\n\na: 1\n")
    assert len(set(prints("a: 1\n"))) == 2


def named_and_relative(source: Source) -> tuple[str, bool]:
    return source.name, True


@pytest.mark.parametrize(
    ("before", "after"), [("a\nb\nc\n", "a\nB\nc\n"), ("a\n", ""), ("", "a"), ("a\r\nb", "a\r\nb\n")]
)
def test_replacements_make_the_new_text(before: str, after: str) -> None:
    made, last = "", 0
    for start, end, text in replaced(before, after):
        made += before[last:start] + text
        last = end
    assert made + before[last:] == after


def test_a_comment_that_is_taken_away_is_a_fix_too() -> None:
    source = Source("file:///x.yaml", "x.yaml", "a: 1 # arazzo: ignore[r]\n")
    said = Diagnostic("unused-ignore", "warning", "odd", Span(source, 5, 24), fix=Fix("away", (Recomment(5, 24),)))
    (run,) = sarif_log([said], {}, named_and_relative)["runs"]  # type: ignore[misc, union-attr]
    fix = run["results"][0]["fixes"][0]  # type: ignore[call-overload, index]
    assert fix["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "a: 1\n"}  # type: ignore[call-overload, index]


def test_a_diff_says_where_a_last_line_has_no_break() -> None:
    assert list(unified("f", "a\nb", "a\nc")) == [
        "--- f\n",
        "+++ f\n",
        "@@ -1,2 +1,2 @@\n",
        " a\n",
        "-b\n\\ No newline at end of file\n",
        "+c\n\\ No newline at end of file\n",
    ]

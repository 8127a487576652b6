"""Every rule that can be told is explained, and every explanation is whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.rulebook import Rule, rulebook
from tests.cli.process import arazzo

PACKAGE = Path(__file__).parents[1] / "runner"
MAKERS = {"Diagnostic", "error", "warning", "_problem", "problem", "repaired"}
NAME = re.compile(r"[a-z]+(?:-[a-z]+)+")
# A scenario of the sandbox is no document: what is wrong with one is told as it is read, and needs no more. Nor are the
# drift of a replay and what a report left out said of a document.
ELSEWHERE = {"scenario-key", "scenario-missing", "scenario-value", "replay-drift", "left-out"}


def told() -> Iterator[str]:
    """Find the names of rules in the calls that make diagnostics."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in MAKERS:
                arguments = [*node.args[:2], *(each.value for each in node.keywords if each.arg == "rule")]
                constants = (each for argument in arguments for each in ast.walk(argument))
                for each in constants:
                    if isinstance(each, ast.Constant) and isinstance(each.value, str) and NAME.fullmatch(each.value):
                        yield each.value


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_every_rule_that_can_be_told_is_explained() -> None:
    names = set(told())
    assert len(names) > 80
    assert names - ELSEWHERE <= rulebook().keys()


@pytest.mark.parametrize("rule", rulebook().values(), ids=lambda rule: rule.name)
def test_an_explanation_says_what_why_for_instance_and_what_instead(rule: Rule) -> None:
    assert rule.about.endswith(".")
    for part in (rule.why, rule.example, rule.instead):
        assert part
    assert NAME.fullmatch(rule.name)


@pytest.mark.parametrize("written", ["missing-source", "[missing-source]", "error[missing-source]", "Missing_Source"])
def test_a_rule_is_explained_by_its_name_however_it_is_copied(written: str) -> None:
    shown = arazzo("explain", written)
    assert shown.code == 0
    assert shown.out.startswith("missing-source\n")
    assert "--source-root" in shown.out


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    refused = arazzo("explain", "mising-source")
    assert (refused.code, refused.out) == (2, "")
    assert "did you mean 'missing-source'?" in refused.err


def test_without_a_name_all_are_listed() -> None:
    assert len(arazzo("explain").out.splitlines()) == len(rulebook())
    assert {each["rule"] for each in arazzo("explain", "--format", "json").json} == rulebook().keys()

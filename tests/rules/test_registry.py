"""Every rule that can be reported is known by name, and explains itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from runner.rules.registry import Rule, known_rules, read_rule

PACKAGE = Path(__file__).parents[2] / "runner"
REPORTS = {"Diagnostic", "error", "warning", "repaired", "_problem"}
"""The functions that make a diagnostic of a rule's name."""
NAME = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")


@cache
def emitted() -> Mapping[str, str]:
    """Every name that code reports something by, and where it does."""
    return dict(_emitted())


def _emitted() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node.func) in REPORTS:
                named = [keyword.value for keyword in node.keywords if keyword.arg == "rule"]
                for text in (text for each in (*node.args[:2], *named) for text in _texts(each)):
                    if NAME.fullmatch(text):
                        yield text, f"{path.relative_to(PACKAGE)}:{node.lineno}"


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_name_that_is_reported_is_a_rule() -> None:
    unknown = {name: where for name, where in emitted().items() if name not in known_rules()}
    unknown = {name: where for name, where in unknown.items() if not where.startswith(("loader", "openapi"))}
    assert unknown == {}


@pytest.mark.parametrize("rule", known_rules().values(), ids=list(known_rules()))
def test_a_rule_explains_itself(rule: Rule) -> None:
    assert rule.summary.endswith(".")
    assert "\n\n" not in rule.summary
    assert all((rule.why, rule.example, rule.instead)), rule


@pytest.mark.parametrize("name", known_rules())
def test_a_rule_reports_by_the_name_of_its_function(name: str) -> None:
    if not known_rules()[name].is_repair:  # those are named after their functions by `mend`
        assert name in {*emitted(), "refused"}


def test_a_docstring_is_read_by_its_sections() -> None:
    text = """Something is odd.

    Why: it is, and
    goes on.
    Example: `odd`.
    Instead: `even`.
    """
    assert read_rule("odd", text) == Rule("odd", "Something is odd.", "it is, and\ngoes on.", "`odd`.", "`even`.")

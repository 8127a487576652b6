"""Whatever an author wrote, and however much of it, what is said of it can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import api
from runner.diagnostics import LONGEST, Diagnostic, Fix, Label, Rewrite
from runner.reporters.diagnostics import render_concise, render_full
from runner.reporters.style import Style
from runner.source import Source, Span

LONG = "x" * 40_000
API = """openapi: 3.0.3
info: {title: A, version: '1'}
servers: [{url: https://a.example}]
paths: {/a: {get: {operationId: a, responses: {'200': {description: a}}}}}
"""
DOCUMENT = """arazzo: 1.0.1
info: {title: Long, version: '1'}
sourceDescriptions: [{name: a, url: api.yaml, type: openapi}]
workflows:
  - workflowId: w
    steps:
      - stepId: one
        operationId: a
        parameters: [{name: p, in: query, value: VALUE}]
        successCriteria: [{condition: CONDITION}]
        outputs: {o: OUTPUT}
"""
WRITTEN = {
    "undeclared-input": {"VALUE": f"$inputs.{LONG}"},
    "property-path": {"OUTPUT": f"$response.body.{LONG}"},
    "undeclared-name": {"VALUE": f"$steps.{LONG}.outputs.o"},
    "condition": {"CONDITION": f"$statusCode == {LONG}"},
    "comparison": {"CONDITION": f"$.{LONG} == '{LONG}'"},
    "expression": {"VALUE": f"${LONG}"},
    "unbraced": {"VALUE": f"Bearer $inputs.{LONG}"},
    "operation": {"operationId: a": f"operationId: {LONG}"},
    "member": {"stepId: one": f"stepId: one\n        {LONG}: 1"},
    "location": {"in: query": f"in: {LONG}"},
    "url": {"url: api.yaml": f"url: {LONG}"},
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_what_is_said_of_a_long_text_is_short(written: dict[str, str], tmp_path: Path) -> None:
    text = DOCUMENT
    for place, long in {"VALUE": "1", "CONDITION": "$statusCode == 200", "OUTPUT": "$statusCode", **written}.items():
        text = text.replace(place, long)
    (tmp_path / "api.yaml").write_text(API, encoding="utf-8")
    (tmp_path / "long.arazzo.yaml").write_text(text, encoding="utf-8")
    found = api.check(str(tmp_path / "long.arazzo.yaml"), api.Sources(offline=True)).diagnostics
    assert found
    for each in found:
        assert len(render_concise(each)) < LONGEST + 400, each.rule
        assert len(render_full(each, Style())) < 4 * LONGEST, each.rule


def test_every_sentence_of_a_diagnostic_keeps_its_beginning_and_its_end() -> None:
    span = Span(Source("file:///a", "a", "a"), 0, 1)
    said = f"the name '{LONG}' is not known"
    each = Diagnostic("r", "error", said, span, said, (Label(span, said),), (said,), Fix(said, (Rewrite("/a", LONG),)))
    assert each.fix is not None
    for text in (each.message, each.label, each.related[0].text, each.notes[0], each.fix.title):
        assert len(text) == LONGEST
        assert text.startswith("the name 'x")
        assert text.endswith("x' is not known")
    assert each.fix.edits == (Rewrite("/a", LONG),)

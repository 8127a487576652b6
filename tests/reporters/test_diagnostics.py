"""Diagnostics are drawn as people need them."""

from __future__ import annotations

import pytest

from runner.diagnostics import Diagnostic, Fix, Label, Rewrite
from runner.reporters import snippet
from runner.reporters.diagnostics import render_concise, render_full, summary
from runner.reporters.style import Style
from runner.reporters.text import glyph
from runner.reporters.text import width as cells
from runner.source import Source, Span

from .golden import agrees

PLAIN = Style(width=80)


def at(text: str, meant: str, name: str = "flow.yaml") -> Span:
    source = Source(f"file:///{name}", name, text)
    start = text.index(meant)
    return Span(source, start, start + len(meant))


def within(span: Span, meant: str) -> Span:
    start = span.source.text.index(meant)
    return Span(span.source, start, start + len(meant))


YAML = "workflows:\n  - workflowId: pay\n    steps:\n      - stepId: charge\n      - stepId: logn\n"
LOGN = at(YAML, "logn")
LONG = "a: " + "x" * 200 + " HERE " + "y" * 200

CASES = {
    "plain": Diagnostic("unknown-step", "error", "there is no step 'logn'", LOGN),
    "everything": Diagnostic(
        "unknown-step",
        "error",
        "there is no step 'logn'",
        LOGN,
        "not a step of this workflow",
        (Label(within(LOGN, "workflowId: pay"), "this workflow"), Label(at("x: 1", "x", "api.yaml"), "and there")),
        ("steps are looked up by stepId", "two\nlines"),
        Fix("did you mean 'login'?"),
    ),
    "neighbours": Diagnostic("r", "warning", "m", LOGN, "here", (Label(within(LOGN, "charge"), "and here"),)),
    "same-line": Diagnostic(
        "r", "error", "m", at("a: b, c: d", "c"), "second", (Label(at("a: b, c: d", "a"), "first"),)
    ),
    "several-lines": Diagnostic("r", "error", "m", within(LOGN, "steps:\n      - stepId"), "from here"),
    "tabs-and-wide": Diagnostic("r", "error", "m", at("\tname: 価格\t値 x", "値"), "the value"),
    "combining": Diagnostic("r", "error", "m", at("e\u0301e\u0301 x", "x"), "after two letters"),
    "controls": Diagnostic("r", "error", "bad \x1b[31m", at("a: \x1b[2J\u202e b", "b"), "after what is hidden"),
    "long-line": Diagnostic("r", "error", "m", at(LONG, "HERE"), "in the midst"),
    "long-line-end": Diagnostic("r", "error", "m", at("z" * 300 + " END", "END"), "at the end"),
    "long-span": Diagnostic("r", "error", "m", at("k: " + "v" * 300, "v" * 300), "too long"),
    "empty-span": Diagnostic("r", "error", "m", Span(LOGN.source, LOGN.end, LOGN.end), "something is missing"),
    "end-of-file": Diagnostic("r", "error", "m", Span(LOGN.source, len(YAML), len(YAML)), "nothing follows"),
    "no-text": Diagnostic("r", "error", "m", Span(Source("u", "empty.yaml", ""), 0, 0), "x", notes=("n",)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_diagnostic_is_drawn_at_its_line(name: str) -> None:
    assert agrees(f"diagnostics/{name}.txt", render_full(CASES[name], PLAIN) + "\n")


def test_colour_changes_nothing_but_the_colour() -> None:
    coloured = render_full(CASES["everything"], Style(color=True, width=80))
    assert agrees("diagnostics/colour.txt", coloured.replace("\x1b", "ESC") + "\n")
    plain = "".join(part.partition("m")[2] if index else part for index, part in enumerate(coloured.split("\x1b[")))
    assert plain == render_full(CASES["everything"], PLAIN)


@pytest.mark.parametrize("width", [1, 20, 43, 80, 500])
def test_a_caret_stands_under_what_is_meant_however_narrow_the_terminal(width: int) -> None:
    lines = render_full(CASES["long-line"], Style(width=width)).split("\n")
    quoted = next(line for line in lines if "HERE" in line)
    caret = next(line for line in lines if "^" in line)
    assert quoted.index("HERE") == caret.index("^^^^")


@pytest.mark.parametrize("width", [1, 43, 80, 500])
@pytest.mark.parametrize("before", ["x", "価", "e\u0301", "\t", "\ta価e\u0301 \x1b"])
def test_a_caret_stands_under_what_is_meant_whatever_stands_before_it(before: str, width: int) -> None:
    text = before * 60 + "HERE" + "価" * 60
    lines = render_full(Diagnostic("r", "error", "m", at(text, "HERE")), Style(width=width)).split("\n")
    quoted = next(line for line in lines if "HERE" in line)
    caret = next(line for line in lines if "^" in line)
    assert cells(quoted.partition("HERE")[0]) == cells(caret.partition("^^^^")[0])


def test_a_line_is_measured_once_however_many_problems_lie_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def counted(char: str) -> str:
        measured.append(char)
        return glyph(char)

    monkeypatch.setattr(snippet, "glyph", counted)
    source = Source("file:///one.json", "one.json", "é" + "x" * 500)
    for place in range(100):
        render_full(Diagnostic("r", "error", "m", Span(source, place, place + 3)), PLAIN)
    assert len(measured) == len(source.text)


def test_the_concise_form_is_one_line() -> None:
    fixed = Diagnostic("r", "warning", "two\nlines", LOGN, fix=Fix("t", (Rewrite("/x", "login"),)))
    assert render_concise(fixed) == "flow.yaml:5:17: warning[r]: two lines"


@pytest.mark.parametrize(
    ("errors", "warnings", "text"),
    [(0, 0, "no problems"), (2, 1, "2 errors, 1 warning"), (1, 0, "1 error"), (0, 3, "3 warnings")],
)
def test_a_summary_counts(errors: int, warnings: int, text: str) -> None:
    found = [Diagnostic("r", "error", "m", LOGN)] * errors + [Diagnostic("r", "warning", "m", LOGN)] * warnings
    assert summary(found) == text

"""How each kind of report is made; what it is made with is imported when it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, TypeAlias

from runner.cli.checkout import Checkout
from runner.diagnostics import Diagnostic
from runner.plan.plan import Plan
from runner.reporters.chapters import Chapters
from runner.reporters.junit_form import JUnitForm
from runner.reporters.reporter import Reporter

if TYPE_CHECKING:
    from runner.reporters.coverage.reach import CoverageRecorder
    from runner.reporters.quality import Render


class Told(Protocol):
    """What reports are made with, besides what they are told."""

    document: str
    diagnostics: tuple[Diagnostic, ...]
    junit_form: JUnitForm
    chapters: Chapters
    plans: tuple[Plan, ...]

    @property
    def covered(self) -> CoverageRecorder: ...

    @property
    def checkout(self) -> Checkout: ...


Make: TypeAlias = Callable[[TextIO, Told], Reporter]


def _junit(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.junit import JUnit

    return JUnit(
        stream, outlets.diagnostics, document=outlets.document, form=outlets.junit_form, chapters=outlets.chapters
    )


def _json(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.json import JsonReport

    return JsonReport(stream, outlets.diagnostics, chapters=outlets.chapters)


def _jsonl(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.jsonl import JsonLines

    return JsonLines(stream, diagnostics=outlets.diagnostics, document=outlets.document)


def _tap(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.tap import Tap

    return Tap(stream, outlets.diagnostics, chapters=outlets.chapters)


def _har(stream: TextIO, _outlets: Told) -> Reporter:
    from runner.reporters.har import Har

    return Har(stream)


def _github(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.quality import workflow_annotations

    return _quality(workflow_annotations(outlets.checkout.path), stream, outlets)


def _summary(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.summary import Summary

    return Summary(stream, outlets.checkout.path, outlets.diagnostics, chapters=outlets.chapters)


def _gitlab(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.quality import code_quality

    return _quality(code_quality(outlets.checkout.path), stream, outlets)


def _sarif(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.quality import drift_log

    return _quality(drift_log(outlets.checkout.address), stream, outlets, drift=True)


def _quality(render: Render, stream: TextIO, outlets: Told, *, drift: bool = False) -> Reporter:
    from runner.reporters.quality import ComplaintReport

    return ComplaintReport(stream, render, outlets.diagnostics, drift=drift, chapters=outlets.chapters)


def _html(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.html.flow import chart_of
    from runner.reporters.html.report import HtmlReport

    return HtmlReport(stream, outlets.diagnostics, document=outlets.document, chart=chart_of(outlets.plans))


def _coverage(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.coverage.json import CoverageReport

    return CoverageReport(stream, outlets.covered)


def _coverage_page(stream: TextIO, outlets: Told) -> Reporter:
    from runner.reporters.coverage.html import CoveragePage

    return CoveragePage(stream, outlets.covered)


KINDS: Mapping[str, Make] = {
    "junit": _junit,
    "json": _json,
    "jsonl": _jsonl,
    "tap": _tap,
    "har": _har,
    "github": _github,
    "summary": _summary,
    "gitlab": _gitlab,
    "sarif": _sarif,
    "html": _html,
    "coverage": _coverage,
}
"""How each kind of report is made."""

ON_STDOUT, STDOUT = "github", Path("-")
"""The kind that may go to standard output, and the path that says so: GitHub reads annotations there."""

PAGES: Mapping[str, Make] = {"coverage": _coverage_page}
"""Those that are made as a page, where their path ends in `.html`."""

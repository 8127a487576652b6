"""Turns a run into one HTML page that needs nothing else, case by case: what is written is forgotten."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from typing import TextIO

from runner.diagnostics import Diagnostic
from runner.engine.events import CaseFinished, CaseSkipped, Entry, WorkflowFinished
from runner.reporters.html.case import Listed, line
from runner.reporters.html.flow import ChartOf, Gallery
from runner.reporters.html.markup import tag
from runner.reporters.html.page import foot, head, overview, title_of
from runner.reporters.html.totals import Totals
from runner.reporters.recorder import Recorder

MOST_LINES = 5000
"""Cases that a page holds; from there on only those that did not pass, up to twice as many."""

IN_MEMORY = 1024 * 1024
"""Characters that are kept in memory before a file takes them."""


class HtmlReport:
    """The cases wait in a temporary file for the head of the page, which has the totals.

    `diagnostics` tell why nothing ran; `chart` knows the plans, where there are any.
    """

    def __init__(
        self,
        stream: TextIO,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        document: str = "",
        chart: ChartOf | None = None,
    ) -> None:
        self._stream = stream
        self._diagnostics = tuple(diagnostics)
        self._document = document
        self._recorder = Recorder()
        self._gallery = Gallery(chart)
        self._totals = Totals()
        self._lines = 0
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - it is closed with the report
            IN_MEMORY, "w+", encoding="utf-8", newline="\n"
        )

    def tell(self, entry: Entry) -> None:
        recorder = self._recorder
        recorder.tell(entry)
        match entry.event:
            case CaseFinished() | CaseSkipped() if recorder.run.cases:
                self._write(Listed.of_case(recorder.run.cases[-1]))
                recorder.forget()
            case WorkflowFinished() if recorder.workflow is None and not recorder.run.cases:
                if recorder.run.workflows:  # a record may have lost where one began
                    self._write(Listed.of_workflows(recorder.run.workflows))
                recorder.forget()

    def _write(self, listed: Listed) -> None:
        self._totals.add(listed)
        passed = listed.outcome == "passed"
        if self._lines < (MOST_LINES if passed else 2 * MOST_LINES):
            self._lines += 1
            self._spool.write(line(listed, self._totals.cases, self._gallery) + "\n")

    def close(self) -> None:
        """Write the page; a run that was broken off is shown as far as it came."""
        run = self._recorder.run
        for case in run.cases:
            self._write(Listed.of_case(case))
        if run.workflows:
            self._write(Listed.of_workflows(run.workflows))
        run.document = run.document or self._document
        self._stream.write(head(f"{run.outcome}: {title_of(run)}"))
        left_out = self._totals.cases - self._lines
        self._stream.write(overview(run, self._totals, self._diagnostics, left_out))
        self._stream.write('<div class="cases">')
        with self._spool as spool:
            spool.seek(0)
            shutil.copyfileobj(spool, self._stream)
        self._stream.write(
            f"</div>{tag('p', 'No case fits the filter.', id='none', hidden=True)}{foot()}</body></html>\n"
        )
        self._stream.flush()

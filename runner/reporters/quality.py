"""Turns the complaints of a run into annotations of GitHub, code quality of GitLab, or SARIF of what drifted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TextIO, TypeAlias

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry
from runner.openapi.mismatch import Check
from runner.reporters.chapters import Chapters
from runner.reporters.complaints import TRUST, Complaint, Complaints, misgivings, refusals
from runner.reporters.github import workflow_commands
from runner.reporters.sarif import Address, sarif_log
from runner.reporters.text import one_line
from runner.source import Source
from runner.values import Json

Render: TypeAlias = Callable[[Sequence[Complaint]], str]


class ComplaintReport:
    """Written when it is closed, as `render` says; of what was wrong before anything ran, where nothing did.

    `drift`: broken contracts alone are told.
    """

    def __init__(
        self,
        stream: TextIO,
        render: Render,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        drift: bool = False,
        chapters: Chapters | None = None,
    ) -> None:
        self._stream = stream
        self._render = render
        self._refusals = refusals(diagnostics)
        self._complaints = Complaints(failures=not drift)
        self._chapters = chapters or Chapters()

    def tell(self, entry: Entry) -> None:
        for chapter in self._chapters.tell(entry):
            self._complaints.add(chapter)

    def close(self) -> None:
        for chapter in self._chapters.close():
            self._complaints.add(chapter)
        run = self._chapters.run
        has_run = run.started is not None
        told = [*self._complaints.worst_first(), *misgivings(run)] if has_run else self._refusals
        self._stream.write(self._render(told))
        self._stream.flush()


def workflow_annotations(path: Callable[[Source], str]) -> Render:
    """Write workflow commands of GitHub; `path` names a file from the root of the repository."""
    return lambda complaints: "".join(
        f"{line}\n" for line in workflow_commands([each.told() for each in complaints], path)
    )


def code_quality(path: Callable[[Source], str]) -> Render:
    """Write a code quality report of GitLab; `path` names a file from the root of the repository."""

    def render(complaints: Sequence[Complaint]) -> str:
        items = [_quality(each, path) for each in complaints]
        return json.dumps(items, indent=2) + "\n"

    return render


def drift_log(address: Address) -> Render:
    """Write a SARIF log, with what each check compares as its rule; how far to trust it is about the run as a whole."""

    def render(complaints: Sequence[Complaint]) -> str:
        drifts = [each for each in complaints if each.diagnostic.rule != TRUST]
        warnings = [each.diagnostic.message for each in complaints if each.diagnostic.rule == TRUST]
        marks = [each.fingerprint(address) for each in drifts]
        log = sarif_log([each.told() for each in drifts], DRIFT_RULES, address, marks, warnings)
        return json.dumps(log, indent=2) + "\n"

    return render


def _quality(complaint: Complaint, path: Callable[[Source], str]) -> dict[str, Json]:
    span = complaint.diagnostic.span
    description = one_line(complaint.diagnostic.message)
    return {
        "description": f"{description} ({complaint.seen})" if complaint.seen else description,
        "check_name": complaint.diagnostic.rule,
        "fingerprint": complaint.fingerprint(lambda source: (path(source), True)),
        "severity": "major" if complaint.severity == "error" else "minor",
        "location": {"path": path(span.source), "lines": {"begin": span.begin.line if span.source.text else 1}},
    }


class DriftRule(NamedTuple):
    """What is known of a check, as an explained rule."""

    about: str
    example: str
    why: str = "whoever reads the API description, or generates a client from it, relies on it"
    instead: str = "mend the API, or its description where that is what is wrong"


_DRIFT: Mapping[Check, DriftRule] = {
    "status": DriftRule(
        "A response has a status that the API description does not have.",
        "an operation that declares 200 and 404 answers 409",
    ),
    "content-type": DriftRule(
        "A response has a media type that is not described for its status, or a body where none is.",
        "an answer that is described as application/json is text/html",
    ),
    "headers": DriftRule(
        "A header that is required is missing, or a header does not fit its schema.",
        "X-Rate-Limit is described as an integer and is 'many'",
    ),
    "body": DriftRule(
        "The body of a response is not what it says it is, or does not fit its schema.",
        "the member 'id' is required and missing",
    ),
    "request": DriftRule(
        "What the workflow sent does not fit the API description.",
        "the parameter 'limit' is described as an integer and 'ten' was sent",
        "an API may refuse it, today or in its next version",
        "mend the workflow, or the API description where that is what is wrong",
    ),
}
DRIFT_RULES: Mapping[str, DriftRule] = {f"contract-{check}": rule for check, rule in _DRIFT.items()}

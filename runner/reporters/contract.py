"""Turns a finding into a drawing at both places, the step and the API description, and into lines for a report."""

from __future__ import annotations

from collections.abc import Iterator

from runner.diagnostics import Diagnostic, Label
from runner.reporters.curl import curl
from runner.reporters.evidence import response_excerpt
from runner.reporters.findings import Finding, offence, said
from runner.reporters.text import count, one_line

# What is not found among the documented ones; anything else is told beside what it does not satisfy.
_DOCUMENTED = {"status": "these are documented", "content-type": "these are documented"}


def finding_headline(finding: Finding) -> str:
    """Say a finding in one line, with the name of the step in it."""
    return f"step '{finding.step_ids[0]}': {said(finding)}"


def diagnose_finding(finding: Finding, *, evidence: bool) -> Diagnostic | None:
    """Draw a finding at its step and at what it does not satisfy; None where neither has a place.

    `evidence` adds what was sent and what came back.
    """
    breach = finding.breach
    places = [
        *([Label(finding.span, _seen(finding))] if finding.span else []),
        *([Label(breach.declared, _expectation(finding))] if breach.declared else []),
    ]
    if not places:
        return None
    first, *others = places
    exchange = finding.exchange if evidence else None
    notes = (curl(exchange.sent), response_excerpt(exchange)) if exchange else ()
    rule = f"contract-{breach.mismatch.check}"
    return Diagnostic(rule, finding.severity, finding_headline(finding), first.span, first.text, tuple(others), notes)


def _seen(finding: Finding) -> str:
    if finding.count == 1:
        return ""
    others = len(finding.step_ids) - 1
    return f"seen {count(finding.count, 'time')}" + (f", here and in {count(others, 'other step')}" if others else "")


def _expectation(finding: Finding) -> str:
    mismatch = finding.breach.mismatch
    return _DOCUMENTED.get(mismatch.check, f"{mismatch.message}{offence(finding)}")


def report_lines(finding: Finding) -> Iterator[str]:
    """Say a finding for a text report: what is wrong, how often, and where the description says otherwise."""
    times = f" ({count(finding.count, 'time')})" if finding.count > 1 else ""
    yield f"contract {finding.severity}: {one_line(said(finding))}{times}"
    if finding.breach.declared:
        yield f"  declared at {one_line(str(finding.breach.declared))}"

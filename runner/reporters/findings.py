"""Turns the broken contracts of many exchanges into findings: each once, with how often and where it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from runner.diagnostics import Severity
from runner.engine.events import Breach
from runner.exchange import Exchange
from runner.records import Mutable, field
from runner.reporters.text import shown
from runner.source import Span
from runner.values import ABSENT


class Finding(Mutable):
    """A breach as it was first seen: its exchange, and its place in the workflow.

    `count` is the number of exchanges in which it was seen, `step_ids` are the steps they belong to.
    """

    breach: Breach
    exchange: Exchange | None
    span: Span | None
    step_ids: list[str] = field(default_factory=list)
    count: int = 1

    @property
    def severity(self) -> Severity:
        return self.breach.severity


Findings: TypeAlias = dict[tuple[object, ...], Finding]


def note(findings: Findings, new: Finding) -> None:
    """Take a finding in, or count it where it is there already."""
    key = (new.severity, *new.breach.mismatch.identity)
    known = findings.setdefault(key, new)
    if known is not new:
        known.count += new.count
        known.step_ids += [step_id for step_id in new.step_ids if step_id not in known.step_ids]


def merged(many: Iterable[Mapping[tuple[object, ...], Finding]]) -> list[Finding]:
    """Fold the findings of several steps into one list, errors first."""
    found: Findings = {}
    for findings in many:
        for each in findings.values():
            note(found, Finding(each.breach, each.exchange, each.span, [*each.step_ids], each.count))
    return sorted(found.values(), key=lambda finding: finding.severity)


def said(finding: Finding) -> str:
    """Say a finding in one line, with the value at fault."""
    mismatch = finding.breach.mismatch
    more = f" (and {mismatch.count - 1} more like it)" if mismatch.count > 1 else ""
    return f"{mismatch.statement}{offence(finding)}{more}"


def offence(finding: Finding) -> str:
    """Give the value at fault, or what is wrong with it under each alternative, as the end of a sentence."""
    mismatch = finding.breach.mismatch
    if mismatch.causes:
        return f": {mismatch.causes}"
    return f", is {shown(mismatch.value, 60)}" if mismatch.value is not ABSENT else ""

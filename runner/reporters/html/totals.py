"""Adds up the cases of a run, none of which is kept."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from runner.records import Mutable, field
from runner.reporters.findings import Finding, Findings, note
from runner.reporters.html.case import Listed

MOST_FINDINGS = 200
"""Broken contracts that are told apart; of a run with more of them the first are enough to begin with."""


MOST_FAILURES = 20
"""Cases that did not pass and are named at the head of the page."""


class Failure(NamedTuple):
    """A case that did not pass: its number, its name, and why in a line."""

    number: int
    name: str
    message: str


class Totals(Mutable):
    """What the head of the page says of all cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    requests: int = 0
    recovered: int = 0
    findings: Findings = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.outcomes.total()

    def add(self, listed: Listed) -> None:
        """Count a case in."""
        self.outcomes["failed" if listed.outcome == "error" else listed.outcome] += 1
        self.tags.update(listed.tags)
        if listed.outcome in ("failed", "error") and len(self.failures) < MOST_FAILURES:
            self.failures.append(Failure(self.cases, listed.name, listed.message))
        for workflow in listed.run.all_workflows():
            for step in workflow.all_steps:
                self.steps += 1
                self.requests += len(step.exchanges)
                self.recovered += step.recovered
        for finding in listed.run.findings():
            note(self.findings, Finding(finding.breach, None, finding.span, [*finding.step_ids], finding.count))
        while len(self.findings) > MOST_FINDINGS:
            self.findings.popitem()

    def sorted_findings(self) -> list[Finding]:
        """Give the broken contracts, errors first."""
        return sorted(self.findings.values(), key=lambda finding: finding.severity)

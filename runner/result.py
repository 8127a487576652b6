"""What a run came to, for a caller: a fold over its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.engine.events import Entry, Outcome, Problem, WorkflowFinished
from runner.values import Value


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a run. `outputs` are those of the last workflow that was asked for; secrets are not taken out."""

    outcome: Outcome
    outputs: Mapping[str, Value]
    problem: Problem | None
    entries: tuple[Entry, ...] = field(repr=False)


def result_of(outcome: Outcome, entries: tuple[Entry, ...]) -> Result:
    """Fold the entries of a run; the last workflow to finish is the last one that was asked for."""
    finished = [entry.event for entry in entries if isinstance(entry.event, WorkflowFinished)]
    if not finished:
        return Result(outcome, {}, None, entries)
    return Result(outcome, finished[-1].outputs, finished[-1].problem, entries)

"""What a run came to, for a caller: a fold over its entries."""

from __future__ import annotations

from collections.abc import Mapping

from runner.engine.events import Breach, ContractChecked, Entry, Outcome, Problem, WorkflowFinished
from runner.records import Frozen
from runner.values import Value


class Result(Frozen):
    """The outcome of a run. `outputs` are those of the last workflow that was asked for, with the secrets in them.

    `problem` says why it did not pass, and `entries` are everything that happened. Where bodies and values in them come
    to more than 64 MiB, the oldest are cut to their beginnings: what tells of a run as it happens is told of all.
    """

    outcome: Outcome
    outputs: Mapping[str, Value]
    problem: Problem | None
    entries: tuple[Entry, ...]
    HIDDEN = ("outputs", "entries")

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Give where requests and replies differed from their API descriptions, in the order in which it was seen."""
        checked = (entry.event for entry in self.entries)
        return tuple(breach for event in checked if isinstance(event, ContractChecked) for breach in event.breaches)


def result_of(outcome: Outcome, entries: tuple[Entry, ...]) -> Result:
    """Fold the entries of a run; the last workflow to finish is the last one that was asked for."""
    finished = [entry.event for entry in entries if isinstance(entry.event, WorkflowFinished)]
    if not finished:
        return Result(outcome, {}, None, entries)
    return Result(outcome, finished[-1].outputs, finished[-1].problem, entries)

"""Turns two runs into what changed between them: of their cases, the steps of these, and what the APIs promised."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import takewhile
from typing import Literal, NamedTuple, TypeAlias

from runner.engine.events import Entry
from runner.exchange import Response
from runner.records import Frozen, Mutable, field
from runner.reporters.chapters import Chapter, chapters_of
from runner.reporters.complaints import Complaint, Complaints
from runner.reporters.names import Names
from runner.reporters.record import StepRecord, WorkflowRecord
from runner.reporters.text import cut, seconds, shown
from runner.values import Value

What: TypeAlias = Literal["case", "outcome", "status", "output", "duration", "contract"]
Trend: TypeAlias = Literal["worse", "better", "changed"]

SLOWER, MARGIN = 2.0, 1.0
"""A duration is told where it is this many times what it was, and this many seconds more or less: less is noise."""

_KEPT = 240  # characters of a value, to find out where it differs
_SHOWN, _LEAD = 60, 12
_RED = ("failed", "error")


class Change(NamedTuple):
    """One thing that is not as it was. `step` is empty where it is of the whole case, `case` where it is of an API.

    `before` and `after` are empty where there is nothing.
    """

    what: What
    trend: Trend
    case: str
    step: str
    name: str
    before: str
    after: str


class _Output(NamedTuple):
    """A value, as far as it is shown, and what tells it from others."""

    text: str
    digest: bytes


class _Step(Frozen):
    outcome: str
    status: str
    outputs: Mapping[str, _Output]
    took: float


class _Case(Frozen):
    outcome: str
    took: float
    steps: Mapping[str, _Step]
    outputs: Mapping[str, _Output]


class Told(Mutable):
    """What is remembered of a run: how each case ended, and the broken contracts. No body is."""

    cases: dict[str, _Case] = field(default_factory=dict)
    contracts: dict[tuple[str, ...], Complaint] = field(default_factory=dict)

    @property
    def red(self) -> int:
        return sum(case.outcome in _RED for case in self.cases.values())


def told(entries: Iterable[Entry]) -> Told:
    """Fold a run into what can be compared."""
    found, complaints, names = Told(), Complaints(failures=False), Names()
    for chapter in chapters_of(entries):
        complaints.add(chapter)
        found.cases[names.unique(chapter.name)] = _case(chapter)
    found.contracts = {each.key: each for each in complaints.worst_first()}
    return found


def compare(before: Told, after: Told) -> Iterator[Change]:
    """Tell what changed, case by case in the order of the later run; then what is gone, then the contracts."""
    for name, case in after.cases.items():
        known = before.cases.get(name)
        if known is None:
            trend: Trend = "worse" if case.outcome in _RED else "changed"
            yield Change("case", trend, name, "", "", "", case.outcome)
        elif known != case:
            yield from _case_changes(name, known, case)
    for name, case in before.cases.items():
        if name not in after.cases:
            yield Change("case", "changed", name, "", "", case.outcome, "")
    yield from _contract_changes(before.contracts, after.contracts)


def _case_changes(name: str, before: _Case, after: _Case) -> Iterator[Change]:
    if before.outcome != after.outcome:
        yield Change("outcome", _trend(before.outcome, after.outcome), name, "", "", before.outcome, after.outcome)
    yield from _duration(name, "", before.took, after.took)
    for step, now in after.steps.items():
        if (then := before.steps.get(step)) is not None:
            yield from _step_changes(name, step, then, now)
        else:
            yield Change("outcome", "changed", name, step, "", "", now.outcome)
    for step, then in before.steps.items():
        if step not in after.steps:
            yield Change("outcome", "changed", name, step, "", then.outcome, "")
    yield from _outputs(name, "", before.outputs, after.outputs)


def _step_changes(case: str, step: str, before: _Step, after: _Step) -> Iterator[Change]:
    if before.outcome != after.outcome:
        yield Change("outcome", "changed", case, step, "", before.outcome, after.outcome)
    if before.status != after.status:
        yield Change("status", "changed", case, step, "", before.status, after.status)
    yield from _outputs(case, step, before.outputs, after.outputs)
    yield from _duration(case, step, before.took, after.took)


def _outputs(case: str, step: str, before: Mapping[str, _Output], after: Mapping[str, _Output]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        then, now = before.get(name), after.get(name)
        if then != now:
            texts = _differing(then.text if then else "", now.text if now else "")
            yield Change("output", "changed", case, step, name, *texts)


def _differing(before: str, after: str) -> tuple[str, str]:
    """Cut two texts so that it can be seen where they differ, if that is among what was kept of them."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    if same <= _SHOWN // 2 or before == after:
        return cut(before, _SHOWN), cut(after, _SHOWN)
    return cut("…" + before[same - _LEAD :], _SHOWN), cut("…" + after[same - _LEAD :], _SHOWN)


def _duration(case: str, step: str, before: float, after: float) -> Iterator[Change]:
    low, high = sorted((before, after))
    if high - low > MARGIN and high > SLOWER * low:
        yield Change("duration", "changed", case, step, "", seconds(before), seconds(after))


def _contract_changes(
    before: Mapping[tuple[str, ...], Complaint], after: Mapping[tuple[str, ...], Complaint]
) -> Iterator[Change]:
    for key, now in after.items():
        then = before.get(key)
        if then is None or (then.severity, now.severity) == ("warning", "error"):
            yield _contract("worse", key, then, now)
        elif then.severity != now.severity:
            yield _contract("better", key, then, now)
    for key, then in before.items():
        if key not in after:
            yield _contract("better", key, then, None)


def _contract(trend: Trend, key: tuple[str, ...], before: Complaint | None, after: Complaint | None) -> Change:
    told_ = after or before
    assert told_ is not None
    message = told_.diagnostic.message
    return Change(
        "contract", trend, "", "", message, before.severity if before else "", after.severity if after else ""
    )


def _trend(before: str, after: str) -> Trend:
    if after in _RED and before not in _RED:
        return "worse"
    return "better" if before in _RED and after == "passed" else "changed"


def _case(chapter: Chapter) -> _Case:
    names = Names()
    steps = {
        names.unique(_step_name(chapter, workflow, step)): _step(step)
        for workflow in chapter.all_workflows()
        for step in workflow.all_steps
    }
    outcome = "skipped" if chapter.case and chapter.case.skipped else chapter.outcome
    return _Case(outcome, chapter.took, steps, _values(chapter.head.outputs) if chapter.head else {})


def _step_name(chapter: Chapter, workflow: WorkflowRecord, step: StepRecord) -> str:
    return step.step_id if workflow is chapter.head else f"{workflow.workflow_id}.{step.step_id}"


def _step(step: StepRecord) -> _Step:
    reply = step.exchange.reply if step.exchange else None
    status = (
        "" if reply is None else str(reply.status) if isinstance(reply, Response) else f"no response ({reply.kind})"
    )
    return _Step(step.outcome, status, _values(step.outputs), step.took)


def _values(values: Mapping[str, Value]) -> Mapping[str, _Output]:
    return {name: _Output(shown(value, _KEPT), _digest(value)) for name, value in values.items()}


def _digest(value: Value) -> bytes:
    return sha256(json.dumps(value, sort_keys=True, default=repr).encode()).digest()[:12]

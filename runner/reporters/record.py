"""What reports know of a run: a tree of workflows of steps, as far as it has been told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from runner.engine.events import (
    ActionTaken,
    Case,
    CriterionChecked,
    Outcome,
    Problem,
    ProblemKind,
    ServerUsed,
    StepOutline,
)
from runner.exchange import Exchange
from runner.records import Mutable, field
from runner.reporters.findings import Finding, Findings, merged
from runner.source import Span
from runner.values import InputValue, Value

TOLD_ELSEWHERE: frozenset[ProblemKind] = frozenset({"contract", "teardown"})
"""Problems of a workflow that are told where they happened: at a step, or with its teardown."""


def elapsed(started: float, finished: float | None) -> float:
    """Give the seconds between two moments, none where there is no end yet, or the clock was set back in between."""
    return 0.0 if finished is None else max(0.0, finished - started)


class Moment(NamedTuple):
    """When a request or a wait of a step was, in seconds since 1970.

    `sent` and `received` are the bytes of the bodies as they were before a record cut them.
    """

    kind: Literal["request", "wait"]
    started: float
    finished: float
    sent: int = 0
    received: int = 0


class StepRecord(Mutable):
    """One visit of a step. Until it has finished its outcome is `error`: it could not be found out.

    `exchanges` are the requests of all attempts, `criteria` those of the last attempt, `problems` of the attempts that
    did not pass, `findings` the broken contracts of all attempts; `called` are the workflows that ran inside it.
    `moments` are the requests, one for each of `exchanges`, and the waits, in the order in which they ended.
    `waited` is in seconds, `started` and `finished` in seconds since 1970.
    """

    step_id: str
    kind: Literal["operation", "workflow"]
    target: str
    started: float
    operation_id: str | None = None
    description: str = ""
    span: Span | None = None
    outcome: Outcome = "error"
    attempts: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    criteria: list[CriterionChecked] = field(default_factory=list)
    action_criteria: list[CriterionChecked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unreadable: str | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)
    action: str | None = None
    actions: list[ActionTaken] = field(default_factory=list)
    called: list[WorkflowRecord] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    waited: float = 0.0
    problem: Problem | None = None
    recovered: bool = False
    finished: float | None = None
    findings: Findings = field(default_factory=dict)
    in_teardown: bool = False
    between: bool = False
    """Whether an attempt is over and the next one has not shown itself."""

    @property
    def exchange(self) -> Exchange | None:
        """The last one."""
        return self.exchanges[-1] if self.exchanges else None

    @property
    def workflow(self) -> WorkflowRecord | None:
        """The workflow that was called last; one that `goto` reached from there does not count."""
        called = [record for record in self.called if record.reason in ("call", "retry")]
        return called[-1] if called else None

    @property
    def failed(self) -> bool:
        """Whether it did not pass, and no action went on from there."""
        return self.outcome != "passed" and not self.recovered

    @property
    def took(self) -> float:
        return elapsed(self.started, self.finished)


class TeardownRecord(Mutable):
    """The teardown of a workflow: the visits of its steps, and why others had nothing to do, by stepId.

    `latest` is the last visit of each.
    """

    outline: tuple[StepOutline, ...]
    started: float
    steps: list[StepRecord] = field(default_factory=list)
    latest: dict[str, StepRecord] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = "error"
    problem: Problem | None = None
    finished: float | None = None

    @property
    def untold(self) -> Problem | None:
        """Why it failed, where no step of it says so."""
        return None if any(step.failed for step in self.steps) else self.problem

    def not_reached(self) -> list[StepOutline]:
        """Give the steps that were neither entered nor skipped."""
        reached = {step.step_id for step in self.steps} | self.skipped.keys()
        return [step for step in self.outline if step.step_id not in reached]

    def left_out(self) -> list[tuple[StepOutline, str]]:
        """Give the steps that did not run, in the order of the document, and why."""
        left = {step.step_id: "the teardown was broken off" for step in self.not_reached()} | self.skipped
        return [(each, left[each.step_id]) for each in self.outline if each.step_id in left]


class WorkflowRecord(Mutable):
    """One run of a workflow; `outline` are the steps it has, `steps` the visits of those that were reached.

    `latest` is the last visit of each, by stepId.

    `teardown` ran when those were over, and is told apart.
    `excused`: the step it ran in passed after all, or an action went on from there.
    `went_on`: a `goto` led to another workflow, which follows, and whose outcome is this one's.
    """

    workflow_id: str
    reason: Literal["asked", "dependency", "call", "goto", "retry"]
    inputs: Mapping[str, InputValue]
    outline: tuple[StepOutline, ...]
    started: float
    summary: str = ""
    span: Span | None = None
    outcome: Outcome = "error"
    steps: list[StepRecord] = field(default_factory=list)
    latest: dict[str, StepRecord] = field(default_factory=dict)
    teardown: TeardownRecord | None = None
    outputs: Mapping[str, Value] = field(default_factory=dict)
    problem: Problem | None = None
    went_on: bool = False
    excused: bool = False
    finished: float | None = None

    @property
    def took(self) -> float:
        return elapsed(self.started, self.finished)

    @property
    def all_steps(self) -> list[StepRecord]:
        """The visits of its own steps, then those of the teardown."""
        return [*self.steps, *(self.teardown.steps if self.teardown else ())]

    def not_reached(self) -> list[StepOutline]:
        """Give the own steps that were never entered, in the order of the document."""
        reached = {step.step_id for step in self.steps}
        return [step for step in self.outline if step.step_id not in reached]


Failure: TypeAlias = tuple[WorkflowRecord, StepRecord | None, Problem]


class CaseRecord(Mutable):
    """A case of a suite and the workflows that ran for it; `skipped` says why none did. Until its end it is `error`."""

    case: Case
    started: float
    workflows: list[WorkflowRecord] = field(default_factory=list)
    outcome: Outcome = "error"
    problem: Problem | None = None
    skipped: str = ""
    finished: float | None = None

    @property
    def took(self) -> float:
        return elapsed(self.started, self.finished)


class RunRecord(Mutable):
    """A run: the workflows that were asked for and those they depend on or went on to, in the order they started.

    Those of a suite's case are among them when it has finished.
    """

    document: str = ""
    title: str = ""
    workflow_ids: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    servers: tuple[ServerUsed, ...] = ()
    warnings: tuple[str, ...] = ()
    workflows: list[WorkflowRecord] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    outcome: Outcome = "error"
    started: float | None = None
    finished: float | None = None

    @property
    def took(self) -> float:
        return 0.0 if self.started is None else elapsed(self.started, self.finished)

    def all_workflows(self) -> Iterator[WorkflowRecord]:
        """Give every workflow that ran, a called one before the one that called it."""
        for workflow in self.workflows:
            yield from inside_out(workflow)

    def findings(self) -> list[Finding]:
        """Give the broken contracts of all steps, each once."""
        return merged(step.findings for workflow in self.all_workflows() for step in workflow.all_steps)

    def failures(self) -> Iterator[Failure]:
        """Give what did not pass, at its root: what happened in a called workflow, not that the call failed.

        A failure that an action recovered from is none, nor is anything that happened inside such a step. What failed
        in a teardown comes last. Broken contracts are told by `findings`.
        """
        yield from failures(self.workflows)


def inside_out(workflow: WorkflowRecord) -> Iterator[WorkflowRecord]:
    """Give a workflow and all that ran inside it, a called one before the one that called it."""
    for step in workflow.all_steps:
        for called in step.called:
            yield from inside_out(called)
    yield workflow


def failures(workflows: Iterable[WorkflowRecord]) -> Iterator[Failure]:
    """Give what did not pass in some workflows, at its root, and last what failed in a teardown."""
    known = tuple(workflows)
    for workflow in known:
        yield from _failures(workflow)
    for workflow in (each for outer in known for each in inside_out(outer)):
        if workflow.teardown:
            yield from _failures_of(workflow, workflow.teardown.steps)
            yield from ((workflow, None, problem) for problem in (workflow.teardown.untold,) if problem)


def _failures(workflow: WorkflowRecord) -> Iterator[Failure]:
    told = list(_failures_of(workflow, workflow.steps))
    yield from told
    problem = workflow.problem
    if told or workflow.went_on or problem is None or problem.kind in TOLD_ELSEWHERE:
        return
    if workflow.outcome != "passed":
        yield workflow, None, problem


def _failures_of(workflow: WorkflowRecord, steps: Iterable[StepRecord]) -> Iterator[Failure]:
    for step in steps:
        if not step.failed:
            continue
        deeper = [found for called in step.called for found in _failures(called)]
        yield from deeper
        if step.problem and not deeper:
            yield workflow, step, step.problem

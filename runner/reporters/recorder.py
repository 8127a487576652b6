"""Turns the stream of entries into a tree: a run of workflows of steps, as far as it has been told."""

from __future__ import annotations

from typing import TypeAlias, TypeVar, assert_never

from runner.engine.events import (
    ActionTaken,
    Answered,
    AttemptFinished,
    BodyUnreadable,
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    ContractChecked,
    CriterionChecked,
    Entry,
    RunFinished,
    RunStarted,
    SecretsLearned,
    StepFinished,
    StepSkipped,
    StepStarted,
    TeardownFinished,
    TeardownStarted,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange, Response
from runner.reporters.body import whole_length
from runner.reporters.findings import Finding, note
from runner.reporters.record import CaseRecord, Moment, RunRecord, StepRecord, TeardownRecord, WorkflowRecord
from runner.reporters.slim import EARLIER_LIMIT, slim_step, slim_workflow, trimmed

BODY_LIMIT = 16 * 1024
"""Bytes of each body that a record keeps: more than any report shows, little enough for ten thousand steps."""

Inside: TypeAlias = (
    Answered | BodyUnreadable | ContractChecked | CriterionChecked | AttemptFinished | ActionTaken | WaitStarted
)
"""What happens inside of a step."""

R = TypeVar("R", StepRecord, WorkflowRecord)


class Recorder:
    """Folds entries into a RunRecord, which may be looked at any time."""

    def __init__(self, body_limit: int = BODY_LIMIT, *, passed_bodies: bool = True) -> None:
        """`passed_bodies`: what was sent and received is kept also of a step that passed and broke no contract."""
        self.run = RunRecord()
        self._limit = body_limit
        self._passed_bodies = passed_bodies
        self._stack: list[WorkflowRecord | StepRecord] = []
        self._case: CaseRecord | None = None
        self._resting: tuple[StepRecord, float, float] | None = None

    def forget(self) -> None:
        """Forget the cases and workflows that have finished: a suite may have more of them than memory holds."""
        self.run.workflows.clear()
        self.run.cases[:] = [self._case] if self._case else []

    @property
    def is_idle(self) -> bool:
        """Whether nothing is open: neither a case nor a workflow."""
        return self._case is None and not self._stack

    @property
    def step(self) -> StepRecord | None:
        """The innermost step that is open."""
        for each in reversed(self._stack):
            if type(each) is StepRecord:
                return each
        return None

    @property
    def workflow(self) -> WorkflowRecord | None:
        """The innermost workflow that is open."""
        for each in reversed(self._stack):
            if type(each) is WorkflowRecord:
                return each
        return None

    @property
    def depth(self) -> int:
        """How many steps are open around the innermost workflow: 0 where nobody called it."""
        steps = 0
        depth = 0
        for each in self._stack:
            if isinstance(each, WorkflowRecord):
                depth = steps
            else:
                steps += 1
        return depth

    def tell(self, entry: Entry) -> None:
        self.run.finished = entry.at
        if self._resting is not None:
            self._end_wait(entry.at, *self._resting)
        match entry.event:  # what is told most often comes first
            case (CriterionChecked() | Answered() | ContractChecked() | AttemptFinished()) as event:
                self._inside(event, entry.at)
            case StepStarted() as event:
                self._open_step(event, entry.at)
            case StepFinished() as event:
                self._close_step(event, entry.at)
            case RunStarted() as event:
                self.run = RunRecord(
                    event.document,
                    event.title,
                    event.workflow_ids,
                    event.sources,
                    event.servers,
                    event.warnings,
                    started=entry.at,
                    finished=entry.at,
                )
            case CaseStarted(case) | CaseSkipped(case):
                self._open_case(case, entry)
            case CaseFinished() as event:
                self._close_case(event, entry.at)
            case WorkflowStarted() as event:
                self._open_workflow(event, entry.at)
            case WorkflowFinished() as event:
                self._close_workflow(event, entry.at)
            case TeardownStarted() | StepSkipped() | TeardownFinished() as event:
                if self.workflow:
                    _note_teardown(self.workflow, event, entry.at)
            case RunFinished(outcome):
                self.run.outcome = outcome
            case SecretsLearned():
                pass  # the redactor's
            case event:
                self._inside(event, entry.at)

    def _inside(self, event: Inside, at: float) -> None:
        if step := self.step:
            self._during(step, event, at)

    def _end_wait(self, at: float, step: StepRecord, seconds: float, since: float) -> None:
        """Count how long a step really waited: as long as it said, or until it was broken off."""
        ended = max(since, min(since + seconds, at))
        step.waited += ended - since
        step.moments.append(Moment("wait", since, ended))
        self._resting = None

    def _during(self, step: StepRecord, event: Inside, at: float) -> None:
        match event:
            case CriterionChecked():
                (step.criteria if event.action is None else step.action_criteria).append(event)
            case Answered(_, exchange):
                step.moments.append(_moment(exchange, at))
                _begin_attempt(step)
                if step.exchanges:
                    step.exchanges[-1] = trimmed(step.exchanges[-1], EARLIER_LIMIT)
                step.exchanges.append(trimmed(exchange, self._limit))
            case ContractChecked():
                for breach in event.breaches:
                    note(step.findings, Finding(breach, step.exchange, breach.span or step.span, [step.step_id]))
            case AttemptFinished(_, problem, outputs):
                _begin_attempt(step)
                step.attempts += 1
                step.outputs = outputs
                step.problem = problem
                if problem:
                    step.problems.append(problem)
                step.between = True
            case BodyUnreadable(_, problem):
                step.unreadable = problem
            case ActionTaken():
                step.actions.append(event)
            case WaitStarted():
                self._resting = (step, event.seconds, at)  # counted when it is over
            case _:
                assert_never(event)

    def _open_case(self, case: Case, entry: Entry) -> None:
        record = CaseRecord(case, entry.at)
        self.run.cases.append(record)
        if isinstance(entry.event, CaseSkipped):
            record.skipped, record.finished = entry.event.reason, entry.at
        else:
            self._case = record

    def _close_case(self, event: CaseFinished, at: float) -> None:
        if self._case is None:
            return
        self._case.outcome, self._case.problem, self._case.finished = event.outcome, event.problem, at
        self.run.workflows += self._case.workflows
        self._case = None

    def _siblings(self) -> list[WorkflowRecord]:
        if self.step:
            return self.step.called
        return self._case.workflows if self._case else self.run.workflows

    def _open_workflow(self, event: WorkflowStarted, at: float) -> None:
        record = WorkflowRecord(
            event.workflow_id, event.reason, event.inputs, event.steps, at, event.summary, event.span
        )
        siblings = self._siblings()
        if self.step and event.reason == "call":
            _begin_attempt(self.step)
        left = [each for each in siblings if each.reason != "dependency"]
        if event.reason == "goto" and left:
            left[-1].went_on = True
        if self.step or event.reason == "goto":
            same = (each for each in reversed(siblings) if each.workflow_id == event.workflow_id)
            if (earlier := next(same, None)) is not None:
                slim_workflow(earlier)  # what happens once more: those before it are slim already
        siblings.append(record)
        self._stack.append(record)

    def _open_step(self, event: StepStarted, at: float) -> None:
        record = StepRecord(
            event.step_id, event.kind, event.target, at, event.operation_id, event.description, event.span
        )
        if self.workflow:
            record.in_teardown = self.workflow.teardown is not None
            within = self.workflow.teardown or self.workflow
            if (earlier := within.latest.get(event.step_id)) is not None:
                slim_step(earlier)  # those before it are slim already
            within.latest[event.step_id] = record
            within.steps.append(record)
        self._stack.append(record)

    def _close_step(self, event: StepFinished, at: float) -> None:
        step = self.step
        if step is None:
            return
        step.outcome, step.outputs, step.attempts = event.outcome, event.outputs, event.attempts
        step.problem, step.action, step.recovered = event.problem, event.action, event.recovered
        step.finished = at
        if not step.failed:
            _excuse(step)
        if not self._passed_bodies and step.outcome == "passed" and not step.findings:
            step.exchanges = [trimmed(exchange, 0) for exchange in step.exchanges]
        self._pop(step)

    def _close_workflow(self, event: WorkflowFinished, at: float) -> None:
        workflow = self.workflow
        if workflow is None:
            return
        workflow.outcome, workflow.outputs, workflow.problem = event.outcome, event.outputs, event.problem
        workflow.finished = at
        self._pop(workflow)
        siblings = self._siblings()
        siblings.sort(key=lambda each: each is workflow)  # the last one to finish stands last

    def _pop(self, record: WorkflowRecord | StepRecord) -> None:
        while self._stack and self._stack.pop() is not record:
            pass


def _note_teardown(
    workflow: WorkflowRecord, event: TeardownStarted | StepSkipped | TeardownFinished, at: float
) -> None:
    teardown = workflow.teardown or TeardownRecord((), at)
    match event:
        case TeardownStarted(_, _, steps):
            workflow.teardown = TeardownRecord(steps, at)
        case StepSkipped(_, step_id, reason):
            teardown.skipped[step_id] = reason
        case TeardownFinished(_, _, outcome, problem):
            teardown.outcome, teardown.problem, teardown.finished = outcome, problem, at
        case _:
            assert_never(event)


def _excuse(step: StepRecord) -> None:
    """Note that what failed inside a step did not make it fail."""
    for workflow in step.called:
        workflow.excused = True
        for inner in workflow.steps:
            _excuse(inner)


def _begin_attempt(step: StepRecord) -> None:
    """Forget what the attempt before left, once the next one shows itself."""
    if step.between:
        step.criteria, step.action_criteria, step.unreadable = [], [], None
    step.between = False


def _moment(exchange: Exchange, at: float) -> Moment:
    received = whole_length(exchange.reply.body) if isinstance(exchange.reply, Response) else 0
    return Moment("request", at - exchange.took, at, whole_length(exchange.sent.body), received)

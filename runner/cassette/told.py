"""Turns the record of a run into the attempts of one step, each with what the workflow knew when the step began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.diagnostics import did_you_mean
from runner.engine.events import (
    Answered,
    AttemptFinished,
    BodyUnreadable,
    CaseFinished,
    CaseStarted,
    ContractChecked,
    CriterionChecked,
    Event,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.errors import UsageError
from runner.expressions.scope import Values
from runner.records import Frozen, Mutable, field
from runner.reporters.jsonl import read_jsonl
from runner.values import InputValue, Value


class Wanted(Frozen):
    """Which step is looked for: any that sent something and failed where no name is given. Numbers count from 1."""

    step_id: str | None = None
    workflow_id: str | None = None
    case: str | None = None
    visit: int | None = None
    attempt: int | None = None


class Told(Frozen):
    """One attempt of a step. `visit` counts how often the step was entered in the whole record.

    `earlier` are the outputs of the steps before it, `finished` the inputs and outputs of the workflows before its own.
    `events` are those of the attempt.
    """

    workflow: WorkflowStarted
    started: StepStarted
    visit: int
    attempt: int
    earlier: Mapping[str, Values]
    finished: Mapping[str, Mapping[str, Values]]
    events: tuple[Event, ...]
    case: str = ""

    @property
    def answered(self) -> Answered | None:
        return next((event for event in self.events if isinstance(event, Answered)), None)

    @property
    def ended(self) -> AttemptFinished | None:
        return next((event for event in self.events if isinstance(event, AttemptFinished)), None)

    @property
    def failed(self) -> bool:
        return self.ended is None or self.ended.problem is not None


class _Workflow(Mutable):
    started: WorkflowStarted
    outputs: dict[str, Values] = field(default_factory=dict)


class _Step(Mutable):
    """A step that is open, with the events of each of its attempts so far; `between`: the last one is over."""

    workflow: WorkflowStarted
    started: StepStarted
    visit: int
    earlier: Mapping[str, Values]
    attempts: list[list[Event]] = field(default_factory=list)
    between: bool = True

    def hear(self, event: Event) -> None:
        """Hear an event of an attempt; the criteria of actions are checked when it is over."""
        if self.between and not (isinstance(event, CriterionChecked) and event.action is not None and self.attempts):
            self.attempts.append([])
            self.between = False
        self.attempts[-1].append(event)
        self.between = self.between or isinstance(event, AttemptFinished)


class Story(Mutable):
    """What a record tells of the steps that are wanted: `told` are their attempts, in order."""

    wanted: Wanted
    told: list[Told] = field(default_factory=list)
    steps: dict[str, None] = field(default_factory=dict)
    _open: list[_Workflow | _Step] = field(default_factory=list)
    _finished: dict[str, Mapping[str, Mapping[str, Value | InputValue]]] = field(default_factory=dict)
    _visits: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _case: str = ""

    def tell(self, event: Event) -> None:
        """Hear one event after the other."""
        match event:
            case CaseStarted(case):
                self._case = case.name
                self._finished.clear()
            case CaseFinished():
                self._case = ""
            case WorkflowStarted():
                self._open.append(_Workflow(event))
            case WorkflowFinished():
                self._end_workflow(event)
            case StepStarted():
                self._begin_step(event)
            case StepFinished():
                self._end_step(event)
            case Answered() | BodyUnreadable() | ContractChecked() | CriterionChecked():
                if (step := self._step()) is not None:
                    step.hear(event)
            case AttemptFinished():
                self._end_attempt(event)
            case _:
                pass

    def close(self) -> None:
        """Hear that the record has ended, perhaps in the middle of a step."""
        for each in self._open:
            if isinstance(each, _Step):
                self._keep(each)
        self._open.clear()

    def _step(self) -> _Step | None:
        last = self._open[-1] if self._open else None
        return last if isinstance(last, _Step) else None

    def _workflow(self) -> _Workflow | None:
        return next((each for each in reversed(self._open) if isinstance(each, _Workflow)), None)

    def _begin_step(self, event: StepStarted) -> None:
        workflow = self._workflow()
        if workflow is None:
            return
        key = (self._case, workflow.started.workflow_id, event.step_id)
        self._visits[key] = self._visits.get(key, 0) + 1
        self.steps[event.step_id] = None
        earlier = dict(workflow.outputs) if self._is_wanted(workflow.started, event) else {}
        self._open.append(_Step(workflow.started, event, self._visits[key], earlier))

    def _end_attempt(self, event: AttemptFinished) -> None:
        step, workflow = self._step(), self._workflow()
        if step is None or workflow is None:
            return
        step.hear(event)
        workflow.outputs[step.started.step_id] = event.outputs

    def _keep(self, step: _Step) -> None:
        if not self._is_wanted(step.workflow, step.started):
            return
        finished = dict(self._finished)
        for number, events in enumerate(step.attempts, start=1):
            seen = (step.visit, number, step.earlier, finished)
            self.told.append(Told(step.workflow, step.started, *seen, tuple(events), self._case))

    def _end_step(self, event: StepFinished) -> None:
        while self._open:
            closed = self._open.pop()
            if isinstance(closed, _Step):
                if self.wanted.step_id is not None or (event.outcome != "passed" and not event.recovered):
                    self._keep(closed)
                return

    def _end_workflow(self, event: WorkflowFinished) -> None:
        while self._open:
            closed = self._open.pop()
            if isinstance(closed, _Workflow):
                record = {"inputs": closed.started.inputs, "outputs": event.outputs}
                if event.outcome == "passed":
                    self._finished[event.workflow_id] = record
                return

    def _is_wanted(self, workflow: WorkflowStarted, step: StepStarted) -> bool:
        wanted = self.wanted
        if wanted.step_id is None and step.kind == "workflow":  # it failed for what happened inside
            return False
        return (
            wanted.step_id in (None, step.step_id)
            and wanted.workflow_id in (None, workflow.workflow_id)
            and wanted.case in (None, self._case)
        )


def read_story(record: Path, wanted: Wanted) -> Story:
    """Read a record, or raise UsageError where it cannot be read."""
    story = Story(wanted)
    try:
        with record.open(encoding="utf-8") as stream:
            for entry in read_jsonl(stream):
                story.tell(entry.event)
    except OSError as error:
        raise UsageError(f"{record} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{record} is not a run record: it is not UTF-8") from error
    except UsageError as error:
        raise UsageError(f"{record}: {error.message}", error.hint) from error
    story.close()
    return story


def attempts_of(record: Path, wanted: Wanted) -> list[Told]:
    """Give the attempts of the visit that is wanted, the last one where no number says which, or raise UsageError."""
    story = read_story(record, wanted)
    if not story.told:
        raise _nothing(record, wanted, story)
    names = dict.fromkeys((told.case, told.workflow.workflow_id, told.started.step_id) for told in story.told)
    if len(names) > 1:
        raise _several(record, list(names))
    visits = {told.visit: told for told in story.told}
    visit = wanted.visit if wanted.visit is not None else _telling(story.told)
    if visit not in visits:
        step_id = story.told[0].started.step_id
        known = max(visits)
        times = "once" if known == 1 else f"{known} times"
        raise UsageError(f"{record}: there is no visit {visit} of step '{step_id}': it was entered {times}")
    return [told for told in story.told if told.visit == visit]


def attempt_of(record: Path, wanted: Wanted) -> tuple[Told, int]:
    """Give the attempt that is wanted, the last one by default, and how many there are."""
    attempts = attempts_of(record, wanted)
    if wanted.attempt is None:
        return attempts[-1], len(attempts)
    if not 1 <= wanted.attempt <= len(attempts):
        tries = "one attempt" if len(attempts) == 1 else f"{len(attempts)} attempts"
        raise UsageError(f"{record}: there is no attempt {wanted.attempt}: the visit had {tries}")
    return attempts[wanted.attempt - 1], len(attempts)


def _telling(told: Iterable[Told]) -> int:
    """Choose the last visit that failed, else the last one."""
    last = failed = 0
    for each in told:
        last = each.visit
        failed = each.visit if each.failed else failed
    return failed or last


def _nothing(record: Path, wanted: Wanted, story: Story) -> UsageError:
    if wanted.step_id is None:
        return UsageError(f"{record}: no step failed", "name one: --step ID")
    if wanted.step_id in story.steps:
        where = f"workflow '{wanted.workflow_id}'" if wanted.workflow_id else f"case '{wanted.case}'"
        return UsageError(f"{record}: step '{wanted.step_id}' did not run in {where}")
    meant = did_you_mean(wanted.step_id, story.steps)
    hint = meant.title if meant else f"steps that ran: {', '.join(story.steps) or 'none'}"
    return UsageError(f"{record}: step '{wanted.step_id}' did not run", hint)


def _several(record: Path, names: list[tuple[str, str, str]]) -> UsageError:
    lines = [
        f"  --step {step} --workflow {workflow}" + (f" --case '{case}'" if case else "")
        for case, workflow, step in names
    ]
    return UsageError(f"{record}: {len(names)} steps are meant", "\n".join(["choose one:", *lines[:20]]))

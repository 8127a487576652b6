"""What happened, as facts in the past tense: no clock, no screen, no names of reports.

A run is told in this order, with brackets that always close:

    RunStarted ( WorkflowStarted step* [teardown] WorkflowFinished )* RunFinished

    step = StepStarted attempt* StepFinished

    attempt = Answered [BodyUnreadable] [ContractChecked] CriterionChecked* AttemptFinished
              CriterionChecked* [ActionTaken] [WaitStarted]

    teardown = TeardownStarted ( step | StepSkipped )* TeardownFinished

SecretsLearned may stand before any WorkflowStarted, and before any Answered, for the driver adds it.

A suite is one run of many cases, told one after the other, whatever ran side by side:

    RunStarted ( CaseStarted ( WorkflowStarted ... WorkflowFinished )* CaseFinished | CaseSkipped )* RunFinished

A called workflow stands between its step's StepStarted and AttemptFinished; so does one that a `retry` runs first,
after ActionTaken. A workflow that `goto` reached starts after the last StepFinished of the one it left, and after its
teardown; the WorkflowFinished of that one comes after its own: the outcome of the one is that of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from runner.criteria.verdict import Verdict
from runner.diagnostics import Severity
from runner.exchange import Exchange
from runner.openapi.mismatch import Mismatch
from runner.records import Frozen
from runner.source import Span
from runner.values import InputValue, Value

Outcome: TypeAlias = Literal["passed", "failed", "error"]
"""`failed`: a criterion was not met, or a contract was broken. `error`: it could not be found out (no response, a
budget, a broken value)."""

ProblemKind: TypeAlias = Literal[
    "criterion",
    "contract",
    "transport",
    "timeout",
    "expression",
    "input",
    "budget",
    "workflow",
    "dependency",
    "teardown",
    "cancelled",
]


class Problem(Frozen):
    """Why a step or workflow did not pass: one line, and where it stands in the document."""

    kind: ProblemKind
    message: str
    span: Span | None = None

    @property
    def outcome(self) -> Outcome:
        return "failed" if self.kind in ("criterion", "workflow", "dependency", "contract", "teardown") else "error"


class Frame(Frozen):
    """One level of where a run is: `visit` counts how often the step was entered, `attempt` the tries of that visit."""

    workflow_id: str
    step_id: str | None = None
    visit: int = 0
    attempt: int = 0


Trail: TypeAlias = tuple[Frame, ...]


class StepOutline(Frozen):
    """A step as the document has it, for reports that show what was not reached."""

    step_id: str
    span: Span | None = None
    description: str = ""


class ServerUsed(NamedTuple):
    """The base URL that requests of a source go to, and why it is that one; `sandbox`: it is stood in for."""

    source: str
    url: str
    reason: str
    sandbox: bool = False


class RunStarted(Frozen):
    """`document` is the entry document's name, `title` its info.title, `secrets` are values no report may show.

    `servers` are where requests will go, `warnings` what was said before the run that concerns how far to trust it.
    """

    document: str
    title: str
    workflow_ids: tuple[str, ...]
    sources: tuple[tuple[str, str], ...] = ()
    secrets: frozenset[str] = frozenset()
    servers: tuple[ServerUsed, ...] = ()
    warnings: tuple[str, ...] = ()
    HIDDEN = ("secrets",)


class SecretsLearned(Frozen):
    """The driver obtained tokens on the way: from here on no report may show them. No report hears of this either."""

    secrets: frozenset[str]
    HIDDEN = ("secrets",)


class Case(Frozen):
    """A workflow of a document with one row of data. `name` is its own in the suite, and the same in every run.

    `row` is the name of the row, empty without data, and `number` its place among the rows, from 1. `repetition` counts
    from 1, and is 0 where each case runs once.
    """

    name: str
    document: str
    workflow_id: str
    row: str = ""
    repetition: int = 0
    tags: tuple[str, ...] = ()
    span: Span | None = None
    number: int = 0


class CaseStarted(Frozen):
    case: Case


class CaseFinished(Frozen):
    """`problem` is there where nothing ran: the row was refused, for instance."""

    case: Case
    outcome: Outcome
    problem: Problem | None = None


class CaseSkipped(Frozen):
    """A case that was selected and not begun, and why."""

    case: Case
    reason: str


class WorkflowStarted(Frozen):
    trail: Trail
    workflow_id: str
    reason: Literal["asked", "dependency", "call", "goto", "retry"]
    inputs: Mapping[str, InputValue]
    steps: tuple[StepOutline, ...]
    summary: str = ""
    span: Span | None = None


class StepStarted(Frozen):
    """`target` is what the step calls: an operation as `METHOD /path`, or a workflowId.

    `source` is the name of the operation's source description, `api` its URI, `pointer` the operation's place there;
    all empty for a workflow.
    """

    trail: Trail
    step_id: str
    kind: Literal["operation", "workflow"]
    target: str
    operation_id: str | None = None
    description: str = ""
    span: Span | None = None
    source: str = ""
    api: str = ""
    pointer: str = ""


class Answered(Frozen):
    """A request was sent, and answered or not: `exchange.reply` says which.

    `given` are the parameters that had a value, by location and name.
    """

    trail: Trail
    exchange: Exchange
    given: tuple[tuple[str, str], ...] = ()


class BodyUnreadable(Frozen):
    """A response body is not what its Content-Type says; expressions see its text."""

    trail: Trail
    problem: str


class Breach(Frozen):
    """A mismatch and what the run makes of it.

    `span` is the place in the workflow that gave the value, where one did, `declared` the place in the API description
    that is not satisfied.
    """

    severity: Severity
    mismatch: Mismatch
    span: Span | None = None
    declared: Span | None = None


class ContractChecked(Frozen):
    """What was sent and what came back was compared with the API description, which changes nothing of the flow.

    `response` and `media_type` are the keys of the Responses Object and of `content` that it was compared with; None
    where none fits, or where no response came.
    """

    trail: Trail
    response: str | None
    media_type: str | None
    breaches: tuple[Breach, ...] = ()


class CriterionChecked(Frozen):
    """`action` is the name of the action whose criterion it is, None for a success criterion.

    `implied` is set where the step has no successCriteria and the default was checked.
    """

    trail: Trail
    condition: str
    type: str
    verdict: Verdict
    action: str | None = None
    implied: bool = False
    span: Span | None = None


class AttemptFinished(Frozen):
    """One attempt of a step: passed, or why not, with the outputs it gave."""

    trail: Trail
    problem: Problem | None
    outputs: Mapping[str, Value]


class ActionTaken(Frozen):
    """`target` is the step or workflow an action names; `retry` of `limit` counts a retry action's attempts."""

    trail: Trail
    name: str
    type: Literal["end", "goto", "retry"]
    target: str | None = None
    retry: int | None = None
    limit: int | None = None
    span: Span | None = None


class WaitStarted(Frozen):
    """The run rests for `seconds`: before a retry, or because the same request would be sent again at once."""

    trail: Trail
    seconds: float
    reason: Literal["retry", "retry-after", "pace"]


class StepFinished(Frozen):
    """One visit of a step, its retries included. `recovered`: it failed and an action went on from there."""

    trail: Trail
    step_id: str
    outcome: Outcome
    outputs: Mapping[str, Value]
    attempts: int
    problem: Problem | None = None
    action: str | None = None
    recovered: bool = False


class TeardownStarted(Frozen):
    """The workflow's own steps are over, however they ended; `steps` are those of `x-finally`, which come now."""

    trail: Trail
    workflow_id: str
    steps: tuple[StepOutline, ...]


class StepSkipped(Frozen):
    """A step of a teardown has nothing to do: what it would undo was not done."""

    trail: Trail
    step_id: str
    reason: str


class TeardownFinished(Frozen):
    """`problem` is of the first step that failed, or says why not all of them ran. It does not hide the workflow's."""

    trail: Trail
    workflow_id: str
    outcome: Outcome
    problem: Problem | None = None


class WorkflowFinished(Frozen):
    trail: Trail
    workflow_id: str
    outcome: Outcome
    outputs: Mapping[str, Value]
    problem: Problem | None = None


class RunFinished(Frozen):
    outcome: Outcome


Event: TypeAlias = (
    RunStarted
    | SecretsLearned
    | CaseStarted
    | CaseFinished
    | CaseSkipped
    | WorkflowStarted
    | StepStarted
    | Answered
    | BodyUnreadable
    | ContractChecked
    | CriterionChecked
    | AttemptFinished
    | ActionTaken
    | WaitStarted
    | StepFinished
    | TeardownStarted
    | StepSkipped
    | TeardownFinished
    | WorkflowFinished
    | RunFinished
)


class Entry(Frozen):
    """An event and when it happened, in seconds since 1970; the driver stamps it."""

    at: float
    event: Event

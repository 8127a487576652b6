"""What a run remembers: the time it has used, the budgets it has, and what has finished."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import TypeAlias

from runner.engine.events import Outcome, Problem, Trail
from runner.engine.policy import ContractPolicy
from runner.exchange import Request
from runner.expressions.scope import Values
from runner.expressions.selectors.compile import Apply, apply
from runner.plan.plan import Plan, WorkflowPlan
from runner.records import Frozen, Mutable, field
from runner.source import Span
from runner.text import number_text
from runner.values import InputValue, Value

DrawKey: TypeAlias = Callable[[int], str]
"""Makes up the idempotency keys of a run by their number: always the same ones, and other ones in every other run."""


class Limits(Frozen):
    """Budgets, pace, and how closely APIs are held to their contracts; times in seconds.

    A teardown has budgets of its own, `teardown` seconds and `teardown_steps`, for the others may be why it runs.
    `pace` is the first pause before a request that would repeat the last one of its step; it doubles up to
    `pace_limit`; 0 switches it off. `request_timeout` bounds one request, step timeouts come first. `wait` is the
    longest pause that a server may ask for where nothing else bounds it.
    """

    steps: int = 10_000
    depth: int = 40
    wall: float | None = None
    request_timeout: float | None = 30.0
    teardown: float = 60.0
    teardown_steps: int = 1000
    pace: float = 1.0
    pace_limit: float = 30.0
    wait: float = 86_400.0
    contract: ContractPolicy = ContractPolicy()


class Deadline(Frozen, eq=False):
    """A moment on the run's own clock after which `problem` is what happened."""

    at: float
    problem: Problem


class Halt(Exception):  # noqa: N818 - not an error: it closes the levels above the one that owns the deadline
    """The run, or the step that owns `deadline`, cannot go on."""

    def __init__(self, problem: Problem, deadline: Deadline | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.deadline = deadline


class Finish(Frozen):
    """How a workflow ended, broken contracts aside: they are told, but do not change the branch that a flow takes."""

    outcome: Outcome
    outputs: Mapping[str, Value]
    problem: Problem | None


class Start(Frozen):
    """Where a workflow begins that ran before: at a step, by its index, with what the steps before it gave.

    `workflows` are the inputs and outputs of those that finished before, by key: nothing that needs them runs them.
    """

    step: int
    outputs: Mapping[str, Values]
    workflows: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)


class Budget(Mutable):
    """What `owner`, the run or a teardown, may use up: steps, and the time until each deadline, the innermost last."""

    owner: str
    most_steps: int
    deadlines: list[Deadline] = field(default_factory=list)
    steps: int = 0
    visits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    in_teardown: bool = False

    def limit_time(self, seconds: float, now: float) -> None:
        """Set a deadline for all of it."""
        problem = Problem("budget", f"{self.owner} took longer than {number_text(seconds)} s")
        self.deadlines.append(Deadline(now + seconds, problem))

    def count_step(self, span: Span) -> None:
        """Count a visit of a step, and halt where there are too many."""
        self.steps += 1
        if self.steps > self.most_steps:
            often = Counter(self.visits).most_common(3)
            most = ", ".join(f"'{name}' {count} times" for name, count in often if count > 1)
            message = f"{self.owner} took more than {self.most_steps} step{'s' if self.most_steps != 1 else ''}"
            raise Halt(Problem("budget", f"{message}: it visited {most}" if most else message, span))


class Run(Mutable):
    """One run of a plan. `elapsed` adds up what the replies say they took: the engine has no clock.

    `keys` counts those that were made up; `unanswered` are requests of visits that nobody answered, with their keys: a
    retry of the same has the same key.

    `breaches` are what fails the run, and the workflows it happened in, at their end: broken contracts, and teardowns
    that failed. The way that a flow takes is not changed by them.
    """

    plan: Plan
    limits: Limits
    shared_inputs: Mapping[str, InputValue]
    apply: Apply = apply
    draw_key: DrawKey = str
    elapsed: float = 0.0
    budget: Budget = field(default_factory=lambda: Budget("the run", 0))
    finished: dict[str, dict[str, Mapping[str, Values]]] = field(default_factory=dict)
    dependencies: dict[str, Finish] = field(default_factory=dict)
    completed: set[tuple[str, str]] = field(default_factory=set)
    nesting: int = 0
    last_request: dict[tuple[str, str], tuple[Request, float]] = field(default_factory=dict)
    keys: int = 0
    unanswered: dict[Trail, tuple[Request, str]] = field(default_factory=dict)
    breaches: list[Problem] = field(default_factory=list)
    starts: dict[str, Start] = field(default_factory=dict)

    def begin(self, key: str, start: Start) -> None:
        """Let a workflow begin at a step, as if what came before had just happened."""
        self.starts[key] = start
        self.completed |= {(key, step_id) for step_id in start.outputs}
        for other, record in start.workflows.items():
            workflow = self.plan.workflows[other]
            self.finished.setdefault(workflow.document, {})[workflow.workflow_id] = record
            self.dependencies[other] = Finish("passed", record["outputs"], None)

    def entered(self, workflow: WorkflowPlan, inputs: Mapping[str, InputValue]) -> WorkflowState:
        """Give the state that a workflow begins in."""
        start = self.starts.pop(workflow.key, None)
        if start is None:
            return WorkflowState(workflow, inputs)
        done = {index for index, step in enumerate(workflow.steps) if step.step_id in start.outputs}
        return WorkflowState(
            workflow, inputs, dict(start.outputs), completed=done, passed=set(start.outputs), position=start.step
        )

    def __post_init__(self) -> None:
        self.budget = Budget("the run", self.limits.steps)
        if self.limits.wall is not None:
            self.budget.limit_time(self.limits.wall, self.elapsed)

    def remaining(self) -> float | None:
        """Give the seconds until the first deadline, or None."""
        deadlines = self.budget.deadlines
        return min([deadline.at for deadline in deadlines]) - self.elapsed if deadlines else None

    def heed_deadlines(self) -> None:
        """Halt where a deadline outside the innermost one has passed."""
        for deadline in self.budget.deadlines[:-1]:
            if deadline.at <= self.elapsed:
                raise Halt(deadline.problem, deadline)


class WorkflowState(Mutable):
    """One workflow while it runs. `outputs` are those of its steps so far, the last attempt's of each.

    `completed` are the places of the steps that are over, `passed` the ids of those whose last visit passed.
    `position` is the index of the step that it begins with.
    """

    plan: WorkflowPlan
    inputs: Mapping[str, InputValue]
    outputs: dict[str, Values] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    completed: set[int] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    position: int = 0

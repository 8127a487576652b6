"""Visit a step: attempts and retries become events and effects, and what comes next is what remains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from typing import Literal, TypeAlias

from runner.engine.attempt import Attempt, Called, attempt, holds, wait
from runner.engine.decide import Goto, Next, Retry, Settled, Transfer, candidates, decide
from runner.engine.events import (
    ActionTaken,
    AttemptFinished,
    Event,
    Frame,
    Outcome,
    Problem,
    StepFinished,
    StepOutline,
    StepStarted,
    Trail,
    WaitStarted,
)
from runner.engine.flow import Answer, Effect
from runner.engine.state import Halt, Run, WorkflowState
from runner.expressions.scope import Scope
from runner.plan.plan import Action, OperationCall, StepPlan, Target
from runner.records import Frozen, Mutable
from runner.text import number_text

CallReason: TypeAlias = Literal["call", "retry"]
CallWorkflow: TypeAlias = Callable[[Run, Target, WorkflowState, Trail, Scope, CallReason], Called]
"""Run a workflow inside a step."""


class Opened(Frozen):
    """A workflow that has started and is not finished yet."""

    state: WorkflowState
    trail: Trail


def outline(steps: Iterable[StepPlan]) -> tuple[StepOutline, ...]:
    """Give what events tell of steps before any of them is entered."""
    return tuple(StepOutline(step.step_id, step.span, step.description) for step in steps)


class Visit(Mutable):
    """A step that has been entered, with its retries."""

    run_: Run
    opened: Opened
    step: StepPlan
    call_workflow: CallWorkflow
    in_teardown: bool = False

    def run(self) -> Generator[Event | Effect, Answer, tuple[Attempt, Settled]]:
        state, step = self.opened.state, self.step
        self.enter()
        retries = defaultdict[int, int](int)
        attempts, paced = 0, False
        action: Action | None = None
        yield self.started()
        try:
            while True:
                attempts += 1
                trail = self.trail(attempts)
                done = yield from attempt(self.run_, state, step, trail, call=self.call, paced=paced)
                yield AttemptFinished(trail, done.problem, done.outputs)
                state.outputs[step.step_id] = done.outputs
                taken, comes_next = yield from self.choose(done, retries, trail)
                action = taken or action
                if type(comes_next) is not Retry:
                    break
                paced = comes_next.delay is not None
        except Halt as halt:
            outputs = state.outputs.get(step.step_id, {})
            yield StepFinished(
                self.trail(attempts), step.step_id, halt.problem.outcome, outputs, attempts, halt.problem
            )
            raise
        outcome: Outcome = done.problem.outcome if done.problem else "passed"
        recovered = done.problem is not None and isinstance(comes_next, (Goto, Transfer))
        if done.problem is None:
            state.passed.add(step.step_id)
        yield StepFinished(
            self.trail(attempts),
            step.step_id,
            outcome,
            done.outputs,
            attempts,
            done.problem,
            action.name if action else None,
            recovered,
        )
        return done, comes_next

    def enter(self) -> None:
        state, step_id = self.opened.state, self.step.step_id
        state.visits[step_id] += 1
        state.passed.discard(step_id)
        self.run_.budget.visits[f"{state.plan.workflow_id}.{step_id}"] += 1

    def trail(self, attempts: int) -> Trail:
        above, workflow_id = self.opened.trail[:-1], self.opened.state.plan.workflow_id
        visit = self.opened.state.visits[self.step.step_id]
        return (*above, Frame(workflow_id, self.step.step_id, visit, attempts))

    def started(self) -> StepStarted:
        trail, step, call = self.trail(0), self.step, self.step.call
        if not isinstance(call, OperationCall):
            return StepStarted(trail, step.step_id, "workflow", call.title, None, step.description, step.span)
        operation, api = call.operation, call.contract.api
        return StepStarted(
            trail,
            step.step_id,
            "operation",
            call.title,
            operation.operation_id,
            step.description,
            step.span,
            call.source,
            api.uri,
            operation.pointer,
        )

    def choose(
        self, done: Attempt, retries: dict[int, int], trail: Trail
    ) -> Generator[Event | Effect, Answer, tuple[Action | None, Next]]:
        """Take the first action whose criteria hold; a retry whose reference fails makes room for the next."""
        passed = done.problem is None
        actions = self.step.on_success if passed else self.step.on_failure
        excluded: set[int] = set()
        while True:
            found: tuple[int, Action] | None = None
            for index, candidate in candidates(actions, retries, excluded):
                if (yield from holds(candidate.criteria, done.scope, trail, candidate.name)):
                    found = (index, candidate)
                    break
            action = found[1] if found else None
            asked = done.retry_after if action is not None and action.type == "retry" else None
            comes_next = decide(passed, action, asked, in_teardown=self.in_teardown)
            if found is None or action is None:
                return None, comes_next
            retries[found[0]] += action.type == "retry"
            yield self.taken(action, retries[found[0]], trail)
            if type(comes_next) is not Retry or (yield from self.prepare(comes_next, trail, done.scope)):
                return action, comes_next
            excluded.add(found[0])

    def taken(self, action: Action, retry: int, trail: Trail) -> ActionTaken:
        if action.type != "retry":
            return ActionTaken(trail, action.name, action.type, action.target, span=action.span)
        return ActionTaken(trail, action.name, "retry", action.target, retry, action.retry_limit, action.span)

    def prepare(self, retry: Retry, trail: Trail, scope: Scope) -> Generator[Event | Effect, Answer, bool]:
        """Wait, and run what the retry refers to; say whether the step can be tried again."""
        if retry.delay:
            if retry.reason == "retry-after" and self.run_.remaining() is None and retry.delay > self.run_.limits.wait:
                raise Halt(_too_long(self.step, retry.delay, self.run_.limits.wait))
            yield WaitStarted(trail, retry.delay, retry.reason)
            yield from wait(self.run_, retry.delay)
        if retry.workflow is not None:
            finish = yield from self.call_workflow(self.run_, retry.workflow, self.opened.state, trail, scope, "retry")
            return finish.outcome == "passed"
        if retry.step is not None:
            return (yield from self.aside(retry.step))
        return True

    def aside(self, index: int) -> Generator[Event | Effect, Answer, bool]:
        """Run another step once, without its actions."""
        step = self.opened.state.plan.all_steps[index]
        other = Visit(self.run_, self.opened, step, self.call_workflow, self.in_teardown)
        state = self.opened.state
        self.run_.budget.count_step(step.span)
        other.enter()
        yield other.started()
        trail = other.trail(1)
        try:
            done = yield from attempt(self.run_, state, step, trail, call=other.call, paced=True)
        except Halt as halt:
            yield StepFinished(trail, step.step_id, halt.problem.outcome, {}, 1, halt.problem)
            raise
        yield AttemptFinished(trail, done.problem, done.outputs)
        state.outputs[step.step_id] = done.outputs
        state.completed.add(index)
        self.run_.completed.add((state.plan.key, step.step_id))
        if done.problem is None:
            state.passed.add(step.step_id)
        outcome: Outcome = done.problem.outcome if done.problem else "passed"
        yield StepFinished(trail, step.step_id, outcome, done.outputs, 1, done.problem, recovered=outcome != "passed")
        return done.problem is None

    def call(self, target: Target, state: WorkflowState, trail: Trail, scope: Scope) -> Called:
        """Run the workflow that the step calls."""
        return self.call_workflow(self.run_, target, state, trail, scope, "call")


def _too_long(step: StepPlan, asked: float, most: float) -> Problem:
    """Say that a server asks for more patience than there is where no deadline bounds it."""
    pause = f"its server asks for a pause of {number_text(asked)} s, more than {number_text(most)} s"
    return Problem("budget", f"step '{step.step_id}' is not tried again: {pause}", step.span)

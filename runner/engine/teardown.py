"""Run the teardown of a workflow: the steps of `x-finally`, which come however its own steps ended.

Its budget is its own, for that of the run may be why it comes now; a teardown inside of another one shares it. The
first Ctrl-C breaks off nothing of it. A step is skipped where a value that it needs would come from a step that did not
pass: what was not made cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import assert_never

from runner.engine.attempt import scope_of, unmet_needs
from runner.engine.decide import Continue, End, Goto, Transfer
from runner.engine.events import Event, Frame, Problem, StepSkipped, TeardownFinished, TeardownStarted
from runner.engine.flow import Answer, Effect
from runner.engine.state import Budget, Halt, Run, WorkflowState
from runner.engine.visit import CallWorkflow, Opened, Visit, outline
from runner.expressions.fill import Missing, fill
from runner.expressions.nodes import Accessed, Node, StepOutput
from runner.plan.plan import Call, OperationCall, StepPlan, Unrunnable, WorkflowCall
from runner.records import Mutable


def teardown(run: Run, opened: Opened, call: CallWorkflow) -> Generator[Event | Effect, Answer, None]:
    """Run the teardown of a workflow whose own steps are over; raise Halt where the run ends in the middle of it."""
    plan, outer = opened.state.plan, run.budget
    if not plan.teardown:
        return
    yield TeardownStarted(opened.trail, plan.workflow_id, outline(plan.teardown))
    if not outer.in_teardown:
        run.budget = Budget("the teardown", run.limits.teardown_steps, in_teardown=True)
        run.budget.limit_time(run.limits.teardown, run.elapsed)
    try:
        ended = yield from _steps(run, opened, call)
    finally:
        run.budget = outer
    problem = ended.problem
    if problem is not None:
        run.breaches.append(problem)
    yield TeardownFinished(opened.trail, plan.workflow_id, problem.outcome if problem else "passed", problem)
    if ended.halt is not None and (outer.in_teardown or ended.halt.problem.kind == "cancelled"):
        raise ended.halt


class _Ended(Mutable):
    """How a teardown ended: its first problem, and what ended more than one of its steps."""

    problem: Problem | None = None
    halt: Halt | None = None

    def note(self, message: str, problem: Problem) -> None:
        self.problem = self.problem or Problem("teardown", f"{message}: {problem.message}", problem.span)


def _steps(run: Run, opened: Opened, call: CallWorkflow) -> Generator[Event | Effect, Answer, _Ended]:
    state, steps = opened.state, opened.state.plan.all_steps
    position, ended = len(state.plan.steps), _Ended()
    while position < len(steps):
        step = steps[position]
        if reason := why_skipped(run, state, step):
            frame = Frame(state.plan.workflow_id, step.step_id)
            yield StepSkipped((*opened.trail[:-1], frame), step.step_id, reason)
            position += 1
            continue
        try:
            run.budget.count_step(step.span)
            done, comes_next = yield from Visit(run, opened, step, call, in_teardown=True).run()
        except Halt as halt:
            ended.note("the teardown was broken off", halt.problem)
            ended.halt = ended.halt or halt
            if halt.problem.kind != "cancelled":
                break
            position += 1
            continue
        state.completed.add(position)
        run.completed.add((state.plan.key, step.step_id))
        if done.problem is not None and not isinstance(comes_next, Goto):
            ended.note(f"step '{step.step_id}' of the teardown failed", done.problem)
        match comes_next:
            case Continue():
                position += 1
            case Goto(target):
                position = target
            case End() | Transfer():  # the compiler lets no action leave
                break
            case _:
                assert_never(comes_next)
    return ended


def why_skipped(run: Run, state: WorkflowState, step: StepPlan) -> str:
    """Say why a step of a teardown has nothing to do; the empty text where it has.

    A value that is not there though the step that gives it passed is no such reason: something was made, and the
    document does not know how to find it.
    """
    if unmet := unmet_needs(run, state, step):
        return f"step '{unmet[0]}', which it depends on, has not completed"
    scope = scope_of(run, state)
    for node in _needed(step.call):
        value = fill(node, scope, files=True)
        if not isinstance(value, Missing):
            continue
        root = value.expression.base if isinstance(value.expression, Accessed) else value.expression
        if isinstance(root, StepOutput) and root.step_id not in state.passed:
            how = "did not pass" if root.step_id in state.visits else "was not reached"
            return f"'{value.expression}' is not there, for step '{root.step_id}' {how}"
    return ""


def _needed(call: Call) -> Iterator[Node]:
    """Give the values that a call is made of."""
    match call:
        case OperationCall():
            yield from (bound.value for bound in call.parameters)
            if call.body is not None:
                yield from () if call.body.payload is None else (call.body.payload,)
                yield from (replacement.value for replacement in call.body.replacements)
        case WorkflowCall():
            yield from (argument.value for argument in call.arguments)
        case Unrunnable():
            return
        case _:
            assert_never(call)

"""Run a plan: workflows become events and effects, in the order in which things happen."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from runner.engine.asked import Asked, secret_inputs, servers_used
from runner.engine.attempt import compute, scope_of
from runner.engine.decide import Continue, End, Goto, Transfer
from runner.engine.events import (
    Event,
    Frame,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    SecretsLearned,
    Trail,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.engine.flow import Answer, Effect, Flow
from runner.engine.request import argument_values
from runner.engine.state import DrawKey, Finish, Halt, Limits, Run, WorkflowState
from runner.engine.teardown import teardown
from runner.engine.visit import CallReason, Opened, Visit, outline
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import Apply, apply
from runner.plan.inputs import accept
from runner.plan.plan import Plan, StepPlan, Target, WorkflowPlan
from runner.records import Frozen
from runner.values import InputValue

Reason: TypeAlias = Literal["asked", "dependency", "call", "goto", "retry"]
Steps: TypeAlias = Generator[Event | Effect, Answer, Finish]

SEVERITY: Mapping[Outcome, int] = {"passed": 0, "failed": 1, "error": 2}


def run(
    plan: Plan,
    asked: Sequence[Asked],
    limits: Limits,
    secrets: frozenset[str] = frozenset(),
    apply: Apply = apply,
    draw_key: DrawKey = str,
) -> Flow:
    """Run the asked workflows one after the other; the outcome is the worst of theirs. `apply` applies selectors.

    `draw_key` makes up the keys of `x-idempotency-key`; without one they are good for a run that sends nothing.
    """
    shared = {name: value for each in asked for name, value in {**each.given, **each.inputs}.items()}
    state = Run(plan, limits, shared, apply, draw_key)
    ids = tuple(plan.workflows[each.key].workflow_id for each in asked)
    hidden = secrets | secret_inputs(plan, asked)
    yield RunStarted(plan.document, plan.title, ids, plan.sources, hidden, servers_used(plan, asked))
    outcome: Outcome = "passed"
    for each in asked:
        if each.start is not None:
            state.begin(each.key, each.start)
        try:
            finish = yield from _workflow(state, each.key, each.inputs, "asked", ())
        except Halt as halt:
            outcome = halt.problem.outcome
            break
        outcome = max(outcome, finish.outcome, key=SEVERITY.__getitem__)
    if state.breaches:
        outcome = max(outcome, "failed", key=SEVERITY.__getitem__)
    yield RunFinished(outcome)
    return outcome


def _workflow(run: Run, key: str, inputs: Mapping[str, InputValue], reason: Reason, above: Trail) -> Steps:
    """Run a workflow, and those that `goto` leads on to; all of them end with the outcome of the last."""
    opened: list[Opened] = []
    current: Opened | None = None
    kept = len(run.breaches)
    run.nesting += 1
    try:
        transfer: tuple[str, Mapping[str, InputValue]] | None = (key, inputs)
        while transfer is not None:
            key, inputs = transfer
            plan = run.plan.workflows[key]
            current = Opened(run.entered(plan, inputs), (*above, Frame(plan.workflow_id)))
            _check_depth(run, current)
            ended: Problem | Leave | None = yield from _dependencies(run, plan)
            kept = kept if opened else len(run.breaches)
            yield from _learned(plan, inputs)
            yield _started(plan, inputs, reason, current.trail)
            opened.append(current)
            if ended is None:
                ended = yield from _to_the_end(run, current)
            transfer = None
            if isinstance(ended, Leave):
                accepted = _inputs_of(run, ended.target, current.state, ended.scope, inherit=True)
                if isinstance(accepted, Problem):
                    ended = accepted
                else:
                    transfer, reason = (ended.target.key, accepted), "goto"
    except Halt as halt:
        if current is not None and current not in opened:  # it ended while what it depends on ran
            yield from _learned(current.state.plan, current.state.inputs)
            yield _started(current.state.plan, current.state.inputs, reason, current.trail)
            opened.append(current)
        yield from _close(run, opened, halt.problem, kept)
        raise
    finally:
        run.nesting -= 1
    return (yield from _close(run, opened, ended if isinstance(ended, Problem) else None, kept))


def _inputs_of(
    run: Run, target: Target, state: WorkflowState, scope: Scope, *, inherit: bool
) -> Mapping[str, InputValue] | Problem:
    """Give the inputs of a workflow: the arguments, then (`inherit`) inputs of the same names, then defaults."""
    plan = run.plan.workflows[target.key]
    values = argument_values(target.arguments, scope)
    if isinstance(values, Problem):
        return values
    if inherit:
        values = {**plan.inputs.among(state.inputs), **values}
    accepted = accept(plan.inputs, values)
    if accepted.problems:
        span = target.arguments[0].span if target.arguments else state.plan.span
        return Problem(
            "input", f"the inputs of workflow '{plan.workflow_id}' are refused: {'; '.join(accepted.problems)}", span
        )
    return accepted.values


def _learned(plan: WorkflowPlan, inputs: Mapping[str, InputValue]) -> Iterator[SecretsLearned]:
    """Tell what a workflow declares to be secret: whoever called it may have known it by another name."""
    found = frozenset(str(inputs[name]) for name in plan.inputs.secret if inputs.get(name) not in (None, ""))
    if found:
        yield SecretsLearned(found)


def _started(plan: WorkflowPlan, inputs: Mapping[str, InputValue], reason: Reason, trail: Trail) -> WorkflowStarted:
    return WorkflowStarted(trail, plan.workflow_id, reason, inputs, outline(plan.steps), plan.summary, plan.span)


def _check_depth(run: Run, opened: Opened) -> None:
    if run.nesting > run.limits.depth:
        path = " > ".join(frame.workflow_id for frame in opened.trail[-4:])
        message = f"workflows call each other more than {run.limits.depth} levels deep: … > {path}"
        raise Halt(Problem("budget", message, opened.state.plan.span))


def _close(run: Run, opened: list[Opened], problem: Problem | None, kept: int) -> Steps:
    """Finish the workflows that are open, the last one first.

    One that passed is told to have failed where a contract was broken in it or its teardown failed, or those of a
    workflow that it called: after the `kept` ones that were before. Whoever called it goes on as if it were not so.
    """
    finish = Finish(problem.outcome if problem else "passed", {}, problem)
    told = problem or next(iter(run.breaches[kept:]), None)
    outcome = told.outcome if told else "passed"
    for each in reversed(opened):
        outputs = compute(each.state.plan.outputs, scope_of(run, each.state))
        finish = Finish(finish.outcome, outputs, problem)
        plan = each.state.plan
        record = {"inputs": dict(each.state.inputs), "outputs": outputs}
        run.finished.setdefault(plan.document, {})[plan.workflow_id] = record
        yield WorkflowFinished(each.trail, plan.workflow_id, outcome, outputs, told)
    return finish


def _dependencies(run: Run, plan: WorkflowPlan) -> Generator[Event | Effect, Answer, Problem | None]:
    """Run each workflow that this one depends on, once per run; a failed one is why this one is skipped."""
    for key in plan.depends_on:
        finish = run.dependencies.get(key)
        if finish is None:
            needed = run.plan.workflows[key]
            accepted = accept(needed.inputs, needed.inputs.among(run.shared_inputs))
            if accepted.problems:
                message = f"workflow '{needed.workflow_id}' cannot run first: {'; '.join(accepted.problems)}"
                return Problem("dependency", message, needed.span)
            finish = yield from _workflow(run, key, accepted.values, "dependency", ())
            run.dependencies[key] = finish
        if finish.outcome != "passed":
            needed = run.plan.workflows[key]
            return Problem(
                "dependency", f"workflow '{needed.workflow_id}', which must come first, did not pass", plan.span
            )
    return None


class Leave(Frozen):
    """A workflow goes on in another one; `scope` is what the arguments can see."""

    target: Target
    scope: Scope


def _to_the_end(run: Run, opened: Opened) -> Generator[Event | Effect, Answer, Problem | Leave | None]:
    """Run the steps and then, however they ended, the teardown; also where a `goto` leaves for another workflow."""
    try:
        ended = yield from _steps(run, opened)
    except Halt:
        yield from teardown(run, opened, _call)
        raise
    yield from teardown(run, opened, _call)
    return ended


def _steps(run: Run, opened: Opened) -> Generator[Event | Effect, Answer, Problem | Leave | None]:
    """Run the steps in order, or as actions say; give why the workflow failed, or where it goes on."""
    steps = opened.state.plan.steps
    position = opened.state.position
    while position < len(steps):
        step = steps[position]
        run.budget.count_step(step.span)
        done, comes_next = yield from Visit(run, opened, step, _call).run()
        opened.state.completed.add(position)
        run.completed.add((opened.state.plan.key, step.step_id))
        match comes_next:
            case Continue():
                position += 1
            case Goto(target):
                position = target
            case Transfer(workflow):
                return Leave(workflow, done.scope)
            case End(passed):
                return None if passed else _ended(step, done.problem)
    return None


def _ended(step: StepPlan, problem: Problem | None) -> Problem | None:
    if problem is None:
        return None
    return Problem(problem.kind, f"step '{step.step_id}' failed: {problem.message}", problem.span)


def _call(run: Run, target: Target, state: WorkflowState, trail: Trail, scope: Scope, reason: CallReason) -> Steps:
    """Run another workflow inside a step; `scope` is what its arguments can see."""
    inputs = _inputs_of(run, target, state, scope, inherit=reason == "retry")
    if isinstance(inputs, Problem):
        return Finish(inputs.outcome, {}, inputs)
    return (yield from _workflow(run, target.key, inputs, reason, trail))

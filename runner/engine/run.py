"""Run a plan: workflows become events and effects, in the order in which things happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from runner.engine.asked import Asked, secret_inputs, servers_used
from runner.engine.attempt import Attempt, attempt, compute, holds, scope_of, wait
from runner.engine.decide import Continue, End, Goto, Next, Retry, Settled, Transfer, candidates, decide
from runner.engine.events import (
    ActionTaken,
    AttemptFinished,
    Event,
    Frame,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    StepFinished,
    StepOutline,
    StepStarted,
    Trail,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.engine.flow import Answer, Effect, Flow
from runner.engine.request import argument_values
from runner.engine.state import Deadline, Finish, Halt, Limits, Run, WorkflowState
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import Apply, apply
from runner.plan.inputs import accept
from runner.plan.plan import Action, OperationCall, Plan, StepPlan, Target, WorkflowPlan
from runner.text import number_text
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
) -> Flow:
    """Run the asked workflows one after the other; the outcome is the worst of theirs. `apply` applies selectors."""
    shared = {name: value for each in asked for name, value in {**each.given, **each.inputs}.items()}
    state = Run(plan, limits, shared, apply)
    if limits.wall is not None:
        problem = Problem("budget", f"the run took longer than {number_text(limits.wall)} s")
        state.deadlines.append(Deadline(limits.wall, problem))
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


@dataclass(frozen=True, slots=True)
class _Open:
    """A workflow that has started and is not finished yet."""

    state: WorkflowState
    trail: Trail


def _workflow(run: Run, key: str, inputs: Mapping[str, InputValue], reason: Reason, above: Trail) -> Steps:
    """Run a workflow, and those that `goto` leads on to; all of them end with the outcome of the last."""
    opened: list[_Open] = []
    current: _Open | None = None
    kept = len(run.breaches)
    run.nesting += 1
    try:
        transfer: tuple[str, Mapping[str, InputValue]] | None = (key, inputs)
        while transfer is not None:
            key, inputs = transfer
            plan = run.plan.workflows[key]
            current = _Open(run.entered(plan, inputs), (*above, Frame(plan.workflow_id)))
            _check_depth(run, current)
            ended: Problem | Leave | None = yield from _dependencies(run, plan)
            kept = kept if opened else len(run.breaches)
            yield _started(plan, inputs, reason, current.trail)
            opened.append(current)
            if ended is None:
                ended = yield from _steps(run, current)
            transfer = None
            if isinstance(ended, Leave):
                accepted = _inputs_of(run, ended.target, current.state, ended.scope, inherit=True)
                if isinstance(accepted, Problem):
                    ended = accepted
                else:
                    transfer, reason = (ended.target.key, accepted), "goto"
    except Halt as halt:
        if current is not None and current not in opened:  # it ended while what it depends on ran
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


def _started(plan: WorkflowPlan, inputs: Mapping[str, InputValue], reason: Reason, trail: Trail) -> WorkflowStarted:
    steps = tuple(StepOutline(step.step_id, step.span, step.description) for step in plan.steps)
    return WorkflowStarted(trail, plan.workflow_id, reason, inputs, steps, plan.summary, plan.span)


def _check_depth(run: Run, opened: _Open) -> None:
    if run.nesting > run.limits.depth:
        path = " > ".join(frame.workflow_id for frame in opened.trail[-4:])
        message = f"workflows call each other more than {run.limits.depth} levels deep: … > {path}"
        raise Halt(Problem("budget", message, opened.state.plan.span))


def _close(run: Run, opened: list[_Open], problem: Problem | None, kept: int) -> Steps:
    """Finish the workflows that are open, the last one first.

    One that passed is told to have failed where a contract was broken in it, or in a workflow that it called: after the
    `kept` ones that were before. Whoever called it goes on as if it were not so.
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


@dataclass(frozen=True, slots=True)
class Leave:
    """A workflow goes on in another one; `scope` is what the arguments can see."""

    target: Target
    scope: Scope


def _steps(run: Run, opened: _Open) -> Generator[Event | Effect, Answer, Problem | Leave | None]:
    """Run the steps in order, or as actions say; give why the workflow failed, or where it goes on."""
    steps = opened.state.plan.steps
    position = opened.state.position
    while position < len(steps):
        step = steps[position]
        run.count_step(_budget(run, step))
        done, comes_next = yield from _Visit(run, opened, step).run()
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


def _budget(run: Run, step: StepPlan) -> Problem:
    most = ", ".join(f"'{name}' {count} times" for name, count in run.visits.most_common(3) if count > 1)
    message = f"the run took more than {run.limits.steps} step{'s' if run.limits.steps != 1 else ''}"
    return Problem("budget", f"{message}: it visited {most}" if most else message, step.span)


@dataclass(slots=True)
class _Visit:
    """A step that has been entered, with its retries."""

    run_: Run
    opened: _Open
    step: StepPlan

    def run(self) -> Generator[Event | Effect, Answer, tuple[Attempt, Settled]]:
        state, step = self.opened.state, self.step
        self.enter()
        retries: Counter[int] = Counter()
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
                if not isinstance(comes_next, Retry):
                    break
                paced = comes_next.delay is not None
        except Halt as halt:
            outputs = state.outputs.get(step.step_id, {})
            yield StepFinished(
                self.trail(attempts), step.step_id, halt.problem.outcome, outputs, attempts, halt.problem
            )
            raise
        outcome: Outcome = done.problem.outcome if done.problem else "passed"
        recovered = done.problem is not None and not isinstance(comes_next, End)
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
        self.run_.visits[f"{state.plan.workflow_id}.{step_id}"] += 1

    def trail(self, attempts: int) -> Trail:
        above, workflow_id = self.opened.trail[:-1], self.opened.state.plan.workflow_id
        visit = self.opened.state.visits[self.step.step_id]
        return (*above, Frame(workflow_id, self.step.step_id, visit, attempts))

    def started(self) -> StepStarted:
        step, call = self.step, self.step.call
        common = StepStarted(self.trail(0), step.step_id, "workflow", call.title, None, step.description, step.span)
        if not isinstance(call, OperationCall):
            return common
        return replace(
            common,
            kind="operation",
            operation_id=call.operation.operation_id,
            source=call.source,
            api=call.contract.api.uri,
            pointer=call.operation.pointer,
        )

    def choose(
        self, done: Attempt, retries: Counter[int], trail: Trail
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
            comes_next = decide(passed, action, done.retry_after)
            if found is None or action is None:
                return None, comes_next
            retries[found[0]] += action.type == "retry"
            yield self.taken(action, retries[found[0]], trail)
            if not isinstance(comes_next, Retry) or (yield from self.prepare(comes_next, trail, done.scope)):
                return action, comes_next
            excluded.add(found[0])

    def taken(self, action: Action, retry: int, trail: Trail) -> ActionTaken:
        if action.type != "retry":
            return ActionTaken(trail, action.name, action.type, action.target, span=action.span)
        return ActionTaken(trail, action.name, "retry", action.target, retry, action.retry_limit, action.span)

    def prepare(self, retry: Retry, trail: Trail, scope: Scope) -> Generator[Event | Effect, Answer, bool]:
        """Wait, and run what the retry refers to; say whether the step can be tried again."""
        if retry.delay:
            yield WaitStarted(trail, retry.delay, retry.reason)
            yield from wait(self.run_, retry.delay)
        if retry.workflow is not None:
            finish = yield from self.call(retry.workflow, self.opened.state, trail, scope, reason="retry")
            return finish.outcome == "passed"
        if retry.step is not None:
            return (yield from self.aside(retry.step))
        return True

    def aside(self, index: int) -> Generator[Event | Effect, Answer, bool]:
        """Run another step once, without its actions."""
        other = _Visit(self.run_, self.opened, self.opened.state.plan.steps[index])
        state, step = self.opened.state, other.step
        self.run_.count_step(_budget(self.run_, step))
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
        outcome: Outcome = done.problem.outcome if done.problem else "passed"
        yield StepFinished(trail, step.step_id, outcome, done.outputs, 1, done.problem, recovered=outcome != "passed")
        return done.problem is None

    def call(self, target: Target, state: WorkflowState, trail: Trail, scope: Scope, reason: Reason = "call") -> Steps:
        """Run another workflow inside this step; `scope` is what its arguments can see."""
        inputs = _inputs_of(self.run_, target, state, scope, inherit=reason == "retry")
        if isinstance(inputs, Problem):
            return Finish(inputs.outcome, {}, inputs)
        return (yield from _workflow(self.run_, target.key, inputs, reason, trail))

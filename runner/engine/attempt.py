"""One attempt of a step: send or call, check the criteria, compute the outputs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import TypeAlias

from runner.criteria.check import check
from runner.criteria.verdict import Verdict
from runner.engine.contract import broken_contracts, check_contract
from runner.engine.events import (
    Answered,
    BodyUnreadable,
    CriterionChecked,
    Event,
    Problem,
    ProblemKind,
    Trail,
    WaitStarted,
)
from runner.engine.flow import Answer, Cancelled, Effect, Send, Wait, Waited
from runner.engine.request import Built, build_request
from runner.engine.state import Deadline, Finish, Halt, Run, WorkflowState
from runner.exchange import Exchange, Request, Response, header
from runner.expressions.fill import Missing, fill
from runner.expressions.nodes import Node
from runner.expressions.scope import Scope, Values
from runner.plan.plan import Condition, OperationCall, StepPlan, Target, Unrunnable, WorkflowCall
from runner.records import Frozen, replace
from runner.text import json_text, number_text
from runner.values import ABSENT, Value

Part: TypeAlias = Generator[Event | Effect, Answer, "Attempt"]
Called: TypeAlias = Generator[Event | Effect, Answer, Finish]
CallWorkflow: TypeAlias = Callable[[Target, WorkflowState, Trail, Scope], Called]


class Attempt(Frozen):
    """How an attempt ended; `scope` is what its actions can see."""

    problem: Problem | None
    outputs: Values
    scope: Scope

    @property
    def retry_after(self) -> float | None:
        """The seconds that the response asks for before a retry."""
        return None if self.scope.response is None else retry_after(self.scope.response)


class _OwnOutputs(Mapping[str, Value]):
    """The outputs of the workflow that runs, computed from what ran when somebody looks."""

    def __init__(self, nodes: tuple[tuple[str, Node], ...], scope: Scope) -> None:
        self._nodes = nodes
        self._scope = scope

    def __getitem__(self, name: str) -> Value:
        value = fill(dict(self._nodes)[name], self._scope)
        return ABSENT if isinstance(value, Missing) else value

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def scope_of(run: Run, state: WorkflowState) -> Scope:
    """Give what a workflow's expressions see between its steps."""
    plan = state.plan
    finished = run.finished.get(plan.document, {})
    scope = Scope(state.inputs, {}, state.outputs, finished, plan.sources, plan.self_uri, apply=run.apply)
    return scope.with_outputs(_OwnOutputs(plan.outputs, scope)) if plan.outputs else scope


def attempt(run: Run, state: WorkflowState, step: StepPlan, trail: Trail, *, call: CallWorkflow, paced: bool) -> Part:
    """Run a step once, within its timeout. `paced` says that a delay of its own came before."""
    scope = scope_of(run, state)
    if (step.needs or step.needs_elsewhere) and (unmet := unmet_needs(run, state, step)):
        message = f"step '{step.step_id}' depends on '{unmet[0]}', which has not completed"
        return Attempt(Problem("dependency", message, step.span), {}, scope)
    match step.call:
        case OperationCall() as operation:
            built = build_request(operation, scope)
            if not isinstance(built, Built):
                return Attempt(built, {}, scope)
            if operation.key == "generated":
                built = built.with_key(_key(run, trail, built.request))
            if not paced:
                yield from _pace(run, trail, (state.plan.key, step.step_id), built.request)
            part = _operation(run, step, built, scope, trail)
        case WorkflowCall() as workflow:
            part = _workflow(run, state, step, trail, call(workflow.target, state, trail, scope))
        case Unrunnable(_, reason):
            return Attempt(Problem("expression", reason.message, reason.span), {}, scope)
    return (yield from _timed(run, step, scope, part))


def unmet_needs(run: Run, state: WorkflowState, step: StepPlan) -> list[str]:
    """Name the steps that a step depends on and that have not completed in this run."""
    own = [state.plan.all_steps[index].step_id for index in step.needs if index not in state.completed]
    return [*own, *(step_id for key, step_id in step.needs_elsewhere if (key, step_id) not in run.completed)]


def _timed(run: Run, step: StepPlan, scope: Scope, part: Part) -> Part:
    """Let an attempt run no longer than the step's timeout; the pace before it does not count."""
    deadline = _deadline(run, step)
    run.budget.deadlines.append(deadline)
    try:
        return (yield from part)
    except Halt as halt:
        if halt.deadline is not deadline:
            raise
        return Attempt(halt.problem, {}, scope)
    finally:
        run.budget.deadlines.remove(deadline)


FOREVER = float("inf")
NEVER = Deadline(FOREVER, Problem("timeout", ""))


def _deadline(run: Run, step: StepPlan) -> Deadline:
    if step.timeout is None:
        return NEVER
    text = number_text(step.timeout)
    return Deadline(
        run.elapsed + step.timeout, Problem("timeout", f"step '{step.step_id}' took longer than {text} s", step.span)
    )


def _operation(run: Run, step: StepPlan, built: Built, scope: Scope, trail: Trail) -> Part:
    call = step.call
    assert isinstance(call, OperationCall)
    exchange = yield from _send(run, call, built.request, trail)
    reply = exchange.reply
    response = reply if isinstance(reply, Response) else None
    if response is not None and run.unanswered:
        run.unanswered.pop(_visit(trail), None)
    yield Answered(trail, exchange, tuple(built.values))
    run.heed_deadlines()
    if response is not None and response.content.problem:
        yield BodyUnreadable(trail, f"the body of {call.title} is {response.content.problem.removeprefix('it is ')}")
    checked = check_contract(run.limits.contract, call, built, exchange, trail)
    if checked is not None:
        yield checked
        if checked.breaches:
            run.breaches += broken_contracts(checked, step.step_id, step.span)
    scope = scope.with_exchange(exchange.sent, built.parameters, response)
    if not isinstance(reply, Response):
        if reply.kind == "cancelled":
            raise cancelled()
        _check_deadlines(run)
        kind: ProblemKind = "timeout" if reply.kind == "timeout" else "transport"
        outputs = compute(step.outputs, scope)
        return Attempt(Problem(kind, f"{call.title}: {reply.message}", step.span), outputs, scope)
    problem = yield from _judge(step, scope, trail, implied=_status_is_success)
    return Attempt(problem, compute(step.outputs, scope), scope)


def _workflow(run: Run, state: WorkflowState, step: StepPlan, trail: Trail, called: Called) -> Part:
    call = step.call
    assert isinstance(call, WorkflowCall)
    finish = yield from called
    scope = scope_of(run, state).with_outputs(finish.outputs)
    if finish.outcome != "passed":
        reason = f": {finish.problem.message}" if finish.problem else ""
        problem: Problem | None = Problem(
            "workflow", f"workflow '{call.workflow_id}' {_past(finish)}{reason}", step.span
        )
    else:
        problem = yield from _judge(step, scope, trail, implied=None)
    outputs = {**finish.outputs, **compute(step.outputs, scope)}
    return Attempt(problem, outputs, scope)


def _past(finish: Finish) -> str:
    return "failed" if finish.outcome == "failed" else "did not finish"


def _send(run: Run, call: OperationCall, request: Request, trail: Trail) -> Generator[Event | Effect, Answer, Exchange]:
    limit, left = run.limits.request_timeout, run.remaining()
    shortest = min(FOREVER if limit is None else limit, FOREVER if left is None else left)
    timeout = None if shortest == FOREVER else max(0.001, shortest)
    answer = yield Send(request, call.operation, timeout, call.source, trail, run.budget.in_teardown, bool(call.key))
    if isinstance(answer, Exchange):
        run.elapsed += answer.took
        return answer
    assert isinstance(answer, Cancelled)
    raise cancelled(answer.reason)


def _key(run: Run, trail: Trail, request: Request) -> str:
    """Make up the key of a request; one that went unanswered, and may have arrived all the same, keeps its key."""
    before, key = run.unanswered.get(_visit(trail), (None, ""))
    if before != request:
        run.keys += 1
        key = run.draw_key(run.keys)
        run.unanswered[_visit(trail)] = request, key
    return key


def _visit(trail: Trail) -> Trail:
    return (*trail[:-1], replace(trail[-1], attempt=0))


def _check_deadlines(run: Run) -> None:
    """Halt where a deadline is what ended the request, the step's own included."""
    for deadline in run.budget.deadlines:
        if deadline.at <= run.elapsed + 0.01:  # a transport may give up a moment early
            raise Halt(deadline.problem, deadline)


def wait(run: Run, seconds: float) -> Generator[Event | Effect, Answer, None]:
    """Let time pass, no longer than the deadlines allow."""
    remaining = run.remaining()
    rest = seconds if remaining is None else min(seconds, max(0.0, remaining))
    answer = yield Wait(rest, run.budget.in_teardown)
    if isinstance(answer, Cancelled):
        raise cancelled(answer.reason)
    assert isinstance(answer, Waited)
    run.elapsed += answer.took
    _check_deadlines(run)


def cancelled(reason: str = "") -> Halt:
    return Halt(Problem("cancelled", reason or "the run was cancelled"))


def _pace(run: Run, trail: Trail, key: tuple[str, str], request: Request) -> Generator[Event | Effect, Answer, None]:
    """Rest before a step sends exactly what it sent last: published polling flows loop without a delay."""
    last, pause = run.last_request.get(key, (None, 0.0))
    if last != request or run.limits.pace <= 0:
        run.last_request[key] = (request, run.limits.pace)
        return
    run.last_request[key] = (request, min(pause * 2, run.limits.pace_limit))
    yield WaitStarted(trail, pause, "pace")
    yield from wait(run, pause)


def _judge(
    step: StepPlan, scope: Scope, trail: Trail, implied: Callable[[Scope], Verdict] | None
) -> Generator[Event, Answer, Problem | None]:
    """Check the success criteria, all of them, so that a report shows every one that is not met."""
    if not step.criteria:
        if implied is None:
            return None
        verdict = implied(scope)
        yield CriterionChecked(trail, IMPLIED, "simple", verdict, implied=True, span=step.span)
        return None if verdict.passed else Problem("criterion", _not_met(IMPLIED, verdict), step.span)
    problems = []
    for condition in step.criteria:
        verdict = check(condition.criterion, scope)
        yield CriterionChecked(trail, condition.text, condition.type, verdict, span=condition.span)
        if not verdict.passed:
            problems.append(Problem("criterion", _not_met(condition.text, verdict), condition.span))
    return problems[0] if problems else None


SHORT = 60
MAX_DIGITS = 9
"""Of a Retry-After in seconds: thirty years, which no clock has to be asked for."""
IMPLIED = "$statusCode is 2xx or 3xx"


def _status_is_success(scope: Scope) -> Verdict:
    status = scope.response.status if scope.response else 0
    return Verdict(200 <= status < 400, left=status, comparison=IMPLIED)


def _not_met(text: str, verdict: Verdict) -> str:
    shown = " ".join(text.split())
    if verdict.problem:
        return f"{shown} cannot be checked: {verdict.problem}"
    if isinstance(verdict.left, str | int | float | None):
        left = json_text(verdict.left)
        return f"{shown} is not met: it is {left}" if len(left) <= SHORT else f"{shown} is not met"
    return f"{shown} is not met"


def holds(conditions: Iterable[Condition], scope: Scope, trail: Trail, action: str) -> Generator[Event, Answer, bool]:
    """Check an action's criteria up to the first that is not met."""
    for condition in conditions:
        verdict = check(condition.criterion, scope)
        yield CriterionChecked(trail, condition.text, condition.type, verdict, action=action, span=condition.span)
        if not verdict.passed:
            return False
    return True


def compute(nodes: tuple[tuple[str, Node], ...], scope: Scope) -> Values:
    """Compute declared outputs; one that is not there is left out."""
    values: dict[str, Value] = {}
    for name, node in nodes:
        value = fill(node, scope)
        if value is not ABSENT and type(value) is not Missing:
            values[name] = value
    return values


def retry_after(response: Response) -> float | None:
    """Give the seconds of a Retry-After field; the shell has turned a date into seconds."""
    text = (header(response.headers, "retry-after") or "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return float(text) if len(text) <= MAX_DIGITS else float("9" * MAX_DIGITS)

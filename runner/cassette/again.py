"""Turns an attempt that is on record into what it would come to by another document: the same answer, judged anew."""

from __future__ import annotations

from runner.cassette.compare import Difference, differences
from runner.cassette.leaving import hidden, leaving
from runner.cassette.told import Told
from runner.diagnostics import did_you_mean
from runner.engine.attempt import Called, attempt
from runner.engine.events import AttemptFinished, Event, Problem, Trail
from runner.engine.flow import Answer, Send, Wait, Waited
from runner.engine.state import Finish, Halt, Limits, Run, WorkflowState
from runner.errors import UsageError
from runner.exchange import Exchange, Request, TransportFailure
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import Apply
from runner.plan.plan import Plan, StepPlan, Target, WorkflowPlan
from runner.records import Frozen
from runner.reporters.redact import Redactor


class Again(Frozen):
    """What an attempt comes to now; `drift` is where its request would be another one."""

    events: tuple[Event, ...]
    problem: Problem | None
    drift: tuple[Difference, ...] = ()


def find_step(plan: Plan, workflow_id: str, step_id: str) -> tuple[WorkflowPlan, int]:
    """Find a step by its names, or raise UsageError."""
    workflow = plan.workflows.get(workflow_id)
    if workflow is None:
        meant = did_you_mean(workflow_id, plan.workflows)
        raise UsageError(f"{plan.document} has no workflow '{workflow_id}'", meant.title if meant else "")
    names = [step.step_id for step in workflow.steps]
    if step_id not in names:
        meant = did_you_mean(step_id, names)
        raise UsageError(f"workflow '{workflow_id}' has no step '{step_id}'", meant.title if meant else "")
    return workflow, names.index(step_id)


def judge_again(plan: Plan, told: Told, exchange: Exchange, apply: Apply) -> Again:
    """Run one attempt of a step with the recorded answer; nothing is sent, and nothing is waited for."""
    workflow, index = find_step(plan, told.workflow.workflow_id, told.started.step_id)
    run = Run(plan, Limits(request_timeout=None), told.workflow.inputs, apply)
    for other in plan.workflows.values():
        run.completed |= {(other.key, step.step_id) for step in other.steps}
    run.finished[workflow.document] = dict(told.finished)
    state = WorkflowState(workflow, told.workflow.inputs, dict(told.earlier), completed=set(range(len(workflow.steps))))
    return _judged(run, state, workflow.steps[index], told.started.trail, exchange)


def _judged(run: Run, state: WorkflowState, step: StepPlan, trail: Trail, exchange: Exchange) -> Again:
    events: list[Event] = []
    drift: tuple[Difference, ...] = ()
    answer: Answer = None
    flow = attempt(run, state, step, trail, call=_not_called, paced=True)
    while True:
        try:
            effect = flow.send(answer)
        except StopIteration as stop:
            events.append(AttemptFinished(trail, stop.value.problem, stop.value.outputs))
            return Again(tuple(events), stop.value.problem, drift)
        except Halt as halt:
            return Again(tuple(events), halt.problem, drift)
        answer = None
        match effect:
            case Send(request):
                drift = _drift(request, exchange)
                answer = exchange
            case Wait(seconds):
                answer = Waited(seconds)
            case _:
                events.append(effect)


def _drift(request: Request, exchange: Exchange) -> tuple[Difference, ...]:
    sent = leaving(request)
    before = exchange.hops[0].sent if exchange.hops else exchange.sent
    return () if isinstance(sent, TransportFailure) else differences(before, hidden(sent, Redactor()))


def _not_called(_target: Target, _state: WorkflowState, _trail: Trail, _scope: Scope) -> Called:
    """Stand for a called workflow: only steps that sent something are judged again."""
    return Finish("passed", {}, None)
    yield

"""Turns a workflow into the events of its life, in order: those that were, and those that will be if nothing changes.

    workflow unassigned  step unassigned ...
    workflow processing  step processing  job processing ...
                         job ended        step ended        ...
    workflow ended

As the real API has it there is an event for every status but `preparing`, processing comes before an end unless it
never came to that, and a workflow's end is its last event. Each has a timestamp of its own, if need be by a
millisecond: `(workflowId, status, timestamp)` is published as the key that tells events apart, and so it does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from runner.records import Frozen, replace
from runner.sandbox.civitai.callbacks import Callback
from runner.sandbox.civitai.workflows import Status, Step, Workflow
from runner.sandbox.ids import timestamp
from runner.values import Json

StepBody: TypeAlias = Callable[[Workflow, Step, float], dict[str, Json]]
"""Write a step as the description's WorkflowStepResult, as it stands at a time."""

_PHASES: dict[Status, int] = {"unassigned": 0, "processing": 1}
_ENDED = 2


Scope: TypeAlias = Literal["workflow", "step", "job"]
_DEPTHS: dict[Scope, int] = {"workflow": 0, "step": 1, "job": 2}


class _Change(Frozen):
    """Something takes on a status. `step` is None for the workflow itself."""

    at: float
    scope: Scope
    status: Status
    step: Step | None = None
    place: int = -1

    @property
    def order(self) -> tuple[float, ...]:
        """Say what comes first: into work from the outside in, out of it from the inside out."""
        phase, depth = _PHASES.get(self.status, _ENDED), _DEPTHS[self.scope]
        if phase == _ENDED:
            return self.at, phase, math.inf if self.step is None else self.place, -depth
        return self.at, phase, self.place, depth


class Event(Frozen):
    """Something to be told: when it happens, in seconds since 1970, the time that it says, and what takes on what."""

    at: float
    timestamp: str
    scope: Scope
    status: Status
    step: Step | None


def events(workflow: Workflow, callback: Callback) -> Iterator[Event]:
    """Give the events that a callback asks for. Those up to a time never change after it."""
    stamp = 0
    for change in sorted(_changes(workflow), key=lambda change: change.order):
        stamp = max(int(change.at * 1000), stamp + 1)
        if callback.wants(change.scope, change.status):
            yield Event(change.at, timestamp(stamp / 1000), change.scope, change.status, change.step)


def _changes(workflow: Workflow) -> Iterator[_Change]:
    ended, outcome = workflow.end
    started = workflow.started(math.inf)
    yield _Change(workflow.created, "workflow", "unassigned")
    yield from _work("workflow", started, ended, outcome)
    for place, step in enumerate(workflow.steps):
        yield _Change(workflow.created, "step", "unassigned", step, place)
        step_ended = min(step.ends, ended)
        status = workflow.step_status(step, step_ended)
        # A step has no job until it is started.
        scopes: tuple[Scope, ...] = ("step",) if started is None else ("step", "job")
        for scope in scopes:
            yield from (replace(change, step=step, place=place) for change in _work(scope, started, step_ended, status))


def _work(scope: Scope, started: float | None, ended: float, outcome: Status) -> Iterator[_Change]:
    if started is not None:
        yield _Change(started, scope, "processing")
    if ended < math.inf:
        yield _Change(ended, scope, outcome)


def body(workflow: Workflow, event: Event, describe: StepBody | None) -> dict[str, Json]:
    """Write an event; in detail where `describe` writes the steps, as they stand when it happens."""
    told: dict[str, Json] = {"$type": event.scope, "workflowId": workflow.id}
    if event.step is not None and event.scope == "step":
        told["name"] = event.step.name
    elif event.step is not None:
        told |= {"stepName": event.step.name, "jobId": event.step.job_id}
        told["progress"] = 1 if event.status == "succeeded" else 0
        told |= {"reason": event.status} if event.status in ("expired", "canceled") else {}
    told |= {"status": event.status, "timestamp": event.timestamp}
    if describe is not None and event.scope != "job":
        told["details"] = _details(workflow, event, describe)
    return told


def _details(workflow: Workflow, event: Event, describe: StepBody) -> dict[str, Json]:
    if event.step is not None:
        step = describe(workflow, event.step, event.at)
        return {name: step[name] for name in ("$type", "startedAt", "completedAt", "jobs") if name in step}
    times = {
        "createdAt": workflow.created,
        "startedAt": workflow.started(event.at),
        "completedAt": workflow.completed(event.at),
    }
    told: dict[str, Json] = {name: timestamp(time) for name, time in times.items() if time is not None}
    return told | {"steps": [describe(workflow, step, event.at) for step in workflow.steps]}

"""Find the steps that no way through a workflow reaches, and the ways that have no end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from runner.arazzo.document import Workflow
from runner.diagnostics import Diagnostic
from runner.plan.context import Context
from runner.plan.plan import Action, StepPlan, WorkflowPlan
from runner.plan.rules import flow
from runner.values import join_pointer, resolve_pointer

_OUTPUT = re.compile(r"\$steps\.([A-Za-z0-9_-]+)\.(?:outputs\.)?([A-Za-z0-9_.\-]+)")


def check_ways(plan: WorkflowPlan) -> Iterator[Diagnostic]:
    """Say which steps are never reached, and which actions go round without limit."""
    own = range(len(plan.steps))
    yield from _check(plan.all_steps, own, goes_on=False)
    yield from _check(plan.all_steps, range(len(own), len(plan.all_steps)), goes_on=True)


def _check(steps: Sequence[StepPlan], places: range, *, goes_on: bool) -> Iterator[Diagnostic]:
    """Check the ways through the steps of these places; `goes_on` says that one that fails does not stop the next."""
    reached = _reached(steps, places, goes_on=goes_on)
    for index in places:
        step = steps[index]
        if index not in reached:
            yield flow.unreachable_step(step.step_id, step.span)
            continue
        for kind, actions in (("success", step.on_success), ("failure", step.on_failure)):
            last = next((action for action in actions if not action.criteria), None)
            if last is None or last.type != "goto" or last.step is None or last.step > index:
                continue
            if index in _always(steps, last.step):
                yield flow.loop_without_limit(steps[last.step].step_id, last.span, kind)


def _reached(steps: Sequence[StepPlan], places: range, *, goes_on: bool) -> set[int]:
    """Give the steps that some way leads to, from the first place on."""
    reached: set[int] = set()
    pending = [places.start]
    while pending:
        index = pending.pop()
        if index in reached or index not in places:
            continue
        reached.add(index)
        step = steps[index]
        pending += [*_next(step.on_success, index + 1), *_next(step.on_failure, index + 1 if goes_on else None)]
        pending += step.needs  # it runs only once these have
    return reached


def _next(actions: Sequence[Action], otherwise: int | None) -> Iterator[int]:
    """Give the steps that one of these actions may lead to; `otherwise` where none of them has to hold."""
    for action in actions:
        if action.step is not None:
            yield action.step
        if not action.criteria and action.type != "retry":
            return
    if otherwise is not None:
        yield otherwise


def _always(steps: Sequence[StepPlan], start: int) -> set[int]:
    """Give the steps that are run from `start` on as long as each of them passes and no criteria decide."""
    seen: set[int] = set()
    index: int | None = start
    while index is not None and index < len(steps) and index not in seen:
        seen.add(index)
        actions = steps[index].on_success
        if any(action.criteria for action in actions):
            break
        first = actions[0] if actions else None
        index = index + 1 if first is None else first.step
    return seen


def unused_outputs(ctx: Context, workflow: Workflow) -> Iterator[Diagnostic]:
    """Say which outputs of steps no text of the workflow refers to."""
    written = resolve_pointer(ctx.arazzo.document.root, workflow.pointer)
    used: dict[str, set[str]] = {}
    for text in _texts(written):
        for found in _OUTPUT.finditer(text) if "outputs" in text else ():
            used.setdefault(found[1], set()).add(found[2])
    for step in workflow.all_steps:
        spelled = used.get(step.step_id, set())
        for name in step.outputs.keys() - spelled:
            if not any(_names(each, name) for each in spelled):
                pointer = join_pointer(step.pointer, "outputs", name)
                yield flow.unused_output(name, step.step_id, ctx.key(pointer))


def _names(written: str, name: str) -> bool:
    return written == name or written.startswith((name + ".", name + "["))


def _texts(value: object) -> Iterator[str]:
    pending: list[Iterable[object]] = [[value]]
    while pending:
        part = pending.pop()
        for each in part.values() if isinstance(part, dict) else part:
            if isinstance(each, str):
                yield each
            elif isinstance(each, (list, dict)):
                pending.append(each)

"""Turns workflows into the names of the inputs that nobody may see, here or in what they are handed on to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from runner.expressions.nodes import (
    Accessed,
    ArrayOf,
    Computed,
    Constant,
    Escaped,
    Input,
    Node,
    ObjectOf,
    Part,
    Quoted,
    Selected,
    Template,
)
from runner.plan.plan import Argument, Plan, WorkflowCall, WorkflowPlan, successors


def secret_names(plan: Plan, key: str) -> frozenset[str]:
    """Give the names of what a workflow may be given that is a password: to it, or to one that a run of it reaches.

    An input that is handed on as an argument is as secret as the input that it becomes.
    """
    reached = plan.reachable(key)
    found = {each.key: set(each.inputs.secret) for each in reached}
    if not any(found.values()):
        return frozenset()
    grows = True
    while grows:
        grows = False
        for workflow in reached:
            names = found[workflow.key]
            theirs = set(_handed_on(workflow, found)).union(*(found[other] for other in successors(workflow)))
            grows = grows or not theirs <= names
            names |= theirs
    return frozenset(found[key])


def _handed_on(workflow: WorkflowPlan, secret: Mapping[str, set[str]]) -> Iterator[str]:
    """Give the inputs that stand in an argument for a secret input."""
    for key, arguments in _calls(workflow):
        for argument in arguments:
            if argument.name in secret[key]:
                yield from _inputs_in(argument.value)


def _calls(workflow: WorkflowPlan) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    for step in workflow.all_steps:
        if isinstance(step.call, WorkflowCall):
            yield step.call.key, step.call.arguments
        for action in (*step.on_success, *step.on_failure):
            if action.workflow is not None:
                yield action.workflow.key, action.workflow.arguments


def _inputs_in(node: Node) -> Iterator[str]:
    match node:
        case Constant():
            pass
        case Computed(expression) | Selected(context=expression):
            yield from _input_of(expression)
        case Template(parts):
            for part in parts:
                yield from _input_of(part)
        case ObjectOf(members):
            for _, member in members:
                yield from _inputs_in(member)
        case ArrayOf(items):
            for item in items:
                yield from _inputs_in(item)
        case _:
            assert_never(node)


def _input_of(part: Part) -> Iterator[str]:
    expression = part.expression if isinstance(part, Quoted | Escaped) else part
    root = expression.base if isinstance(expression, Accessed) else expression
    if isinstance(root, Input):
        yield root.name

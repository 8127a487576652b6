"""The order in which a workflow's steps run, and what each of them waits for.

As written, unless the document is of a version with step-level `dependsOn` and uses it: then "tools … MUST execute
steps in an order that satisfies both explicit (`dependsOn`) and implicit (output reference) dependencies". The steps of
`x-finally` come last, as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from runner.arazzo.document import Step, Workflow
from runner.plan.context import Context
from runner.plan.rules import flow, language, names
from runner.plan.targets import find_called
from runner.records import Frozen
from runner.values import Json, resolve_pointer

ELSEWHERE = re.compile(
    r"\$(?:workflows|sourceDescriptions\.(?P<source>[^.]+))\.(?P<workflow>[^.]+)\.steps\.(?P<step>[^.]+)"
)
REFERENCE = re.compile(r"\$steps\.([A-Za-z0-9_-]+)\.")


class Order(Frozen):
    """`sequence` lists all steps as they run, as indexes into those written; `needs` gives the dependsOn of each.

    `elsewhere` gives those in other workflows, as the workflow's key and the stepId.
    """

    sequence: tuple[int, ...]
    needs: Mapping[int, tuple[int, ...]]
    elsewhere: Mapping[int, tuple[tuple[str, str], ...]]


def order_steps(ctx: Context, workflow: Workflow) -> Order:
    """Order the steps of a workflow, and report dependencies that lead nowhere or in a circle."""
    steps, own = workflow.all_steps, len(workflow.steps)
    index = {step.step_id: position for position, step in reversed(list(enumerate(steps)))}
    needs = {position: tuple(_needs(ctx, step, index, max(own, position))) for position, step in enumerate(steps)}
    elsewhere = {position: tuple(_elsewhere(ctx, step)) for position, step in enumerate(steps)}
    written = tuple(range(len(steps)))
    if not ctx.arazzo.document.dialect.steps_may_be_ordered or not any(needs[place] for place in written[:own]):
        return Order(written, needs, elsewhere)
    edges = {
        position: {each for each in needs[position] if each < own}
        | {each for each in _references(ctx, step, index) if each < own and each != position}
        for position, step in enumerate(workflow.steps)
    }
    sequence: list[int] = []
    while len(sequence) < own:
        ready = next((p for p in written[:own] if p not in sequence and edges[p] <= set(sequence)), None)
        if ready is None:
            circle = [workflow.steps[p].step_id for p in _circle(edges, set(sequence))]
            ctx.report(names.dependency_cycle(circle, ctx.key(f"{workflow.pointer}/steps")))
            return Order(written, needs, elsewhere)
        sequence.append(ready)
    return Order((*sequence, *written[own:]), needs, elsewhere)


def _needs(ctx: Context, step: Step, index: Mapping[str, int], before: int) -> Iterator[int]:
    """Find the steps that a step depends on, which stand `before` a place: x-finally comes later than that."""
    for place, name in enumerate(step.depends_on):
        if name in index and index[name] < before:
            yield index[name]
        elif name in index:
            ctx.report(flow.step_of_teardown(name, ctx.value(f"{step.pointer}/dependsOn/{place}")))
        elif not name.startswith("$"):
            ctx.report(names.unknown_step(name, index, ctx.value(f"{step.pointer}/dependsOn/{place}")))


def _elsewhere(ctx: Context, step: Step) -> Iterator[tuple[str, str]]:
    """Find the steps of other workflows that a step depends on, by the two patterns the specification has for them."""
    for place, text in enumerate(step.depends_on):
        if not text.startswith("$"):
            continue
        pointer = f"{step.pointer}/dependsOn/{place}"
        match = ELSEWHERE.fullmatch(text)
        if match is None:
            message = "a step of another workflow is written $workflows.<workflowId>.steps.<stepId>"
            ctx.report(language.expression_syntax(message, ctx.value(pointer), None))
            continue
        source = match["source"]
        workflow_id = f"$sourceDescriptions.{source}.{match['workflow']}" if source else match["workflow"]
        found = find_called(ctx, workflow_id, pointer)
        if found is None:
            continue
        known = [each.step_id for each in found.workflow.steps]
        if match["step"] not in known:
            span = ctx.within(pointer, match.start("step"), match.end("step"))
            ctx.report(names.unknown_step(match["step"], known, span))
            continue
        yield found.key(ctx.description.entry), match["step"]


def _references(ctx: Context, step: Step, index: Mapping[str, int]) -> Iterator[int]:
    written = resolve_pointer(ctx.arazzo.document.root, step.pointer)
    for text in _strings(written if isinstance(written, dict) else None):
        yield from (index[name] for name in REFERENCE.findall(text) if name in index)


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _circle(edges: Mapping[int, set[int]], done: set[int]) -> list[int]:
    """Walk from a step that waits until one comes again."""
    path = [next(position for position in edges if position not in done)]
    while True:
        following = next(target for target in sorted(edges[path[-1]]) if target not in done)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)

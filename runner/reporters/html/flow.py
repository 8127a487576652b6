"""Turns what happened in a workflow into its flow picture and the path that was taken through it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TypeAlias

from runner.engine.events import ActionTaken
from runner.plan.plan import Plan
from runner.records import replace
from runner.reporters.chart.chart import Chart, Step, Way, WayKind, charts
from runner.reporters.chart.layout import way_name
from runner.reporters.chart.svg import figure
from runner.reporters.html.markup import Markup, join, tag
from runner.reporters.record import StepRecord, WorkflowRecord
from runner.source import Span

WIDEST = 30
"""Letters of a row: the picture stands beside the steps."""

ChartOf: TypeAlias = Callable[[WorkflowRecord], Chart | None]
"""Give the chart of a workflow that ran, as its plan has it, or nothing."""


def chart_of(plans: Iterable[Plan]) -> ChartOf:
    """Give the charts of some plans: workflows are known by their place, for an id may be that of several."""
    places = {_place(each.span): (plan, key) for plan in plans for key, each in plan.workflows.items()}

    @cache
    def at(place: tuple[str, int]) -> Chart | None:
        found = places.get(place)
        return charts(found[0], [found[1]])[0] if found else None

    return lambda workflow: at(_place(workflow.span)) if workflow.span else None


def _place(span: Span) -> tuple[str, int]:
    return span.source.uri, span.start


class Gallery:
    """The pictures of a page: each is written once, however often its workflow ran; the path is written with each run.

    Without a plan, as from a record of a run, the steps are drawn with the ways that were seen.
    """

    def __init__(self, chart: ChartOf | None = None) -> None:
        self._chart = chart
        self._known: dict[Chart, int] = {}
        self._new: list[Markup] = []

    def take_new(self) -> Markup:
        """Give the pictures that have not been written, as blocks that the page takes them from."""
        new, self._new = join(self._new), []
        return new

    def show(self, workflow: WorkflowRecord) -> Markup:
        """Give the place of a workflow's picture, and the path; nothing where there is only one step."""
        if len(workflow.outline) < 2:
            return Markup()
        ways = tuple(dict.fromkeys(taken(workflow)))
        chart = _bare((self._chart and self._chart(workflow)) or seen(workflow), frozenset(ways))
        if chart not in self._known:
            picture = Markup(figure(chart, WIDEST))
            self._new.append(tag("script", picture, type="text/html", id=f"chart-{len(self._known)}"))
        number = self._known.setdefault(chart, len(self._known))
        return tag(
            "figure",
            tag("figcaption", f"The way that was taken through {workflow.workflow_id}"),
            class_="flow",
            data_chart=number,
            data_steps=json.dumps(reached(workflow)),
            data_ways=json.dumps(ways),
        )


def _bare(chart: Chart, ways: frozenset[str]) -> Chart:
    """Leave the steps, the ways between them, and the ends that a run came to: the rest is told with each step."""
    steps = (
        replace(step, server="", given=(), checks=(), outputs=(), needs=(), ways=tuple(_bare_ways(index, step, ways)))
        for index, step in enumerate(chart.steps)
    )
    return replace(chart, inputs=(), needs=(), steps=tuple(steps), outputs=())


def _bare_ways(index: int, step: Step, taken: frozenset[str]) -> Iterator[Way]:
    for way in step.ways:
        if way.step is not None or way.kind == "retry" or way_name(index, None, way.name) in taken:
            yield replace(way, when=())


def seen(workflow: WorkflowRecord) -> Chart:
    """Draw up the chart of a workflow from what is told of its run."""
    places = _places(workflow)
    steps = []
    for index, outline in enumerate(workflow.outline):
        visits = [step for step in workflow.steps if step.step_id == outline.step_id]
        title = f"{'workflow ' if visits[0].kind == 'workflow' else ''}{visits[0].target}" if visits else "not reached"
        ways = dict.fromkeys(_way(step, action, places) for step in visits for action in step.actions)
        following = workflow.outline[index + 1].step_id if index + 1 < len(workflow.outline) else ""
        by_itself = Way("next", "", index + 1 if following else None, following or "the workflow ends")
        steps.append(Step(outline.step_id, "", title, "", (), (), (), (*ways, by_itself)))
    return Chart(workflow.workflow_id, "", (), (), tuple(steps), ())


def _way(step: StepRecord, action: ActionTaken, places: dict[str, int]) -> Way:
    kind: WayKind = "retry" if action.type == "retry" else "success" if step.outcome == "passed" else "failure"
    goal = places.get(action.target or "")
    if action.type == "end":
        return Way(kind, action.name, None, "the workflow ends", ends=True)
    return Way(kind, action.name, goal, action.target or "", ends=goal is None and action.type == "goto")


def _places(workflow: WorkflowRecord) -> dict[str, int]:
    return {outline.step_id: index for index, outline in enumerate(workflow.outline)}


def reached(workflow: WorkflowRecord) -> dict[int, str]:
    """Say how each step that was reached ended, the last time: `passed`, `failed`, `error` or `recovered`."""
    places = _places(workflow)
    return {places[step.step_id]: state(step) for step in workflow.steps if step.step_id in places}


def state(step: StepRecord) -> str:
    """Say in a word how a step ended."""
    return "recovered" if step.recovered and step.outcome != "passed" else step.outcome


def taken(workflow: WorkflowRecord) -> Iterator[str]:
    """Name the ways that were taken, as the picture names them."""
    places = _places(workflow)
    before: StepRecord | None = None
    for step in workflow.steps:
        goal = places.get(step.step_id)
        if before is None:
            yield way_name(None, goal)
        elif not (before.actions and before.actions[-1].type == "goto"):
            yield way_name(places.get(before.step_id), goal)
        for action in step.actions:
            back = goal if action.type == "retry" and not action.target else None
            yield way_name(goal, places.get(action.target or "", back), action.name)
        before = step

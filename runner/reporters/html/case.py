"""Turns a case, or a workflow that was run by itself, into a line of the list and what is to be seen behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from runner.engine.events import Problem
from runner.records import Frozen
from runner.reporters.contract import finding_headline
from runner.reporters.evidence import diagnose_workflow, headline
from runner.reporters.html.drawing import drawing
from runner.reporters.html.flow import Gallery
from runner.reporters.html.markup import Markup, join, section, tag
from runner.reporters.html.step import SHORT, VALUE, View, mark, step_row, values
from runner.reporters.html.waterfall import Scale, axis
from runner.reporters.record import CaseRecord, RunRecord, TeardownRecord, WorkflowRecord
from runner.reporters.text import count, cut, one_line, seconds

MESSAGE = 160
_WHY = {
    "asked": "",
    "dependency": "it had to run first",
    "call": "called",
    "goto": "the flow went on here",
    "retry": "it ran before a retry",
}


class Listed(Frozen):
    """A line of the list: what it is called, how it ended, and the workflows that ran for it."""

    name: str
    outcome: str
    workflows: Sequence[WorkflowRecord]
    started: float
    took: float
    summary: str = ""
    document: str = ""
    tags: tuple[str, ...] = ()
    problem: Problem | None = None
    skipped: str = ""

    @classmethod
    def of_case(cls, record: CaseRecord) -> Listed:
        case = record.case
        return cls(
            name=case.name,
            outcome="skipped" if record.skipped else record.outcome,
            workflows=record.workflows,
            started=record.started,
            took=record.took,
            summary=next((each.summary for each in record.workflows if each.reason == "asked"), ""),
            document=case.document,
            tags=case.tags,
            problem=record.problem,
            skipped=record.skipped,
        )

    @classmethod
    def of_workflows(cls, workflows: Sequence[WorkflowRecord]) -> Listed:
        """Make a line of a workflow and of those that it went on to."""
        first = workflows[0]
        ended = max((each.finished or each.started for each in workflows), default=first.started)
        why = _WHY[first.reason]
        return cls(
            name=first.workflow_id,
            outcome=first.outcome,
            workflows=workflows,
            started=first.started,
            took=ended - first.started,
            summary=" · ".join(filter(None, (first.summary, why))),
            document=first.span.source.name if first.span else "",
        )

    @property
    def message(self) -> str:
        """Say in a line why it did not pass."""
        failures = [headline(step, problem) if step else problem.message for _, step, problem in self.run.failures()]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        broken = [finding_headline(finding) for finding in self.run.findings() if finding.severity == "error"]
        own = [each.message for each in (self.problem, *(each.problem for each in self.workflows)) if each]
        said = [*(each + more for each in failures), *broken, *own, "it did not finish"]
        return cut(one_line(said[0]), MESSAGE)

    @property
    def run(self) -> RunRecord:
        """What ran, as a run of its own."""
        return RunRecord(workflows=list(self.workflows))


def line(listed: Listed, number: int, gallery: Gallery) -> Markup:
    """Write a case: its line, and its content in a block that becomes part of the page when the case is opened."""
    said = listed.skipped or (listed.summary if listed.outcome == "passed" else listed.message)
    tags = join((tag("span", one_line(each), class_="tag") for each in listed.tags), " ")
    summary = tag(
        "summary",
        mark(listed.outcome),
        tag("h3", one_line(listed.name)),
        tag("span", cut(one_line(said), MESSAGE), class_="said"),
        tag("span", tags, class_="tags"),
        tag("span", tag("bdi", one_line(listed.document)), class_="document"),
        tag("span", _facts(listed), class_="facts"),
        tag("span", seconds(listed.took), class_="took"),
    )
    content = tag("script", content_of(listed, gallery), type="text/html") if listed.outcome != "skipped" else ""
    return gallery.take_new() + tag(
        "details",
        summary,
        content,
        class_=f"case {listed.outcome}",
        id=f"case-{number}",
        data_outcome="failed" if listed.outcome == "error" else listed.outcome,
        data_tags=" ".join(f"#{one_line(each)}" for each in listed.tags),
        aria_label=f"case {one_line(listed.name)}: {listed.outcome}",
    )


def _facts(listed: Listed) -> str:
    steps = [step for workflow in listed.run.all_workflows() for step in workflow.all_steps]
    requests = sum(len(step.exchanges) for step in steps)
    return f"{count(len(steps), 'step')} · {count(requests, 'request')}" if steps else ""


def content_of(listed: Listed, gallery: Gallery) -> Markup:
    """Write what is to be seen of a case."""
    view = View(Scale(listed.started, listed.took), listed.outcome != "passed", partial(_called, gallery))
    problem = tag("p", listed.problem.message, class_="problem") if listed.problem and not listed.workflows else ""
    several = len(listed.workflows) > 1
    parts = (_workflow(each, view, gallery, titled=several) for each in _by_start(listed.workflows))
    return tag("div", problem, *parts, class_="content")


def _by_start(workflows: Iterable[WorkflowRecord]) -> list[WorkflowRecord]:
    return sorted(workflows, key=lambda each: each.started)


def _workflow(workflow: WorkflowRecord, view: View, gallery: Gallery, *, titled: bool) -> Markup:
    """Write a workflow with its picture beside it."""
    title = tag("p", tag("strong", workflow.workflow_id), f" {_WHY[workflow.reason]}") if titled else ""
    limit = VALUE if view.bodies else SHORT
    steps = tag("div", title, *_steps(workflow, view), _ends(workflow, limit), class_="steps")
    return tag("div", steps, gallery.show(workflow), class_="workflow")


def _called(gallery: Gallery, workflow: WorkflowRecord, view: View) -> Markup:
    """Write a workflow that ran inside a step."""
    title = tag("p", tag("strong", one_line(workflow.workflow_id)), f" {_WHY[workflow.reason]}", class_="soft")
    picture = gallery.show(workflow)
    flow = tag("details", tag("summary", "picture"), picture, class_="more") if picture else ""
    return tag("div", title, *_steps(workflow, view), _ends(workflow, SHORT), flow, class_="called")


def _steps(workflow: WorkflowRecord, view: View) -> Iterator[Markup]:
    names: Counter[str] = Counter()
    if workflow.steps:
        yield axis(view.scale)
    for step in workflow.steps:
        names[step.step_id] += 1
        yield step_row(step, view, names)
    for outline in workflow.not_reached():
        name = tag("h4", one_line(outline.step_id))
        yield tag("div", mark("not reached"), name, tag("span", "not reached", class_="target"), class_="step missed")
    if workflow.teardown:
        yield from _teardown(workflow.teardown, view, names)


def _teardown(teardown: TeardownRecord, view: View, names: Counter[str]) -> Iterator[Markup]:
    """Write what ran when the other steps were over, and what had nothing to do."""
    yield tag("p", tag("strong", "teardown"), class_="soft")
    for step in teardown.steps:
        names[step.step_id] += 1
        yield step_row(step, view, names)
    if problem := teardown.untold:
        yield tag("p", one_line(problem.message), class_="problem")
    for outline, reason in teardown.left_out():
        name = tag("h4", one_line(outline.step_id))
        said = tag("span", f"skipped: {one_line(reason)}", class_="target")
        yield tag("div", mark("not reached"), name, said, class_="step missed")


def _ends(workflow: WorkflowRecord, limit: int) -> Markup:
    """Write what a workflow was given and gave, and what stopped it outside of its steps."""
    problem = workflow.problem
    told = any(step.failed for step in workflow.steps) or workflow.went_on
    drawn = diagnose_workflow(workflow, problem) if problem and not told and workflow.outcome != "passed" else None
    return tag(
        "div",
        drawing(drawn) if drawn else "",
        section("Inputs", values(workflow.inputs, limit)),
        section("Outputs", values(workflow.outputs, limit)),
        class_="ends",
    )

"""Turns a case, or a workflow that was run by itself, into a line of the list and what is to be seen behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runner.engine.events import Problem
from runner.reporters.contract import finding_headline
from runner.reporters.evidence import diagnose_workflow, headline
from runner.reporters.html.drawing import drawing
from runner.reporters.html.flow import Gallery
from runner.reporters.html.markup import Markup, join, section, tag
from runner.reporters.html.step import SHORT, VALUE, View, mark, step_row, values
from runner.reporters.html.waterfall import Scale, axis
from runner.reporters.record import CaseRecord, RunRecord, WorkflowRecord
from runner.reporters.text import count, cut, one_line, seconds

MESSAGE = 160
_WHY = {
    "asked": "",
    "dependency": "it had to run first",
    "call": "called",
    "goto": "the flow went on here",
    "retry": "it ran before a retry",
}


@dataclass(frozen=True, slots=True)
class Entry:
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
    def of_case(cls, record: CaseRecord) -> Entry:
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
    def of_workflows(cls, workflows: Sequence[WorkflowRecord]) -> Entry:
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


def line(entry: Entry, number: int, gallery: Gallery) -> Markup:
    """Write a case: its line, and its content in a block that becomes part of the page when the case is opened."""
    said = entry.skipped or (entry.summary if entry.outcome == "passed" else entry.message)
    tags = join((tag("span", one_line(each), class_="tag") for each in entry.tags), " ")
    summary = tag(
        "summary",
        mark(entry.outcome),
        tag("h3", one_line(entry.name)),
        tag("span", cut(one_line(said), MESSAGE), class_="said"),
        tag("span", tags, class_="tags"),
        tag("span", tag("bdi", one_line(entry.document)), class_="document"),
        tag("span", _facts(entry), class_="facts"),
        tag("span", seconds(entry.took), class_="took"),
    )
    content = tag("script", content_of(entry, gallery), type="text/html") if entry.outcome != "skipped" else ""
    return gallery.take_new() + tag(
        "details",
        summary,
        content,
        class_=f"case {entry.outcome}",
        id=f"case-{number}",
        data_outcome="failed" if entry.outcome == "error" else entry.outcome,
        data_tags=" ".join(f"#{one_line(each)}" for each in entry.tags),
        aria_label=f"case {one_line(entry.name)}: {entry.outcome}",
    )


def _facts(entry: Entry) -> str:
    steps = [step for workflow in entry.run.all_workflows() for step in workflow.steps]
    requests = sum(len(step.exchanges) for step in steps)
    return f"{count(len(steps), 'step')} · {count(requests, 'request')}" if steps else ""


def content_of(entry: Entry, gallery: Gallery) -> Markup:
    """Write what is to be seen of a case."""
    view = View(Scale(entry.started, entry.took), entry.outcome != "passed", _called)
    problem = tag("p", entry.problem.message, class_="problem") if entry.problem and not entry.workflows else ""
    several = len(entry.workflows) > 1
    parts = (_workflow(each, view, gallery, titled=several) for each in _by_start(entry.workflows))
    return tag("div", problem, *parts, class_="content")


def _by_start(workflows: Iterable[WorkflowRecord]) -> list[WorkflowRecord]:
    return sorted(workflows, key=lambda each: each.started)


def _workflow(workflow: WorkflowRecord, view: View, gallery: Gallery, *, titled: bool) -> Markup:
    """Write a workflow with its picture beside it."""
    title = tag("p", tag("strong", workflow.workflow_id), f" {_WHY[workflow.reason]}") if titled else ""
    limit = VALUE if view.bodies else SHORT
    steps = tag("div", title, *_steps(workflow, view), _ends(workflow, limit), class_="steps")
    return tag("div", steps, gallery.show(workflow), class_="workflow")


def _called(workflow: WorkflowRecord, view: View) -> Markup:
    """Write a workflow that ran inside a step."""
    title = tag("p", tag("strong", one_line(workflow.workflow_id)), f" {_WHY[workflow.reason]}", class_="soft")
    return tag("div", title, *_steps(workflow, view), _ends(workflow, SHORT), class_="called")


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

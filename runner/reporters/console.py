"""Turns entries into what a person sees while a workflow runs, and at its end."""

from __future__ import annotations

from typing import Literal, TextIO, TypeAlias

from runner.diagnostics import Diagnostic
from runner.engine.events import (
    ActionTaken,
    Answered,
    AttemptFinished,
    BodyUnreadable,
    ContractChecked,
    CriterionChecked,
    Entry,
    RunFinished,
    RunStarted,
    StepFinished,
    StepSkipped,
    StepStarted,
    TeardownFinished,
    TeardownStarted,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.exchange import Exchange
from runner.records import replace
from runner.reporters import lines
from runner.reporters.contract import diagnose_finding, finding_headline
from runner.reporters.diagnostics import render_full
from runner.reporters.evidence import diagnose, diagnose_workflow, evidence, headline
from runner.reporters.live import LiveScreen, PlainScreen, Screen
from runner.reporters.record import TOLD_ELSEWHERE, RunRecord, StepRecord, TeardownRecord, WorkflowRecord
from runner.reporters.recorder import Recorder
from runner.reporters.style import Style
from runner.reporters.text import count, cut, one_line, visible

Verbosity: TypeAlias = Literal["quiet", "normal", "verbose"]

SILENCE = 30.0
"""Seconds a log may stay silent while a step waits, where no live line can be shown."""

MOST_WARNINGS = 5
"""Contract warnings that are drawn at the end of a run."""


# What is said of only where every detail is wanted.
_DETAILS = frozenset({ActionTaken, Answered, AttemptFinished, BodyUnreadable, ContractChecked, CriterionChecked})


class Console:
    """A line for each step when it is finished, a drawing for each failure, and a summary.

    `live` is for a terminal: what happens just now stands on the last line. "quiet" keeps the failures and the summary,
    "verbose" adds every request, every criterion with its values, and the outputs.
    """

    def __init__(self, stream: TextIO, style: Style, *, verbosity: Verbosity = "normal", live: bool = False) -> None:
        self._style = style
        self._screen: Screen = LiveScreen(stream, style) if live and verbosity != "quiet" else PlainScreen(stream)
        self._quiet = verbosity == "quiet"
        self._verbose = verbosity == "verbose"
        self._recorder = Recorder()
        self._known: set[tuple[object, ...]] = set()
        self._said_at = 0.0
        self._summed_up = False
        self._aligned: tuple[WorkflowRecord, int] | None = None

    @property
    def run(self) -> RunRecord:
        """What has been told so far."""
        return self._recorder.run

    def tell(self, entry: Entry) -> None:
        if type(entry.event) in _DETAILS and not self._verbose:
            self._recorder.tell(entry)
        else:
            self._show(entry)

    def _show(self, entry: Entry) -> None:
        step, workflow = self._recorder.step, self._recorder.workflow
        indent = self._indent()
        self._recorder.tell(entry)
        match entry.event:
            case RunStarted(document, title):
                self._said_at = entry.at
                self._say(f"{self._style.paint(one_line(title), 'strong')}  {self._muted(document)}".strip())
                for line in lines.server_lines(self._recorder.run.servers, self._style):
                    self._say(line)
            case WorkflowStarted() if self._recorder.workflow:
                self._start_workflow(self._recorder.workflow)
            case StepStarted(_, step_id, _, target):
                self._screen.show(f"{one_line(step_id)}  {one_line(target)}")
            case WaitStarted() as wait if step:
                self._wait(wait, step, entry.at)
            case StepFinished() if step and workflow:
                self._finish_step(step, workflow, indent, entry.at)
            case TeardownStarted() if workflow:
                self._say_not_reached(workflow, indent)
                self._say(indent + self._muted("teardown"))
            case StepSkipped(_, step_id, reason):
                self._say(lines.skipped_line(step_id, reason, self._style, indent))
            case TeardownFinished() if workflow and workflow.teardown:
                self._say_not_reached(workflow.teardown, indent)
                if problem := workflow.teardown.untold:
                    self._draw(diagnose_workflow(workflow, problem), problem.message, indent)
            case WorkflowFinished() if workflow:
                self._finish_workflow(workflow, indent)
            case RunFinished():
                self._sum_up()
            case event if self._verbose and step:
                self._tell_all(event, step)

    def close(self) -> None:
        """Take the live line away; a run that was broken off is summed up as far as it came."""
        if not self._summed_up and self._recorder.run.workflows:
            self._sum_up()
        self._screen.close()

    def _name_width(self, workflow: WorkflowRecord) -> int:
        """Give the cells that the names of a workflow's steps are set in, found out once."""
        if self._aligned is None or self._aligned[0] is not workflow:
            self._aligned = (workflow, lines.name_width(workflow))
        return self._aligned[1]

    def _start_workflow(self, workflow: WorkflowRecord) -> None:
        indent = "    " * self._recorder.depth
        if not indent:
            self._say("")
        self._say(lines.heading(workflow, self._style, indent))
        if self._verbose:
            for line in lines.value_lines(workflow.inputs, self._style, indent + "    "):
                self._say(line)

    def _wait(self, wait: WaitStarted, step: StepRecord, at: float) -> None:
        text = lines.waiting(wait, step)
        name = one_line(step.step_id)
        self._screen.show(f"{name}  {one_line(step.target)}  {text}")
        if self._verbose or (isinstance(self._screen, PlainScreen) and at + wait.seconds - self._said_at >= SILENCE):
            self._said_at = at
            dots = self._style.mark("ellipsis")
            self._say(self._indent() + "  " + self._muted(f"{dots} {name} {text}"))

    def _tell_all(self, event: object, step: StepRecord) -> None:
        indent = self._indent() + "  "
        match event:
            case Answered(_, exchange):
                self._say(lines.request_line(exchange, self._style, indent))
            case CriterionChecked() as checked:
                self._say(lines.criterion_line(checked, self._style, indent + "  "))
            case AttemptFinished(_, problem, _) if problem and step.exchange is None:
                self._say(f"{indent}  {one_line(problem.message)}")

    def _finish_step(self, step: StepRecord, workflow: WorkflowRecord, indent: str, at: float) -> None:
        self._said_at = at
        self._say(lines.step_line(step, self._style, indent, self._name_width(workflow)))
        if step.recovered and step.problem:
            self._say(f"{indent}  {self._muted(one_line(step.problem.message))}")
        if step.unreadable and not step.failed:
            self._say(f"{indent}  {self._style.paint(one_line(step.unreadable), 'warning')}")
        for line in lines.finding_lines(step.findings, self._known, self._style, indent + "  "):
            self._say(line)
        self._known |= step.findings.keys()
        if self._verbose:
            for line in lines.value_lines(step.outputs, self._style, indent + "    "):
                self._say(line)
        if step.failed:
            self._draw_step(step, indent)

    def _draw_step(self, step: StepRecord, indent: str) -> None:
        """Draw a failure, once: that of a called workflow has been drawn where it happened."""
        problem = step.problem
        if problem is None or problem.kind == "cancelled":
            return
        failed = [called for called in step.called if called.outcome != "passed"]
        if failed and (problem.kind == "workflow" or any(called.problem == problem for called in failed)):
            return
        text = "\n".join([headline(step, problem), *evidence(step)])
        self._draw(diagnose(step, problem), text, indent)

    def _finish_workflow(self, workflow: WorkflowRecord, indent: str) -> None:
        if workflow.teardown is None:
            self._say_not_reached(workflow, indent)
        problem = workflow.problem
        drawn = workflow.went_on or any(step.failed for step in workflow.steps)
        elsewhere = problem is None or problem.kind == "cancelled" or problem.kind in TOLD_ELSEWHERE
        if problem and not elsewhere and workflow.outcome != "passed" and not drawn:
            self._draw(diagnose_workflow(workflow, problem), problem.message, indent)
        # Of several workflows the summary is a table, so that what each gave stands below its steps.
        if not self._recorder.depth and len(self._recorder.run.workflow_ids) > 1 and workflow.reason != "dependency":
            for line in lines.value_lines(workflow.outputs, self._style, "    "):
                self._say(line)

    def _say_not_reached(self, record: WorkflowRecord | TeardownRecord, indent: str) -> None:
        if line := lines.not_reached_line(record, self._style, indent):
            self._say(line)

    def _draw(self, diagnostic: Diagnostic | None, text: str, indent: str) -> None:
        self._screen.say(f"\n{self._drawn(diagnostic, text, '' if self._quiet else indent + '  ')}\n")

    def _drawn(self, diagnostic: Diagnostic | None, text: str, indent: str) -> str:
        style = replace(self._style, width=max(40, self._style.width - len(indent)))
        drawn = render_full(diagnostic, style) if diagnostic else visible(text)
        if not style.unicode:
            drawn = drawn.replace("…", style.mark("ellipsis"))
        return "\n".join(f"{indent}{line}".rstrip() for line in drawn.split("\n"))

    def _sum_up(self) -> None:
        self._summed_up = True
        self._screen.show("")
        self.draw_findings()
        self._say("")
        for line in lines.summary(self._recorder.run, self._style):
            self._screen.say(line)

    def draw_findings(self) -> None:
        """Draw each broken contract of the run once; of many warnings the first few, for each has its line already."""
        findings = self._recorder.run.findings()
        errors = [finding for finding in findings if finding.severity == "error"]
        warnings = [] if self._quiet else findings[len(errors) :]
        drawn = warnings if self._verbose else warnings[:MOST_WARNINGS]
        last: Exchange | None = None
        for finding in (*errors, *drawn):
            evidence = (finding.severity == "error" or self._verbose) and finding.exchange is not last
            last = finding.exchange if evidence else last
            diagnostic = diagnose_finding(finding, evidence=evidence)
            self._screen.say(f"\n{self._drawn(diagnostic, finding_headline(finding), '')}")
        if left := len(warnings) - len(drawn):
            self._say("\n" + self._muted(f"{count(left, 'more contract warning')}: -v draws all"))

    def _indent(self) -> str:
        """Give the indent of a step's line in the workflow that is open."""
        return "    " * self._recorder.depth + "  "

    def _muted(self, text: str) -> str:
        return self._style.paint(cut(one_line(text), self._style.width, self._style.mark("ellipsis")), "muted")

    def _say(self, line: str) -> None:
        if not self._quiet:
            self._screen.say(line)

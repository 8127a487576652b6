"""Turns a step, or all that ran for a workflow, into what stands in a testcase of JUnit: a result and its requests."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime

from runner.engine.events import Problem, StepOutline
from runner.exchange import Exchange, Response
from runner.reporters import xml
from runner.reporters.chapters import Chapter
from runner.reporters.contract import report_lines
from runner.reporters.evidence import evidence, explain, headline, unmet
from runner.reporters.findings import Finding, said
from runner.reporters.record import TOLD_ELSEWHERE, Failure, StepRecord, WorkflowRecord
from runner.reporters.text import shown
from runner.source import Span


def step_result(step: StepRecord, blamed: bool) -> Iterator[ET.Element]:
    """Give what stands in a step's testcase: exactly one failure or error where the step or the API is to blame."""
    findings = list(step.findings.values())
    broken = [finding for finding in findings if finding.severity == "error"]
    details = [line for finding in broken for line in report_lines(finding)]
    place = step_place(step) if blamed else step.span
    if blamed:
        problem = step.problem or Problem("cancelled", f"step '{step.step_id}' did not finish", step.span)
        yield broken_element(problem, [*at(place), *_evidence(step, problem), *details], headline(step, problem))
    elif broken:
        problem = Problem("contract", f"step '{step.step_id}': {said(broken[0])}{_more(len(broken))}", place)
        yield broken_element(problem, [*at(place), *details, *evidence(step)])
    elif step.problems:
        yield _flaky(step, step.problems[-1].message)
    yield from _output([step], findings)


def chapter_result(chapter: Chapter, findings: list[Finding]) -> Iterator[ET.Element]:
    """Give what stands in the testcase of a whole chapter, in the same way: all that went wrong in one element."""
    failures = chapter.failures()
    broken = [finding for finding in findings if finding.severity == "error"]
    steps = [step for workflow in chapter.all_workflows() for step in workflow.all_steps]
    case = chapter.case
    details = [line for finding in broken for line in report_lines(finding)]
    if failures:
        parts = [line for number, failure in enumerate(failures) for line in _told(failure, is_first=number == 0)]
        title = _title(failures[0]) + _more(len(failures))
        yield broken_element(failures[0][2], [*parts, *details], title)
    elif broken:
        problem = Problem("contract", f"step '{broken[0].step_ids[0]}': {said(broken[0])}{_more(len(broken))}")
        yield broken_element(problem, [*at(broken[0].span), *details])
    elif case and case.skipped:
        yield skipped(case.skipped)
    elif chapter.outcome != "passed":
        problem = chapter_problem(chapter)
        yield broken_element(problem, at(problem.span))
    elif flaky := next((step for step in steps if step.problems), None):
        yield _flaky(flaky, headline(flaky, flaky.problems[-1]))
    yield from _output(steps, findings)


def chapter_place(chapter: Chapter, findings: list[Finding]) -> Span | None:
    """Give the line that a chapter's testcase points at: that of the first thing that is wrong, or of its workflow."""
    places = [step_place(step) if step else problem.span for _, step, problem in chapter.failures()]
    places += [finding.span for finding in findings if finding.severity == "error"]
    if place := next(filter(None, places), None):
        return place
    if chapter.head:
        return chapter.head.span
    return chapter.case.case.span if chapter.case else None


def chapter_problem(chapter: Chapter) -> Problem:
    """Say why a chapter did not pass of which no step failed."""
    head, case = chapter.head, chapter.case
    given = case.problem if case and case.problem else head.problem if head else None
    span = case.case.span if case else head.span if head else None
    return given or Problem("cancelled", "it did not finish", span)


def outside(workflow: WorkflowRecord) -> Problem | None:
    """Say why a workflow did not pass none of whose steps failed: a budget, or a workflow that had to come first."""
    elsewhere = workflow.problem is not None and workflow.problem.kind in TOLD_ELSEWHERE
    if elsewhere or workflow.outcome == "passed" or workflow.went_on or workflow.excused:
        return None
    return workflow.problem or Problem("cancelled", "the workflow did not finish", workflow.span)


def skipped(reason: str) -> ET.Element:
    """Say why nothing ran; the reason stands in the text, too, which is all that some show."""
    told = xml.message(reason)
    return xml.element("skipped", {"message": told}, told)


def broken_element(problem: Problem, lines: list[str], title: str = "") -> ET.Element:
    """Give a failure (a criterion was not met) or an error (it could not be found out)."""
    message = xml.message(title or problem.message)
    if problem.outcome == "failed":
        tag, type_ = "failure", f"arazzo.{problem.kind}"
    else:
        tag, type_ = "error", "arazzo.runtime"
    # The message again: GitLab shows the text alone.
    return xml.element(tag, {"type": type_, "message": message}, "\n".join([message, *lines]))


def step_place(step: StepRecord) -> Span | None:
    """Give the place of what a step failed at: of its first unmet criterion, where there is one."""
    criteria = unmet(step) if step.problem and step.problem.kind == "criterion" else []
    spans = [checked.span for checked in criteria] + [step.problem.span if step.problem else None, step.span]
    return next((span for span in spans if span), None)


def at(place: Span | None) -> list[str]:
    """Give the place on a line of its own: reporters on GitHub look for exactly that."""
    return [f" {place.source.name}:{place.begin.line}"] if place else []


def request_line(exchange: Exchange) -> str:
    """Say in one line what was sent and what came of it."""
    reply = exchange.reply
    came = str(reply.status) if isinstance(reply, Response) else f"no response ({reply.kind})"
    return f"{exchange.sent.method} {exchange.sent.url} -> {came} ({time_text(exchange.took)} s)"


def why_not(workflow: WorkflowRecord, outline: StepOutline) -> str:
    """Say why a step was not reached."""
    last = workflow.steps[-1] if workflow.steps else None
    problem = workflow.problem
    if last is None:
        return problem.message if problem else "the workflow did not start"
    ids = [step.step_id for step in workflow.outline]
    if last.step_id in ids and ids.index(outline.step_id) < ids.index(last.step_id):
        jumps = [action for step in workflow.steps for action in step.actions if action.type == "goto"]
        return f"passed over by action '{jumps[-1].name}'" if jumps else "the flow went another way"
    if problem and problem.kind == "cancelled":
        return "the run was cancelled"
    if last.failed:
        return f"step {last.step_id} failed"
    if workflow.went_on and last.actions:
        return f"action '{last.actions[-1].name}' went on to workflow {last.actions[-1].target}"
    return f"ended by action '{last.action}'" if last.action else "the flow went another way"


def time_text(took: float) -> str:
    """Write seconds with three decimals, the most that a suite may have."""
    return f"{max(0.0, took):.3f}"


def timestamp(at_: float) -> str:
    """Write a time as ISO 8601 with milliseconds, in UTC."""
    moment = datetime.fromtimestamp(at_, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def _more(number: int) -> str:
    return f" (and {number - 1} more)" if number > 1 else ""


def _title(failure: Failure) -> str:
    workflow, step, problem = failure
    return headline(step, problem) if step else f"workflow '{workflow.workflow_id}': {problem.message}"


def _told(failure: Failure, *, is_first: bool) -> Iterator[str]:
    """Say what failed; the first one's title is said already."""
    workflow, step, problem = failure
    if not is_first:
        yield _title(failure)
    yield from at((step_place(step) if step else problem.span) or workflow.span)
    if step:
        yield from _evidence(step, problem)


def _output(steps: list[StepRecord], findings: list[Finding]) -> Iterator[ET.Element]:
    lines = [request_line(exchange) for step in steps for exchange in step.exchanges]
    lines += [line for finding in findings if finding.severity == "warning" for line in report_lines(finding)]
    if lines:
        yield xml.element("system-out", {}, "\n".join(lines))


def _flaky(step: StepRecord, said_: str) -> ET.Element:
    """Give what went wrong before the step passed, or before an action went on from there."""
    problem = step.problems[-1]
    how = f"attempt {step.attempts} passed"
    if step.recovered:
        how = f"action '{step.action}' went on from there"
    elif step.failed:
        how = "the step that called its workflow did not fail"
    message = xml.message(f"{said_}; {how}")
    made = xml.element("flakyFailure", {"type": f"arazzo.{problem.kind}", "message": message})
    lines = [message, *at(problem.span or step.span), *(each.message for each in step.problems[:-1])]
    made.append(xml.element("stackTrace", {}, "\n".join(lines)))
    return made


def _evidence(step: StepRecord, problem: Problem) -> Iterator[str]:
    for checked in unmet(step) if problem.kind == "criterion" else []:
        yield checked.condition
        yield f"  {explain(checked)}"
        yield f"  left:  {shown(checked.verdict.left, 1000)}"
        yield f"  right: {shown(checked.verdict.right, 1000)}"
    if problem.kind != "workflow":
        yield from evidence(step)

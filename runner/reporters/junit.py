"""Turns a run into JUnit XML: one testsuite for each workflow, one testcase for each step.

No standard exists; this is the part that the consumers agree on, with `file` and `line` on a testcase added under the
dialect "extended", which Jenkins' xUnit plugin alone refuses ("strict" leaves them out).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, TextIO, TypeAlias

from runner.diagnostics import Diagnostic
from runner.engine.events import Entry, Problem, StepOutline
from runner.exchange import Exchange, Response
from runner.reporters import lines, xml
from runner.reporters.contract import report_lines
from runner.reporters.diagnostics import render_concise
from runner.reporters.evidence import evidence, explain, headline, unmet
from runner.reporters.findings import said
from runner.reporters.record import TOLD_ELSEWHERE, RunRecord, StepRecord, TeardownRecord, WorkflowRecord
from runner.reporters.recorder import Recorder
from runner.reporters.text import shown
from runner.source import Span
from runner.version import __version__

Dialect: TypeAlias = Literal["extended", "strict"]


class JUnit:
    """Written as a whole when it is closed. `diagnostics` tell why nothing ran; `hostname` is left out where empty."""

    def __init__(
        self,
        stream: TextIO,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        document: str = "",
        dialect: Dialect = "extended",
        hostname: str = "",
    ) -> None:
        self._stream = stream
        self._errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
        self._document = document
        self._dialect = dialect
        self._hostname = hostname or None
        self._recorder = Recorder()

    def tell(self, entry: Entry) -> None:
        self._recorder.tell(entry)

    def close(self) -> None:
        run = self._recorder.run
        names = _Names()
        suites = [self._suite(run, workflow, names) for workflow in run.all_workflows()]
        if self._errors and not suites:
            suites = [self._invalid()]
        totals = {name: sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors")}
        name = run.title or run.document or self._document or "arazzo"
        root = xml.element("testsuites", {"name": name, "time": _time(run.took), **totals})
        root.extend(suites)
        xml.write(root, self._stream)

    def _suite(self, run: RunRecord, workflow: WorkflowRecord, names: _Names) -> ET.Element:
        file = workflow.span.source.name if workflow.span else run.document
        name = names.unique(workflow.workflow_id)
        cases = list(self._cases(workflow, f"{dotted(file)}.{name}", file))
        suite = xml.element(
            "testsuite",
            {
                "name": name,
                **_counts(cases),
                "time": _time(workflow.took),
                "timestamp": _timestamp(workflow.started),
                "hostname": self._hostname,
                "file": file,
            },
        )
        suite.append(_properties(run, workflow))
        suite.extend(cases)
        return suite

    def _cases(self, workflow: WorkflowRecord, classname: str, file: str) -> Iterator[ET.Element]:
        names, failed = _Names(), False
        for step in workflow.steps:
            blamed = step.failed and not workflow.excused
            place = _place(step) if blamed else step.span
            case = self._case(names.unique(step.step_id), classname, step.took, place, file)
            case.extend(_result(step, place, blamed))
            failed = failed or blamed
            yield case
        elsewhere = workflow.problem is not None and workflow.problem.kind in TOLD_ELSEWHERE
        if not elsewhere and workflow.outcome != "passed" and not (failed or workflow.went_on or workflow.excused):
            # Nothing that failed is a step: a budget, or a workflow that had to come first.
            problem = workflow.problem or Problem("cancelled", "the workflow did not finish", workflow.span)
            place = problem.span or workflow.span
            case = self._case(names.unique("(workflow)"), classname, 0.0, place, file)
            case.append(_broken(problem, _at(place)))
            yield case
        for outline in workflow.not_reached():
            case = self._case(names.unique(outline.step_id), classname, 0.0, outline.span, file)
            reason = xml.message(f"not reached: {_why_not(workflow, outline)}")
            case.append(xml.element("skipped", {"message": reason}, reason))
            yield case
        if workflow.teardown:
            yield from self._teardown(workflow.teardown, names, classname, file)

    def _teardown(self, teardown: TeardownRecord, names: _Names, classname: str, file: str) -> Iterator[ET.Element]:
        """Give the steps of a teardown, which no action above them excuses; their names say what they are."""
        for step in teardown.steps:
            place = _place(step) if step.failed else step.span
            case = self._case(names.unique(f"(teardown) {step.step_id}"), classname, step.took, place, file)
            case.extend(_result(step, place, step.failed))
            yield case
        if problem := teardown.untold:
            case = self._case(names.unique("(teardown)"), classname, 0.0, problem.span, file)
            case.append(_broken(problem, _at(problem.span)))
            yield case
        left = {step.step_id: "the teardown was broken off" for step in teardown.not_reached()} | teardown.skipped
        for outline in (each for each in teardown.outline if each.step_id in left):
            case = self._case(names.unique(f"(teardown) {outline.step_id}"), classname, 0.0, outline.span, file)
            reason = xml.message(f"skipped: {left[outline.step_id]}")
            case.append(xml.element("skipped", {"message": reason}, reason))
            yield case

    def _case(self, name: str, classname: str, took: float, place: Span | None, file: str) -> ET.Element:
        attributes: dict[str, str | int | None] = {"name": name, "classname": classname, "time": _time(took)}
        if self._dialect == "extended":
            attributes["file"] = place.source.name if place else file
            attributes["line"] = place.begin.line if place else None
        return xml.element("testcase", attributes)

    def _invalid(self) -> ET.Element:
        """Give one suite for a document that could not be run, with a testcase for each error."""
        file = self._document or self._errors[0].span.source.name
        names = _Names()
        cases = []
        for diagnostic in self._errors:
            case = self._case(names.unique(diagnostic.rule), dotted(file), 0.0, diagnostic.span, file)
            message = xml.message(diagnostic.message)
            lines = [message, *_at(diagnostic.span), render_concise(diagnostic)]
            lines += [diagnostic.fix.title] if diagnostic.fix else []
            case.append(xml.element("error", {"type": "arazzo.invalid", "message": message}, "\n".join(lines)))
            cases.append(case)
        suite = xml.element("testsuite", {"name": file, **_counts(cases), "time": _time(0), "file": file})
        suite.extend(cases)
        return suite


class _Names:
    """Names that are unique and the same in every run: `poll`, `poll (2)`."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name} ({self._seen[name]})"


def dotted(file: str) -> str:
    """Write a path as a class name: `flows/pets.arazzo.yaml` is `flows.pets`; Jenkins splits it at the last dot."""
    path = re.sub(r"(\.arazzo)?\.(ya?ml|json)$", "", re.sub(r"^[a-z]+://", "", file), flags=re.IGNORECASE)
    segments = [segment.replace(".", "_") for segment in re.split(r"[/\\]+", path) if segment.strip(".")]
    return ".".join(segments) or "arazzo"


def _counts(cases: Iterable[ET.Element]) -> dict[str, int]:
    tags = Counter(child.tag for case in cases for child in case)
    tests = len(list(cases))
    return {"tests": tests, "failures": tags["failure"], "errors": tags["error"], "skipped": tags["skipped"]}


def _properties(run: RunRecord, workflow: WorkflowRecord) -> ET.Element:
    named: dict[str, str] = {"runner": f"arazzo {__version__}", "document": run.document}
    named |= {f"source.{name}": location for name, location in run.sources}
    named |= {f"server.{used.source}": lines.server(used) for used in run.servers}
    named |= {f"warning.{number}": text for number, text in enumerate(run.warnings, start=1)}
    named |= {f"input.{name}": shown(value, 200) for name, value in workflow.inputs.items()}
    properties = ET.Element("properties")
    properties.extend(xml.element("property", {"name": name, "value": value}) for name, value in named.items())
    return properties


def _result(step: StepRecord, place: Span | None, blamed: bool) -> Iterator[ET.Element]:
    """Give what stands in a testcase: exactly one failure or error where the step or the API is to blame."""
    findings = list(step.findings.values())
    broken = [finding for finding in findings if finding.severity == "error"]
    details = [line for finding in broken for line in report_lines(finding)]
    if blamed:
        problem = step.problem or Problem("cancelled", f"step '{step.step_id}' did not finish", step.span)
        yield _broken(problem, [*_at(place), *_evidence(step, problem), *details], headline(step, problem))
    elif broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        problem = Problem("contract", f"step '{step.step_id}': {said(broken[0])}{more}", place)
        yield _broken(problem, [*_at(place), *details, *evidence(step)])
    elif step.problems:
        yield _flaky(step)
    lines = [_request_line(exchange) for exchange in step.exchanges]
    lines += [line for finding in findings if finding.severity == "warning" for line in report_lines(finding)]
    if lines:
        yield xml.element("system-out", {}, "\n".join(lines))


def _broken(problem: Problem, lines: list[str], title: str = "") -> ET.Element:
    """Give a failure (a criterion was not met) or an error (it could not be found out)."""
    message = xml.message(title or problem.message)
    if problem.outcome == "failed":
        tag, type_ = "failure", f"arazzo.{problem.kind}"
    else:
        tag, type_ = "error", "arazzo.runtime"
    # The message again: GitLab shows the text alone.
    return xml.element(tag, {"type": type_, "message": message}, "\n".join([message, *lines]))


def _flaky(step: StepRecord) -> ET.Element:
    """Give what went wrong before the step passed, or before an action went on from there."""
    problem = step.problems[-1]
    how = f"attempt {step.attempts} passed"
    if step.recovered:
        how = f"action '{step.action}' went on from there"
    elif step.failed:
        how = "the step that called its workflow did not fail"
    message = xml.message(f"{problem.message}; {how}")
    made = xml.element("flakyFailure", {"type": f"arazzo.{problem.kind}", "message": message})
    lines = [message, *_at(problem.span or step.span), *(each.message for each in step.problems[:-1])]
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


def _place(step: StepRecord) -> Span | None:
    criteria = unmet(step) if step.problem and step.problem.kind == "criterion" else []
    spans = [checked.span for checked in criteria] + [step.problem.span if step.problem else None, step.span]
    return next((span for span in spans if span), None)


def _at(place: Span | None) -> list[str]:
    """Give the place on a line of its own: reporters on GitHub look for exactly that."""
    return [f" {place.source.name}:{place.begin.line}"] if place else []


def _request_line(exchange: Exchange) -> str:
    reply = exchange.reply
    came = str(reply.status) if isinstance(reply, Response) else f"no response ({reply.kind})"
    return f"{exchange.sent.method} {exchange.sent.url} -> {came} ({_time(exchange.took)} s)"


def _why_not(workflow: WorkflowRecord, outline: StepOutline) -> str:
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


def _time(took: float) -> str:
    return f"{max(0.0, took):.3f}"


def _timestamp(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"

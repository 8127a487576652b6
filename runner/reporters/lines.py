"""Turns records into the lines a person reads: headings, steps, summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

from runner.engine.events import ActionTaken, CriterionChecked, Outcome, ServerUsed, WaitStarted
from runner.exchange import Exchange, Response
from runner.reporters.contract import finding_headline
from runner.reporters.evidence import headline, operands
from runner.reporters.findings import Findings, merged, said
from runner.reporters.record import RunRecord, StepRecord, TeardownRecord, WorkflowRecord
from runner.reporters.style import Style
from runner.reporters.table import ended, table
from runner.reporters.text import count, cut, one_line, pad, seconds, shown, width
from runner.source import Span
from runner.values import Value

WIDEST_NAME = 28
"""Cells that a step's name may take before the columns give up on it."""

_WHY = {"asked": "", "call": "", "dependency": "runs first", "goto": "the flow goes on here", "retry": "before a retry"}


def heading(workflow: WorkflowRecord, style: Style, indent: str) -> str:
    """Name a workflow, and say why it runs where that is not plain."""
    rest = [text for text in (one_line(workflow.summary), _WHY[workflow.reason]) if text]
    name = one_line(workflow.workflow_id)
    tail = cut(f" {style.mark('dot')} ".join(rest), style.width - width(indent + name) - 2, style.mark("ellipsis"))
    line = indent + style.paint(name, "strong")
    return f"{line}  {style.paint(tail, 'muted')}" if tail else line


def server(used: ServerUsed) -> str:
    """Say where the requests of a source go, and why."""
    if used.sandbox:
        return f"sandbox instead of {one_line(used.url)}"
    return f"{one_line(used.url)}  {one_line(used.reason)}"


def server_lines(servers: Sequence[ServerUsed], style: Style) -> Iterator[str]:
    """Write a line for each server that requests go to, the names of the sources aligned."""
    names = min(WIDEST_NAME, max((width(one_line(used.source)) for used in servers), default=0))
    for used in servers:
        text = cut(server(used), style.width - names - 4, style.mark("ellipsis"))
        yield f"  {style.paint(pad(one_line(used.source), names), 'accent')}  {style.paint(text, 'muted')}"


def name_width(workflow: WorkflowRecord) -> int:
    """Give the cells that the names of a workflow's steps are set in."""
    return min(WIDEST_NAME, max((width(step.step_id) for step in workflow.outline), default=0))


def step_line(step: StepRecord, style: Style, indent: str, names: int) -> str:
    """Say how a step ended: its mark, its name, what it called, what came of it."""
    name = pad(cut(one_line(step.step_id), WIDEST_NAME, style.mark("ellipsis")), names)
    facts = f" {style.mark('dot')} ".join(_facts(step, style))
    result = style.paint(_result(step), "error" if step.failed else None)
    called = f"{one_line(step.target)} {style.mark('arrow')} {result}"
    return f"{indent}{_mark(step.outcome, step.recovered, style)} {name}  {called}  {style.paint(facts, 'muted')}"


def _mark(outcome: Outcome, recovered: bool, style: Style) -> str:
    if outcome == "passed":
        return style.paint(style.mark("passed"), "ok")
    if recovered:
        return style.paint(style.mark("recovered"), "warning")
    return style.paint(style.mark("failed"), "error")


def _result(step: StepRecord) -> str:
    if step.exchange is None:
        if step.kind == "workflow" and step.called:
            return "passed" if step.called[0].outcome == "passed" else "did not pass"
        return "not sent" if step.kind == "operation" else "not run"
    reply = step.exchange.reply
    return str(reply.status) if isinstance(reply, Response) else f"no response ({reply.kind})"


def _facts(step: StepRecord, style: Style) -> Iterator[str]:
    yield seconds(step.took)
    if step.attempts > 1:
        yield count(step.attempts, "attempt")
    if step.waited >= 0.05:
        yield f"waited {seconds(step.waited)}"
    if step.recovered:
        yield "recovered"
    if step.action and step.actions and (step.failed or step.actions[-1].type != "retry"):
        yield f"{style.mark('arrow')} {_action(step.actions[-1])}"


def _action(action: ActionTaken) -> str:
    if action.target:
        return f"{action.type} {one_line(action.target)}"
    return f"{action.type}: {one_line(action.name)}" if action.name else action.type


def finding_lines(findings: Findings, known: Set[object], style: Style, indent: str) -> Iterator[str]:
    """Say each broken contract of a step on one line; those known from earlier steps are counted only."""
    new = {key: finding for key, finding in findings.items() if key not in known}
    told = [(one_line(said(finding)), finding.severity) for finding in new.values()]
    if repeated := [finding.severity for key, finding in findings.items() if key not in new]:
        told.append((f"{count(len(repeated), 'mismatch', 'mismatches')} as before", min(repeated)))
    for text, severity in told:
        line = cut(f"! contract: {text}", style.width - width(indent), style.mark("ellipsis"))
        yield indent + style.paint(line, severity)


def skipped_line(step_id: str, reason: str, style: Style, indent: str) -> str:
    """Say why a step of a teardown had nothing to do."""
    text = f"{style.mark('skipped')} {one_line(step_id)}  skipped: {one_line(reason)}"
    return indent + style.paint(cut(text, style.width - len(indent), style.mark("ellipsis")), "muted")


def not_reached_line(record: WorkflowRecord | TeardownRecord, style: Style, indent: str) -> str:
    """Name the steps that were not reached, or nothing."""
    missed = ", ".join(one_line(step.step_id) for step in record.not_reached())
    if not missed:
        return ""
    text = cut(f"{style.mark('skipped')} not reached: {missed}", style.width - len(indent), style.mark("ellipsis"))
    return indent + style.paint(text, "muted")


def request_line(exchange: Exchange, style: Style, indent: str) -> str:
    """Write one request and what came of it, with the whole URL."""
    reply, sent = exchange.reply, exchange.sent
    came = (
        f"{reply.status} {one_line(reply.reason)}".strip()
        if isinstance(reply, Response)
        else f"no response: {one_line(reply.message)}"
    )
    hops = [f"{hop.response.status} {one_line(hop.sent.url)} {style.mark('arrow')} " for hop in exchange.hops]
    text = f"{one_line(sent.method)} {''.join(hops)}{one_line(sent.url)} {style.mark('arrow')} {came}"
    return f"{indent}{text}  {style.paint(seconds(exchange.took), 'muted')}"


def criterion_line(checked: CriterionChecked, style: Style, indent: str) -> str:
    """Write a criterion with the values it was decided by."""
    values = style.paint(f"({operands(checked)})", "muted")
    condition = one_line(checked.condition)
    if checked.action is not None:
        held = "holds" if checked.verdict.passed else "does not hold"
        return f"{indent}{style.mark('dot')} action '{one_line(checked.action)}': {condition} {held} {values}"
    return f"{indent}{_mark('passed' if checked.verdict.passed else 'failed', False, style)} {condition} {values}"


def value_lines(values: Mapping[str, Value], style: Style, indent: str) -> Iterator[str]:
    """Write named values as an aligned list, long ones cut."""
    names = min(WIDEST_NAME, max((width(one_line(name)) for name in values), default=0))
    for name, value in values.items():
        label = pad(one_line(name), names)
        room = max(20, style.width - width(indent + label) - 2)
        yield f"{indent}{style.paint(label, 'accent')}  {shown(value, room, style.mark('ellipsis'))}"


def waiting(wait: WaitStarted, step: StepRecord) -> str:
    """Say how long a step rests, and how often it may still try."""
    retry = step.actions[-1] if step.actions else None
    if wait.reason == "pace":
        return f"waiting {seconds(wait.seconds)} before the same request"
    counted = f" ({retry.retry}/{retry.limit})" if retry and retry.retry is not None and retry.limit is not None else ""
    asked = ", as the server asked" if wait.reason == "retry-after" else ""
    return f"waiting {seconds(wait.seconds)}{counted}{asked}"


def summary(run: RunRecord, style: Style) -> Iterator[str]:
    """Say how each workflow ended, what it gave, and where to look; of several that were asked for a table says it."""
    yield from table(run.workflows, style) if len(run.workflow_ids) > 1 else _one_by_one(run, style)
    if len(run.workflows) != 1:
        outcomes = Counter("passed" if each.outcome == "passed" else "did not pass" for each in run.workflows)
        text = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items()) or "nothing ran"
        counts = _counts(list(run.all_workflows()), style)
        total = f"{text} {style.mark('dot')} {counts} {style.mark('dot')} {seconds(run.took)}"
        yield from ("", style.paint(total, "muted"))
    failures = list(failure_lines(run, style))
    yield from ("", *failures) if failures else ()


def _one_by_one(run: RunRecord, style: Style) -> Iterator[str]:
    names = max((width(one_line(workflow.workflow_id)) for workflow in run.workflows), default=0)
    for workflow in run.workflows:
        mark = _mark(workflow.outcome, False, style)
        inside = list(RunRecord(workflows=[workflow]).all_workflows())
        facts = style.paint(f"{_counts(inside, style)} {style.mark('dot')} {seconds(workflow.took)}", "muted")
        name = style.paint(pad(one_line(workflow.workflow_id), min(names, WIDEST_NAME)), "strong")
        outcome = style.paint(ended(workflow), None if workflow.outcome == "passed" else "error")
        yield f"{mark} {name} {outcome}  {facts}"
        if workflow.reason != "dependency":
            yield from value_lines(workflow.outputs, style, "    ")


def _counts(workflows: list[WorkflowRecord], style: Style) -> str:
    steps = [step for workflow in workflows for step in workflow.all_steps]
    parts = [count(len(steps), "step"), count(sum(len(step.exchanges) for step in steps), "request")]
    if recovered := sum(step.recovered for step in steps):
        parts.append(f"{recovered} recovered")
    severities = [finding.severity for finding in merged(step.findings for step in steps)]
    counted = ((severities.count(severity), f"contract {severity}") for severity in ("error", "warning"))
    parts += [count(number, noun) for number, noun in counted if number]
    return f" {style.mark('dot')} ".join(parts)


def failure_lines(run: RunRecord, style: Style, case: str = "") -> Iterator[str]:
    """Say each failure of a run on a line, with its place, and with the case of a suite that it is of."""
    failures = [found for found in run.failures() if found[2].kind != "cancelled"]
    broken = [finding for finding in run.findings() if finding.severity == "error"]
    for workflow, step, problem in failures:
        message = headline(step, problem) if step else f"workflow '{workflow.workflow_id}': {one_line(problem.message)}"
        yield _failure(case, problem.span or (step.span if step else workflow.span), message, style)
    for finding in broken:
        yield _failure(case, finding.span, finding_headline(finding), style)


def _failure(case: str, span: Span | None, message: str, style: Style) -> str:
    place = f"{one_line(span.source.name)}:{span.begin.line}" if span else ""
    return failure_line("  ".join(filter(None, [case, place])), message, style)


def failure_line(what: str, message: str, style: Style) -> str:
    """Say a failure on a line, after what failed or where."""
    what = f"{what}  " if what else ""
    text = cut(one_line(message), max(40, style.width - 2 - width(what)), style.mark("ellipsis"))
    return f"{style.paint(style.mark('failed'), 'error')} {style.paint(what, 'strong')}{text}"

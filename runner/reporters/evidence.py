"""Turns a step that did not pass into what a person needs to see: the operands, the request, the reply."""

from __future__ import annotations

import re

from runner.diagnostics import Diagnostic, Label
from runner.engine.events import CriterionChecked, Problem
from runner.exchange import Exchange, Response, TransportFailure, header
from runner.late import late_pattern
from runner.reporters.body import whole_length
from runner.reporters.curl import curl
from runner.reporters.record import StepRecord, WorkflowRecord
from runner.reporters.text import cut, one_line, shown, visible
from runner.source import Span
from runner.values import ABSENT

EXCERPT = 500
EXCERPT_LINES = 12

_COMPARISON = late_pattern(r"(?P<left>[^\s=!<>]+)\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>.+)", re.DOTALL)

_REFUSALS = {
    "==": "{left} is not {right}",
    "!=": "{left} is {right}",
    "<": "{left} is not less than {right}",
    "<=": "{left} is more than {right}",
    ">": "{left} is not more than {right}",
    ">=": "{left} is less than {right}",
}
"""What it means that a comparison does not hold."""


def explain(checked: CriterionChecked) -> str:
    """Say in one line why a criterion is not met, with the values of both operands."""
    verdict = checked.verdict
    if verdict.problem:
        return one_line(verdict.problem)
    left = shown(verdict.left)
    if checked.type == "regex":
        return absence(checked) or f"{left} does not match {shown(verdict.right)}"
    if checked.type != "simple":
        return f"it selects {left}" if verdict.left is not ABSENT else "it selects nothing"
    if checked.implied:
        return f"the status is {left}"
    found = _COMPARISON.fullmatch(verdict.comparison.strip())
    if not found:
        return absence(checked) or f"it is {left}"
    right = shown(verdict.right)
    if verdict.left is ABSENT:
        return f"{absence(checked)}, wanted {found['operator']} {right}"
    if missing := absence(checked):
        return f"{missing}, on the left is {left}"
    refusal = _REFUSALS[found["operator"]].format(left=left, right=right)
    return f"{refusal} ({one_line(verdict.note)})" if verdict.note else refusal


def absence(checked: CriterionChecked) -> str:
    """Say which operand is not there, or nothing."""
    verdict = checked.verdict
    text = verdict.comparison.strip()
    found = _COMPARISON.fullmatch(text)
    if verdict.left is ABSENT and checked.type in ("simple", "regex"):
        return f"'{one_line(found['left'] if found else text or checked.condition)}' is not there"
    if found and verdict.right is ABSENT and found["right"].startswith("$"):
        return f"'{one_line(found['right'])}' is not there"
    return ""


def operands(checked: CriterionChecked) -> str:
    """Write a criterion with the values it was decided by, whether it is met or not."""
    verdict = checked.verdict
    if verdict.problem:
        return one_line(verdict.problem)
    compared = checked.type == "regex" or (
        checked.type == "simple" and _COMPARISON.fullmatch(verdict.comparison.strip())
    )
    values = (verdict.left, verdict.right) if compared else (verdict.left,)
    return ", ".join(shown(value, 60) for value in values)


def unmet(step: StepRecord) -> list[CriterionChecked]:
    """Give the success criteria of the last attempt that are not met."""
    return [checked for checked in step.criteria if not checked.verdict.passed]


def diagnose(step: StepRecord, problem: Problem) -> Diagnostic | None:
    """Draw a failed step like an invalid document: at its criterion's line, with what was sent and what came back.

    None where the document has no place for it.
    """
    criteria = unmet(step) if problem.kind == "criterion" else []
    placed = [checked for checked in criteria if checked.span]
    span = placed[0].span if placed else problem.span or step.span
    if span is None:
        return None
    if placed and not placed[0].implied:
        label, place = explain(placed[0]), _deciding(placed[0], span)
    else:
        label, place = "; ".join(map(explain, criteria[:1])), span
    related = tuple(Label(_deciding(each, each.span), explain(each)) for each in placed[1:] if each.span)
    notes = tuple(evidence(step)) if problem.kind != "workflow" else ()
    return Diagnostic(problem.kind, "error", headline(step, problem), place, label, related, notes)


def diagnose_workflow(workflow: WorkflowRecord, problem: Problem) -> Diagnostic | None:
    """Draw what stopped a workflow outside of its steps."""
    span = problem.span or workflow.span
    message = f"workflow '{workflow.workflow_id}': {problem.message}"
    return Diagnostic(problem.kind, "error", message, span) if span else None


def headline(step: StepRecord, problem: Problem) -> str:
    """Say in one line what went wrong, with the step's name in it."""
    message = one_line(problem.message)
    named = f"step '{step.step_id}'"
    told = message if message.startswith(named) else f"{named}: {message}"
    return f"teardown: {told}" if step.in_teardown else told


def evidence(step: StepRecord) -> list[str]:
    """Give what was sent and what came back, each as a text that may have several lines."""
    exchange = step.exchange
    if exchange is None:
        return []
    notes = [curl(exchange.sent), response_excerpt(exchange)]
    if step.unreadable:
        notes.append(step.unreadable)
    return notes


def response_excerpt(exchange: Exchange) -> str:
    """Give the status line and the first part of the body, or why there was no response."""
    reply = exchange.reply
    if isinstance(reply, TransportFailure):
        return f"no response: {visible(reply.message)}"
    status = " ".join([str(reply.status), reply.reason]).strip()
    kind = header(reply.headers, "content-type")
    head = f"answered {one_line(status)}" + (f", {one_line(kind)}" if kind else "")
    body = _excerpt(reply)
    return f"{head}\n{body}" if body else f"{head}, without a body"


def _excerpt(response: Response) -> str:
    try:
        # A record may end in the midst of a character.
        text = response.body[: EXCERPT * 4].decode(
            "utf-8", "ignore" if whole_length(response.body) > EXCERPT else "strict"
        )
    except UnicodeDecodeError:
        return f"({whole_length(response.body)} bytes that are not text)" if response.body else ""
    if "\0" in text:
        return f"({whole_length(response.body)} bytes that are not text)"
    lines = visible(cut(text.strip(), EXCERPT)).split("\n")
    return "\n".join(lines[:EXCERPT_LINES] + (["…"] if len(lines) > EXCERPT_LINES else []))


def _deciding(checked: CriterionChecked, span: Span) -> Span:
    """Narrow a condition's span to the comparison that decided, where the file spells it the same way once."""
    comparison = checked.verdict.comparison
    if comparison and span.text.count(comparison) == 1:
        start = span.start + span.text.index(comparison)
        return Span(span.source, start, start + len(comparison))
    return span

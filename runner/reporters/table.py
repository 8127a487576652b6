"""Turns the workflows of a run into a table: a row for each, with how it ended and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.reporters.record import RunRecord, WorkflowRecord
from runner.reporters.style import Style
from runner.reporters.text import cut, one_line, pad, seconds, width

_HEADS = ("workflow", "outcome", "ended by", "steps", "requests", "retries", "time")
_NUMBERS = frozenset({"steps", "requests", "retries", "time"})
_WIDEST = 44
"""Cells that a column may take."""


def ended(workflow: WorkflowRecord) -> str:
    """Say in a word or two how a workflow ended."""
    if workflow.outcome == "passed":
        return "passed"
    cancelled = workflow.problem is not None and workflow.problem.kind == "cancelled"
    return "cancelled" if cancelled else "failed" if workflow.outcome == "failed" else "could not finish"


def ended_by(workflow: WorkflowRecord) -> str:
    """Name the action that ended a workflow, or the one it called and failed with; nothing where there was none."""
    if not workflow.steps:
        return ""
    last = workflow.steps[-1]
    if last.action and last.actions and last.actions[-1].type == "end":
        return one_line(last.actions[-1].name)
    return ended_by(last.workflow) if last.failed and last.workflow else ""


def table(workflows: Sequence[WorkflowRecord], style: Style) -> Iterator[str]:
    """Write the rows below their heads, words to the left and numbers to the right."""
    rows = [_row(workflow) for workflow in workflows]
    cells = [[cut(text, _WIDEST, style.mark("ellipsis")) for text in row] for row in (_HEADS, *rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    heads, *lines = (_aligned(row, widths) for row in cells)
    yield style.paint(f"  {'  '.join(heads)}".rstrip(), "muted")
    for workflow, (name, outcome, action, *numbers) in zip(workflows, lines, strict=True):
        passed = workflow.outcome == "passed"
        mark = style.paint(style.mark("passed" if passed else "failed"), "ok" if passed else "error")
        words = (style.paint(name, "strong"), style.paint(outcome, None if passed else "error"), action)
        yield f"{mark} {'  '.join((*words, style.paint('  '.join(numbers), 'muted')))}"


def _row(workflow: WorkflowRecord) -> tuple[str, ...]:
    steps = [step for each in RunRecord(workflows=[workflow]).all_workflows() for step in each.all_steps]
    requests = sum(len(step.exchanges) for step in steps)
    retries = sum(max(0, step.attempts - 1) for step in steps)
    words = (one_line(workflow.workflow_id), ended(workflow), ended_by(workflow))
    return (*words, str(len(steps)), str(requests), str(retries), seconds(workflow.took))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        " " * (room - width(text)) + text if head in _NUMBERS else pad(text, room)
        for head, text, room in zip(_HEADS, row, widths, strict=True)
    ]

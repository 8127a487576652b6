"""The ids of steps and workflows as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runner.plan.mend import Reading, Repair, Slip
from runner.plan.spelling import same_but_spelling

_STEP = re.compile(r"\{?\$steps\.([^{}]+?)\}?")
_WORKFLOW = re.compile(r"\{?\$workflows\.([^{}]+?)\}?")


def step_as_expression(text: str, reading: Reading) -> Slip | None:
    """A stepId is written as an expression.

    Why: a stepId is a name; an expression gives a value of the run.
    Example: `dependsOn: [$steps.login]`, or `stepId: $steps.login` in a goto.
    Instead: `dependsOn: [login]`, `stepId: login`.
    """
    return _named(text, _STEP.fullmatch(text), reading.scope.steps, "a step is named by its stepId alone")


def workflow_as_expression(text: str, reading: Reading) -> Slip | None:
    """A workflowId of the same document is written as an expression.

    Why: "specify the `workflowId` of the relevant local workflow"; only one of another document is an expression.
    Example: `workflowId: $workflows.login`.
    Instead: `workflowId: login`.
    """
    message = "a workflow of the same document is named by its workflowId alone"
    return _named(text, _WORKFLOW.fullmatch(text), _workflows(reading), message)


def step_spelling(text: str, reading: Reading) -> Slip | None:
    """A stepId differs from the one that is declared in case or punctuation.

    Why: ids are case-sensitive, and no other step is called nearly so.
    Example: `stepId: getPet` in a goto, where the step is called `get-pet`.
    Instead: `stepId: get-pet`.
    """
    return _spelt(text, "step", reading.scope.steps)


def workflow_spelling(text: str, reading: Reading) -> Slip | None:
    """A workflowId differs from the one that is declared in case or punctuation.

    Why: ids are case-sensitive, and no other workflow is called nearly so.
    Example: `workflowId: buyBook`, where the workflow is called `buy-book`.
    Instead: `workflowId: buy-book`.
    """
    return _spelt(text, "workflow", _workflows(reading))


def _named(text: str, found: re.Match[str] | None, known: Iterable[str], message: str) -> Slip | None:
    names = set(known)
    if found is None or text in names:
        return None
    if found[1] in names or same_but_spelling(found[1], names):
        return Slip(message, 0, len(text), found[1], refused=True)
    return None


def _workflows(reading: Reading) -> list[str]:
    return [each.workflow_id for each in reading.ctx.arazzo.document.workflows]


def _spelt(text: str, kind: str, known: Iterable[str]) -> Slip | None:
    meant = same_but_spelling(text, known)
    return Slip(f"the {kind} is called '{meant}'", 0, len(text), meant, refused=True) if meant else None


STEP_ID: tuple[Repair, ...] = (step_as_expression, step_spelling)
WORKFLOW_ID: tuple[Repair, ...] = (workflow_as_expression, workflow_spelling)

"""Several workflows as a table: how each ended, by which action, and what it took."""

from __future__ import annotations

import io

from runner.engine.events import (
    ActionTaken,
    AttemptFinished,
    Entry,
    Event,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.reporters.console import Console, Verbosity
from runner.reporters.style import Style

from .story import outline

FAILED = Problem("status", "500 is not 200")


def shown(*events: Event, verbosity: Verbosity = "quiet", asked: tuple[str, ...] = ("short", "much-longer")) -> str:
    stream = io.StringIO()
    console = Console(stream, Style(), verbosity=verbosity)
    for moment, event in enumerate((RunStarted("f.yaml", "t", asked), *events, RunFinished("passed"))):
        console.tell(Entry(float(moment), event))
    console.close()
    return stream.getvalue()


def workflow(name: str, *during: Event, outcome: Outcome = "passed", by: str | None = None) -> list[Event]:
    """A workflow of one step, which an action ends when it is named."""
    problem = None if outcome == "passed" else FAILED
    action = [ActionTaken((), by, "end")] if by else []
    return [
        WorkflowStarted((), name, "asked", {}, outline("login")),
        StepStarted((), "login", "workflow" if during else "operation", "GET /"),
        *during,
        AttemptFinished((), FAILED, {}),
        AttemptFinished((), problem, {}),
        *action,
        StepFinished((), "login", outcome, {}, 2, problem, by),
        WorkflowFinished((), name, outcome, {"given": name}, problem),
    ]


def called(by: str) -> list[Event]:
    started, *rest = workflow("inner", outcome="failed", by=by)
    assert isinstance(started, WorkflowStarted)
    return [WorkflowStarted((), "inner", "call", {}, started.steps), *rest]


def test_words_stand_on_the_left_and_numbers_on_the_right() -> None:
    text = shown(*workflow("short", by="done"), *workflow("much-longer", outcome="failed", by="gone"))
    assert text[text.index("  workflow") :].splitlines()[:4] == [
        "  workflow     outcome  ended by  steps  requests  retries  time",
        "✓ short        passed   done          1         0        1   6 s",
        "✗ much-longer  failed   gone          1         0        1   6 s",
        "",
    ]


def test_a_workflow_that_failed_with_the_one_it_called_ended_by_what_ended_that() -> None:
    text = shown(*workflow("short", *called("too-late"), outcome="failed"), *workflow("much-longer"))
    (row,) = [line for line in text.splitlines() if line.startswith("✗ short")]
    assert row.split()[2:5] == ["failed", "too-late", "2"]
    (other,) = [line for line in text.splitlines() if line.startswith("✓ much-longer")]
    assert other.split()[2:4] == ["passed", "1"], "nothing ended it but its end"


def test_what_each_of_several_workflows_gave_stands_below_its_steps() -> None:
    text = shown(*workflow("short"), *workflow("much-longer"), verbosity="normal")
    assert text.index('given  "short"') < text.index('given  "much-longer"') < text.index("ended by")


def test_one_workflow_is_no_table() -> None:
    text = shown(*workflow("short", by="done"), asked=("short",))
    assert "ended by" not in text
    assert text.startswith("✓ short passed  1 step · 0 requests · 6 s\n")
    assert 'given  "short"' in text

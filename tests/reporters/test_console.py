"""What a person sees."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    ActionTaken,
    BodyUnreadable,
    CriterionChecked,
    Entry,
    Event,
    Frame,
    Problem,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    WaitStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.reporters.console import Console, Verbosity
from runner.reporters.evidence import explain
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Broadcast
from runner.reporters.style import Style
from runner.values import ABSENT, Value

from .golden import agrees
from .story import SECRET, outline, span, story


def seen(
    entries: list[Entry],
    style: Style | None = None,
    verbosity: Verbosity = "normal",
    *,
    live: bool = False,
    stream: io.StringIO | io.TextIOWrapper | None = None,
) -> str:
    stream = stream or io.StringIO()
    report = Broadcast([Console(stream, style or Style(), verbosity=verbosity, live=live)], Redactor())
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue() if isinstance(stream, io.StringIO) else ""


def one_step(*during: Event, problem: Problem | None = None) -> list[Entry]:
    outcome = problem.outcome if problem else "passed"
    events: list[Event] = [RunStarted("f.yaml", "t", ("w",)), WorkflowStarted((), "w", "asked", {}, outline("pay"))]
    events += [StepStarted((), "pay", "operation", "GET /"), *during, StepFinished((), "pay", outcome, {}, 1, problem)]
    events += [WorkflowFinished((), "w", outcome, {}, problem), RunFinished(outcome)]
    return [Entry(float(moment), event) for moment, event in enumerate(events)]


@pytest.mark.parametrize("verbosity", ["quiet", "normal", "verbose"])
def test_a_story_is_told(verbosity: Verbosity) -> None:
    text = seen(story(), verbosity=verbosity)
    assert agrees(f"console-{verbosity}.txt", text)
    assert SECRET not in text
    assert "\x1b" not in text, "no colours unless the style says so"


def test_a_story_is_told_in_ascii_where_nothing_else_can_be_shown() -> None:
    text = seen(story(), Style(unicode=False, width=70))
    assert agrees("console-ascii.txt", text)
    assert text.isascii()


def test_colour_is_used_where_the_style_says_so() -> None:
    assert agrees("console-colour.txt", seen(story(), Style(color=True)).replace("\x1b", "ESC"))


def test_quiet_says_nothing_of_steps_that_pass() -> None:
    text = seen(story(), verbosity="quiet")
    assert "login" not in text
    assert "404 is not 200" in text


def test_a_terminal_shows_what_happens_just_now() -> None:
    text = seen(story(), Style(color=True), live=True)
    assert "waiting 2 s (1/5)" in text
    assert "wait-for-stock" in text.split("waiting 2 s (1/5)")[0]
    assert text.endswith("is not met\n"), "nothing of the live line is left"
    assert "\x1b[?25h" in text, "the cursor is shown again"


def test_the_live_line_has_no_colour_where_the_style_has_none() -> None:
    text = seen(story(), Style(color=False), live=True)
    assert "\x1b[3" not in text
    assert "\x1b[2m" not in text


def test_plain_output_needs_no_rich() -> None:
    code = "import sys, runner.reporters.console, runner.reporters.junit; print('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_stream_that_cannot_spell_a_character_gets_an_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    seen(story(), stream=stream)
    assert b"\\u2713 login" in raw.getvalue()


def test_a_log_says_that_a_step_waits_but_not_each_time() -> None:
    waits = [WaitStarted((), 10.0, "pace") for _ in range(9)]
    entries = one_step(*waits)
    spread = [Entry(entry.at if index < 3 else 10.0 * index, entry.event) for index, entry in enumerate(entries)]
    assert seen(spread).count("waiting 10 s before the same request") == 5


def test_what_the_world_says_cannot_drive_the_terminal() -> None:
    problem = Problem("transport", "evil \x1b[2J\u202e", span("stepId: pay"))
    text = seen(one_step(BodyUnreadable((), "odd \x07"), problem=problem))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil \\x1b[2J\\u202e" in text


def test_a_failure_in_a_called_workflow_is_drawn_once() -> None:
    problem = Problem("criterion", "not met", span("stepId: charge"))
    inner: list[Event] = [
        WorkflowStarted((Frame("w"), Frame("v")), "v", "call", {}, outline("charge")),
        StepStarted((), "charge", "operation", "POST /charges"),
        StepFinished((), "charge", "failed", {}, 1, problem),
        WorkflowFinished((), "v", "failed", {}, problem),
    ]
    text = seen(one_step(*inner, problem=Problem("workflow", "workflow 'v' failed", span("stepId: pay"))))
    assert text.count("error[criterion]") == 1
    assert "error[workflow]" not in text
    assert text.splitlines()[-1].startswith("✗ flows/pets.arazzo.yaml:25  step 'charge'")


def test_a_budget_that_ends_a_called_workflow_is_drawn_once() -> None:
    problem = Problem("budget", "workflows call each other more than 40 levels deep", span("workflowId: adopt"))
    inner: list[Event] = [
        WorkflowStarted((Frame("w"), Frame("v")), "v", "call", {}, outline("charge")),
        WorkflowFinished((), "v", "error", {}, problem),
    ]
    assert seen(one_step(*inner, problem=problem)).count("error[budget]") == 1


def test_a_workflow_that_stopped_outside_of_its_steps_is_drawn_too() -> None:
    problem = Problem("dependency", "workflow 'b' did not pass", span("workflowId: adopt"))
    events: list[Event] = [
        WorkflowStarted((), "adopt", "asked", {}, ()),
        WorkflowFinished((), "adopt", "failed", {}, problem),
    ]
    text = seen([Entry(0, event) for event in events])
    assert "error[dependency]: workflow 'adopt': workflow 'b' did not pass" in text


def test_a_cancelled_run_is_summed_up_without_blame() -> None:
    cancelled = Problem("cancelled", "the run was cancelled")
    text = seen(one_step(problem=cancelled))
    assert "error[" not in text
    assert "✗ w cancelled" in text


def test_a_run_that_was_broken_off_is_summed_up_as_far_as_it_came() -> None:
    text = seen(story()[:12])
    assert "✗ adopt could not finish" in text


def test_a_failure_without_a_place_is_still_told() -> None:
    assert "step 'pay': it is late" in seen(one_step(problem=Problem("timeout", "it is late")))


def test_a_step_that_ends_the_workflow_shows_its_action() -> None:
    entries = one_step(ActionTaken((), "done", "end"))
    finish = next(i for i, entry in enumerate(entries) if isinstance(entry.event, StepFinished))
    entries[finish] = Entry(entries[finish].at, StepFinished((), "pay", "passed", {}, 1, None, "done"))
    assert "→ end" in seen(entries)


def check(comparison: str, left: Value, right: Value = ABSENT, type_: str = "simple") -> CriterionChecked:
    return CriterionChecked((), comparison, type_, Verdict(False, left, right, comparison))


@pytest.mark.parametrize(
    ("checked", "text"),
    [
        (check("$statusCode == 200", 404, 200), "404 is not 200"),
        (check("$statusCode != 200", 200, 200), "200 is 200"),
        (check("$x < 5", 7, 5), "7 is not less than 5"),
        (check("$x <= 5", 7, 5), "7 is more than 5"),
        (check("$x > 5", 3, 5), "3 is not more than 5"),
        (check("$x >= 5", 3, 5), "3 is less than 5"),
        (check("$inputs.ok", False), "it is false"),
        (check("$inputs.ok", ABSENT), "'$inputs.ok' is not there"),
        (check("$response.body#/a == 5", ABSENT, 5), "'$response.body#/a' is not there, wanted == 5"),
        (check("5 == $response.body#/a", 5, ABSENT), "'$response.body#/a' is not there, on the left is 5"),
        (check("^a+$", "bbb", "^a+$", "regex"), '"bbb" does not match "^a+$"'),
        (check("$[?@.a]", [], ABSENT, "jsonpath"), "it selects []"),
        (check("//a", ABSENT, ABSENT, "xpath"), "it selects nothing"),
        (CriterionChecked((), "c", "simple", Verdict(False, problem="it is not JSON")), "it is not JSON"),
    ],
)
def test_a_criterion_that_is_not_met_is_explained_with_both_values(checked: CriterionChecked, text: str) -> None:
    assert explain(checked) == text

"""Where a workflow goes, and where it never does."""

from __future__ import annotations

from runner.diagnostics import Diagnostic, Fix
from runner.plan.rules.report import error, warning
from runner.source import Span


def unreachable_step(step_id: str, span: Span) -> Diagnostic:
    """A step is never run: every way through the workflow ends before it, or passes it by.

    Why: the work that it stands for is not done, and nobody is told.
    Example: a step behind one whose `onSuccess` and `onFailure` both end without criteria.
    Instead: give the action before it criteria, go to the step, or take it away.
    """
    message = f"step '{step_id}' is never reached"
    return warning("unreachable-step", message, span, fix=Fix("give the action that passes it by criteria"))


def loop_without_limit(step_id: str, span: Span, kind: str) -> Diagnostic:
    """An action without criteria goes back to its own step, or to an earlier one that leads here again.

    Why: the run goes round until its budget of steps is spent.
    Example: `onFailure: [{name: again, type: goto, stepId: fetch}]` on the step `fetch` itself.
    Instead: `type: retry` with `retryLimit` and `retryAfter`, or criteria that end the loop.
    """
    when = "each time it fails" if kind == "failure" else "each time it passes"
    message = f"this goes back to '{step_id}' {when}, without limit"
    return warning(
        "loop-without-limit", message, span, fix=Fix("write type: retry with a retryLimit, or give criteria")
    )


def step_of_teardown(step_id: str, span: Span) -> Diagnostic:
    """A step of `x-finally` is used by what comes before it: a step, an action, or an output of the workflow.

    Why: the steps of `x-finally` run after everything else, when the outputs of the workflow can change no more.
    Example: `outputs: {gone: $steps.delete.outputs.at}` where `delete` is a step of `x-finally`.
    Instead: use an own step; a step that is needed before the end belongs under `steps`.
    """
    message = f"step '{step_id}' belongs to x-finally, and runs after this"
    return error("step-of-teardown", message, span, fix=Fix("use a step that runs before"))


def leaves_teardown(target: str, span: Span) -> Diagnostic:
    """An action of a step of `x-finally` leads out of it.

    Why: when these steps run the workflow is over; only the steps of `x-finally` itself are still to come.
    Example: `onFailure: [{name: again, type: goto, stepId: create}]` where `create` is not a step of `x-finally`.
    Instead: retry, end, or go to a step of `x-finally`; a workflow can be called in a step, or before a retry.
    """
    message = f"this leads to {target}, out of x-finally"
    return error("leaves-teardown", message, span, fix=Fix("retry, end, or go to a step of x-finally"))


def unused_output(name: str, step_id: str, span: Span) -> Diagnostic:
    """An output of a step is used by nothing in its document.

    Why: it may be left over, or what should use it names another one.
    Example: `outputs: {id: $response.body#/id}` where no text has `$steps.create.outputs.id`.
    Instead: use it, or take it away. Off unless `arazzo.toml` turns it on: reports show outputs, which is a use too.
    """
    return warning("unused-output", f"nothing uses the output '{name}' of step '{step_id}'", span)

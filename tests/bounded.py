"""Play hostile documents and responses in a process of their own: what hangs is stopped, what crashes is noticed."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

import pytest

from runner.engine.events import CriterionChecked, Entry
from runner.engine.state import Limits
from runner.exchange import Response
from runner.plan.inputs import accept
from runner.plan.plan import WorkflowPlan
from runner.reporters.json import JsonReport
from runner.reporters.jsonl import JsonLines
from runner.reporters.junit import JUnit
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Broadcast
from runner.shell.worker import Worker
from tests.scripted import compiled, play, told

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds after which something is taken to hang. No measurement: what takes 5 alone took 20 on a busy machine."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.bounded"])


@dataclass(frozen=True)
class Ended:
    """How it ended: `rules` and `messages` of a refused document or input, `problem` of a run, and of its criteria."""

    outcome: str
    rules: frozenset[str] = frozenset()
    messages: str = ""
    problem: str = ""
    broken: tuple[str, ...] = ()
    sent: int = 0


def bounded(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a process of its own, and fail where that hangs, or ends without an answer."""
    receive, send = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_answer, args=(send, function, arguments))
    process.start()
    send.close()
    try:
        if not receive.poll(PATIENCE):
            pytest.fail(f"there was no answer within {PATIENCE} s")
        answer: T | str = receive.recv()
    except EOFError:
        process.join()
        pytest.fail(f"the process died: {process.exitcode}")
    finally:
        process.kill()
        process.join()
        process.close()
        receive.close()
    if isinstance(answer, str):
        pytest.fail(answer)
    return answer


def _answer(send: Any, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    try:
        send.send(function(*arguments))
    except BaseException as error:  # the test is to fail with it, there
        send.send(f"it raised {type(error).__name__}: {str(error)[:500]}")


def ended(
    document: str,
    replies: Sequence[Response] = (),
    inputs: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> Ended:
    """Check, run and report a document in a process of its own; the last reply answers for ever."""
    return bounded(_ended, document, replies, inputs, files)


def _ended(
    document: str, replies: Sequence[Response], inputs: Mapping[str, Any] | None, files: Mapping[str, str] | None
) -> Ended:
    result = compiled(document, files)
    if result.plan is None:
        errors = [problem for problem in result.diagnostics if problem.severity == "error"]
        return Ended("refused", frozenset(each.rule for each in errors), " | ".join(map(told, errors))[:2000])
    refused = [problem for key in result.plan.entries for problem in _refused(result.plan.workflows[key], inputs)]
    if refused:
        return Ended("refused", messages=" | ".join(refused))
    supply = [*replies, *repeat(replies[-1], 20_000)] if replies else []
    with Worker() as worker:
        story = play(result.plan, supply, inputs, limits=Limits(steps=1_000, pace=0), endless=True, apply=worker.apply)
    reports = Broadcast(
        [JsonLines(io.StringIO()), JsonReport(io.StringIO()), JUnit(io.StringIO())], Redactor(["hunter2"])
    )
    for event in story.events:
        reports.tell(Entry(0.0, event))
    reports.close()
    problems = (each.verdict.problem for each in story.all(CriterionChecked))
    broken = tuple(problem for problem in problems if problem)
    return Ended(story.outcome, problem=story.problem[:500], broken=broken, sent=len(story.requests))


def _refused(workflow: WorkflowPlan, inputs: Mapping[str, Any] | None) -> tuple[str, ...]:
    return accept(workflow.inputs, inputs or {}).problems

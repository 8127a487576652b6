"""The flows of the suite: what is sent, what is decided, what comes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from runner.engine.asked import Asked
from runner.engine.events import (
    AttemptFinished,
    CriterionChecked,
    Event,
    StepFinished,
    StepStarted,
    WorkflowFinished,
)
from runner.engine.flow import Answer, Send, Wait, Waited
from runner.engine.run import run
from runner.exchange import Exchange, Request, header
from runner.plan.inputs import accept
from runner.plan.plan import Plan, Unrunnable
from tests.conformance.harness import compile_flow, flows, limits_of, reply_of, stands_at

FLOWS = flows()


@dataclass
class Told:
    """What a flow told: its events, and what the server saw."""

    outcome: str = ""
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    unasked: int = 0


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_does_what_the_specification_says(name: str) -> None:
    flow = FLOWS[name]
    expect = flow["expect"]
    compiled = compile_flow(flow)
    first = next(iter(flow["documents"].values()))
    entry = first if isinstance(first, str) else json.dumps(first, indent=1)
    for pointer in expect.get("warned", []):
        assert any(stands_at(each, pointer, entry) for each in compiled.diagnostics if each.severity == "warning"), (
            pointer
        )
    errors = [each for each in compiled.diagnostics if each.severity == "error"]
    if expect["outcome"] == "refused":
        refused(compiled.plan, errors, flow, entry)
        return
    assert compiled.plan is not None, [f"{each.span}: {each.message}" for each in errors]
    told = play(compiled.plan, flow)
    assert told.outcome == expect["outcome"], problem_of(told)
    check_requests(told, flow)
    check_end(told, expect)


def refused(plan: Plan | None, errors: list[Any], flow: Mapping[str, Any], entry: str) -> None:
    """Nothing is sent: the document, the inputs, or a step that cannot be run, stop it before."""
    pointers = flow["expect"].get("refused", [])
    if plan is None:
        for pointer in pointers:
            assert any(stands_at(each, pointer, entry) for each in errors), (
                pointer,
                [str(each.span) for each in errors],
            )
        assert len(pointers) <= len(errors)
        return
    assert not pointers, "it was accepted"
    keys = [flow["workflow"]] if "workflow" in flow else list(plan.entries)
    reasons = [s for w in plan.reachable(*keys) for s in w.steps if isinstance(s.call, Unrunnable)]
    inputs = [accept(plan.workflows[key].inputs, flow.get("inputs", {})).problems for key in keys]
    assert reasons or any(inputs), "it was accepted"


def play(plan: Plan, flow: Mapping[str, Any]) -> Told:
    """Run a flow against its scripted server."""
    keys = [flow["workflow"]] if "workflow" in flow else list(plan.entries)
    asked = []
    for key in keys:
        inputs = plan.workflows[key].inputs
        mine = {n: v for n, v in flow.get("inputs", {}).items() if inputs.names is None or n in inputs.names}
        accepted = accept(inputs, {**flow.get("inputs", {}), **mine} if len(keys) == 1 else mine)
        assert not accepted.problems, accepted.problems
        asked.append(Asked(key, accepted.values))
    told, script = Told(), iter(flow.get("server", []))
    running = run(plan, asked, limits_of(flow))
    answer: Answer = None
    try:
        while True:
            step = running.send(answer)
            answer = None
            if isinstance(step, Send):
                told.requests.append(step.request)
                scripted = next(script, None)
                assert scripted is not None, f"nobody expected {step.request.method} {step.request.url}"
                reply = reply_of(scripted["reply"])
                timed_out = scripted["reply"].get("failure") == "timeout" and step.timeout is not None
                took = step.timeout if timed_out and step.timeout is not None else scripted["reply"].get("took", 0.0)
                answer = Exchange(step.request, reply, took)
            elif isinstance(step, Wait):
                told.waits.append(step.seconds)
                answer = Waited(step.seconds)
            else:
                told.events.append(step)
    except StopIteration as stop:
        told.outcome = stop.value
    told.unasked = len(list(script))
    return told


def check_requests(told: Told, flow: Mapping[str, Any]) -> None:
    assert told.unasked == 0, f"{told.unasked} of the server's replies were not asked for"
    for request, scripted in zip(told.requests, flow.get("server", []), strict=True):
        expected = scripted.get("request", {})
        assert request.method == expected.get("method", request.method)
        assert request.url == expected.get("url", request.url)
        for name, value in expected.get("headers", {}).items():
            assert header(request.headers, name) == value, name
        if "body" in expected:
            body, wanted = request.body.decode(), expected["body"]
            is_json = "json" in (header(request.headers, "content-type") or "")
            assert (json.loads(body) if is_json and body else body) == wanted


def check_end(told: Told, expect: Mapping[str, Any]) -> None:
    last = [event for event in told.events if isinstance(event, WorkflowFinished)][-1]
    if "outputs" in expect:
        assert json.dumps(dict(last.outputs), sort_keys=True) == json.dumps(expect["outputs"], sort_keys=True)
    if "waits" in expect:
        assert told.waits == expect["waits"]
    if "problem" in expect:
        assert expect["problem"] in problem_of(told)
    if "steps" in expect:
        found = list(steps(told.events))
        assert [each["step"] for each in found] == [each["step"] for each in expect["steps"]]
        for each, wanted in zip(found, expect["steps"], strict=True):
            assert {key: each[key] for key in wanted} == wanted


def problem_of(told: Told) -> str:
    problems = [e.problem for e in told.events if isinstance(e, WorkflowFinished | StepFinished) and e.problem]
    return " | ".join(problem.message for problem in problems)


def steps(events: list[Event]) -> Iterator[dict[str, Any]]:
    """Give each step that was entered when it ends, with the success criteria of its last attempt."""
    opened: list[list[str]] = []
    for event in events:
        match event:
            case StepStarted():
                opened.append([])
            case CriterionChecked(action=None, implied=False) as checked:
                verdict = checked.verdict
                result = "pass" if verdict.passed else "broken" if verdict.problem else "fail"
                opened[-1] = [*(opened[-1] if opened[-1][-1:] != [""] else []), result]
            case StepFinished() as done:
                yield {
                    "step": done.step_id,
                    "outcome": done.outcome,
                    "attempts": done.attempts,
                    "action": done.action,
                    "outputs": dict(done.outputs),
                    "criteria": [result for result in opened.pop() if result],
                }
            case AttemptFinished() if opened:
                last = opened[-1]
                opened[-1] = [*last, ""]  # the criteria of the next attempt stand behind the empty one
            case _:
                pass


def test_the_suite_has_flows() -> None:
    assert FLOWS

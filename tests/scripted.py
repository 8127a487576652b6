"""Run documents against scripted replies: texts in, events and requests out, without a network or a clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any, TypeVar

from runner.diagnostics import Diagnostic, in_order
from runner.engine.asked import Asked
from runner.engine.events import ActionTaken, Event, StepFinished, WaitStarted, WorkflowFinished
from runner.engine.flow import Answer, Cancelled, Send, Wait, Waited
from runner.engine.run import run
from runner.engine.state import Limits
from runner.errors import FetchError
from runner.exchange import Exchange, Fetched, Headers, Reply, Request, Response, TransportFailure
from runner.expressions.selectors.compile import Apply, apply
from runner.levels import settle
from runner.loader.load import load
from runner.plan.compile import Compiled, compile_description
from runner.plan.context import Options
from runner.plan.inputs import accept
from runner.plan.plan import Plan

E = TypeVar("E")
ENTRY = "memory:///flow.arazzo.yaml"

API = """
openapi: 3.1.0
info: {title: Things, version: '1'}
servers: [{url: 'https://api.example.com/v1'}]
paths:
  /things:
    get:
      operationId: listThings
      parameters:
      - {name: limit, in: query, schema: {type: integer}}
      - {name: cursor, in: query, schema: {type: string}}
      responses: {'200': {description: ok, content: {application/json: {schema: {}}}}}
    post:
      operationId: createThing
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'201': {description: created}}
  /things/{id}:
    get:
      operationId: getThing
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      responses: {'200': {description: ok}, '302': {description: elsewhere}}
    delete:
      operationId: deleteThing
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      responses: {'204': {description: gone}}
  /login:
    post:
      operationId: login
      responses: {'200': {description: ok}}
"""


def reply(status: int = 200, body: Any = None, headers: Headers = ()) -> Response:
    """A JSON response; a text body goes as it is."""
    if body is None:
        return Response(status, headers)
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    named = any(name.lower() == "content-type" for name, _ in headers)
    return Response(status, headers if named else (("Content-Type", "application/json"), *headers), data)


def header(steps: str, *, version: str = "1.0.1", extra: str = "") -> str:
    """A document with one source and whatever stands under `workflows`."""
    return (
        f"arazzo: {version}\ninfo: {{title: T, version: '1'}}\n"
        "sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]\n"
        f"{dedent(extra)}workflows:\n{dedent(steps)}"
    )


def compiled(document: str, files: Mapping[str, str] | None = None, options: Options | None = None) -> Compiled:
    """Load and compile a document whose sources are texts."""
    texts = {ENTRY: document, "memory:///things.yaml": API, **{f"memory:///{k}": v for k, v in (files or {}).items()}}

    def fetch(uri: str) -> Fetched:
        if uri not in texts:
            raise FetchError(uri, "there is no such file")
        return Fetched(uri, texts[uri])

    loaded = load(ENTRY, fetch)
    if loaded.description is None:
        return Compiled(None, loaded.diagnostics)
    result = compile_description(loaded.description, options)
    problems = in_order(settle((*loaded.diagnostics, *result.diagnostics), {}))
    failed = any(problem.severity == "error" for problem in problems)
    return Compiled(None if failed else result.plan, problems)


def problems(document: str, files: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with a document, as `line:column severity rule: message`, in order of place."""
    found = sorted(compiled(document, files).diagnostics, key=lambda d: (d.span.source.name, d.span.start))
    return [told(diagnostic) for diagnostic in found]


def told(diagnostic: Diagnostic) -> str:
    place = diagnostic.span.begin
    return f"{place.line}:{place.column} {diagnostic.severity} {diagnostic.rule}: {diagnostic.message}"


def plan_of(document: str, files: Mapping[str, str] | None = None) -> Plan:
    result = compiled(document, files)
    assert result.plan is not None, [told(problem) for problem in result.diagnostics]
    return result.plan


@dataclass
class Story:
    """What a scripted run told."""

    outcome: str = ""
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(event.step_id, event.outcome) for event in self.all(StepFinished)]

    @property
    def actions(self) -> list[str]:
        return [event.name for event in self.all(ActionTaken)]

    @property
    def pauses(self) -> list[tuple[float, str]]:
        return [(event.seconds, event.reason) for event in self.all(WaitStarted)]

    @property
    def last(self) -> WorkflowFinished:
        return self.all(WorkflowFinished)[-1]

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.last.outputs)

    @property
    def problem(self) -> str:
        return self.last.problem.message if self.last.problem else ""

    @property
    def sent(self) -> list[str]:
        return [
            f"{request.method} {request.url.removeprefix('https://api.example.com/v1')}" for request in self.requests
        ]


def play(
    document: str | Plan,
    replies: Iterable[Reply | Cancelled],
    inputs: Mapping[str, Any] | None = None,
    *,
    limits: Limits | None = None,
    took: float = 0.1,
    workflows: Sequence[str] | None = None,
    endless: bool = False,
    apply: Apply = apply,
) -> Story:
    """Run every entry workflow; each Send takes the next reply, each Wait as long as it says.

    All replies must be asked for, unless their supply is `endless`.
    """
    plan = plan_of(document) if isinstance(document, str) else document
    asked = []
    for key in workflows or plan.entries:
        accepted = accept(plan.workflows[key].inputs, dict(inputs or {}))
        assert not accepted.problems, accepted.problems
        asked.append(Asked(key, accepted.values))
    story, script = Story(), iter(replies)
    flow = run(plan, asked, limits or Limits(), frozenset(), apply)
    answer: Answer = None
    try:
        while True:
            step = flow.send(answer)
            answer = None
            if isinstance(step, Send):
                story.requests.append(step.request)
                story.timeouts.append(step.timeout)
                given = next(script)
                answer = (
                    given if isinstance(given, Cancelled) else Exchange(step.request, given, _time(given, step, took))
                )
            elif isinstance(step, Wait):
                story.waits.append(step.seconds)
                answer = Waited(step.seconds)
            else:
                story.events.append(step)
    except StopIteration as stop:
        story.outcome = stop.value
    assert endless or next(script, None) is None, "not every scripted reply was asked for"
    return story


def _time(given: Reply, send: Send, took: float) -> float:
    """A request that timed out took as long as it was given."""
    if isinstance(given, TransportFailure) and given.kind == "timeout" and send.timeout is not None:
        return send.timeout
    return took

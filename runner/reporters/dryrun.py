"""Turns the requests that a run would send into what is printed instead of sending them: lines, or a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from runner.diagnostics import Diagnostic
from runner.engine.events import Problem, RunStarted, ServerUsed
from runner.exchange import Request, header, media_type
from runner.records import Frozen
from runner.reporters.curl import curl
from runner.reporters.json import VERSION, diagnostic_json
from runner.reporters.lines import server, server_lines
from runner.reporters.style import Style
from runner.reporters.text import one_line, visible
from runner.values import Json


class DryRequest(Frozen):
    """A request as it would be sent, without its secrets; `server` is where it goes and why.

    `unknown` are the expressions that only an answer can give, `credentials` the name and origin of each that is used,
    `missing` the environment variables that would supply others.
    """

    request: Request
    server: ServerUsed
    unknown: tuple[str, ...]
    credentials: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


class DryStep(Frozen):
    """What a step would do; None for a workflow that was shown before."""

    step_id: str
    title: str
    does: DryRequest | DryWorkflow | Problem | None


class DryWorkflow(Frozen):
    """A workflow and why it would run; `teardown` are the steps that run however the others ended."""

    workflow_id: str
    summary: str
    reason: str
    steps: tuple[DryStep, ...]
    teardown: tuple[DryStep, ...] = ()


_WHY = {"dependency": "runs first", "goto": "where an action leads on", "retry": "what an action runs before a retry"}
Lines: TypeAlias = Iterator[str]


def dry_run_lines(started: RunStarted, workflows: Iterable[DryWorkflow], style: Style) -> Lines:
    """Write the requests as curl commands, in order, each under its step."""
    yield f"{style.paint(one_line(started.title), 'strong')}  {style.paint(one_line(started.document), 'muted')}"
    yield from server_lines(started.servers, style)
    for workflow in workflows:
        yield ""
        yield from _workflow_lines(workflow, style, "")
    yield ""
    yield "nothing was sent"


def _workflow_lines(workflow: DryWorkflow, style: Style, indent: str) -> Lines:
    rest = ", ".join(filter(None, [one_line(workflow.summary), _WHY.get(workflow.reason, "")]))
    yield f"{indent}{style.paint(one_line(workflow.workflow_id), 'strong')}  {style.paint(rest, 'muted')}".rstrip()
    yield from _steps_lines(workflow.steps, style, indent)
    if workflow.teardown:
        yield f"{indent}  {style.paint('teardown', 'muted')}"
        yield from _steps_lines(workflow.teardown, style, indent)


def _steps_lines(steps: Iterable[DryStep], style: Style, indent: str) -> Lines:
    for step in steps:
        yield f"{indent}  {style.paint(one_line(step.step_id), 'accent')}  {one_line(step.title)}"
        inner = indent + "    "
        match step.does:
            case DryRequest() as sent:
                yield from _request_lines(sent, style, inner)
            case DryWorkflow() as called:
                yield from _workflow_lines(called, style, inner)
            case Problem(_, message):
                yield inner + style.paint(f"cannot be sent: {one_line(message)}", "error")
            case None:
                yield inner + style.paint("its requests are shown above", "muted")


def _request_lines(sent: DryRequest, style: Style, indent: str) -> Lines:
    yield indent + visible(curl(sent.request))
    yield indent + style.paint(f"server      {server(sent.server)}", "muted")
    for name, origin in sent.credentials:
        yield indent + style.paint(f"credential  {one_line(name)}, from {one_line(origin)}", "muted")
    for name in sent.missing:
        yield indent + style.paint(f"missing     {one_line(name)}", "warning")
    if sent.unknown:
        yield indent + style.paint(f"unknown     {', '.join(map(one_line, sent.unknown))}", "muted")


def dry_run_json(
    started: RunStarted, workflows: Iterable[DryWorkflow], diagnostics: Sequence[Diagnostic]
) -> dict[str, Json]:
    """Give the same as data."""
    return {
        "version": VERSION,
        "dry_run": True,
        "servers": [dict(used._asdict()) for used in started.servers],
        "warnings": list(started.warnings),
        "workflows": [_workflow_json(workflow) for workflow in workflows],
        "diagnostics": [diagnostic_json(diagnostic) for diagnostic in diagnostics],
    }


def _workflow_json(workflow: DryWorkflow) -> dict[str, Json]:
    found: dict[str, Json] = {"workflow_id": workflow.workflow_id, "reason": workflow.reason}
    found["steps"] = [_step_json(step) for step in workflow.steps]
    return {**found, "teardown": [_step_json(step) for step in workflow.teardown]} if workflow.teardown else found


def _step_json(step: DryStep) -> dict[str, Json]:
    does = step.does
    found: dict[str, Json] = {"step_id": step.step_id, "target": step.title, "request": None, "workflow": None}
    match does:
        case DryRequest(request, used):
            found["request"] = {
                "method": request.method,
                "url": request.url,
                "headers": [[name, value] for name, value in request.headers],
                "body": _body_json(request),
                "curl": curl(request),
                "server": dict(used._asdict()),
                "unknown": list(does.unknown),
                "credentials": [{"name": name, "from": origin} for name, origin in does.credentials],
                "missing": list(does.missing),
            }
        case DryWorkflow():
            found["workflow"] = _workflow_json(does)
        case Problem(kind, message):
            found["error"] = {"kind": kind, "message": message}
        case None:
            found["shown_before"] = True
    return found


def _body_json(request: Request) -> Json:
    if not request.body:
        return None
    try:
        return request.body.decode(media_type(header(request.headers, "content-type")).charset)
    except (UnicodeDecodeError, LookupError):
        return {"$bytes": len(request.body)}

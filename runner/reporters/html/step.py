"""Turns a step that ran into a row of the waterfall, and what is to be seen when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from runner.engine.events import ActionTaken, CriterionChecked
from runner.exchange import Exchange, Headers, Request, Response, TransportFailure
from runner.reporters.contract import diagnose_finding, report_lines
from runner.reporters.curl import curl
from runner.reporters.evidence import diagnose, explain, headline
from runner.reporters.html.bodies import body_text
from runner.reporters.html.drawing import drawing
from runner.reporters.html.flow import state
from runner.reporters.html.markup import Markup, join, section, table, tag
from runner.reporters.html.waterfall import Scale, bars
from runner.reporters.record import Moment, StepRecord, WorkflowRecord
from runner.reporters.text import count, one_line, seconds, shown
from runner.values import ABSENT, Value

FAILED_BODY, PASSED_BODY = 16 * 1024, 2 * 1024
"""Bytes of a body that are shown, of a step that failed and of one that led there."""
VALUE = 2000
"""Characters of an output or an operand, where something failed."""
SHORT = 120

MARKS = {"passed": "✓", "failed": "✗", "error": "✗", "recovered": "↷", "skipped": "○", "not reached": "○"}
WORDS = {"error": "error: it could not be found out"}


class View(NamedTuple):
    """How the steps of a case are shown: on which time line, with bodies or not; `called` writes a called workflow."""

    scale: Scale
    bodies: bool
    called: Callable[[WorkflowRecord, View], Markup]


@cache
def mark(outcome: str) -> Markup:
    """Write the mark of an outcome, which is read as a word."""
    sign = tag("span", MARKS[outcome], aria_hidden="true")
    return tag("span", sign, tag("span", WORDS.get(outcome, outcome), class_="unseen"), class_=f"mark {outcome}")


def step_row(step: StepRecord, view: View, names: Mapping[str, int]) -> Markup:
    """Write a step; one that failed or broke its contract is open. `names` counts how often each was entered."""
    outcome = state(step)
    visits = names[step.step_id]
    name = step.step_id if visits == 1 else f"{step.step_id} ({visits})"
    summary = tag(
        "summary",
        mark(outcome),
        tag("h4", one_line(name)),
        tag("span", one_line(step.target), class_="target"),
        tag("span", _came(step), class_="came"),
        tag("span", " · ".join(_facts(step)), class_="facts mismatched" if step.findings else "facts"),
        bars(step, view.scale),
    )
    inside = tag("div", *_inside(step, view), class_="inside")
    is_open = step.failed or any(finding.severity == "error" for finding in step.findings.values())
    label = f"step {one_line(name)}: {outcome}"
    return tag("details", summary, inside, class_=f"step {outcome}", open=is_open, aria_label=label)


def _came(step: StepRecord) -> str:
    if step.exchange is None:
        return "" if step.called else "not sent" if step.kind == "operation" else "not run"
    reply = step.exchange.reply
    return str(reply.status) if isinstance(reply, Response) else f"no response ({reply.kind})"


def _facts(step: StepRecord) -> Iterator[str]:
    yield seconds(step.took)
    if step.attempts > 1:
        yield count(step.attempts, "attempt")
    if step.waited >= 0.05:
        yield f"waited {seconds(step.waited)}"
    if step.findings:
        yield count(len(step.findings), "mismatch", "mismatches")


def _inside(step: StepRecord, view: View) -> Iterator[Markup]:
    full = view.bodies or step.outcome != "passed" or bool(step.findings)
    if step.description:
        yield tag("p", one_line(step.description), class_="soft")
    yield from _failure(step)
    for called in step.called:
        yield view.called(called, view)
    if full:
        yield section("Criteria", _criteria(step.criteria))
    yield section("Then", *_then(step, full))
    yield from _contract(step)
    if step.exchange and full:
        yield from _exchange(step, step.exchange, FAILED_BODY if step.outcome != "passed" else PASSED_BODY)
    elif step.exchange:
        yield tag("p", tag("code", _line(step.exchange)), class_="request")
    yield section("Attempts", _attempts(step))
    yield section("Outputs", values(step.outputs, VALUE if full else SHORT))


def _failure(step: StepRecord) -> Iterator[Markup]:
    """Draw why a step failed; where a called workflow did, it is drawn there."""
    problem = step.problem
    if problem is None or (problem.kind == "workflow" and any(each.outcome != "passed" for each in step.called)):
        return
    drawn = diagnose(step, problem)
    yield drawing(drawn) if drawn else tag("p", headline(step, problem), class_="problem")
    if step.unreadable:
        yield tag("p", step.unreadable, class_="problem")


def _then(step: StepRecord, full: bool) -> Iterator[Markup]:
    """Say which action was taken, and what decided."""
    last = step.actions[-1] if step.actions else None
    if last and (step.failed or last.type != "retry"):
        yield tag("p", _action(last))
    if full and step.action_criteria:
        heading = tag("summary", count(len(step.action_criteria), "criterion of actions", "criteria of actions"))
        yield tag("details", heading, _criteria(step.action_criteria), class_="more")


def _criteria(criteria: list[CriterionChecked]) -> Markup:
    if not criteria:
        return Markup()
    return tag("table", _criteria_heads(), tag("tbody", *map(_criterion, criteria)), class_="criteria")


@cache
def _criteria_heads() -> Markup:
    heads = join(tag("th", title, scope="col") for title in ("", "condition", "left", "right", "why"))
    return tag("thead", tag("tr", heads))


def _criterion(checked: CriterionChecked) -> Markup:
    verdict = checked.verdict
    outcome = "passed" if verdict.passed else "failed" if checked.action is None else "skipped"
    whose = "" if checked.action is None else tag("p", f"action '{one_line(checked.action)}'", class_="soft")
    left = shown(verdict.left, VALUE) if checked.type in ("simple", "regex") or verdict.left is not ABSENT else ""
    right = shown(verdict.right, VALUE) if verdict.right is not ABSENT else ""
    cells = (tag("td", tag("code", value)) for value in (left, right))
    why = "" if verdict.passed else explain(checked)
    condition = tag("td", tag("code", checked.condition), whose)
    return tag("tr", tag("td", mark(outcome)), condition, *cells, tag("td", why))


def _action(action: ActionTaken) -> str:
    words = f"{action.type} {action.target}" if action.target else action.type
    counted = f", {action.retry} of {action.limit}" if action.retry is not None and action.limit is not None else ""
    return f"{words}{counted} (action '{action.name}')" if action.name else words + counted


def _contract(step: StepRecord) -> Iterator[Markup]:
    found = []
    for finding in step.findings.values():
        drawn = diagnose_finding(finding, evidence=False)
        found.append(drawing(drawn) if drawn else tag("p", "\n".join(report_lines(finding))))
    yield section("Contract", *found, class_="contract")


def _line(exchange: Exchange) -> str:
    reply = exchange.reply
    came = f"{reply.status} {reply.reason}".strip() if isinstance(reply, Response) else reply.message
    return one_line(f"{exchange.sent.method} {exchange.sent.url} → {came}")


def _exchange(step: StepRecord, exchange: Exchange, limit: int) -> Iterator[Markup]:
    moment = next((each for each in reversed(step.moments) if each.kind == "request"), None)
    sent, received = (moment.sent, moment.received) if moment else (len(exchange.sent.body), 0)
    hops = [f"{hop.sent.method} {hop.sent.url} → {hop.response.status}" for hop in exchange.hops]
    if hops:
        yield section("Before it", *(tag("p", tag("code", one_line(hop))) for hop in hops))
    yield tag("div", _request(exchange.sent, sent, limit), _reply(exchange, received, limit), class_="pair")
    command = curl(exchange.sent)
    button = tag("button", "Copy", type="button", class_="copy", aria_label="Copy the curl command")
    yield section("curl", tag("div", tag("pre", command, tabindex="0"), button, class_="command"))


def _request(request: Request, size: int, limit: int) -> Markup:
    line = tag("p", tag("strong", request.method), " ", tag("code", one_line(request.url)), class_="line")
    return section("Request", line, _headers(request.headers), _body(request.body, size, request.headers, limit))


def _reply(exchange: Exchange, size: int, limit: int) -> Markup:
    reply = exchange.reply
    if isinstance(reply, TransportFailure):
        return section("Response", tag("p", f"none ({reply.kind}): {reply.message}", class_="problem"))
    facts = f" {one_line(reply.reason)} · {seconds(exchange.took)}"
    line = tag("p", tag("strong", str(reply.status)), facts, class_="line")
    return section("Response", line, _headers(reply.headers), _body(reply.body, size, reply.headers, limit))


@lru_cache(256)  # those of one response are those of the next
def _headers(headers: Headers) -> Markup:
    return table(((name, one_line(value)) for name, value in headers), "headers")


def _body(body: bytes, size: int, headers: Headers, limit: int) -> Markup:
    content, note = body_text(body, size, headers, limit)
    said = tag("p", note, class_="soft")
    return tag("div", said, tag("pre", content, class_="body", tabindex="0") if content else "")


def _attempts(step: StepRecord) -> Markup:
    """List the requests of a step that sent several, and its waits between them."""
    if len(step.exchanges) < 2:
        return Markup()
    requests = enumerate(step.exchanges, 1)
    return tag("ol", *(_attempt(moment, requests, step.started) for moment in step.moments), class_="attempts")


def _attempt(moment: Moment, requests: Iterator[tuple[int, Exchange]], began: float) -> Markup:
    after = tag("span", f"after {seconds(moment.started - began)}", class_="soft")
    took = seconds(moment.finished - moment.started)
    if moment.kind == "wait":
        return tag("li", f"waited {took} ", after, class_="wait")
    number, exchange = next(requests)
    return tag("li", tag("code", f"{_line(exchange)}, {took}"), " ", after, value=number)


def values(given: Mapping[str, Value], limit: int) -> Markup:
    """Write named values, or nothing."""
    return table((one_line(name), tag("code", shown(value, limit))) for name, value in given.items())

"""Turns events into plain JSON and back: one codec for each kind of field, the rest is as it is.

An object that stands for something JSON has no word for has a key of its own: `$absent`, `$base64`; an object that
happens to look like one of these is wrapped in `$object`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, get_args

from runner.criteria.verdict import Verdict
from runner.diagnostics import Diagnostic, Edit, Fix
from runner.engine import events
from runner.engine.events import Breach, Case, Event, Frame, Problem, ServerUsed, StepOutline
from runner.exchange import Exchange, Hop, Reply, Request, Response, TransportFailure
from runner.openapi.document import Address
from runner.openapi.mismatch import Mismatch
from runner.records import field_names, values_of
from runner.reporters.body import beginning, whole_length
from runner.source import Source, Span
from runner.values import ABSENT, Absent, Json, Value

EVENTS: Mapping[str, type[Event]] = {
    each.__name__: each
    for each in (
        events.RunStarted,
        events.CaseStarted,
        events.CaseFinished,
        events.CaseSkipped,
        events.WorkflowStarted,
        events.StepStarted,
        events.Answered,
        events.BodyUnreadable,
        events.ContractChecked,
        events.CriterionChecked,
        events.AttemptFinished,
        events.ActionTaken,
        events.WaitStarted,
        events.StepFinished,
        events.TeardownStarted,
        events.StepSkipped,
        events.TeardownFinished,
        events.WorkflowFinished,
        events.RunFinished,
    )
}

_EDITS: Mapping[str, type[Edit]] = {each.__name__: each for each in get_args(Edit)}
FARTHEST = 10**9
"""The last line or column that a record may speak of."""
MOST_LINES = 10_000
"""Lines of a span that are built again from a record: only the first one is quoted."""
_TAGS = frozenset({"$absent", "$base64", "$object"})


class Codec(NamedTuple):
    """How a field becomes JSON, within a limit for bytes, and how it is read."""

    write: Callable[[Any, int], Any]
    read: Callable[[Any], Any]


def write_event(event: Event, body_limit: int) -> dict[str, object]:
    """Write an event as a JSON object with all its fields but `secrets`, which no report may show."""
    kind = type(event)
    line: dict[str, object] = {"event": kind.__name__}
    for name, write in _writers(kind):  # type: ignore[arg-type] # a class can be hashed
        value = getattr(event, name)
        line[name] = write(value, body_limit) if write else value
    return line


def read_event(line: dict[str, Any]) -> Event | None:
    """Read an event; None where it is of a kind that this version does not know."""
    kind = EVENTS.get(line["event"])
    if kind is None:
        return None
    known = {*field_names(kind)} - {"secrets"}
    return kind(**{name: _codec(kind, name).read(value) for name, value in line.items() if name in known})


@cache
def _writers(kind: type[Event]) -> tuple[tuple[str, Callable[[Any, int], Any] | None], ...]:
    """Give the fields of an event and how each is written; None where it is as it is."""
    found = [(name, _codec(kind, name)) for name in field_names(kind) if name != "secrets"]
    return tuple((name, None if codec is _PLAIN else codec.write) for name, codec in found)


def _codec(kind: type[Event], name: str) -> Codec:
    return _PLAIN if kind is events.BodyUnreadable and name == "problem" else _CODECS.get(name, _PLAIN)


def _write_span(span: Span | None, _limit: int) -> dict[str, object] | None:
    if span is None:
        return None
    begin, end = span.begin, span.finish
    return {
        "file": span.source.name,
        "uri": span.source.uri,
        "line": begin.line,
        "column": begin.column,
        "end_line": end.line,
        "end_column": end.column,
        "quote": span.source.line(begin.line),
    }


def _read_span(data: dict[str, Any] | None) -> Span | None:
    """Build a source of the quoted line and nothing else; a span that ends far below it is cut."""
    if data is None:
        return None
    line, column, end_line, end_column = (_counted(data[name]) for name in ("line", "column", "end_line", "end_column"))
    text = str(data["quote"]) or ("\n" if line > 1 else "")  # without any text a span is nowhere
    end = end_column - 1
    if end_line > line:
        text += "\n" * min(end_line - line, MOST_LINES)
        end += len(text)
    return Span(Source(str(data["uri"]), str(data["file"]), text, line), column - 1, end)


def _counted(value: object) -> int:
    """Read the number of a line or column, which count from 1."""
    if not isinstance(value, int) or not 1 <= value <= FARTHEST:
        raise ValueError(f"a place in a document is a number from 1 to {FARTHEST}")
    return value


def write_diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    """Write what was found before a run. No line is quoted: what is secret in it is not known yet."""
    span, fix = diagnostic.span, diagnostic.fix
    place = {**(_write_span(span, 0) or {}), "quote": " " * len(span.source.line(span.begin.line))}
    written = {"rule": diagnostic.rule, "severity": diagnostic.severity, "message": diagnostic.message, "span": place}
    edits = [{"edit": type(each).__name__, **values_of(each)} for each in fix.edits] if fix else []
    return {**written, "notes": list(diagnostic.notes), "fix": fix and {"title": fix.title, "edits": edits}}


def read_diagnostic(data: dict[str, Any]) -> Diagnostic:
    """Read a diagnostic back, but for what only a drawing of it shows."""
    span, fix = _read_span(data["span"]), data["fix"]
    if span is None:
        raise ValueError("a diagnostic has no place")
    edits = (
        [_EDITS[each["edit"]](**{k: v for k, v in each.items() if k != "edit"}) for each in fix["edits"]] if fix else []
    )
    read = Fix(fix["title"], tuple(edits)) if fix else None
    return Diagnostic(data["rule"], data["severity"], data["message"], span, notes=tuple(data["notes"]), fix=read)


def _write_value(value: Value, limit: int) -> object:
    match value:
        case Absent():
            return {"$absent": True}
        case bytes():
            return {"$base64": base64.b64encode(value[:limit]).decode("ascii"), "length": whole_length(value)}
        case dict() if _TAGS & value.keys():
            return {"$object": value}
        case _:
            return value


def _read_value(data: Json) -> Value:
    match data:
        case {"$absent": _}:
            return ABSENT
        case {"$base64": str(text), "length": int(length)}:
            return beginning(base64.b64decode(text), length)
        case {"$object": value}:
            return value
        case _:
            return data


def _write_values(values: Mapping[str, Value], limit: int) -> object:
    return {name: _write_value(value, limit) for name, value in values.items()}


def _read_values(data: dict[str, Json]) -> dict[str, Value]:
    return {name: _read_value(value) for name, value in data.items()}


def _write_verdict(verdict: Verdict, limit: int) -> object:
    return {
        "passed": verdict.passed,
        "left": _write_value(verdict.left, limit),
        "right": _write_value(verdict.right, limit),
        "comparison": verdict.comparison,
        "problem": verdict.problem,
        "note": verdict.note,
    }


def _read_verdict(data: dict[str, Any]) -> Verdict:
    left, right = _read_value(data["left"]), _read_value(data["right"])
    return Verdict(data["passed"], left, right, data["comparison"], data["problem"], data.get("note"))


def _write_body(body: bytes, limit: int) -> object:
    kept = body[:limit]
    for cut in range(min(4, len(kept)) if whole_length(body) > limit else 1):  # the limit may fall into a character
        try:
            return {"text": kept[: len(kept) - cut].decode(), "length": whole_length(body)}
        except UnicodeDecodeError:
            continue
    return {"base64": base64.b64encode(kept).decode("ascii"), "length": whole_length(body)}


def _read_body(data: dict[str, Any]) -> bytes:
    kept: bytes = data["text"].encode() if "text" in data else base64.b64decode(data["base64"])
    return beginning(kept, int(data["length"]))


def _write_request(request: Request, limit: int) -> object:
    body = _write_body(request.body, limit)
    return {"method": request.method, "url": request.url, "headers": request.headers, "body": body}


def _read_request(data: dict[str, Any]) -> Request:
    return Request(data["method"], data["url"], _pairs(data["headers"]), _read_body(data["body"]))


def _write_reply(reply: Reply, limit: int) -> object:
    if isinstance(reply, TransportFailure):
        return {"failure": reply.kind, "message": reply.message}
    body = _write_body(reply.body, limit)
    return {"status": reply.status, "reason": reply.reason, "headers": reply.headers, "body": body}


def _read_reply(data: dict[str, Any]) -> Reply:
    return TransportFailure(data["failure"], data["message"]) if "failure" in data else _read_response(data)


def _read_response(data: dict[str, Any]) -> Response:
    return Response(data["status"], _pairs(data["headers"]), _read_body(data["body"]), data["reason"])


def _write_exchange(exchange: Exchange, limit: int) -> object:
    hops = [{"sent": _write_request(h.sent, limit), "response": _write_reply(h.response, limit)} for h in exchange.hops]
    sent, reply = _write_request(exchange.sent, limit), _write_reply(exchange.reply, limit)
    return {"sent": sent, "reply": reply, "took": exchange.took, "hops": hops}


def _read_exchange(data: dict[str, Any]) -> Exchange:
    hops = tuple(Hop(_read_request(hop["sent"]), _read_response(hop["response"])) for hop in data["hops"])
    return Exchange(_read_request(data["sent"]), _read_reply(data["reply"]), data["took"], hops)


def _write_problem(problem: Problem | None, limit: int) -> object:
    if problem is None:
        return None
    return {"kind": problem.kind, "message": problem.message, "span": _write_span(problem.span, limit)}


def _read_problem(data: dict[str, Any] | None) -> Problem | None:
    return None if data is None else Problem(data["kind"], data["message"], _read_span(data["span"]))


def _write_trail(trail: events.Trail, _limit: int) -> object:
    return [[frame.workflow_id, frame.step_id, frame.visit, frame.attempt] for frame in trail]


def _write_outline(steps: tuple[StepOutline, ...], limit: int) -> object:
    return [{"step_id": s.step_id, "span": _write_span(s.span, limit), "description": s.description} for s in steps]


def _read_outline(data: list[dict[str, Any]]) -> tuple[StepOutline, ...]:
    return tuple(StepOutline(step["step_id"], _read_span(step["span"]), step["description"]) for step in data)


def _write_breaches(breaches: tuple[Breach, ...], limit: int) -> object:
    return [
        {
            "severity": breach.severity,
            "mismatch": _write_mismatch(breach.mismatch, limit),
            "span": _write_span(breach.span, limit),
            "declared": _write_span(breach.declared, limit),
        }
        for breach in breaches
    ]


def _write_mismatch(mismatch: Mismatch, limit: int) -> dict[str, object]:
    written = values_of(mismatch)
    value = mismatch.value[:limit] if isinstance(mismatch.value, str) else mismatch.value
    return {**written, "value": _write_value(value, limit), "address": mismatch.address and list(mismatch.address)}


def _read_breaches(data: list[dict[str, Any]]) -> tuple[Breach, ...]:
    return tuple(
        Breach(
            each["severity"], _read_mismatch(each["mismatch"]), _read_span(each["span"]), _read_span(each["declared"])
        )
        for each in data
    )


def _read_mismatch(data: dict[str, Any]) -> Mismatch:
    address = Address(*data["address"]) if data["address"] else None
    return Mismatch(**{**data, "value": _read_value(data["value"]), "address": address})


def _pairs(data: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in data)


_PLAIN = Codec(lambda value, _: value, lambda data: data)
_VALUES = Codec(_write_values, _read_values)
_PAIRS = Codec(lambda pairs, _: [list(pair) for pair in pairs], _pairs)


def _write_case(case: Case, limit: int) -> dict[str, object]:
    own = values_of(case)
    return {**own, "tags": list(case.tags), "span": _write_span(case.span, limit)}


def _read_case(data: dict[str, Any]) -> Case:
    known = {*field_names(Case)}
    own = {name: value for name, value in data.items() if name in known}
    return Case(**{**own, "tags": tuple(own["tags"]), "span": _read_span(own["span"])})


_CODECS: Mapping[str, Codec] = {
    "case": Codec(_write_case, _read_case),
    "trail": Codec(_write_trail, lambda data: tuple(Frame(*frame) for frame in data)),
    "span": Codec(_write_span, _read_span),
    "steps": Codec(_write_outline, _read_outline),
    "inputs": _VALUES,
    "outputs": _VALUES,
    "verdict": Codec(_write_verdict, _read_verdict),
    "problem": Codec(_write_problem, _read_problem),
    "breaches": Codec(_write_breaches, _read_breaches),
    "exchange": Codec(_write_exchange, _read_exchange),
    "workflow_ids": Codec(lambda ids, _: list(ids), tuple),
    "sources": _PAIRS,
    "given": _PAIRS,
    "servers": Codec(
        lambda used, _: [each._asdict() for each in used], lambda data: tuple(ServerUsed(**s) for s in data)
    ),
    "warnings": Codec(lambda texts, _: list(texts), tuple),
}

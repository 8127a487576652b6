"""What is fuzzed: each target takes bytes, makes of them what a stranger may send, and raises only where we are wrong.

Hypothesis, the coverage-guided fuzzer and the crashes that were kept all come through here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import cycle
from typing import TypeAlias

from runner import api
from runner.api import Sources
from runner.criteria.check import check, compile_criterion
from runner.engine.asked import Asked
from runner.engine.flow import Send
from runner.engine.state import Limits
from runner.errors import DescriptionError
from runner.exchange import Reply, Request, Response, TransportFailure
from runner.expressions.evaluate import evaluate
from runner.expressions.faults import SyntaxFault
from runner.expressions.fill import fill
from runner.expressions.grammar import ARAZZO_1_0, ARAZZO_1_1
from runner.expressions.parse import parse_expression
from runner.expressions.scope import Scope
from runner.expressions.template import Style, parse_value
from runner.loader.text import decode_bytes, read_text
from runner.plan.inputs import accept
from runner.plan.plan import Plan
from runner.schema.check import compile_schema
from runner.schema.gathered import SchemaProblem
from runner.shell.clock import VirtualClock
from runner.shell.deliver import Session, carry, deliver
from runner.shell.drive import World, drive
from runner.shell.lean.attempt import failure_of, response_of
from runner.shell.lean.reading import Progress, read
from runner.source import Source
from runner.values import Json, Value
from tests.scripted import API
from tests.shell.operations import operation

Target: TypeAlias = Callable[[bytes], None]

FLOW = """
arazzo: 1.1.0
info: {title: T, version: '1'}
sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]
workflows:
- workflowId: main
  dependsOn: [login]
  inputs: {type: object, properties: {limit: {type: integer, default: 3}, word: {type: string}}}
  parameters: [{name: X-Trace, in: header, value: 'a{$inputs.limit}'}]
  steps:
  - stepId: list
    operationId: listThings
    timeout: 5000
    parameters: [{name: limit, in: query, value: $inputs.limit}, {reference: $components.parameters.cursor}]
    successCriteria:
    - {condition: $statusCode == 200 && $response.body#/things/0 != null}
    - {context: $response.body, condition: '$.things[?@.id > 1]', type: jsonpath}
    - {context: $response.header.content-type, condition: ^application, type: regex}
    outputs: {first: $response.body#/things/0/id, all: $response.body}
    onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 2, criteria: [{condition: $statusCode >= 500}]}]
  - stepId: create
    operationPath: '{$sourceDescriptions.things.url}#/paths/~1things/post'
    requestBody:
      contentType: application/json
      payload: {name: $steps.list.outputs.first, list: [1, 'x{$inputs.word}']}
      replacements: [{target: /list/0, value: 2}]
    successCriteria: [{condition: '!($statusCode == 404) || $response.body.name == ''x'''}]
    onSuccess: [{name: on, type: goto, stepId: last, criteria: [{condition: $statusCode == 201}]}]
  - stepId: last
    workflowId: login
    parameters: [{name: who, value: $steps.list.outputs.all#/things/0}]
  outputs: {first: $steps.list.outputs.first}
- workflowId: login
  steps: [{stepId: in, operationId: login, outputs: {token: $response.body#/token}}]
  outputs: {token: $steps.in.outputs.token}
components:
  parameters: {cursor: {name: cursor, in: query, value: $inputs.word}}
"""

REPLIES: Sequence[Reply] = (
    Response(200, (("Content-Type", "application/json"),), b'{"things": [{"id": 2}], "token": "t"}'),
    Response(201, (("Content-Type", "text/plain"), ("Set-Cookie", "a=b; Path=/")), b"text"),
    Response(503, (("Retry-After", "1"),), b"[1, 2"),
    TransportFailure("closed", "gone"),
    Response(404, (("Content-Type", "application/xml"),), b"<a>\xff</a>"),
)

# What edits put in: names and signs that mean something somewhere in a document.
TOKENS = [
    "", " ", "\n", "\n  ", "- ", ": ", "{", "}", "[", "]", ",", "'", '"', "#", "&a ", "*a", "<<: ", "!!str ", "|\n",
    "? ", "~", "null", "true", "0", "-1", "1e999", "9" * 30, ".nan", "2020-01-01", "$ref: ", "$self", "$inputs.",
    "$steps.", "$response.body", "#/", "%", "//", "..", "{$", "}", "\t", "\0", "\ufeff", "\u2028", "\U0001f600", "é",
    "type: ", "in: ", "allOf: ", "$ref: '#'", "x-finally: ", "name: ", "url: ", "data:,", "http://[", "://", "a" * 70,
    "stepId: ", "workflowId: ", "==", "&&", "||", "(", ")", "!", "@", "?", "*", "$", "^", "(?", "\\", "{9999}",
]  # fmt: skip


def edited(text: str, data: bytes) -> str:
    """Edit a text as bytes say, four for each edit: where, how much of it goes, and what comes there."""
    for at in range(0, len(data) - 3, 4):
        where = int.from_bytes(data[at : at + 2]) * (len(text) + 1) >> 16
        gone, what = data[at + 2] >> 3, data[at + 3]
        came = TOKENS[what % len(TOKENS)] if what < 192 else text[where : where + what - 191]
        text = text[:where] + came + text[where + gone :]
    return text


def loaded(flow: str, description: str = API, name: str = "flow.arazzo.yaml") -> Plan | None:
    """Read, compile and check whatever these are, as `arazzo check` does."""
    texts = {f"memory:///{name}": flow, "memory:///things.yaml": description}
    checked = api.check(f"memory:///{name}", Sources(texts=texts, offline=True), contracts=True)
    for each in checked.diagnostics:
        assert each.message, each.rule
        assert 0 <= each.span.start <= each.span.end, each.rule
    assert (checked.plan is None) == bool(checked.errors)
    return checked.plan


class _Scripted:
    """A transport that gives these replies in turn."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = cycle(replies)

    def send(self, _request: Request, _timeout: float | None) -> Reply:
        return next(self._replies)


def played(plan: Plan, replies: Sequence[Reply] = REPLIES) -> None:
    """Run every workflow that can be entered without inputs, against replies that say anything."""
    clock = VirtualClock(1_795_000_000.0)
    asked = []
    for key in plan.entries:
        accepted = accept(plan.workflows[key].inputs, {})
        if not accepted.problems:
            asked.append(Asked(key, accepted.values))
    world = World(_Scripted(replies), clock, lambda entry: None)
    with suppress(DescriptionError):  # what is asked for cannot be run, and why
        drive(api.start(plan, asked, Limits(steps=40, wall=10_000), world), world)


def a_document(data: bytes) -> None:
    """Any bytes as a document."""
    try:
        text = decode_bytes(data)
    except ValueError:
        return
    for name in ("flow.arazzo.yaml", "flow.arazzo.json"):
        if plan := loaded(text, name=name):
            played(plan)


def a_flow(data: bytes) -> None:
    """A workflow document with a few edits, and what it does where it can be run."""
    if plan := loaded(edited(FLOW, data)):
        played(plan)


def a_description(data: bytes) -> None:
    """An API description with a few edits, under a workflow document that is right."""
    if plan := loaded(FLOW, edited(described(), data)):
        played(plan)


@cache
def described() -> str:
    schema = """
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, bearer: {type: http, scheme: bearer}}
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: [integer, 'null']}, next: {$ref: '#/components/schemas/Thing'}}}
    Kind: {oneOf: [{$ref: '#/components/schemas/Thing'}, {type: string, pattern: '^a+$', format: date-time}], discriminator: {propertyName: kind}}
"""  # noqa: E501
    return API.replace("schema: {}", "schema: {type: array, items: {$ref: '#/components/schemas/Kind'}}") + schema


def _text(data: bytes) -> str:
    """Read bytes as a text, halves of characters and all; what is no UTF-8 is one as well."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


@cache
def scopes() -> tuple[Scope, ...]:
    values: dict[str, Value] = {
        "a": 1,
        "b": {"c": ["x", None]},
        "b.c": "1e3",
        "word": "é",
        "huge": 10**30,
        "bytes": b"\xff",
    }
    whole = Scope(
        inputs=values,
        outputs=values,
        steps={"a": values, "list": values},
        workflows={"a": {"inputs": values, "outputs": values}},
        sources={"a": {"url": "u"}},
        request=Request("POST", "https://api.example/x?y=1", (("X-Id", "1"),), b'{"a": 1}'),
        response=REPLIES[0],  # type: ignore[arg-type]
    )
    return Scope(inputs={}, outputs={}, steps={}, workflows={}, sources={}, request=None, response=None), whole


STYLES: tuple[Style, ...] = ("text", "json", "form")


def an_expression(data: bytes) -> None:
    """Any text as an expression, alone and in a value."""
    text = _text(data)
    for grammar in (ARAZZO_1_0, ARAZZO_1_1):
        with suppress(SyntaxFault):
            expression = parse_expression(text, grammar)
            for scope in scopes():
                evaluate(expression, scope)
        for value in (text, f"x{{{text}}}y", f'{{"a": "{{{text}}}"}}'):
            for style in STYLES:
                with suppress(SyntaxFault):
                    node = parse_value(value, grammar, style).node
                    for scope in scopes():
                        fill(node, scope)


def a_condition(data: bytes) -> None:
    """Any text as the condition of a criterion of each type."""
    text = _text(data)
    context = parse_expression("$response.body")
    for kind, version in (("simple", ""), ("regex", ""), ("jsonpath", "rfc9535"), ("xpath", "xpath-10")):
        with suppress(SyntaxFault):
            criterion = compile_criterion(text, kind, version, context)
            for scope in scopes():
                verdict = check(criterion, scope)
                assert not (verdict.passed and verdict.problem)


VALUES: tuple[Json, ...] = (None, 1, -0.5, 10**30, "", "2020-01-01", [], [1, [2]], {"a": {"b": "c"}}, {"kind": "Thing"})


def a_schema(data: bytes) -> None:
    """Any JSON or YAML as a schema of each dialect, held against a few values."""
    read_ = read_text(Source("memory:///schema.yaml", "schema.yaml", _text(data)))
    if any(problem.severity == "error" for problem in read_.problems) or not isinstance(read_.value, dict | bool):
        return
    for dialect in ("2020-12", "draft-04"):
        with suppress(SchemaProblem):
            schema = compile_schema(read_.value, dialect=dialect)  # type: ignore[arg-type]
            for value in VALUES:
                list(schema.errors(value))


def an_answer(data: bytes) -> None:
    """Any bytes as what a server sends, cut anywhere, and what is made of it on the way to the engine."""
    cuts, sent = (data[0], data[1:]) if data else (0, b"")
    method = ("GET", "HEAD", "CONNECT", "POST")[cuts % 4]
    request = Request(method, "https://api.example/a/b?c=d", (("Accept", "*/*"),))
    reply = _received(request, _pieces(sent, cuts // 4))
    clock = VirtualClock(784_111_777.0)
    session = Session(clock.now)
    for _ in range(2):  # once more, with the cookies of the first
        carry(deliver(Send(request, operation(), 10.0), session), _Scripted([reply]), clock)


def _pieces(data: bytes, size: int) -> Iterator[bytes]:
    size = size or len(data) or 1
    yield from (data[at : at + size] for at in range(0, len(data), size))
    yield b""


def _received(request: Request, pieces: Iterator[bytes]) -> Reply:
    progress = Progress()
    reading = read(request.method, progress, 10_000)
    next(reading)
    try:
        for piece in pieces:
            try:
                reading.send(piece)
            except StopIteration as stop:
                return response_of(stop.value, request, 10_000)
    except Exception as error:
        return failure_of(error, progress, 10_000)  # which raises what is no failure
    raise AssertionError("it waits for more after the end")


TARGETS: Mapping[str, Target] = {
    "document": a_document,
    "flow": a_flow,
    "description": a_description,
    "expression": an_expression,
    "condition": a_condition,
    "schema": a_schema,
    "answer": an_answer,
}


def seeds(name: str) -> list[bytes]:
    """Give what a target may begin with."""
    match name:
        case "document":
            return [
                FLOW.encode(),
                json.dumps(read_text(Source("memory:///f", "f", FLOW)).value).encode(),
                b"\xef\xbb\xbf{}",
            ]
        case "expression" | "condition":
            return [each.encode() for each in _SPELLED]
        case "schema":
            return [b"{type: object, properties: {a: {$ref: '#'}}}", b'{"anyOf": [{"pattern": "^a+$"}, false]}']
        case "answer":
            return [bytes([n]) + each for n, each in enumerate(_ANSWERS)]
        case _:
            return [b"", bytes(range(40))]


_SPELLED = [
    "$response.body#/things/0/id", "$steps.a.outputs.b.c", "$inputs.b#/c/0", "$response.header.content-type",
    "$statusCode == 200 && ($response.body.things[0].id > 1 || !($inputs.a == 'x'))", "^a(b|c)*$",
    "$.things[?@.id > 1]", "//a[@b='c']", "count($..*) > 2", "{$inputs.a}", "$url", "$request.query.y",
]  # fmt: skip
_ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.0 302 Found\r\nLocation: ../x?y#z\r\nSet-Cookie: a=b; Path=/a; Max-Age=5; Secure\r\n\r\nrest",
    b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 429 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",  # noqa: E501
    b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=auth\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, deflate\r\nContent-Length: 3\r\nSet-Cookie: a\r\n\r\nabc",
    b"HTTP/1.1 200 OK\nSet-Cookie: a=b; Expires=Sun Nov  6 08:49:37 1994\n\nabc",
]  # fmt: skip

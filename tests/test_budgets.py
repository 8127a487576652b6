"""Every budget there is, each driven over its bound: it ends at once, and what ended it has a name."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from runner.errors import FetchError
from runner.exchange import Fetched, Request, Response, TransportFailure
from runner.expressions.fill import LARGEST, is_too_large
from runner.loader.load import load
from runner.records import replace
from runner.schema.check import compile_schema
from runner.schema.gathered import SchemaProblem
from runner.shell import fetch
from runner.shell.codings import MOST_CODINGS, MOST_MEMBERS
from runner.shell.fetch import FetchPorts, make_fetch, rationed
from runner.shell.lean.transport import LeanTransport
from runner.shell.options import HttpOptions
from runner.values import Json
from tests.bounded import Ended, bounded, ended
from tests.cli.process import arazzo, documents
from tests.scripted import header, reply
from tests.shell.server import Behaviour, Connection, always, answer, once, serve
from tests.test_bounds import BOMB, HOSTILE, circular, judged, simple, written, xpath

FLOW = "- workflowId: w\n  x-more: VALUE\n  steps: [{stepId: s, operationId: listThings}]\n"
AGAIN = {"name": "again", "type": "goto", "stepId": "s"}
RETRY = {"name": "again", "type": "retry", "retryAfter": 1}
LOOP = {"stepId": "s", "operationId": "listThings", "onSuccess": [AGAIN]}
HALTING = {"stepId": "s", "operationId": "listThings", "onFailure": [RETRY]}


def doubling(value: Json) -> str:
    """Write steps that each send twice what the one before has sent."""
    steps: list[dict[str, Any]] = [sending(0, {"x": "a"})]
    steps += [
        sending(n, json.loads(json.dumps(value).replace("LAST", f"$steps.s{n - 1}.outputs.x"))) for n in range(1, 60)
    ]
    return written({"workflowId": "w", "steps": steps})


def sending(number: int, payload: Json) -> dict[str, Any]:
    outputs = {"x": "$request.body#/x"}
    body = {"payload": payload}
    return {"stepId": f"s{number}", "operationId": "createThing", "requestBody": body, "outputs": outputs}


def api(*listed: Json, **components: Json) -> dict[str, str]:
    """Write a description whose one operation has these parameters."""
    get = {"operationId": "listThings", "parameters": listed, "responses": {}}
    own = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "servers": [{"url": "https://api.example.com"}]}
    return {"things.yaml": json.dumps({**own, "paths": {"/a": {"get": get}}, "components": components})}


CHAIN: dict[str, Json] = {f"P{n}": {"$ref": f"#/components/parameters/P{n + 1}"} for n in range(200)}
TWICE: dict[str, Json] = {f"S{n}": {"allOf": [{"$ref": f"#/components/inputs/S{n + 1}"}] * 2} for n in range(60)}
ALIASES = "\n" + "".join(f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'] * 9)}]\n" for n in range(30))

RUNS: dict[str, tuple[Callable[[], Ended], str]] = {
    "steps": (lambda: ended(written({"workflowId": "w", "steps": [LOOP]}), [reply()]), "took more than 1000 steps"),
    "depth of calls": (
        lambda: ended(written(circular("a", "b", "retry"), circular("b", "a", "retry")), [reply(500)]),
        "workflows call each other more than 40 levels deep",
    ),
    "pause": (
        lambda: ended(
            written({"workflowId": "w", "steps": [HALTING]}), [reply(503, headers=(("Retry-After", "999999"),))]
        ),
        "its server asks for a pause of 999999 s, more than 86400 s",
    ),
    "text put together": (
        lambda: ended(doubling({"x": "{LAST}{LAST}"}), [reply(201)]),
        "makes a value of more than 64 MiB",
    ),
    "nested document": (lambda: ended(header(FLOW.replace("VALUE", "[" * 9_000 + "]" * 9_000))), "document-depth"),
    "aliases": (lambda: ended(header(FLOW.replace("VALUE", ALIASES))), "yaml-aliases"),
    "nested condition": (lambda: simple("!" * 5_000 + "true"), "nested more than 100 deep"),
    "chain of references": (
        lambda: ended(
            header(FLOW.replace("VALUE", "1")),
            files=api({"$ref": "#/components/parameters/P0"}, parameters=CHAIN),
        ),
        "more than 64 references lead to it",
    ),
    "schemas that multiply": (
        lambda: ended(
            written(
                {"workflowId": "w", "inputs": {"$ref": "#/components/inputs/S0"}, "steps": [LOOP]},
                components={"inputs": {**TWICE, "S60": {}}},
            ),
            [reply()],
            {"x": 1},
        ),
        "it holds a value against more than 1000000 schemas",
    ),
    "pattern of a schema": (
        lambda: ended(
            written(
                {
                    "workflowId": "w",
                    "inputs": {"properties": {"x": {"type": "string", "pattern": r"^(a|a)*(b|a)*\1$"}}},
                    "steps": [LOOP],
                }
            ),
            [reply()],
            {"x": HOSTILE[1]},
        ),
        "the search takes too long",
    ),
    "pattern": (
        lambda: judged(
            {"context": "$response.body#/x", "condition": r"^(a|a)*(b|a)*\1$", "type": "regex"},
            reply(200, {"x": HOSTILE[1]}),
        ),
        "takes too long",
    ),
    "JSONPath": (
        lambda: judged(
            {"context": "$response.body", "condition": "$..[?count($..*) < 0]", "type": "jsonpath"},
            reply(200, [{"a": [1] * 9}] * 9_000),
        ),
        "it took longer than 5 s",
    ),
    "XPath": (lambda: xpath("count(for $i in 1 to 1000000000 return $i) = 0", "xpath-31"), "it needs too much memory"),
    "XML entities": (
        lambda: xpath("string-length(/*) > 0", "xpath-10", Response(200, (("Content-Type", "application/xml"),), BOMB)),
        "maximum entity amplification factor exceeded",
    ),
}


@pytest.mark.parametrize("budget", RUNS)
def test_a_run_that_goes_over_a_budget_ends_and_says_which(budget: str) -> None:
    drive, said = RUNS[budget]
    found = drive()
    told = " | ".join((*found.rules, found.messages, found.problem, *found.broken))
    assert found.outcome in ("refused", "failed", "error"), found
    assert said in told, found


def test_what_shares_its_parts_is_as_large_as_it_would_be_written() -> None:
    value: Json = ["a" * 1024]
    for _ in range(200):
        value = [value, value]
    assert bounded(is_too_large, value)
    assert not is_too_large(["a" * 1024] * 1024)
    assert is_too_large(["a" * 1024 * 1024] * (LARGEST // 1024 // 1024))


def beside(inner: Json) -> dict[str, Json]:
    """Write a schema that holds a member against another one on two ways."""
    return {"properties": {"a": inner}, "allOf": [{"properties": {"a": inner}}]}


def test_schemas_that_multiply_inside_of_a_value_are_refused() -> None:
    chain: dict[str, Json] = {f"S{n}": beside({"$ref": f"#/$defs/S{n + 1}"}) for n in range(40)}
    with pytest.raises(SchemaProblem, match="it holds a value against more than 1000000 schemas"):
        compile_schema({"$ref": "#/$defs/S0", "$defs": {**chain, "S40": {}}})
    few: dict[str, Json] = {name: chain[name] for name in ("S0", "S1", "S2")}
    assert compile_schema({"$ref": "#/$defs/S0", "$defs": {**few, "S3": {}}}).valid({"a": 1})


def test_what_is_wrong_on_ever_more_ways_is_told_once() -> None:
    assert bounded(wrong_deep_inside, 40) == ("/a" * 40,)


def wrong_deep_inside(levels: int) -> tuple[str, ...]:
    node: dict[str, Json] = {**beside({"$ref": "#/$defs/S"}), "not": {"const": 1}}
    value: Json = 1
    for _ in range(levels):
        value = {"a": value}
    return tuple(error.instance for error in compile_schema({"$ref": "#/$defs/S", "$defs": {"S": node}}).errors(value))


# On the wire

SMALL = HttpOptions(trust_env=False, max_body=100_000, timeout=2.0)


def endless(start: bytes, more: bytes) -> Behaviour:
    """Answer with something that has no end."""

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(start)
        while True:
            connection.send(more)

    return behave


def silent(connection: Connection) -> None:
    connection.request()
    connection.wait()


def packed(codings: str, body: bytes) -> Behaviour:
    return once(answer(f"Content-Encoding: {codings}", body=body))


OK = b"HTTP/1.1 200 OK\r\n"
HEAD = "the answer is not valid HTTP: its head is longer than 100 KiB"
REPLIES: dict[str, tuple[Behaviour, str, str]] = {
    "body that is announced": (
        once(OK + b"Content-Length: 9999999\r\n\r\n"),
        "too-large",
        "the body is larger than 100000 bytes",
    ),
    "body without end": (endless(OK + b"\r\n", b"x" * 999), "too-large", "the body is larger than 100000 bytes"),
    "chunks without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n" * 99),
        "too-large",
        "the body is larger than 100000 bytes",
    ),
    "head without end": (endless(OK, b"X-A: b\r\n" * 99), "protocol", HEAD),
    "line without end": (endless(OK + b"X-A: ", b"b" * 999), "protocol", HEAD),
    "size of a chunk without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n2;", b"a" * 999),
        "protocol",
        HEAD,
    ),
    "trailer without end": (
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 99),
        "protocol",
        HEAD,
    ),
    "interim answers without end": (
        endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 99),
        "timeout",
        "no response within 2 s",
    ),
    "no answer": (silent, "timeout", "no response within 2 s"),
    "what unpacks to more": (
        packed("gzip", gzip.compress(bytes(9_999_999))),
        "too-large",
        "the body is larger than 100000 bytes",
    ),
    "bomb in a bomb": (
        packed("gzip, gzip", gzip.compress(gzip.compress(bytes(99_999_999)))),
        "too-large",
        "the body is larger than 100000 bytes",
    ),
    "codings": (
        packed(", ".join(["gzip"] * (MOST_CODINGS + 1)), b"x"),
        "protocol",
        f"the body cannot be unpacked: it has more than {MOST_CODINGS} codings",
    ),
}


@pytest.mark.parametrize("budget", REPLIES)
def test_an_answer_that_goes_over_a_budget_is_a_failure_with_a_name(budget: str) -> None:
    behaviour, kind, message = REPLIES[budget]
    with serve(behaviour) as server, LeanTransport(SMALL) as transport:
        assert transport.send(Request("GET", server.url()), None) == TransportFailure(kind, message)  # type: ignore[arg-type]


def test_a_body_of_ever_more_empty_parts_is_given_up() -> None:
    body = gzip.compress(b"", mtime=0) * (MOST_MEMBERS + 1)
    with serve(packed("gzip", body)) as server, LeanTransport(replace(SMALL, max_body=9_999_999)) as transport:
        reply = transport.send(Request("GET", server.url()), 20)
    message = f"the body cannot be unpacked: it has more than {MOST_MEMBERS} parts"
    assert reply == TransportFailure("protocol", message)


LIST = "  - {stepId: s, operationId: listThings, onSuccess: [{name: again, type: goto, stepId: s}]}\n"


@pytest.mark.parametrize(
    ("response", "options", "said"),
    [
        (answer(), ("--max-time", "0.3", "--pace", "0"), "the run took longer than 0.3 s"),
        (answer(), ("--max-steps", "3", "--pace", "0"), "the run took more than 3 steps"),
        (answer("Location: /things", status="302 Found"), (), "it was redirected more than 10 times"),
    ],
    ids=["time", "steps", "redirects"],
)
def test_a_run_on_the_command_line_ends_with_its_budget(
    response: bytes, options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with serve(always(response)) as server:
        found = arazzo("run", documents(tmp_path, server.url(""), LIST), *options)
    assert found.code == 1
    assert said in found.out


# Documents


def leading_on(kind: str) -> Callable[[str], Fetched]:
    """Give documents of which each names the next, for ever."""
    numbers = itertools.count(1)

    def fetched(uri: str) -> Fetched:
        if kind == "arazzo" or uri.endswith("flow"):
            following = f"api{next(numbers)}" if kind == "arazzo" else "api"
            flow = header("- workflowId: w\n  steps: [{stepId: s, operationId: $sourceDescriptions.things.x}]\n")
            return Fetched(uri, flow.replace("things.yaml", following).replace("type: openapi", f"type: {kind}"))
        reference = {"$ref": f"api{next(numbers)}#/parameters/0"}
        return Fetched(uri, json.dumps({"openapi": "3.1.0", "info": {}, "paths": {}, "parameters": [reference]}))

    return fetched


def test_documents_that_lead_on_for_ever_are_read_so_far() -> None:
    problem = "missing-source: the source 'things' cannot be read: more than 100 documents lead to it, each to the next"
    assert bounded(far, "arazzo")[-1] == problem
    bounded(far, "openapi")


def far(kind: str) -> tuple[str, ...]:
    loaded = load("memory:///flow", leading_on(kind))
    return tuple(f"{each.rule}: {each.message}" for each in loaded.diagnostics)


class Clock:
    """A clock of which each look takes so many seconds."""

    def __init__(self, step: float) -> None:
        self._ticks = itertools.count(0.0, step)

    def now(self) -> float:
        return self.monotonic()

    def monotonic(self) -> float:
        return next(self._ticks)

    def sleep(self, seconds: float) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("bound", "value", "step", "said"),
    [
        ("MOST_DOCUMENTS", 5, 0.0, "more than 5 documents would be read"),
        ("MOST_TEXT", 1024 * 1024, 0.0, "more than 1 MiB would be read"),
        ("LONGEST_READING", 300.0, 60.0, "the documents before it took more than 300 s"),
    ],
)
def test_what_is_read_for_a_document_is_bounded(
    bound: str, value: float, step: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, bound, value)
    read = rationed(lambda uri: Fetched(uri, "x" * 300_000), Clock(step))
    for number in range(4 if bound == "MOST_TEXT" else 5):
        read(f"memory:///{number}")
    with pytest.raises(FetchError, match=said):
        read("memory:///more")


def test_a_document_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b"x" * 2_000_000)
    ports = FetchPorts(lambda: nullcontext(LeanTransport(SMALL)), max_size=1024 * 1024)
    with pytest.raises(FetchError, match="it is larger than 1 MiB"):
        make_fetch(tmp_path, ports)("big.yaml")

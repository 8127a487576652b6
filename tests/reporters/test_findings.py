"""Broken contracts in every report: drawn at both places, once, counted, and without secrets."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import pytest

from runner.engine.events import Breach, ContractChecked, Entry, RunStarted
from runner.engine.policy import read_policy
from runner.engine.state import Limits
from runner.exchange import Reply
from runner.openapi.document import Address
from runner.openapi.mismatch import Mismatch
from runner.reporters.codec import read_event, write_event
from runner.reporters.console import Console, Verbosity
from runner.reporters.json import JsonReport
from runner.reporters.jsonl import JsonLines
from runner.reporters.junit import JUnit
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Broadcast, Reporter
from runner.reporters.style import Style
from runner.source import Source, Span
from runner.values import ABSENT, Value
from tests.scripted import plan_of, play, reply

from .golden import agrees

SECRET = "sk-live-0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijklmnopqrstuvwxyz"
API = """\
openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'https://api.example.com/v1'}]
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 100}}
      responses:
        '200':
          description: ok
          headers:
            X-Total: {required: true, schema: {type: integer}}
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}
  /key:
    get:
      operationId: getKey
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  apiKey: {type: string, maxLength: 20, pattern: ^pk-}
                  password: {type: string, format: password, minLength: 6}
components:
  schemas:
    Pet:
      type: object
      required: [id, name]
      properties:
        id: {type: integer}
        name: {type: string}
        price:
          type: number
          minimum: 0
"""
FLOW = """\
arazzo: 1.0.1
info: {title: Pet shop, version: '1'}
sourceDescriptions: [{name: things, url: things.yaml, type: openapi}]
workflows:
  - workflowId: shop
    steps:
      - stepId: look
        operationId: listPets
        parameters: [{name: limit, in: query, value: 500}]
        successCriteria: [{condition: $statusCode == 200}]
        onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 2}]
      - stepId: look-again
        operationId: listPets
      - stepId: unlock
        operationId: getKey
"""
PETS = [{"id": "a1", "name": "Rex", "price": -2}, {"id": "b2"}]
TOTAL = (("X-Total", "2"),)
REPLIES = [
    reply(503, {"later": True}),
    reply(200, PETS, (("X-Total", "many"),)),
    reply(200, PETS, TOTAL),
    reply(200, {"apiKey": SECRET, "password": "1234"}),
]


def entries(policy: str, replies: Iterable[Reply] = REPLIES, flow: str = FLOW) -> list[Entry]:
    limits = Limits(contract=read_policy([policy]))
    story = play(plan_of(flow, {"things.yaml": API}), replies, limits=limits)
    return [Entry(1_795_232_577 + number / 100, event) for number, event in enumerate(story.events)]


def written(report: Reporter, stream: io.StringIO, told: list[Entry]) -> str:
    broadcast = Broadcast([report], Redactor())
    for entry in told:
        broadcast.tell(entry)
    broadcast.close()
    return re.sub(r"arazzo[ /]\d+\.\d+\.\d+", "arazzo VERSION", stream.getvalue())


def seen(told: list[Entry], verbosity: Verbosity = "normal", style: Style | None = None) -> str:
    stream = io.StringIO()
    return written(Console(stream, style or Style(), verbosity=verbosity), stream, told)


def junit(told: list[Entry]) -> str:
    stream = io.StringIO()
    return written(JUnit(stream), stream, told)


DRAWN: dict[str, tuple[str, Verbosity, Style]] = {
    "contract-warn": ("warn", "normal", Style()),
    "contract-error": ("error,headers=warn", "normal", Style()),
    "contract-quiet": ("warn,body=error", "quiet", Style()),
    "contract-verbose": ("warn", "verbose", Style()),
    "contract-ascii": ("body=error", "normal", Style(unicode=False, width=60)),
}


@pytest.mark.parametrize(("policy", "verbosity", "style"), DRAWN.values(), ids=DRAWN.keys())
def test_a_broken_contract_is_drawn(
    request: pytest.FixtureRequest, policy: str, verbosity: Verbosity, style: Style
) -> None:
    text = seen(entries(policy), verbosity, style)
    assert agrees(f"{request.node.callspec.id}.txt", text)
    assert SECRET not in text


def test_quiet_says_nothing_of_warnings() -> None:
    text = seen(entries("warn"), "quiet")
    assert "warning[" not in text
    assert "! contract" not in text
    assert "contract warnings" in text


def test_what_was_seen_in_many_attempts_is_drawn_once() -> None:
    text = seen(entries("body=error"))
    assert text.count("error[contract-body]: step 'look': '/0/id'") == 1
    assert text.count("seen 2 times, here and in 1 other step") >= 1


def test_only_the_first_warnings_are_drawn() -> None:
    text = seen(entries("warn"))
    assert text.count("warning[contract-") == 5
    assert "more contract warnings: -v draws all" in text


def test_a_run_that_was_broken_off_still_draws_what_it_found() -> None:
    told = entries("error")
    broken_off = told[: next(n for n, entry in enumerate(told) if isinstance(entry.event, ContractChecked)) + 1]
    assert "error[contract-status]" in seen(broken_off)


@pytest.mark.parametrize("policy", ["warn", "error"])
def test_junit_has_at_most_one_failure_for_each_step(policy: str) -> None:
    text = junit(entries(policy))
    assert agrees(f"contract-{policy}.xml", text)
    assert SECRET not in text
    cases = list(ET.fromstring(text).iter("testcase"))
    failures = [[child.get("type") for child in case if child.tag in ("failure", "error")] for case in cases]
    assert failures == ([[], [], []] if policy == "warn" else [["arazzo.contract"]] * 3)


def test_a_step_that_failed_by_itself_has_the_contract_in_the_same_failure() -> None:
    text = junit(entries("error", [reply(418)], FLOW.replace("retryLimit: 2", "retryLimit: 0")))
    (failure,) = ET.fromstring(text).iter("failure")
    assert failure.get("type") == "arazzo.criterion"
    assert "contract error: status 418 is not documented" in (failure.text or "")


CALLING = """\
  - workflowId: outer
    steps:
      - stepId: call
        workflowId: shop
"""


def test_a_called_workflow_is_blamed_once_and_its_caller_not_at_all() -> None:
    text = junit(entries("error", flow=FLOW + CALLING))
    root = ET.fromstring(text)
    assert [case.get("name") for case in root.iter("testcase")] == ["look", "look-again", "unlock", "call"]
    assert [len(list(case.iter("failure"))) for case in root.iter("testcase")] == [1, 1, 1, 0]
    assert root.get("failures") == "3"


def test_json_has_the_findings_of_each_step() -> None:
    stream = io.StringIO()
    report = json.loads(written(JsonReport(stream), stream, entries("error")))
    steps = report["workflows"][0]["steps"]
    assert report["outcome"] == "failed"
    assert report["workflows"][0]["error"]["kind"] == "contract"
    assert [step["outcome"] for step in steps] == ["passed", "passed", "passed"]
    found = next(each for each in steps[0]["contract"] if each["instance"] == "/0/price")
    assert found == {
        "check": "body",
        "severity": "error",
        "message": "'/0/price' in the response body must be at least 0, is -2",
        "name": None,
        "instance": "/0/price",
        "value": -2,
        "count": 1,
        "file": "memory:///things.yaml",
        "line": 41,
        "column": 20,
        "pointer": "/components/schemas/Pet/properties/price/minimum",
    }


def test_the_stream_of_lines_keeps_all_of_it_but_the_secrets() -> None:
    stream = io.StringIO()
    told = entries("error")
    text = written(JsonLines(stream), stream, told)
    assert SECRET not in text
    assert SECRET[:40] not in text
    lines = [json.loads(line) for line in text.splitlines() if '"ContractChecked"' in line]
    assert [line["response"] for line in lines] == [None, "200", "200", "200"]


SPAN = Span(Source("memory:///a", "a", "a: 1\nb: 2"), 0, 4)
BREACHES = [
    Breach("error", Mismatch("status", "status 418", "is not documented")),
    Breach(
        "warning",
        Mismatch("body", "the response body", "must be integer", "", "/a/0", 10**30, "", Address("u", "/p"), 7),
        SPAN,
        SPAN,
    ),
    Breach("warning", Mismatch("headers", "response header 'X'", "must be null", "X", "", None, "/a is required")),
]


def test_the_event_is_read_back_as_it_was_written() -> None:
    event = ContractChecked((), "2XX", "application/*", tuple(BREACHES))
    again = read_event(json.loads(json.dumps(write_event(event, 1000))))
    assert isinstance(again, ContractChecked)
    assert [each.mismatch for each in again.breaches] == [each.mismatch for each in event.breaches]
    declared = again.breaches[1].declared
    assert declared is not None
    assert (str(declared), declared.text) == ("a:1:1", "a: 1")


def test_a_long_value_is_cut_in_the_stream_of_lines() -> None:
    event = ContractChecked((), None, None, (Breach("error", Mismatch("body", "s", "m", value="x" * 5000)),))
    assert len(json.dumps(write_event(event, 100))) < 500


def redacted(mismatch: Mismatch, *secrets: str) -> Mismatch:
    redactor = Redactor()
    redactor.redact(Entry(0, RunStarted("d", "t", (), (), frozenset(secrets))))
    event = redactor.redact(Entry(0, ContractChecked((), None, None, (Breach("error", mismatch),)))).event
    assert isinstance(event, ContractChecked)
    return event.breaches[0].mismatch


HIDDEN: dict[str, tuple[str, str, Value]] = {
    "by the name of a member": ("", "/user/apiKey", "abc"),
    "by the name of a member above it": ("", "/secret/0", 12345),
    "by the name of a header": ("Set-Cookie", "", "sid=abc; Path=/"),
    "by its value": ("", "/a", "well-known-secret"),
    "by its value within another": ("", "/a", "x" * 100 + "well-known-secret"),
}


@pytest.mark.parametrize(("name", "instance", "value"), HIDDEN.values(), ids=HIDDEN.keys())
def test_a_secret_value_is_hidden(name: str, instance: str, value: Value) -> None:
    found = redacted(Mismatch("body", "s", "m", name, instance, value), "well-known-secret")
    assert found.value != value
    assert "***" in str(found.value)


@pytest.mark.parametrize("causes", ["/pin must be x, is 1; /otp must be string, is 123456", "is well-known-secret"])
def test_causes_that_quote_a_secret_are_dropped(causes: str) -> None:
    assert redacted(Mismatch("body", "s", "m", causes=causes), "well-known-secret").causes == ""


def test_what_is_no_secret_stays() -> None:
    mismatch = Mismatch("body", "s", "m", "", "/a", "open", "/b is required", Address("u", "/p"))
    assert redacted(mismatch, "well-known-secret") == mismatch


def test_a_secret_in_the_quoted_line_of_a_description_is_masked() -> None:
    source = Source("https://x.example/a?token=well-known-secret", "https://x.example/a", "a: well-known-secret\nb: 1")
    redactor = Redactor(["well-known-secret"])
    breach = Breach("error", Mismatch("body", "s", "m", value=ABSENT), None, Span(source, 3, 20))
    event = redactor.redact(Entry(0, ContractChecked((), None, None, (breach,)))).event
    assert isinstance(event, ContractChecked)
    declared = event.breaches[0].declared
    assert declared is not None
    assert declared.text == "*" * 17
    assert "well-known" not in declared.source.uri

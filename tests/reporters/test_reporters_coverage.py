from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from runner import api
from runner.engine.events import Answered, Entry, Event, Frame, StepFinished, StepStarted
from runner.exchange import Exchange, Reply, Request, Response, TransportFailure
from runner.openapi.document import ApiDescription
from runner.openapi.inventory import Inventory
from runner.reporters.coverage.html import page
from runner.reporters.coverage.json import CoverageError, CoverageReport, coverage_json, coverage_of
from runner.reporters.coverage.reach import (
    CoverageRecorder,
    DescriptionCoverage,
    OperationCoverage,
    Reached,
    merged,
    total,
)
from runner.reporters.coverage.table import table
from runner.reporters.style import Style

SHOP = """\
openapi: 3.1.0
info: {title: Shop <1>, version: '1'}
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
        - {name: page, in: query, schema: {type: integer}}
      responses:
        '200':
          content:
            application/json:
              schema: {properties: {items: {items: {properties: {id: {}, note: {}}}}, next: {}}}
        '429': {description: slow down}
  /orders/{id}:
    delete:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'204': {description: gone}}
"""
FLOW = """\
arazzo: 1.0.1
info: {title: Orders, version: '1'}
sourceDescriptions: [{name: shop, url: shop.yaml}]
workflows:
  - workflowId: look
    steps: [{stepId: list, operationId: listOrders}]
"""
LIST, DELETE = "/paths/~1orders/get", "/paths/~1orders~1{id}/delete"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ApiDescription:
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "flow.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    [description] = api.load_description("flow.yaml").apis.values()
    return description


def answer(status: int, body: Any = None) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode() if body else b"")


def step(shop: ApiDescription, pointer: str, reply: Reply, *given: tuple[str, str]) -> list[Event]:
    trail = (Frame("look", "list", 1),)
    exchange = Exchange(Request("GET", "http://shop.test/"), reply)
    return [
        StepStarted(trail, "list", "operation", "GET /orders", api=shop.uri, pointer=pointer),
        Answered((Frame("look", "list", 1, 1),), exchange, given),
        StepFinished(trail, "list", "passed", {}, 1),
    ]


def folded(shop: ApiDescription, *events: Event) -> DescriptionCoverage:
    recorder = CoverageRecorder({shop.uri: Inventory(shop)})
    for event in events:
        recorder.tell(Entry(0.0, event))
    [coverage] = recorder.coverage()
    return coverage


@pytest.fixture
def coverage(shop: ApiDescription) -> DescriptionCoverage:
    body = {"items": [{"id": 1}], "undeclared": 1}
    return folded(
        shop,
        *step(shop, LIST, answer(200, body), ("query", "limit"), ("header", "X-Other")),
        *step(shop, LIST, answer(200, body), ("query", "limit")),
        *step(shop, LIST, TransportFailure("connect", "refused")),
    )


def test_what_answers_reached_is_counted(coverage: DescriptionCoverage) -> None:
    listed, deleted = coverage.operations
    assert (listed.title, listed.operation_id, listed.line) == ("GET /orders", "listOrders", 5)
    assert listed.answers == 2
    assert listed.statuses == {"200": 2, "429": 0}
    assert listed.parameters == {"query limit": 2, "query page": 0}
    assert (deleted.operation_id, deleted.answers, deleted.statuses) == (None, 0, {"204": 0})
    assert sorted(coverage.properties.values()) == [0, 0, 2, 2]


def test_shares_add_up_over_descriptions(coverage: DescriptionCoverage) -> None:
    assert coverage.reached("operation") == Reached(1, 2)
    assert coverage.reached("status") == Reached(1, 3)
    assert coverage.reached("parameter") == Reached(1, 3)
    assert coverage.reached("property") == Reached(2, 4)
    assert total([coverage, coverage], "status") == Reached(2, 6)
    assert total([], "status").percent == 100.0


def test_a_share_is_rounded_down_so_that_it_can_be_asked_for_as_it_is_read() -> None:
    assert Reached(2, 3).percent == 66.6
    assert Reached(9999, 10_000).percent == 99.9
    assert [Reached(2, 3).keeps(bound) for bound in (66.6, 66.66, 66.7)] == [True, True, False]
    assert [Reached(9999, 10_000).keeps(bound) for bound in (99.99, 100)] == [True, False]
    assert all(Reached(number, of).keeps(Reached(number, of).percent) for of in range(200) for number in range(of + 1))


def test_what_was_told_once_is_told_anew_when_more_was_reached(shop: ApiDescription) -> None:
    recorder = CoverageRecorder({shop.uri: Inventory(shop)})
    assert total(recorder.coverage(), "operation") == Reached(0, 2)
    for event in step(shop, LIST, answer(200)):
        recorder.tell(Entry(0.0, event))
    assert total(recorder.coverage(), "operation") == Reached(1, 2)


def test_a_step_inside_a_called_workflow_belongs_to_its_own_operation(shop: ApiDescription) -> None:
    outer = (Frame("all", "call", 1),)
    inner = (Frame("all", "call", 1, 1), Frame("look", "list", 1))
    done = Exchange(Request("DELETE", "http://shop.test/"), answer(204))
    coverage = folded(
        shop,
        StepStarted(outer, "call", "workflow", "look"),
        StepStarted(inner, "list", "operation", "DELETE /orders/{id}", api=shop.uri, pointer=DELETE),
        Answered((*inner[:-1], Frame("look", "list", 1, 1)), done, (("path", "id"),)),
    )
    assert [operation.answers for operation in coverage.operations] == [0, 1]


def test_a_step_of_an_unknown_description_is_passed_over(shop: ApiDescription) -> None:
    started, answered, _ = step(shop, LIST, answer(200))
    assert isinstance(started, StepStarted)
    elsewhere = StepStarted(started.trail, "list", "operation", "GET /orders", api="memory:other", pointer=LIST)
    assert folded(shop, elsewhere, answered).operations[0].answers == 0


def test_coverage_is_written_as_json_and_read_again(shop: ApiDescription, coverage: DescriptionCoverage) -> None:
    written = coverage_json([coverage])
    assert written["total"] == {
        "operations": {"reached": 1, "of": 2, "percent": 50.0},
        "statuses": {"reached": 1, "of": 3, "percent": 33.3},
        "parameters": {"reached": 1, "of": 3, "percent": 33.3},
        "properties": {"reached": 2, "of": 4, "percent": 50.0},
    }
    assert coverage_of(json.loads(json.dumps(written))) == (coverage,)
    stream = io.StringIO()
    recorder = CoverageRecorder({shop.uri: Inventory(shop)})
    report = CoverageReport(stream, recorder)
    for event in step(shop, DELETE, answer(204)):
        for reporter in (recorder, report):
            reporter.tell(Entry(0.0, event))
    report.close()
    [read] = coverage_of(json.loads(stream.getvalue()))
    assert [operation.answers for operation in read.operations] == [0, 1]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"version": 99, "descriptions": []},
        {"version": 1, "descriptions": {}},
        {"version": 1, "descriptions": [{"file": "x"}]},
        {"version": 1, "descriptions": [7]},
        {
            "version": 1,
            "descriptions": [{"file": "x", "title": "", "details": [], "response_properties": {"a": True}}],
        },
        {"version": 1, "descriptions": [{"file": "x", "title": "", "details": [], "response_properties": {"a": -1}}]},
    ],
)
def test_what_is_no_coverage_is_refused(value: Any) -> None:
    with pytest.raises(CoverageError):
        coverage_of(value)


def test_reports_of_the_same_description_are_added_up(shop: ApiDescription, coverage: DescriptionCoverage) -> None:
    other = folded(shop, *step(shop, DELETE, answer(204), ("path", "id")))
    [both] = merged([coverage, other])
    assert [operation.answers for operation in both.operations] == [2, 1]
    assert both.reached("operation") == Reached(2, 2)
    assert both.reached("status") == Reached(2, 3)


def test_the_table_shows_each_operation_with_its_statuses(coverage: DescriptionCoverage) -> None:
    assert list(table([coverage], Style())) == [
        "coverage of shop.yaml  Shop <1>",
        "  operations 1 of 2 (50 %) · statuses 1 of 3 (33 %) · parameters 1 of 3 (33 %) · properties 2 of 4 (50 %)",
        "  ✓ GET /orders          200✓ 429○  parameters 1/2",
        "  ○ DELETE /orders/{id}",
        "",
    ]


def test_the_table_adds_up_several_descriptions_and_says_that_there_are_none(coverage: DescriptionCoverage) -> None:
    assert list(table([coverage, coverage], Style()))[-3:] == [
        "coverage of all 2 descriptions",
        "  operations 2 of 4 (50 %) · statuses 2 of 6 (33 %) · parameters 2 of 6 (33 %) · properties 4 of 8 (50 %)",
        "",
    ]
    assert list(table([], Style())) == ["no API description could be reached"]


def test_the_table_names_all_that_was_reached_and_not_thousands_that_were_not() -> None:
    operations = tuple(OperationCoverage(f"GET /{n}", None, 1, int(n == 4000), {}, {}) for n in range(5000))
    drawn = list(table([DescriptionCoverage("big.yaml", "Big", operations, {})], Style()))
    assert drawn[-4:] == ["  ○ GET /99", "  ✓ GET /4000  ", "  ○ and 4899 more", ""]


class Tags(HTMLParser):
    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_escaped_and_needs_nothing_else(coverage: DescriptionCoverage) -> None:
    html = page([coverage])
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert tags.open == []
    assert "Shop <1>" in tags.text
    assert "DELETE /orders/{id}" in tags.text
    assert {"script", "link", "img", "iframe"}.isdisjoint(tags.seen)
    assert not re.search(r"https?://|url\(|@import", html)

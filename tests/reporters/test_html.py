"""The page of a run: everything is escaped, nothing is loaded, cases are forgotten when they are written."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tracemalloc
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from runner import api
from runner.diagnostics import Diagnostic
from runner.engine.events import Entry, Frame, RunStarted, WorkflowStarted
from runner.reporters.html import report
from runner.reporters.html.bodies import body_text, pretty_json
from runner.reporters.html.flow import ChartOf, chart_of, reached, seen, taken
from runner.reporters.html.markup import Markup, tag
from runner.reporters.html.report import HtmlReport
from runner.reporters.html.waterfall import Scale, bars
from runner.reporters.record import RunRecord, StepRecord, WorkflowRecord
from runner.reporters.recorder import Recorder
from runner.reporters.reporter import Broadcast
from tests.reporters.html_story import HOSTILE, suite
from tests.reporters.story import SECRET, outline, span, story

FLOWS = Path(__file__).resolve().parents[2] / "workflows"
JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html"),)


def page(entries: Iterable[Entry], diagnostics: tuple[Diagnostic, ...] = (), chart: ChartOf | None = None) -> str:
    stream = io.StringIO()
    broadcast = Broadcast([HtmlReport(stream, diagnostics, document="flow.arazzo.yaml", chart=chart)])
    for entry in entries:
        broadcast.tell(entry)
    broadcast.close()
    return stream.getvalue()


def blocks(text: str) -> list[str]:
    """Give what is behind the cases."""
    return re.findall(r'<script type="text/html">(.*?)</script>', text, re.DOTALL)


class Tags(HTMLParser):
    """Collects the elements of a document with their attributes, also of the blocks in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def recorded(entries: Iterable[Entry]) -> RunRecord:
    recorder = Recorder()
    for entry in entries:
        recorder.tell(entry)
    return recorder.run


def visit(run: RunRecord, step_id: str) -> StepRecord:
    return next(step for each in run.all_workflows() for step in each.steps if step.step_id == step_id)


def test_every_element_is_closed_in_the_page_and_in_its_blocks() -> None:
    text = page([*suite(3, fails=frozenset({1}))])
    assert Tags(text).open == []
    assert len(blocks(text)) == 3
    assert all(Tags(block).open == [] for block in blocks(text))


def test_what_is_hostile_in_a_body_a_header_or_a_title_is_text() -> None:
    text = page(suite(2, fails=frozenset({0, 1})))
    found = [each for part in (text, *blocks(text)) for each in Tags(part).found]
    assert {name for name, _ in found}.isdisjoint({"img", "b", "iframe", "object", "base", "link", "form"})
    assert not [name for _, attributes in found for name in attributes if name.startswith("on") or name == "style"]
    assert "&lt;img src=x onerror=" in text
    assert "<!--" not in text


def test_control_characters_and_changes_of_direction_are_shown_and_not_done() -> None:
    text = page(suite(1, fails=frozenset({0})))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    assert "\\x00\\x07red\\u202egnp.exe\\u2028" in text
    assert "😀" in text


def test_only_our_own_script_and_style_may_run_and_nothing_is_loaded() -> None:
    text = page(story())
    found = Tags(text).found
    policy = next(str(each["content"]) for _, each in found if "http-equiv" in each)
    for name, content in re.findall(r"<(script|style)>(.*?)</\1>", text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    links = [value for _, each in found for name, value in each.items() if name in ("src", "href", "action")]
    assert all(str(link).startswith("#case-") for link in links)


def test_no_secret_is_on_the_page() -> None:
    text = page(story())
    assert SECRET not in text
    assert "tok-12345678" not in text
    assert "Bearer ***" in text


def test_a_failure_has_its_line_both_values_and_the_request() -> None:
    text = next(block for block in blocks(page(story())) if "step fetch: failed" in block)
    assert "^^^^^^^^^^^^^^^^^^ 404 is not 200" in text
    assert "flows/pets.arazzo.yaml:19:24" in text
    assert "<td><code>404</code></td><td><code>200</code></td>" in text
    assert "curl &#x27;https://pets.example/v1/pets/42?token=***&#x27;" in text
    assert "&quot;hint&quot;: &quot;try 43&quot;" in text


def test_only_where_something_failed_are_bodies_shown() -> None:
    passed, failed = blocks(page(suite(2, fails=frozenset({1}))))
    assert "window.ran" in failed
    assert "window.ran" not in passed
    assert "GET https://pets.example/v1/fetch?q=%3Cb%3E → 200 Told" in passed


def test_a_long_body_says_how_much_of_it_is_left_out() -> None:
    text = page(suite(1, fails=frozenset({0}), body="x" * 1_000_000))
    assert "the first 16\u202f384 bytes of 1\u202f000\u202f000 bytes: 983\u202f616 bytes left out" in text
    assert len(text) < 120_000


def test_a_failed_step_is_open_and_has_a_name_and_a_role() -> None:
    (block,) = blocks(page(suite(1, fails=frozenset({0}))))
    steps = [each for name, each in Tags(block).found if name == "details" and "aria-label" in each]
    assert [(each["aria-label"], "open" in each) for each in steps] == [
        ("step login: passed", False),
        ("step fetch: failed", True),
    ]


def test_the_waterfall_has_every_request_and_every_wait() -> None:
    step = visit(recorded(story()), "wait-for-stock")
    drawn = re.findall(r'class="(\w+)" x="([\d.]+)%" width="([\d.]+)%"', bars(step, Scale(step.started, step.took)))
    assert [kind for kind, _, _ in drawn] == ["whole", "again", "wait", "again", "wait", "passed"]
    starts = [float(x) for _, x, _ in drawn[1:]]
    assert starts == sorted(starts)
    assert all(float(x) + float(width) <= 100.01 for _, x, width in drawn)


def test_a_run_that_took_no_time_has_a_waterfall() -> None:
    assert 'width="0.60%"' in bars(StepRecord("a", "operation", "GET /", 5.0), Scale(5.0, 0.0))


def adopt() -> WorkflowRecord:
    return next(each for each in recorded(story()).workflows if each.workflow_id == "adopt")


def test_the_path_is_what_was_reached_and_which_ways_were_taken() -> None:
    workflow = adopt()
    assert reached(workflow) == {0: "passed", 1: "passed", 2: "recovered", 3: "passed", 4: "failed"}
    ways = [">0>", "0>1>", "1>1>patience", "1>1>patience", "1>2>", "2>3>never-mind", "3>4>"]
    assert list(taken(workflow)) == ways


def test_without_a_plan_the_picture_has_the_ways_that_were_seen() -> None:
    chart = seen(adopt())
    assert [step.step_id for step in chart.steps] == [each.step_id for each in adopt().outline]
    assert [(way.kind, way.name, way.step) for way in chart.steps[1].ways] == [
        ("retry", "patience", None),
        ("next", "", 2),
    ]
    assert [(way.kind, way.name, way.step) for way in chart.steps[2].ways] == [
        ("failure", "never-mind", 3),
        ("next", "", 3),
    ]


def test_the_picture_of_a_workflow_is_on_the_page_once() -> None:
    text = page(suite(5))
    assert re.findall(r'id="(chart-\d+)"', text) == ["chart-0"]
    assert text.count('data-chart="0"') == 5


def test_every_way_that_was_taken_is_in_the_picture() -> None:
    text = page(story())
    (picture,) = re.findall(r'id="chart-0">(.*?)</script>', text, re.DOTALL)
    ways = next(
        str(each["data-ways"]) for block in blocks(text) for _, each in Tags(block).found if "data-ways" in each
    )
    named = {each["data-way"] for _, each in Tags(picture).found if "data-way" in each}
    assert set(json.loads(ways)) - {">0>"} <= named


def test_the_plan_draws_the_ways_that_were_not_taken_as_well() -> None:
    checked = api.check(str(FLOWS / "civitai-vault-toggle-verify.arazzo.yaml"))
    assert checked.plan is not None
    (plan,) = checked.plan.workflows.values()
    workflow = WorkflowRecord(plan.workflow_id, "asked", {}, outline("login", "fetch"), 0.0, span=plan.span)
    chart = chart_of([checked.plan])(workflow)
    assert chart is not None
    assert [step.step_id for step in chart.steps] == [step.step_id for step in plan.steps]
    assert chart_of([checked.plan])(adopt()) is None


def test_a_case_that_was_not_begun_says_why() -> None:
    text = page(suite(2, skips=frozenset({1})))
    assert 'aria-label="case adopt[1]: skipped"' in text
    assert "an earlier case failed (--fail-fast)" in text
    assert "1 of 2 passed, 1 skipped" in text


def test_the_first_failures_of_a_long_list_are_linked() -> None:
    text = page(suite(30, fails=frozenset({3, 17})))
    assert re.findall(r'<a href="(#case-\d+)">(.*?)</a>', text) == [("#case-4", "adopt[3]"), ("#case-18", "adopt[17]")]
    assert {"case-4", "case-18"} <= {str(each.get("id")) for _, each in Tags(text).found}


def test_a_run_that_was_broken_off_is_shown_as_far_as_it_came() -> None:
    entries = list(suite(3))
    text = page(entries[: len(entries) // 2])
    assert 'aria-label="case adopt[1]: error"' in text
    assert "it did not finish" in text


def test_a_workflow_that_is_open_is_shown_too() -> None:
    started = WorkflowStarted((Frame("adopt"),), "adopt", "asked", {}, outline("login"), "", span("workflowId: adopt"))
    text = page([Entry(1.0, RunStarted("f", "t", ("adopt",))), Entry(1.0, started)])
    assert 'aria-label="case adopt: error"' in text


def test_a_document_that_could_not_be_run_is_said() -> None:
    text = page([], (Diagnostic("unknown-step", "error", "there is no step 'a<b'", span("stepId: fetch")),))
    assert "there is no step &#x27;a&lt;b&#x27;" in text
    assert "nothing ran" in text
    assert "flow.arazzo.yaml" in text


def test_beyond_a_number_of_cases_only_those_that_failed_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_LINES", 4)
    text = page(suite(20, fails=frozenset({10, 11, 12, 13, 14, 15})))
    assert re.findall(r'id="case-(\d+)"', text) == ["1", "2", "3", "4", "11", "12", "13", "14"]
    assert "6 of 20 failed" in text
    assert "12 more cases" in text


class Nowhere(io.StringIO):
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


def peak(cases: int) -> int:
    """Give the most bytes that were held while a report of so many cases was written."""
    tracemalloc.start()
    reporter = HtmlReport(Nowhere())
    for entry in suite(cases, fails=frozenset({0, 1}), body=HOSTILE * 20):
        reporter.tell(entry)
    reporter.close()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_does_not_grow_with_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "IN_MEMORY", 10_000)
    peak(10)
    assert peak(300) < peak(30) * 1.5


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ('{"a":[1.10,{"b":"x, {"}]}', '{\n  "a": [\n    1.10,\n    {\n      "b": "x, {"\n    }\n  ]\n}'),
        ('[{},[],[ ]]', '[\n  {},\n  [],\n  []\n]'),
        ('{"a":1,"a":2}', '{\n  "a": 1,\n  "a": 2\n}'),
        ('{"a":["\\"', '{\n  "a": [\n    "\\"'),
        ("12", "12"),
    ],
)  # fmt: skip
def test_json_is_set_on_lines_and_every_token_is_kept(content: str, shown: str) -> None:
    assert pretty_json(content) == shown


@pytest.mark.parametrize("content", ["[" * 16_000, "[{" * 5_000 + "}]" * 5_000, '"' + "\\" * 16_000, "," * 16_000])
def test_the_lines_of_deep_json_stay_within_bounds(content: str) -> None:
    assert len(pretty_json(content)) < 10 * len(content)


@pytest.mark.parametrize(
    ("body", "size", "headers", "shown"),
    [
        (b"", 0, JSON, ("", "no body")),
        (b"{not json}", 10, JSON, ("{not json}", "10 bytes")),
        (b'{"a":1}', 7, (), ('{\n  "a": 1\n}', "7 bytes")),
        (b"<p>", 3, HTML, ("<p>", "3 bytes")),
        (b"\xff\xfe", 2, (), ("", "not text: 2 bytes")),
        (b"\x89PNG\0", 5, (("Content-Type", "image/png"),), ("", "not text: 5 bytes")),
        ("é".encode(), 1, (("Content-Type", "text/plain; charset=none"),), ("", "not text: 1 byte")),
        ("aé".encode()[:2], 3, HTML, ("a", "the first 2 bytes of 3 bytes: 1 byte left out")),
    ],
)
def test_a_body_is_text_where_it_is_one(
    body: bytes, size: int, headers: tuple[tuple[str, str], ...], shown: tuple[str, str]
) -> None:
    assert body_text(body, size, headers, 100) == shown


def test_markup_is_what_says_so_by_its_type() -> None:
    made = tag("p", "a < b & 'c'", Markup("<br>"), class_='x"y', hidden=True, open=False, data_id=7, title=None)
    assert made == '<p class="x&quot;y" hidden data-id="7">a &lt; b &amp; &#x27;c&#x27;<br></p>'

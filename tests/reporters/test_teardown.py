"""A teardown is told apart from the workflow that it belongs to, by every report."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest

from runner.engine.events import Entry, Event, StepSkipped, TeardownFinished, TeardownStarted
from runner.engine.flow import Cancelled
from runner.engine.state import Limits
from runner.exchange import Reply, TransportFailure
from runner.reporters.codec import read_event, write_event
from runner.reporters.console import Console
from runner.reporters.html.report import HtmlReport
from runner.reporters.json import JsonReport
from runner.reporters.junit import JUnit
from runner.reporters.recorder import Recorder
from runner.reporters.redact import Redactor
from runner.reporters.reporter import Reporter
from runner.reporters.style import Style
from runner.reporters.tap import Tap
from tests.scripted import header, play, reply

DOCUMENT = header("""
- workflowId: main
  steps:
  - stepId: create
    operationId: createThing
    outputs: {id: $response.body#/id}
  - stepId: look
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
  x-finally:
  - stepId: remove
    operationId: deleteThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
  - {stepId: list, operationId: listThings}
""")

MADE, OK, GONE, BROKEN = reply(201, {"id": "7"}), reply(200, {}), reply(204), reply(500)
LOST = [MADE, reply(404), BROKEN, OK]
"""The workflow fails, and its teardown too."""


def entries(replies: Sequence[Reply | Cancelled], limits: Limits | None = None) -> list[Entry]:
    events = play(DOCUMENT, replies, limits=limits).events
    return [Entry(1000.0 + place, event) for place, event in enumerate(events)]


def shown(told: Sequence[Entry], *, quiet: bool = False) -> str:
    stream = io.StringIO()
    tell_all(Console(stream, Style(), verbosity="quiet" if quiet else "normal"), told)
    return stream.getvalue()


def tell_all(reporter: Reporter, told: Sequence[Entry]) -> None:
    for entry in told:
        reporter.tell(entry)
    reporter.close()


def junit(told: Sequence[Entry]) -> list[ET.Element]:
    stream = io.StringIO()
    tell_all(JUnit(stream, document="flow.arazzo.yaml"), told)
    return list(ET.fromstring(stream.getvalue()).iter("testcase"))


def test_a_record_keeps_the_steps_of_a_teardown_apart() -> None:
    recorder = Recorder()
    for entry in entries([BROKEN, OK]):
        recorder.tell(entry)
    (workflow,) = recorder.run.workflows
    assert workflow.teardown is not None
    assert [step.step_id for step in workflow.steps] == ["create"]
    assert [step.step_id for step in workflow.teardown.steps] == ["list"]
    assert list(workflow.teardown.skipped) == ["remove"]
    assert [step.step_id for step in workflow.not_reached()] == ["look"]
    assert workflow.teardown.not_reached() == []


def test_failures_of_a_teardown_come_after_why_the_workflow_failed() -> None:
    recorder = Recorder()
    for entry in entries(LOST):
        recorder.tell(entry)
    assert [step.step_id for _, step, _ in recorder.run.failures() if step] == ["look", "remove"]


def test_the_console_draws_it_below_the_own_steps() -> None:
    text = shown(entries(LOST))
    assert text.index("look ") < text.index("\n  teardown\n") < text.index("remove ")
    assert "error[criterion]: teardown: step 'remove': $statusCode is 2xx or 3xx is not met" in text
    *_, last, final = text.rstrip().split("\n")
    assert "step 'look'" in last
    assert "teardown: step 'remove'" in final


def test_the_console_says_why_a_step_had_nothing_to_do() -> None:
    lines = [line.strip() for line in shown(entries([BROKEN, OK])).split("\n")]
    skipped = "○ remove  skipped: '$steps.create.outputs.id' is not there, for step 'create' did not pass"
    assert lines.index("○ not reached: look") < lines.index("teardown") < lines.index(skipped)


def test_a_teardown_without_time_names_the_steps_that_were_left() -> None:
    silent = TransportFailure("timeout", "no answer")
    told = entries([MADE, OK, silent], Limits(teardown=2.0))
    text = shown(told)
    assert "teardown: step 'remove': the teardown took longer than 2 s" in text
    assert "○ not reached: list" in text
    names = {case.get("name"): [child.tag for child in case] for case in junit(told)}
    assert names["(teardown) list"] == ["skipped"]


def test_a_teardown_that_no_step_of_it_failed_is_told_all_the_same() -> None:
    told = entries([MADE, OK, GONE], Limits(teardown_steps=1))
    assert "workflow 'main': the teardown was broken off: the teardown took more than 1 step" in shown(told)
    (case,) = (case for case in junit(told) if case.get("name") == "(teardown)")
    assert [child.tag for child in case] == ["failure"]


def test_a_quiet_console_says_nothing_of_a_teardown_that_passed() -> None:
    assert "teardown" not in shown(entries([MADE, OK, GONE, OK]), quiet=True)


def test_junit_has_a_testcase_for_each_step_whose_name_says_what_it_is() -> None:
    cases = junit(entries(LOST))
    found = {case.get("name"): [child.tag for child in case if child.tag != "system-out"] for case in cases}
    assert found == {"create": [], "look": ["failure"], "(teardown) remove": ["failure"], "(teardown) list": []}
    skipped = junit(entries([BROKEN, OK]))[-1]
    assert (skipped.get("name"), [child.tag for child in skipped]) == ("(teardown) remove", ["skipped"])


def test_json_has_it_beside_the_steps() -> None:
    stream = io.StringIO()
    tell_all(JsonReport(stream), entries(LOST))
    workflow = json.loads(stream.getvalue())["workflows"][0]
    assert [step["step_id"] for step in workflow["steps"]] == ["create", "look"]
    teardown = workflow["teardown"]
    assert (teardown["outcome"], teardown["error"]["kind"], teardown["skipped"]) == ("failed", "teardown", {})
    assert [step["step_id"] for step in teardown["steps"]] == ["remove", "list"]
    assert workflow["error"]["message"].startswith("step 'look'")


TOLD = [
    event
    for entry in (*entries(LOST), *entries([BROKEN, OK]))
    if isinstance(event := entry.event, TeardownStarted | StepSkipped | TeardownFinished)
]


@pytest.mark.parametrize("event", TOLD, ids=[type(event).__name__ for event in TOLD])
def test_its_events_can_be_written_and_read(event: Event) -> None:
    line = json.loads(json.dumps(write_event(event, 100)))
    read = read_event(line)
    assert read is not None
    assert write_event(read, 100) == write_event(event, 100)


def test_no_secret_leaves_in_what_is_said_of_it() -> None:
    told = entries([reply(201, {"id": "s3cr3t-value"}), OK, BROKEN, OK])
    problem = next(entry.event for entry in told if isinstance(entry.event, TeardownFinished)).problem
    assert problem is not None
    redactor = Redactor(["is not met"])  # a text that the message has
    for entry in told:
        redacted = redactor.redact(entry).event
        if isinstance(redacted, TeardownFinished) and redacted.problem:
            assert "is not met" not in redacted.problem.message
    skip = redactor.redact(Entry(0.0, StepSkipped((), "remove", "it is not met"))).event
    assert isinstance(skip, StepSkipped)
    assert "is not met" not in skip.reason


def test_tap_has_a_point_for_each_step_of_a_teardown() -> None:
    stream = io.StringIO()
    tap = Tap(stream)
    tell_all(tap, entries(LOST))
    points = [line.strip() for line in stream.getvalue().splitlines() if "(teardown)" in line]
    assert points == ["not ok 3 - (teardown) remove", "ok 4 - (teardown) list"]


def test_the_page_has_the_teardown_under_a_name_of_its_own() -> None:
    stream = io.StringIO()
    report = HtmlReport(stream)
    tell_all(report, entries(LOST))
    page = stream.getvalue()
    assert page.index("<strong>teardown</strong>") < page.rindex("DELETE /things/{id}")
    assert "4 steps" in page

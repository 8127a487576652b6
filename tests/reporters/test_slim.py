"""What a run keeps that looks at the same thing again and again: the last look whole, of the others the beginnings."""

from __future__ import annotations

from typing import Any

import pytest

from runner.engine.events import Entry
from runner.engine.state import Limits
from runner.reporters.recorder import Recorder
from runner.reporters.slim import EARLIER_LIMIT, LARGE, Entries, slim_value, weigh
from runner.values import ABSENT, Value
from tests.scripted import Story, header, play, reply

ROWS = ["x" * 1000 for _ in range(100)]

POLL = """
- workflowId: main
  steps:
  - stepId: poll
    operationId: listThings
    successCriteria: [{condition: $response.body#/rows != null}]
    outputs: {rows: $response.body#/rows}
    onSuccess: [{name: again, type: goto, stepId: poll}]
"""
CALLED = """
- workflowId: main
  steps:
  - stepId: poll
    workflowId: look
    outputs: {rows: $outputs.rows}
    onSuccess: [{name: again, type: goto, stepId: poll}]
- workflowId: look
  steps: [{stepId: look, operationId: listThings, outputs: {rows: $response.body#/rows}}]
  outputs: {rows: $steps.look.outputs.rows}
"""
TRANSFER = """
- workflowId: main
  steps:
  - stepId: poll
    operationId: listThings
    outputs: {rows: $response.body#/rows}
    onSuccess: [{name: again, type: goto, workflowId: main}]
"""


def polled(document: str, steps: int = 40) -> Story:
    replies = (reply(body={"rows": ROWS}) for _ in range(steps))
    return play(header(document), replies, limits=Limits(steps=steps, pace=0), endless=True, workflows=None)


def length(value: Any, seen: set[int]) -> int:
    """Count the text that hangs on an object, each object once."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(length(each, seen) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple):
        return sum(length(each, seen) for each in value)
    names = getattr(type(value), "__struct_fields__", ())
    return sum(length(getattr(value, name), seen) for name in names)


@pytest.mark.parametrize("document", [POLL, CALLED, TRANSFER], ids=["steps", "called workflows", "workflows"])
def test_what_a_poll_keeps_grows_by_the_beginnings_of_what_it_saw(document: str) -> None:
    def kept(steps: int) -> int:
        recorder = Recorder()
        for event in polled(document, steps).events:
            recorder.tell(Entry(0.0, event))
        return length(recorder.run.workflows, set())

    assert kept(40) - kept(10) < 30 * 10 * EARLIER_LIMIT


def test_the_last_visit_of_a_step_is_kept_whole_and_those_before_it_begin_alike() -> None:
    recorder = Recorder()
    for event in polled(POLL, 3).events:
        recorder.tell(Entry(0.0, event))
    first, second, third = recorder.run.workflows[0].steps
    assert third.outputs == {"rows": ROWS}
    assert first.outputs == second.outputs == {"rows": slim_value(ROWS)}
    assert len(str(first.outputs["rows"])) <= EARLIER_LIMIT


@pytest.mark.parametrize("document", [POLL, CALLED, TRANSFER], ids=["steps", "called workflows", "workflows"])
def test_the_entries_of_a_run_are_whole_until_they_hold_too_much(document: str) -> None:
    events = polled(document, 20).events
    bounded, whole = Entries(most=1_000_000), Entries()
    for event in events:
        bounded.add(Entry(0.0, event))
        whole.add(Entry(0.0, event))
    assert [entry.event for entry in whole.all] == events
    assert len(bounded.all) == len(events)
    assert length(bounded.all, set()) < 1_500_000
    assert bounded.all[-2:] == whole.all[-2:]


@pytest.mark.parametrize(
    ("value", "begins"),
    [
        ("a" * LARGE, '"' + "a" * 100),
        (["b" * LARGE], '["' + "b" * 100),
        ({"k": list(range(LARGE))}, '{"k":[0,1,2,3,'),
        ([[[[]]]] * LARGE, "[[[[]]],[[[]]],"),
        ({"c" * LARGE: 1}, '{"' + "c" * 100),
        ([{"d": None}] * LARGE, '[{"d":null},{"d":null},'),
    ],
    ids=lambda value: "",
)
def test_of_a_large_value_the_beginning_of_its_text_is_kept(value: Value, begins: str) -> None:
    text = slim_value(value)
    assert isinstance(text, str)
    assert text.startswith(begins)
    assert text.endswith("…")
    assert len(text) <= EARLIER_LIMIT


@pytest.mark.parametrize(
    "value", [None, True, 1.5, "text", [1, [2]], {"a": {"b": "c"}}, ABSENT, b"bytes", ["x" * 9] * 99]
)
def test_a_value_that_is_not_large_is_kept_as_it_is(value: Value) -> None:
    assert slim_value(value) is value


def test_a_large_file_is_kept_as_its_first_bytes() -> None:
    assert slim_value(bytes(LARGE)) == bytes(EARLIER_LIMIT)


def test_a_value_is_weighed_as_far_as_it_matters() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert weigh(deep, 10) == 11
    assert isinstance(slim_value(deep), str)

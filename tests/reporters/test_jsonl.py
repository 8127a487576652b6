"""The stream of lines loses nothing, and is read back."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest

from runner.criteria.verdict import Verdict
from runner.engine.events import (
    Answered,
    AttemptFinished,
    BodyUnreadable,
    Case,
    CaseFinished,
    CaseSkipped,
    CaseStarted,
    CriterionChecked,
    Entry,
    Event,
    Problem,
    RunStarted,
    ServerUsed,
    WorkflowStarted,
)
from runner.errors import UsageError
from runner.exchange import Exchange, Hop, Request, Response
from runner.reporters.diagnostics import render_full
from runner.reporters.evidence import diagnose
from runner.reporters.jsonl import JsonLines, read_jsonl
from runner.reporters.recorder import Recorder
from runner.reporters.style import Style
from runner.source import Source, Span
from runner.values import ABSENT

from .story import DOCUMENT, SECRET, SOURCE, span, story

EVERYTHING: list[Event] = [
    RunStarted(
        "d", "t", ("a", "b"), (("n", "u"),), servers=(ServerUsed("n", "http://h", "why", True),), warnings=("w",)
    ),
    CaseStarted(Case("w[1]", "d", "w", "1", 2, ("slow",))),
    CaseFinished(Case("w", "d", "w"), "error", Problem("input", "row 3 has no name")),
    CaseSkipped(Case("w", "d", "w"), "a case before it failed"),
    WorkflowStarted((), "w", "call", {"a": [1, 1.0, 10**30, None, "\u2028\ud800"], "b": {"$absent": 1}}, ()),
    BodyUnreadable((), "it is not JSON"),
    CriterionChecked((), "c", "regex", Verdict(False, b"\xff", ABSENT, "x", "p"), "action", True),
    AttemptFinished((), Problem("timeout", "m"), {"bytes": b"\x00\xff", "absent": ABSENT, "object": {"$object": {}}}),
    Answered(
        (),
        Exchange(
            Request("POST", "https://x.example/", (("A", "b"), ("A", "c")), b"\xff\x00"),
            Response(200, (), "日本".encode(), "OK"),
            0.5,
            (Hop(Request("GET", "https://y.example/"), Response(302)),),
        ),
        (("query", "limit"),),
    ),
]


def write(entries: list[Entry], body_limit: int = 1000) -> str:
    stream = io.StringIO()
    report = JsonLines(stream, body_limit)
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue()


def read(text: str) -> list[Entry]:
    return list(read_jsonl(io.StringIO(text)))


@pytest.mark.parametrize("event", EVERYTHING, ids=lambda event: type(event).__name__)
def test_every_field_of_an_event_comes_back(event: Event) -> None:
    assert read(write([Entry(1.25, event)])) == [Entry(1.25, event)]


def test_a_story_that_was_read_is_written_as_it_was() -> None:
    text = write(story())
    assert len(text.splitlines()) == len(story()) + 1
    assert write(read(text)) == text


def test_the_first_line_says_what_the_file_is() -> None:
    header = json.loads(write([]))
    assert header["jsonl"] == 1
    assert header["runner"]


def test_secrets_that_are_told_are_never_written() -> None:
    assert SECRET not in write(story()[:1])


def test_a_diagnostic_can_be_drawn_without_the_document() -> None:
    drawn = []
    for entries in (story(), read(write(story()))):
        recorder = Recorder()
        for entry in entries:
            recorder.tell(entry)
        step = recorder.run.workflows[1].steps[-1]
        assert step.problem is not None
        diagnostic = diagnose(step, step.problem)
        assert diagnostic is not None
        drawn.append(render_full(diagnostic, Style()))
    assert drawn[0] == drawn[1]
    assert "condition: $statusCode == 200" in drawn[0]


@pytest.mark.parametrize(
    "place",
    [
        span("stepId: pay"),
        Span(SOURCE, DOCUMENT.index("workflows"), DOCUMENT.index("stepId: pay")),
        Span(SOURCE, len(DOCUMENT), len(DOCUMENT)),
        Span(Source("u", "n", ""), 0, 0),
    ],
)
def test_a_place_is_the_same_after_it_was_read(place: Span) -> None:
    event = AttemptFinished((), Problem("input", "m", place), {})
    (entry,) = read(write([Entry(0, event)]))
    assert isinstance(entry.event, AttemptFinished)
    assert entry.event.problem is not None
    found = entry.event.problem.span
    assert found is not None
    assert (str(found), found.begin, found.finish) == (str(place), place.begin, place.finish)
    assert found.source.line(found.begin.line) == place.source.line(place.begin.line)


@pytest.mark.parametrize(
    ("body", "kept", "length"),
    [
        (b"abcdef", b"abcd", 6),
        ("aé€x".encode(), "aé".encode(), 7),
        (b"\xff" * 9, b"\xff" * 4, 9),
        (b"abcd", b"abcd", 4),
    ],
)
def test_a_body_is_kept_up_to_the_limit_and_its_length_told(body: bytes, kept: bytes, length: int) -> None:
    event = Answered((), Exchange(Request("POST", "https://x.example/", (), body), Response(200)))
    text = write([Entry(0, event)], body_limit=4)
    assert json.loads(text.splitlines()[1])["exchange"]["sent"]["body"]["length"] == length
    (entry,) = read(text)
    assert isinstance(entry.event, Answered)
    assert entry.event.exchange.sent.body == kept


def test_each_line_is_there_as_soon_as_it_is_told() -> None:
    class Stream(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    stream = Stream()
    report = JsonLines(stream)
    report.tell(story()[0])
    assert stream.flushed == 2
    assert stream.getvalue().count("\n") == 2


def test_a_last_line_that_was_cut_off_is_passed_over() -> None:
    text = write(story())
    assert len(read(text[:-10])) == len(story()) - 1


def test_an_event_of_a_later_version_is_passed_over() -> None:
    assert read(write([]) + '{"at": 1, "event": "SomethingNew", "x": 1}\n') == []


@pytest.mark.parametrize("text", ["", "hello\n", "[]\n", '{"jsonl": 2}\n', "{}\n"])
def test_a_file_that_is_no_run_record_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="run record"):
        read(text)


def placed(**changes: object) -> str:
    """Write an event at a place that no document has."""
    (line,) = write([Entry(0, AttemptFinished((), Problem("input", "m", span("stepId: pay")), {}))]).splitlines()[1:]
    told = json.loads(line)
    told["problem"]["span"].update(changes)
    return write([]) + json.dumps(told) + "\n"


def test_a_place_far_down_in_a_document_takes_no_more_memory_than_its_line() -> None:
    tracemalloc.start()
    try:
        (entry,) = read(placed(line=10**9, end_line=10**9, end_column=10**9))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        (spread,) = read(placed(end_line=10**9, end_column=10**9))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert isinstance(entry.event, AttemptFinished)
    assert entry.event.problem is not None
    assert str(entry.event.problem.span).partition(":")[2].startswith(f"{10**9}:")
    assert isinstance(spread.event, AttemptFinished)


@pytest.mark.parametrize("number", [0, -1, 10**12, 1e3, 1e999, "1", None])
@pytest.mark.parametrize("name", ["line", "column", "end_line", "end_column"])
def test_a_place_that_can_be_in_no_document_is_refused(name: str, number: object) -> None:
    with pytest.raises(UsageError, match="line 2 of the run record cannot be read: a place in a document"):
        read(placed(**{name: number}))


@pytest.mark.parametrize(
    "line", ["x", "[]", "1", '{"at": 1}', '{"event": "RunFinished"}', '{"at": 1, "event": "WaitStarted"}']
)
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(UsageError, match="line 2"):
        read(write([]) + line + "\n")

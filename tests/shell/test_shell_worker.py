"""Selectors in a process that can be killed: the same results, an end to everything, and nothing left behind."""

from __future__ import annotations

import threading
import time

import pytest

from runner.expressions.faults import SelectorFailure
from runner.expressions.selectors.compile import apply, compile_selector
from runner.shell.worker import LARGE_TREE, Worker, is_costly
from runner.values import ABSENT, Json
from tests.scripted import header, play

XML = "<r xmlns:p='u:p'><a n='1'>x</a><a n='2'>y</a><p:b>z</p:b></r>"
LARGE: Json = {"items": [{"id": n} for n in range(LARGE_TREE)]}
ENDLESS = "some $i in 1 to 50000, $j in 1 to 50000 satisfies $i = -$j"
GREEDY = "for $i in 1 to 1000000000 return $i"


@pytest.mark.parametrize(
    ("kind", "version", "text", "value"),
    [
        ("xpath", "xpath-31", "/r/a", XML),
        ("xpath", "xpath-20", "count(/r/a) = 2", XML),
        ("xpath", "xpath-30", "/r/p:b", XML),
        ("xpath", "xpath-31", "/r/nothing", XML),
        ("jsonpath", "rfc9535", "$.items[?@.id == 7]", LARGE),
        ("jsonpath", "rfc9535", "$..id", LARGE),
        ("jsonpath", "rfc9535", "$[?@ == 'x']", ["x", "y" * 300_000]),
    ],
)
def test_a_costly_selector_gives_the_same_in_the_child(kind: str, version: str, text: str, value: Json) -> None:
    selector = compile_selector(kind, version, text)
    assert is_costly(selector, value)
    with Worker() as worker:
        assert worker.apply(selector, value) == apply(selector, value)


@pytest.mark.parametrize(
    ("kind", "version", "text", "value"),
    [
        ("xpath", "xpath-10", "/r/a", XML),
        ("jsonpath", "rfc9535", "$.items[7].id", LARGE),
        ("jsonpath", "rfc9535", "$.items[?@.id == 7]", {"items": []}),
        ("jsonpointer", "rfc6901", "/items", LARGE),
        ("xpath", "xpath-31", "/r", ABSENT),
    ],
)
def test_a_cheap_selector_starts_no_process(kind: str, version: str, text: str, value: Json) -> None:
    selector = compile_selector(kind, version, text)
    assert not is_costly(selector, value)
    with Worker() as worker:
        if value is not ABSENT:
            worker.apply(selector, value)
        assert worker._child is None


def test_what_takes_too_long_is_killed_and_the_next_one_is_answered() -> None:
    with Worker(3.0) as worker:  # the next answer comes from a new child, which a busy machine starts within a second
        began = time.monotonic()
        with pytest.raises(SelectorFailure, match=r"it took longer than 3 s"):
            worker.apply(compile_selector("xpath", "xpath-31", ENDLESS), XML)
        assert time.monotonic() - began < 30
        assert worker.apply(compile_selector("xpath", "xpath-31", "string(/r/a[1])"), XML).values == ("x",)


def test_what_asks_for_all_the_memory_there_is_gets_none() -> None:
    selector = compile_selector("xpath", "xpath-31", GREEDY)
    with Worker(2.0) as worker:
        with pytest.raises(SelectorFailure, match=r"it needs too much memory|it took longer than 2 s"):
            worker.apply(selector, XML)
        assert worker.apply(compile_selector("xpath", "xpath-31", "count(/r/a)"), XML).values == (2,)


def test_what_asks_for_everything_is_not_evaluated_where_it_is_compiled() -> None:
    with Worker(2.0) as worker, pytest.raises(SelectorFailure):
        worker.apply(compile_selector("xpath", "xpath-31", "count(1 to 1000000000)"), XML)


def test_bytes_and_the_places_of_matches_are_found_in_the_child() -> None:
    selector = compile_selector("xpath", "xpath-31", "/r/a/@n")
    document = "<?xml version='1.0' encoding='ISO-8859-1'?><r><a n='é'/></r>".encode("latin-1")
    with Worker() as worker:
        assert worker.apply(selector, document).values == ("é",)
        assert worker.apply(selector.places, document).values == ([0, "@n"],)


@pytest.mark.parametrize(
    ("kind", "version", "text", "value"),
    [
        ("xpath", "xpath-10", "//*[count(//*[count(//*) > 1]) > 1]", "<r>" + "<a/>" * 9000 + "</r>"),
        ("jsonpath", "rfc9535", "$..[?count($..*) > 1]", [[n] for n in range(2000)]),
    ],
)
def test_a_search_for_everything_in_everything_ends_at_its_limit(
    kind: str, version: str, text: str, value: Json
) -> None:
    with Worker(0.5) as worker, pytest.raises(SelectorFailure, match="it took longer than"):
        worker.apply(compile_selector(kind, version, text), value)


def test_a_failure_in_the_child_is_a_failure_here() -> None:
    with Worker() as worker, pytest.raises(SelectorFailure, match="not XML"):
        worker.apply(compile_selector("xpath", "xpath-31", "/r"), "no xml")


def test_a_child_that_died_is_replaced() -> None:
    selector = compile_selector("xpath", "xpath-31", "count(/r/a)")
    with Worker() as worker:
        assert worker.apply(selector, XML).values == (2,)
        assert worker._child is not None
        worker._child.kill()
        worker._child.wait()
        assert worker.apply(selector, XML).values == (2,)


def test_several_threads_share_a_worker() -> None:
    selector = compile_selector("xpath", "xpath-31", "string(/r/a[2])")
    found: list[object] = []
    with Worker() as worker:
        threads = [threading.Thread(target=lambda: found.append(worker.apply(selector, XML).values)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [("y",)] * 6


def test_a_replacement_whose_target_takes_for_ever_is_given_up_too() -> None:
    document = header(
        f"""
        - workflowId: main
          steps:
          - stepId: create
            operationId: createThing
            requestBody:
              contentType: application/xml
              payload: <r/>
              replacements: [{{target: '{ENDLESS}', value: x}}]
        """,
        version="1.1.0",
    )
    with Worker(0.5) as worker:
        story = play(document, [], apply=worker.apply)
    assert (story.outcome, story.sent) == ("error", [])
    assert "took longer than 0.5 s" in story.problem


def test_no_process_is_left_behind() -> None:
    with Worker() as worker:
        worker.apply(compile_selector("xpath", "xpath-31", "/r"), XML)
        child = worker._child
    assert child is not None
    assert child.poll() is not None

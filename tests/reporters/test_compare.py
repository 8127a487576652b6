"""What changed between two runs: only what got worse is held against the later one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.engine.events import Answered, CaseSkipped, Entry, Frame, StepFinished, StepStarted
from runner.exchange import Response
from runner.reporters.compare import Change, Told, compare, told

from .story import Script, exchange, story
from .suite import _end, _start, begun, case, drifting, failed, passed, suite


def run(*tells: Callable[[Script], None]) -> Told:
    script = Script()
    begun(script)
    for tell in tells:
        tell(script)
    return told(script.entries)


def ok(row: str) -> Callable[[Script], None]:
    return lambda script: passed(script, case(row))


def red(row: str) -> Callable[[Script], None]:
    return lambda script: failed(script, case(row))


def skip(row: str) -> Callable[[Script], None]:
    return lambda script: script.tell(CaseSkipped(case(row), "enough"))


def drift(value: str = "Rex", severity: str = "warning") -> Callable[[Script], None]:
    return lambda script: drifting(script, case("d"), value, severity)


def step(row: str, status: int = 200, took: float = 0.1, **outputs: str) -> Callable[[Script], None]:
    """Give a case of one step."""

    def tell(script: Script) -> None:
        own = case(row)
        _start(script, own, "fetch")
        trail = (Frame("adopt", "fetch", 1, 1),)
        script.tell(StepStarted(trail, "fetch", "operation", "GET /"))
        script.tell(Answered(trail, exchange("GET", "/", Response(status), took=took)), took)
        script.tell(StepFinished(trail, "fetch", "passed", outputs, 1))
        _end(script, own)

    return tell


def changes(before: Told, after: Told) -> list[Change]:
    return list(compare(before, after))


@pytest.mark.parametrize("entries", [story(), suite()], ids=["story", "suite"])
def test_a_run_is_as_itself(entries: list[Entry]) -> None:
    assert changes(told(entries), told(entries)) == []


@pytest.mark.parametrize(
    ("before", "after", "trend"),
    [
        (ok, red, "worse"),
        (red, ok, "better"),
        (skip, red, "worse"),
        (ok, skip, "changed"),
        (red, skip, "changed"),
    ],
)
def test_the_end_of_a_case_got_better_or_worse(
    before: Callable[[str], Callable[[Script], None]], after: Callable[[str], Callable[[Script], None]], trend: str
) -> None:
    first = changes(run(before("a")), run(after("a")))[0]
    assert (first.what, first.case, first.step, first.trend) == ("outcome", "adopt[a]", "", trend)


def test_a_new_case_that_fails_is_worse_and_one_that_is_gone_is_not() -> None:
    found = changes(run(ok("a"), ok("b")), run(ok("a"), ok("c"), red("d")))
    assert [(each.case, each.trend, each.before, each.after) for each in found] == [
        ("adopt[c]", "changed", "", "passed"),
        ("adopt[d]", "worse", "", "failed"),
        ("adopt[b]", "changed", "passed", ""),
    ]


def test_the_order_of_cases_does_not_matter() -> None:
    assert changes(run(ok("a"), red("b")), run(red("b"), ok("a"))) == []


def test_statuses_and_outputs_of_a_step_are_told() -> None:
    found = changes(run(step("a", 200, id="1", gone="x")), run(step("a", 201, id="2", new="y")))
    assert [(each.what, each.step, each.name, each.before, each.after) for each in found] == [
        ("status", "fetch", "", "200", "201"),
        ("output", "fetch", "id", '"1"', '"2"'),
        ("output", "fetch", "gone", '"x"', ""),
        ("output", "fetch", "new", "", '"y"'),
    ]
    assert {each.trend for each in found} == {"changed"}


def test_long_outputs_are_shown_where_they_differ() -> None:
    (found,) = changes(run(step("a", text="x" * 100 + "1")), run(step("a", text="x" * 100 + "2")))
    assert (found.before, found.after) == ("…" + "x" * 12 + '1"', "…" + "x" * 12 + '2"')


def test_an_output_that_differs_beyond_what_is_shown_is_told_too() -> None:
    assert len(changes(run(step("a", text="x" * 5000 + "1")), run(step("a", text="x" * 5000 + "2")))) == 1


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [(0.1, 0.9, False), (5.0, 7.0, False), (0.5, 1.6, True), (2.0, 0.5, True), (60.0, 119.0, False)],
)
def test_a_duration_is_told_where_it_is_beyond_noise(before: float, after: float, is_told: bool) -> None:
    found = changes(run(step("a", took=before)), run(step("a", took=after)))
    assert {each.what for each in found} == ({"duration"} if is_told else set())
    assert all(each.trend == "changed" for each in found)


@pytest.mark.parametrize(
    ("before", "after", "trends"),
    [
        ([ok("d")], [drift()], ["worse"]),
        ([drift()], [ok("d")], ["better"]),
        ([drift("Rex")], [drift("Tom")], []),
        ([drift()], [drift(severity="error")], ["worse"]),
        ([drift(severity="error")], [drift()], ["better"]),
    ],
)
def test_broken_contracts_are_compared_by_what_they_are_about(
    before: list[Callable[[Script], None]], after: list[Callable[[Script], None]], trends: list[str]
) -> None:
    found = [each for each in changes(run(*before), run(*after)) if each.what == "contract"]
    assert [each.trend for each in found] == trends
    assert all("in the response body is not a number" in each.name for each in found)


def test_a_row_that_was_refused_is_a_case_without_steps() -> None:
    assert told(suite()).cases["adopt[x]"].steps == {}

"""What comes next, as one table: the situation after an attempt, and the decision."""

from __future__ import annotations

import pytest

from runner.engine.decide import Continue, End, Goto, Next, Retry, Transfer, candidates, decide
from runner.plan.plan import Action, Target
from runner.records import replace
from runner.source import Source, Span

SPAN = Span(Source("memory:///x", "x", ""), 0, 0)
OTHER = Target("other", "other", ())
END = Action("stop", "end", None, None, None, (), None, 1, SPAN)
GOTO = replace(END, name="go", type="goto", step=3, step_id="s")
LEAVE = replace(END, name="leave", type="goto", workflow=OTHER)
RETRY = replace(END, name="again", type="retry", retry_limit=2)

TABLE = [
    # passed, action, Retry-After, expected
    (True, None, None, Continue()),
    (True, END, None, End(passed=True)),
    (True, GOTO, None, Goto(3)),
    (True, LEAVE, None, Transfer(OTHER)),
    (True, None, 5.0, Continue()),
    (False, None, None, End(passed=False)),
    (False, END, None, End(passed=False)),
    (False, GOTO, None, Goto(3)),
    (False, LEAVE, None, Transfer(OTHER)),
    (False, RETRY, None, Retry(None, "retry", None, None)),
    (False, replace(RETRY, retry_after=2.5), None, Retry(2.5, "retry", None, None)),
    (False, replace(RETRY, retry_after=0.0), None, Retry(0.0, "retry", None, None)),
    (False, replace(RETRY, retry_after=2.5), 7.0, Retry(7.0, "retry-after", None, None)),
    (False, replace(RETRY, retry_after=2.5), 0.0, Retry(0.0, "retry-after", None, None)),
    (False, RETRY, 7.0, Retry(7.0, "retry-after", None, None)),
    (False, replace(RETRY, step=0), None, Retry(None, "retry", 0, None)),
    (False, replace(RETRY, workflow=OTHER), None, Retry(None, "retry", None, OTHER)),
    (False, GOTO, 7.0, Goto(3)),
]


@pytest.mark.parametrize(("passed", "action", "retry_after", "expected"), TABLE)
def test_what_comes_next(passed: bool, action: Action | None, retry_after: float | None, expected: Next) -> None:
    assert decide(passed, action, retry_after) == expected


CANDIDATES = [
    # retries used, excluded, names that may be taken
    ({}, set(), ["again", "go", "stop"]),
    ({0: 1}, set(), ["again", "go", "stop"]),
    ({0: 2}, set(), ["go", "stop"]),
    ({0: 9}, set(), ["go", "stop"]),
    ({}, {0}, ["go", "stop"]),
    ({}, {0, 1}, ["stop"]),
]


@pytest.mark.parametrize(("retries", "excluded", "expected"), CANDIDATES)
def test_a_spent_retry_makes_room_for_the_actions_after_it(
    retries: dict[int, int], excluded: set[int], expected: list[str]
) -> None:
    found = candidates([RETRY, GOTO, END], retries, excluded)
    assert [action.name for _, action in found] == expected


def test_a_retry_limit_of_zero_is_spent_at_once() -> None:
    assert [action.name for _, action in candidates([replace(RETRY, retry_limit=0), END], {}, set())] == ["stop"]

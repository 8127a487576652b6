"""The events of a workflow's life: which there are, in what order, and what they say."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.records import replace
from runner.sandbox.civitai.callbacks import Callback, is_loopback, may_send
from runner.sandbox.civitai.events import body, events
from runner.sandbox.civitai.recipes import Input
from runner.sandbox.civitai.workflows import Moment, StepRequest, begin
from runner.sandbox.ids import seconds

EVERYTHING = Callback("https://example.com/hook", ("workflow:*", "step:*", "job:*"))
NOW = 1_780_000_000.0


def workflow(*prompts, duration=3.0):
    steps = [StepRequest(str(place), "imageGen", Input(prompt=prompt)) for place, prompt in enumerate(prompts)]
    return begin(Moment("owner", 0, NOW, duration), steps, ())


def told(made, callback=EVERYTHING):
    return [(event.scope, event.status) for event in events(made, callback)]


def test_work_begins_from_the_outside_in_and_ends_from_the_inside_out():
    assert told(workflow("[slow:2]", "")) == [
        ("workflow", "unassigned"),
        ("step", "unassigned"),
        ("step", "unassigned"),
        ("workflow", "processing"),
        ("step", "processing"),
        ("job", "processing"),
        ("step", "processing"),
        ("job", "processing"),
        ("job", "succeeded"),
        ("step", "succeeded"),
        ("job", "succeeded"),
        ("step", "succeeded"),
        ("workflow", "succeeded"),
    ]


@pytest.mark.parametrize(
    ("prompt", "statuses"),
    [
        ("", ["unassigned", "processing", "succeeded"]),
        ("[fail]", ["unassigned", "processing", "failed"]),
        ("[expire]", ["unassigned", "processing", "expired"]),
        ("[stall]", ["unassigned", "processing"]),
    ],
)
@pytest.mark.parametrize("duration", [0, 3])
def test_a_workflow_tells_each_status_once_even_when_it_takes_no_time(prompt, statuses, duration):
    made = workflow(prompt, duration=duration)
    assert [event.status for event in events(made, Callback("https://example.com"))] == statuses


@pytest.mark.parametrize(
    ("after", "statuses"),
    [(0.5, ["unassigned", "canceled"]), (2, ["unassigned", "processing", "canceled"])],
)
def test_a_canceled_workflow_was_processing_only_if_it_came_to_that(after, statuses):
    made = workflow("").cancel(NOW + after)
    assert [event.status for event in events(made, Callback("https://example.com"))] == statuses
    assert ("job", "canceled") not in told(workflow("").cancel(NOW + 0.5))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("workflow:succeeded",), {("workflow", "succeeded")}),
        (("workflow:failed", "workflow:processing"), {("workflow", "processing")}),
        (("step:*",), {("step", "unassigned"), ("step", "processing"), ("step", "succeeded")}),
        (("job:*",), {("job", "processing"), ("job", "succeeded")}),
        ((), set()),
    ],
)
def test_only_what_is_asked_for_is_told_with_the_timestamps_it_has_anyhow(asked, expected):
    made = workflow("")
    some, every = list(events(made, replace(EVERYTHING, events=asked))), list(events(made, EVERYTHING))
    assert {(event.scope, event.status) for event in some} == expected
    assert set(some) <= set(every)


PROMPTS = st.lists(st.sampled_from(["", "[fail]", "[expire]", "[stall]", "[slow:1]", "[slow:5]", "[slow:5][fail]"]))


@example(prompts=[""] * 20, duration=0.0, canceled=0.0)
@given(prompts=PROMPTS.filter(bool), duration=st.sampled_from([0.0, 1.0, 3.0]), canceled=st.floats(0, 8))
def test_keys_are_unique_an_end_comes_last_and_a_cancel_changes_nothing_before_it(prompts, duration, canceled):
    made = workflow(*prompts, duration=duration)
    when = NOW + canceled
    after = made if made.is_over(when) else made.cancel(when)
    before, then = list(events(made, EVERYTHING)), list(events(after, EVERYTHING))
    stamps = [event.timestamp for event in then]
    assert sorted(set(stamps)) == stamps
    # What comes at one moment is told a millisecond apart: of twenty steps the last is 102 behind.
    assert all(-0.001 < seconds(event.timestamp) - event.at < 0.001 * len(then) for event in then)
    past = [event for event in before if event.at < when]
    assert then[: len(past)] == past
    if made.end[0] < math.inf or after is not made:
        assert (then[-1].scope, then[-1].status) == ("workflow", after.end[1])


def test_a_job_says_whose_it_is_how_far_it_is_and_why_it_ended():
    made = workflow("[expire]")
    jobs = [body(made, event, None) for event in events(made, Callback("https://x.example", ("job:*",)))]
    assert [(job["stepName"], job["progress"], job.get("reason")) for job in jobs] == [
        ("0", 0, None),
        ("0", 0, "expired"),
    ]
    assert jobs[0]["jobId"] == made.steps[0].job_id


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:9/hook", True),
        ("https://127.8.9.1/", True),
        ("http://[::1]:9/", True),
        ("http://localhost/", True),
        ("http://LOCALHOST:80/", True),
        ("http://[::ffff:127.0.0.1]:9/", True),
        ("http://[::ffff:10.0.0.1]/", False),
        ("http://[::]/", False),
        ("http://127.1/", False),
        ("http://2130706433/", False),
        ("http://0x7f.0.0.1/", False),
        ("http://localhost./", False),
        ("http://name.localhost/", False),
        ("http://somebody:hush@127.0.0.1/", True),
        ("http://127.0.0.1;@example.com/", False),
        ("http://127.0.0.1%2f@example.com/", False),
        ("http://localhost%00.example.com/", False),
        ("http://localhost.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://example.com#@127.0.0.1/", False),
        ("http://example.com\\@127.0.0.1/", False),
        ("http://127.0.0.1\\@example.com/", False),
        ("http://0.0.0.0/", False),
        ("http://10.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
        ("http://127.0.0.1:port/", False),
        ("http://127.0.0.1\n/", False),
        ("http:///", False),
        (None, False),
    ],
)
def test_this_machine_is_known_by_its_address_and_nothing_else(url, loopback):
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("mode", "there", "elsewhere"), [("off", False, False), ("loopback", True, False), ("any", True, True)]
)
def test_the_mode_says_where_events_may_go(mode, there, elsewhere):
    assert may_send(mode, "http://127.0.0.1:9/") is there
    assert may_send(mode, "https://example.com/") is elsewhere

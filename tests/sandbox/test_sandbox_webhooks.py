"""Webhooks in process: the outbox under a clock that leaps, and what it shows of them."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from runner.exchange import Request, Response, TransportFailure, header
from runner.sandbox.civitai.outbox import KEPT
from runner.sandbox.ids import timestamp
from runner.sandbox.transport import AsyncSandboxTransport, SandboxTransport
from tests.sandbox.webhook_receiver import URL, Receiver

EVERYTHING = ["workflow:*", "step:*", "job:*"]


def submit(caller, prompt="", url=URL, steps=1, **more):
    body = {"steps": [{"$type": "imageGen", "input": {"prompt": prompt}}] * steps, "callbackUrl": url, **more}
    response = caller.workflows(method="POST", body=body)
    assert response.status == 202, response.body
    return response.content.value


def outbox(caller):
    response = caller.sandbox.answer(Request("GET", "https://orchestration.civitai.com/__outbox"))
    assert (response.status, header(response.headers, "cache-control")) == (200, "no-store")
    return response.content.value


@pytest.fixture
def caller(make):
    return make(webhooks="loopback")


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def deliver(caller, clock, receiver):
    """Let time pass, and deliver what is due by then."""

    def later(after=0.0):
        clock.time += after
        SandboxTransport(caller.sandbox, clock, receiver).deliver()

    return later


def status(code):
    return lambda _event: Response(code)


@pytest.mark.parametrize("detailed", [False, True])
def test_every_event_is_delivered_in_order_and_valid(caller, deliver, receiver, detailed):
    workflow = submit(caller, steps=2, callbackEvents=EVERYTHING, detailed=detailed)
    deliver()
    assert receiver.statuses == ["unassigned"] * 3
    deliver(100)
    assert len(receiver.attempts) == len(receiver.seen) == 13
    assert [event["timestamp"] for event in receiver.attempts] == sorted(
        event["timestamp"] for event in receiver.attempts
    )
    last = receiver.attempts[-1]
    assert (last["$type"], last["workflowId"], last["status"]) == ("workflow", workflow["id"], "succeeded")
    assert {"details" in event for event in receiver.attempts if event["$type"] != "job"} == {detailed}
    if detailed:
        as_read = caller.workflow(workflow)
        assert last["details"]["completedAt"] == as_read["completedAt"]
        blob = last["details"]["steps"][0]["jobs"][0]["result"]["blobs"][0]["blobId"]
        assert blob == as_read["steps"][0]["jobs"][0]["result"]["blobs"][0]["blobId"]


def test_without_events_those_of_the_workflow_are_delivered_and_with_none_none(caller, deliver, receiver):
    submit(caller)
    submit(caller, callbackEvents=[])
    deliver(100)
    assert [event["$type"] for event in receiver.attempts] == ["workflow"] * 3
    assert receiver.statuses == ["unassigned", "processing", "succeeded"]


@pytest.mark.parametrize("ending", [Response(503), Response(301), Response(404), TransportFailure("timeout", "late")])
def test_what_is_not_accepted_comes_again_with_growing_delays_before_anything_else_does(
    caller, clock, deliver, receiver, ending
):
    times = []

    def answer(event):
        times.append(clock.time)
        return ending if len(times) < 5 else None

    receiver.answer = answer
    submit(caller)
    deliver()
    for _ in range(40):
        deliver(0.5)
    assert [time - times[0] for time in times[:5]] == [0, 1, 3, 7, 15]
    assert [event["status"] for event in receiver.attempts] == ["unassigned"] * 5 + ["processing", "succeeded"]
    assert receiver.attempts[:5] == [receiver.attempts[0]] * 5


def test_the_fifth_failure_is_the_last_and_the_next_event_has_its_turn(caller, deliver, receiver):
    receiver.answer = lambda event: Response(500) if event["status"] == "unassigned" else None
    workflow = submit(caller)
    deliver(100)
    assert receiver.statuses == ["processing", "succeeded"]
    assert len(receiver.attempts) == 7
    assert caller.workflow(workflow)["status"] == "succeeded"
    told = outbox(caller)
    assert told["counts"] == {"undelivered": 1, "delivered": 2, "pending": 0}
    assert [(row["state"], row["attempts"], row["last"]) for row in told["events"]] == [
        ("undelivered", 5, "status 500"),
        ("delivered", 1, "status 204"),
        ("delivered", 1, "status 204"),
    ]


def test_retries_happen_at_their_times_also_when_the_clock_leaps_over_them(caller, deliver, receiver):
    left = [2]

    def answer(_event):
        left[0] -= 1
        return Response(503) if left[0] >= 0 else None

    receiver.answer = answer
    submit(caller)
    deliver(1000)
    assert [event["status"] for event in receiver.attempts] == ["unassigned"] * 3 + ["processing", "succeeded"]


def test_workflows_do_not_wait_for_each_other(caller, deliver, receiver):
    stuck = submit(caller)
    receiver.answer = lambda event: Response(503) if event["workflowId"] == stuck["id"] else None
    other = submit(caller)
    deliver(4)
    assert {key[0] for key in receiver.seen} == {other["id"]}
    assert receiver.statuses == ["unassigned", "processing", "succeeded"]


def test_a_receiver_that_loses_its_answers_sees_duplicates_and_knows_them_by_key(caller, deliver, receiver):
    kept = {}

    def answer(event):
        kept.setdefault((event["workflowId"], event["status"], event["timestamp"]), event)
        first = sum(attempt == event for attempt in receiver.attempts) == 0
        return TransportFailure("closed", "the connection was closed") if first else None

    receiver.answer = answer
    submit(caller, callbackEvents=EVERYTHING)
    deliver(100)
    assert len(receiver.attempts) == 16
    assert list(kept.values()) == receiver.attempts[::2] == receiver.attempts[1::2]


@pytest.mark.parametrize("after", [0.5, 2])
def test_a_cancel_is_told_also_of_a_workflow_that_would_never_have_ended(caller, clock, deliver, receiver, after):
    workflow = submit(caller, "[stall]", callbackEvents=["workflow:canceled"])
    deliver(after)
    caller.update(workflow, {"status": "canceled"})
    deliver()
    assert receiver.statuses == ["canceled"]


def test_like_the_live_api_several_are_told_each_of_what_it_asks_for(make, clock):
    caller, receiver = make(webhooks="loopback", live_like=True), Receiver()
    receiver.answer = lambda event: Response(503) if event["$type"] == "step" else None
    callbacks = [
        {"url": URL, "type": ["workflow:unassigned", "job:succeeded"]},
        {"url": URL, "type": ["step:succeeded"], "detailed": True},
        {"url": "https://example.com/hook"},
    ]
    workflow = submit(caller, url="https://example.com/published", callbackEvents=[], callbacks=callbacks)
    clock.time += 100
    SandboxTransport(caller.sandbox, clock, receiver).deliver()
    rows = [(row["event"]["$type"], row["event"]["status"], row["state"]) for row in outbox(caller)["events"]]
    assert sorted(rows) == [
        ("job", "succeeded", "delivered"),
        ("step", "succeeded", "undelivered"),
        ("workflow", "processing", "held"),
        ("workflow", "succeeded", "held"),
        ("workflow", "unassigned", "delivered"),
        ("workflow", "unassigned", "held"),
    ]
    assert {event["workflowId"] for event in receiver.attempts} == {workflow["id"]}
    assert {"details" in event for event in receiver.attempts if event["$type"] == "step"} == {True}


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ({}, "callbacks[0].url is required"),
        ({"url": "http://example.com/"}, "callbacks[0].url must be an https URL, or an http URL of this machine"),
        ({"url": URL, "type": ["workflow:preparing"]}, "callbacks[0].type[0] must be one of workflow:*, "),
        ({"url": URL, "detailed": 1}, "callbacks[0].detailed must be true or false, not 1"),
        ("x", "callbacks[0] must be an object, not 'x'"),
    ],
)
def test_like_the_live_api_a_callback_that_may_not_be_is_refused_by_its_place(make, callback, message):
    caller = make(webhooks="loopback", live_like=True)
    body = {"steps": [{"$type": "imageGen", "input": {}}], "callbacks": [callback]}
    headers = (("Authorization", "Bearer x"), ("Content-Type", "application/json"))
    url = "https://orchestration.civitai.com/v2/consumer/workflows"
    refused = caller.sandbox.answer(Request("POST", url, headers, json.dumps(body).encode()))
    assert (refused.status, message in refused.content.value["detail"]) == (400, True)


def test_an_end_is_not_told_while_the_workflow_is_being_canceled(caller, clock):
    workflow = submit(caller, "[slow:10]", callbackEvents=["workflow:succeeded", "workflow:canceled"])
    taken = []
    courier = threading.Thread(target=lambda: taken.extend(caller.sandbox.outbox.take(clock.time + 100)))

    def now():
        clock.now = lambda: clock.time
        courier.start()
        courier.join(0.1)  # it has this time to get ahead of the cancel, and may not
        return clock.time

    clock.now = now
    caller.update(workflow, {"status": "canceled"})
    courier.join()
    assert [delivery.request.content.value["status"] for delivery in taken] == ["canceled"]


def test_a_workflow_that_is_deleted_was_canceled_by_that_and_then(caller, clock, deliver, receiver):
    workflow = submit(caller, "[stall]")
    deliver(2)
    then = clock.time
    assert caller.workflows(f"/{workflow['id']}", method="DELETE").status == 204
    deliver(5)
    assert receiver.statuses == ["unassigned", "processing", "canceled"]
    assert receiver.attempts[-1]["timestamp"][:19] == timestamp(then)[:19]


def test_a_workflow_that_is_deleted_after_its_end_ended_as_it_did(caller, deliver, receiver):
    workflow = submit(caller)
    caller.clock.time += 10
    caller.workflows(f"/{workflow['id']}", method="DELETE")
    deliver()
    assert receiver.statuses[-1] == "succeeded"


@pytest.mark.parametrize(
    ("mode", "url", "held"),
    [
        ("off", "https://127.0.0.1/hook", True),
        ("off", "https://example.com/hook", True),
        ("loopback", "https://example.com/hook", True),
        ("any", "https://example.com/hook", False),
        ("any", "http://localhost:9/hook", False),
    ],
)
def test_what_may_not_leave_is_held_in_the_outbox(make, clock, mode, url, held):
    caller, receiver = make(webhooks=mode), Receiver()
    submit(caller, url=url)
    clock.time += 100
    SandboxTransport(caller.sandbox, clock, receiver).deliver()
    told = outbox(caller)
    assert (receiver.attempts == [], {row["state"] for row in told["events"]}) == (
        held,
        {"held" if held else "delivered"},
    )
    assert [row["event"]["status"] for row in told["events"]] == ["unassigned", "processing", "succeeded"]
    assert told["mode"] == mode


def test_the_outbox_holds_what_happened_in_a_sandbox_that_sends_nothing(make, clock):
    caller = make()
    submit(caller, url="https://hooks.example/in?secret=hush", callbackEvents=["workflow:succeeded"])
    assert outbox(caller)["events"] == []
    clock.time += 3
    (row,) = outbox(caller)["events"]
    assert (row["state"], row["url"], row["attempts"]) == ("held", "https://hooks.example/in?…", 0)
    assert row["event"]["status"] == "succeeded"


def test_events_whose_turn_has_not_come_are_pending(caller, clock, deliver, receiver):
    receiver.answer = status(503)
    submit(caller, callbackEvents=["workflow:processing", "workflow:succeeded"])
    deliver(1.5)
    assert [row["state"] for row in outbox(caller)["events"]] == ["pending"]
    clock.time += 3
    assert [(row["state"], row["attempts"]) for row in outbox(caller)["events"]] == [("pending", 1), ("pending", 0)]


def test_at_the_end_what_was_not_delivered_says_so(caller, clock, deliver, receiver):
    receiver.answer = status(503)
    submit(caller)
    submit(caller, "[stall]", callbackEvents=["workflow:canceled"])
    deliver()
    clock.time += 2
    caller.sandbox.outbox.close(clock.time)
    assert [(row.event["status"], row.last) for row in caller.sandbox.outbox.undelivered] == [
        ("unassigned", "status 503"),
        ("processing", "the sandbox ended first"),
    ]
    deliver(100)
    assert len(receiver.attempts) == 1


def test_of_what_is_settled_the_last_is_kept_and_all_is_counted(make, clock):
    caller = make(balance=10**9)
    for _ in range(8):
        submit(caller, url="https://example.com", steps=50, callbackEvents=EVERYTHING)
    clock.time += 100
    told = outbox(caller)
    assert len(told["events"]) == KEPT
    assert told["counts"] == {"held": 8 * (3 + 50 * 5), "pending": 0}


@pytest.mark.parametrize(
    ("mode", "url", "message"),
    [
        ("off", "http://127.0.0.1:9/", "callbackUrl must be an https URL, not 'http://127.0.0.1:9/'"),
        ("loopback", "http://example.com/", "an https URL, or an http URL of this machine, not 'http://example.com/'"),
        ("any", "http://example.com/", "an https URL, or an http URL of this machine, not 'http://example.com/'"),
        ("any", "http://10.0.0.1/", "an https URL, or an http URL of this machine, not 'http://10.0.0.1/'"),
        ("any", "ftp://127.0.0.1/", "an https URL, or an http URL of this machine, not 'ftp://127.0.0.1/'"),
        ("any", "/hook", "an https URL, or an http URL of this machine, not '/hook'"),
        ("any", 7, "an https URL, or an http URL of this machine, not 7"),
    ],
)
def test_a_callback_that_may_not_be_is_refused_before_anything_is_charged(make, mode, url, message):
    caller = make(webhooks=mode)
    body = {"steps": [{"$type": "imageGen", "input": {}}], "callbackUrl": url}
    response = caller.workflows(method="POST", body=body)
    assert response.status == 400
    assert message in response.content.value["message"]
    assert all("sandbox-demo" in each["tags"] for each in caller.workflows().content.value["items"])


@pytest.mark.parametrize("awaited", [False, True])
def test_a_transport_delivers_before_and_after_it_answers(caller, clock, receiver, awaited):
    class AsyncReceiver:
        async def send(self, request, timeout):
            return receiver.send(request, timeout)

    class AsyncClock:
        now, monotonic = clock.now, clock.monotonic

        async def sleep(self, seconds):
            clock.sleep(seconds)

    body = b'{"steps":[{"$type":"imageGen","input":{}}],"callbackUrl":"http://127.0.0.1:9/hook"}'
    headers = (("Authorization", "Bearer x"), ("Content-Type", "application/json"))
    asked = Request("POST", "https://orchestration.civitai.com/v2/consumer/workflows", headers, body)
    reading = Request("GET", "https://orchestration.civitai.com/v2/consumer/workflows", headers)

    def send(request):
        if awaited:
            return asyncio.run(AsyncSandboxTransport(caller.sandbox, AsyncClock(), AsyncReceiver()).send(request, None))
        return SandboxTransport(caller.sandbox, clock, receiver).send(request, None)

    send(asked)
    assert receiver.statuses == ["unassigned"]
    clock.time += 3
    send(reading)
    assert receiver.statuses == ["unassigned", "processing", "succeeded"]


def test_a_transport_without_an_outlet_leaves_all_in_the_outbox(caller, clock):
    submit(caller)
    SandboxTransport(caller.sandbox, clock).deliver()
    assert [row["state"] for row in outbox(caller)["events"]] == ["pending"]

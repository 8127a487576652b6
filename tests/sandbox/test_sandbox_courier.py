"""Webhooks over real sockets: a server that delivers by itself, and receivers that fail, are slow, and see twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest

from runner.exchange import Request, Response, TransportFailure
from runner.sandbox import courier
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.courier import Parted
from runner.sandbox.server import Running
from runner.shell.http import HttpTransport
from tests.sandbox.webhook_receiver import Receiver, listening

FAST = Settings(time_scale=20, webhooks="loopback")


def submit(url, callback, prompt="", **more):
    body = {"steps": [{"$type": "imageGen", "input": {"prompt": prompt}}], "callbackUrl": callback, **more}
    reply = httpx.post(f"{url}/v2/consumer/workflows", json=body, headers={"Authorization": "Bearer hooks"})
    assert reply.status_code == 202, reply.text
    return reply.json()["id"]


@pytest.fixture
def outlet():
    with HttpTransport() as transport:
        yield transport


def of(receiver, workflow):
    return [event["status"] for event in receiver.seen.values() if event["workflowId"] == workflow]


def is_over(workflow, count=3):
    return lambda receiver: len(of(receiver, workflow)) == count


def test_events_come_by_themselves_in_order(outlet):
    receiver = Receiver()
    with listening(receiver) as hook, Running(FAST, outlet=outlet) as server:
        workflow = submit(server.url, hook, callbackEvents=["workflow:*", "step:*", "job:*"], detailed=True)
        receiver.wait_for(is_over(workflow, 8))
        shown = httpx.get(f"{server.url}/__outbox").json()
    assert [(event["$type"], event["status"]) for event in receiver.attempts] == [
        ("workflow", "unassigned"),
        ("step", "unassigned"),
        ("workflow", "processing"),
        ("step", "processing"),
        ("job", "processing"),
        ("job", "succeeded"),
        ("step", "succeeded"),
        ("workflow", "succeeded"),
    ]
    assert "hush" not in str(shown)
    assert server.sandbox.outbox.counts == {"delivered": 8}


def test_a_receiver_that_fails_holds_up_its_own_workflow_in_order_and_sees_nothing_twice_that_it_accepted(outlet):
    failures = {"unassigned": [Response(500), TransportFailure("closed", "")], "processing": [Response(302)]}
    receiver = Receiver(lambda event: failures[event["status"]].pop(0) if failures.get(event["status"]) else None)
    with listening(receiver) as hook, Running(FAST, outlet=outlet) as server:
        workflow = submit(server.url, hook)
        receiver.wait_for(is_over(workflow))
    assert [event["status"] for event in receiver.attempts] == ["unassigned"] * 3 + ["processing"] * 2 + ["succeeded"]
    assert of(receiver, workflow) == ["unassigned", "processing", "succeeded"]


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_a_failure_and_is_not_followed(outlet, status):
    receiver, elsewhere = Receiver(), Receiver()
    with listening(elsewhere) as there, listening(receiver) as hook, Running(FAST, outlet=outlet) as server:
        receiver.answer = lambda _: Response(status, (("Location", there),)) if len(receiver.attempts) < 2 else None
        workflow = submit(server.url, hook, callbackEvents=["workflow:processing"])
        receiver.wait_for(is_over(workflow, 1))
    assert (len(receiver.attempts), elsewhere.attempts) == (3, [])


def test_a_slow_receiver_holds_up_no_other_workflow(outlet):
    gate, slow = threading.Event(), []

    def answer(event):
        if event["workflowId"] in slow:
            gate.wait(30)

    receiver = Receiver(answer)
    with listening(receiver) as hook, Running(FAST, outlet=outlet) as server:
        slow.append(submit(server.url, hook, callbackEvents=["workflow:processing", "workflow:succeeded"]))
        quick = submit(server.url, hook)
        receiver.wait_for(is_over(quick))
        assert of(receiver, slow[0]) == []
        gate.set()
        receiver.wait_for(is_over(slow[0], 2))
    assert of(receiver, slow[0]) == ["processing", "succeeded"]


def test_at_the_end_nothing_is_lost_silently_and_no_thread_is_left(outlet, monkeypatch):
    monkeypatch.setattr(courier, "GRACE", 0.0)
    gate, began, before = threading.Event(), threading.Event(), threading.active_count()

    def answer(_event):
        began.set()
        gate.wait(30)

    receiver = Receiver(answer)
    with listening(receiver) as hook:
        with Running(FAST, outlet=outlet) as server:
            workflow = submit(server.url, hook)
            assert began.wait(30)
        (first, *_) = server.sandbox.outbox.undelivered
        assert (first.event["workflowId"], first.event["status"]) == (workflow, "unassigned")
        assert first.last == "the sandbox ended before the answer came"
        gate.set()
        receiver.wait_for(lambda receiver: len(receiver.attempts) == 1)
    for thread in threading.enumerate():
        if thread.name.startswith("webhook"):
            thread.join(30)
    assert threading.active_count() == before


def test_a_host_that_may_not_be_told_is_held(outlet):
    with Running(FAST, outlet=outlet) as server:
        submit(server.url, "https://example.com/hook", callbackEvents=["step:*"])
        rows = httpx.get(f"{server.url}/__outbox").json()["events"]
    assert {row["state"] for row in rows} == {"held"}


def test_what_is_for_this_machine_and_what_is_for_any_other_leave_by_ways_of_their_own():
    near, far = Receiver(), Receiver()
    body = b'{"$type":"workflow","workflowId":"wf_1","status":"failed","timestamp":"2026-05-25T00:00:00.000Z"}'
    for url in ("http://127.0.0.1:9/near", "https://example.com/far"):
        headers = (("Content-Type", "application/json"),)
        Parted(near, far).send(Request("POST", url, headers, body), 10.0)
    assert (len(near.attempts), len(far.attempts)) == (1, 1)


@contextmanager
def command(*options, **environment):
    """Serve by the command; gives the URL and, when the block has ended it, what it printed to stderr."""
    arguments = [sys.executable, "-m", "runner", "sandbox", "--port", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(arguments, env={**os.environ, **environment}, **pipes) as process:
        printed = []
        yield process.stdout.readline().split()[2], printed
        os.kill(process.pid, signal.SIGINT)
        printed.append(process.communicate(timeout=30)[1])
    assert process.returncode == 0


@pytest.mark.parametrize("mode", ["loopback", "any"])
def test_the_command_delivers_to_this_machine_and_past_any_proxy(mode):
    receiver = Receiver()
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:1")
    with listening(receiver) as hook, command("--webhooks", mode, "--time-scale", "20", **proxy) as (url, printed):
        workflow = submit(url, hook)
        receiver.wait_for(is_over(workflow))
    assert printed == [""]


def test_the_command_says_what_it_did_not_deliver():
    with command("--duration", "3600") as (url, printed):
        workflow = submit(url, "http://127.0.0.1:9/hook?key=hush")
    (err,) = printed
    assert err.startswith(f"webhook not delivered: workflow unassigned of {workflow} to http://127.0.0.1:9/hook?…: ")


def test_the_command_takes_https_only_where_it_may_send_nothing():
    body = {"steps": [{"$type": "imageGen", "input": {}}], "callbackUrl": "http://127.0.0.1:9/hook"}
    with command("--webhooks", "off") as (url, _):
        reply = httpx.post(f"{url}/v2/consumer/workflows", json=body, headers={"Authorization": "Bearer hooks"})
    assert (reply.status_code, "callbackUrl must be an https URL" in reply.text) == (400, True)

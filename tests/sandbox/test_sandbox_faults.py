"""Faults on demand: how they are written, whom they happen to, how they look in process and on the wire."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from runner.errors import UsageError
from runner.exchange import Request, Response, TransportFailure, header
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.fault_text import read_fault
from runner.sandbox.faults import Fault, Faults, FaultyTransport, Incident
from runner.sandbox.server import Running, Served
from runner.sandbox.transport import SandboxTransport

MODELS = Request("GET", "https://civitai.com/api/v1/models")
SUBMIT = Request("POST", "https://orchestration.civitai.com/v2/consumer/workflows")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503", Fault(status=503)),
        ("status=429,retry-after=0", Fault(status=429, retry_after=0)),
        ("drop", Fault(drop=True)),
        (" drop , times = 2 ", Fault(drop=True, times=2)),
        ("latency=0.5", Fault(latency=0.5)),
        ("status=524,latency=100", Fault(status=524, latency=100)),
        ("job=fail", Fault(job="fail")),
        ("job=fail:no_provider_available,rate=.5", Fault(job="fail:no_provider_available", rate=0.5)),
        ("job=slow:60", Fault(job="slow:60")),
        (
            "drop,rate=0.2,seed=a,path=/v2/*,operation=getBlob",
            Fault(drop=True, rate=0.2, seed="a", path="/v2/*", operation="getBlob"),
        ),
    ],
)
def test_a_fault_is_read_from_a_text(text, fault):
    assert read_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the fault '': there is no ''\na fault is status=503"),
        ("statsu=503", "the fault 'statsu=503': there is no 'statsu'\ndid you mean 'status'?"),
        ("rate=0.2", "the fault 'rate=0.2': nothing goes wrong\na fault is "),
        ("status=200", "the fault 'status=200': 'status' is a status from 400 to 599"),
        ("status=", "the fault 'status=': 'status' is a status from 400 to 599"),
        ("status=٥٠٣", "the fault 'status=٥٠٣': 'status' is a status from 400 to 599"),
        ("status=500,status=503", "the fault 'status=500,status=503': 'status' is given twice"),
        ("drop=yes", "the fault 'drop=yes': 'drop' is given without a value"),
        ("drop,rate=1.5", "the fault 'drop,rate=1.5': 'rate' is a number from 0 to 1"),
        ("drop,rate=nan", "the fault 'drop,rate=nan': 'rate' is a number from 0 to 1"),
        ("drop,times=0", "the fault 'drop,times=0': 'times' is a whole number above 0"),
        ("drop,path=v2", "the fault 'drop,path=v2': 'path' is a pattern such as "),
        ("latency=1e9", "the fault 'latency=1e9': 'latency' is a number of seconds up to 86400"),
        ("job=die", "the fault 'job=die': 'job' is one of fail, fail:REASON, expire, stall"),
        ("drop,status=503", "the fault 'drop,status=503': a connection that is dropped has no status"),
        ("drop,retry-after=1", "the fault 'drop,retry-after=1': 'retry-after' is a header field of an answer"),
        ("job=fail,operation=x", "the fault 'job=fail,operation=x': a job goes wrong later than its request"),
    ],
)
def test_a_text_that_is_no_fault_is_refused_by_its_part(text, message):
    with pytest.raises(UsageError) as caught:
        read_fault(text)
    assert str(caught.value).startswith(message)


def drawn(text: str, count: int = 200) -> list[bool]:
    faults = Faults([read_fault(text)])
    return [faults.meet(MODELS).reply is not None for _ in range(count)]


def test_the_same_seed_gives_the_same_faults_and_another_gives_others():
    first = drawn("drop,rate=0.2,seed=1")
    assert first == drawn("drop,rate=0.2,seed=1")
    assert first != drawn("drop,rate=0.2,seed=2")
    assert 20 < sum(first) < 60


@pytest.mark.parametrize(("text", "happens"), [("drop", 200), ("drop,rate=0", 0), ("drop,times=3", 3)])
def test_without_a_rate_it_happens_always_and_never_more_often_than_it_may(text, happens):
    assert sum(drawn(text)) == happens == sum(drawn(text)[:happens])


def test_two_faults_of_one_seed_do_not_happen_together_always():
    faults = Faults([read_fault("latency=1,rate=0.5,seed=1"), read_fault("latency=2,rate=0.5,seed=1")])
    assert {faults.meet(MODELS).latency for _ in range(50)} == {0, 1, 2, 3}


def test_latencies_add_up_and_the_first_answer_counts():
    texts = ("latency=1", "status=503,latency=2", "drop", "status=500")
    met = Faults([read_fault(text) for text in texts]).meet(MODELS)
    assert isinstance(met.reply, Response)
    assert (met.latency, met.reply.status) == (3, 503)


@pytest.mark.parametrize(
    ("text", "models", "submit"),
    [
        ("drop,path=/v2/*", False, True),
        ("drop,path=*/models", True, False),
        ("drop,path=/models", False, False),
        ("drop,operation=submitWorkflow", False, True),
        ("drop,operation=listModels", True, False),
        ("drop,operation=getModel", False, False),
    ],
)
def test_a_fault_happens_to_those_it_is_for(make, text, models, submit):
    faults = make(faults=(read_fault(text),)).sandbox.faults
    assert (faults.meet(MODELS).reply is not None, faults.meet(SUBMIT).reply is not None) == (models, submit)


def test_requests_that_a_fault_is_not_for_do_not_count(make):
    faults = make(faults=(read_fault("drop,operation=listModels,rate=0.5,seed=3"),)).sandbox.faults
    alone = [faults.meet(MODELS) for _ in range(30)]
    faults = make(faults=(read_fault("drop,operation=listModels,rate=0.5,seed=3"),)).sandbox.faults
    among = [faults.meet(MODELS) for _ in range(30) if faults.meet(SUBMIT) == Incident()]
    assert alone == among


@pytest.mark.parametrize(
    ("request_", "member"),
    [(MODELS, "error"), (SUBMIT, "traceId"), (Request("GET", "https://civitai.com/nowhere"), "error")],
)
def test_an_error_has_the_shape_of_its_api(make, request_, member):
    faults = make(faults=(read_fault("status=503,retry-after=7"),)).sandbox.faults
    reply = faults.meet(request_).reply
    assert isinstance(reply, Response)
    assert (reply.status, header(reply.headers, "retry-after")) == (503, "7")
    assert member in reply.content.value


def test_an_error_to_head_has_no_body(make):
    faults = make(faults=(read_fault("status=499"),)).sandbox.faults
    reply = faults.meet(Request("HEAD", "https://orchestration.civitai.com/v2/consumer/blobs/b")).reply
    assert (reply.status, reply.body) == (499, b"")


@pytest.mark.parametrize("job", ["fail", "expire", "stall", "fail:no_provider_available"])
def test_jobs_go_wrong_by_a_fault_as_by_a_prompt(make, clock, job):
    caller = make(faults=(read_fault(f"job={job},times=1"),))
    unlucky, lucky = caller.submit(), caller.submit()
    clock.time += 3
    seen = caller.workflow(unlucky)
    marked = make().submit(f"[{job}]")
    clock.time += 3
    assert seen["status"] == {"fail": "failed", "expire": "expired", "stall": "processing"}[job.partition(":")[0]]
    assert seen["steps"][0]["jobs"][0].get("reason") == (job.partition(":")[2] or {"expire": "expired"}.get(job))
    assert caller.workflow(lucky)["status"] == "succeeded"
    assert marked["status"] == "unassigned"


def transport(make: Any, clock: Any, *texts: str) -> FaultyTransport:
    sandbox = make(faults=tuple(map(read_fault, texts))).sandbox
    return FaultyTransport(SandboxTransport(sandbox, clock), clock, sandbox.faults, sandbox.claims)


def test_in_process_a_dropped_connection_is_a_failure_of_the_transport(make, clock):
    sent = transport(make, clock, "drop,times=1")
    failure = sent.send(MODELS, None)
    assert isinstance(failure, TransportFailure)
    assert failure.kind == "closed"
    assert sent.send(MODELS, None).status == 200


def test_in_process_latency_passes_on_the_clock(make, clock):
    sent = transport(make, clock, "latency=5")
    assert sent.send(MODELS, 30).status == 200
    assert sum(clock.slept) == 5.02


@pytest.mark.parametrize(
    ("timeout", "kind", "slept"), [(4, "timeout", 4), (5, "timeout", 5), (5.01, "timeout", 5.01), (6, None, 5.02)]
)
def test_a_latency_may_be_more_than_somebody_waits_for(make, clock, timeout, kind, slept):
    reply = transport(make, clock, "latency=5").send(MODELS, timeout)
    assert getattr(reply, "kind", None) == kind
    assert sum(clock.slept) == pytest.approx(slept)


def test_what_the_sandbox_does_not_answer_meets_no_fault(make, clock):
    failure = transport(make, clock, "status=503").send(Request("GET", "https://example.com/"), None)
    assert failure.kind == "offline"


def test_on_the_wire_a_connection_is_closed_without_an_answer():
    settings = Settings(faults=(read_fault("drop,times=2"),))
    with Running(settings) as server, httpx.Client(base_url=server.url) as client:
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
                client.get("/api/v1/models", headers={"X-Forwarded-For": "192.0.2.1"})
        assert client.get("/api/v1/models").status_code == 200
        assert [row["status"] for row in client.get("/__state").json()["requests"]] == [200, "closed", "closed"]


def test_on_the_wire_errors_come_as_asked():
    settings = Settings(faults=(read_fault("status=524,latency=0.001,times=1,operation=listModels"),))
    with Running(settings) as server, httpx.Client(base_url=server.url) as client:
        response = client.get("/api/v1/models")
        assert response.status_code == 524
        assert response.json()["code"] == "status_524"
        assert client.get("/api/v1/models").status_code == 200


def test_a_served_answer_waits_for_its_latency():
    happened: list[Any] = []

    async def sleep(seconds):
        happened.append(seconds)

    def answer(request):
        happened.append(request.method)
        return Response(200)

    served = Served(answer, Faults((read_fault("latency=30,times=1"), read_fault("latency=2"))), sleep=sleep)
    for method in ("GET", "PUT"):
        assert asyncio.run(served.reply(Request(method, "http://x/"))) == Response(200)
    assert happened == [32, "GET", 2, "PUT"]

"""What goes wrong on demand in front of a stand-in for a description."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from runner.exchange import Reply, Request, Response, TransportFailure, header
from runner.openapi.document import ApiDescription
from runner.sandbox.fault_text import read_fault
from runner.sandbox.faults import AsyncFaultyTransport, FaultyTransport
from runner.sandbox.generic import GenericSandbox, mount
from runner.sandbox.transport import AsyncSandboxTransport, SandboxTransport
from runner.shell.clock import VirtualClock
from tests.sandbox.generic.described import check, description

URL = "https://api.example/v1"
API = """
paths:
  /things:
    get:
      operationId: listThings
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: array}}}}
        '503':
          description: busy
          headers: {Retry-After: {required: true, schema: {type: integer}}}
          content: {application/json: {schema: {type: object, required: [code], properties: {code: {const: busy}}}}}
  /other:
    post: {operationId: other, responses: {'200': {description: ok}}}
"""
THINGS, OTHER = Request("GET", f"{URL}/things"), Request("POST", f"{URL}/other")


@dataclass
class StillAsyncClock:
    clock: VirtualClock

    def now(self) -> float:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def sandbox(*texts: str) -> tuple[ApiDescription, GenericSandbox]:
    api = description(API)
    return api, GenericSandbox([mount(api, URL)], faults=[read_fault(text) for text in texts])


def twice(*texts: str) -> list[list[tuple[Reply, float]]]:
    """Send three requests to a sandbox, and to its twin by awaiting; give the replies, and when they came."""
    _, plain = sandbox(*texts)
    clock = VirtualClock(0.0)
    faulty = FaultyTransport(SandboxTransport(plain, clock), clock, plain.faults, plain.claims)
    told = [(faulty.send(request, 3.0), clock.now()) for request in (THINGS, OTHER, THINGS)]

    async def awaited() -> list[tuple[Reply, float]]:
        _, twin = sandbox(*texts)
        still = StillAsyncClock(VirtualClock(0.0))
        sent = AsyncFaultyTransport(AsyncSandboxTransport(twin, still), still, twin.faults, twin.claims)
        return [(await sent.send(request, 3.0), still.now()) for request in (THINGS, OTHER, THINGS)]

    return [told, asyncio.run(awaited())]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("status=503", [503, 503, 503]),
        ("status=503,times=1", [503, 200, 200]),
        ("status=503,operation=other", [200, 503, 200]),
        ("drop,path=/v1/things", ["closed", 200, "closed"]),
        ("latency=1", [200, 200, 200]),
        ("latency=4,times=1", ["timeout", 200, 200]),
    ],
)
def test_a_fault_happens_to_a_description_too(fault: str, expected: list[int | str]) -> None:
    told, awaited = twice(fault)
    assert [each.status if isinstance(each, Response) else each.kind for each, _ in told] == expected
    assert told == awaited
    assert told[-1][1] == pytest.approx({"latency=1": 3.06, "latency=4,times=1": 3.04}.get(fault, told[-1][1]))


def test_an_error_that_is_declared_is_as_it_is_declared() -> None:
    api, stand_in = sandbox("status=503,retry-after=7")
    reply = stand_in.faults.meet(THINGS).reply
    assert isinstance(reply, Response)
    assert reply.content.value == {"code": "busy"}
    assert [value for name, value in reply.headers if name.lower() == "retry-after"] == ["7"]
    check(api, "/paths/~1things/get", reply)


@pytest.mark.parametrize("request_", [OTHER, Request("GET", f"{URL}/nowhere")])
def test_any_other_error_is_a_problem(request_: Request) -> None:
    reply = sandbox("status=503")[1].faults.meet(request_).reply
    assert isinstance(reply, Response)
    assert (reply.status, header(reply.headers, "content-type")) == (503, "application/problem+json")
    assert reply.content.value["detail"] == "a fault that was asked for"


def test_an_error_to_head_has_no_body() -> None:
    reply = sandbox("status=503")[1].faults.meet(Request("HEAD", f"{URL}/things")).reply
    assert (reply.status, reply.body) == (503, b"")  # type: ignore[union-attr]


def test_a_request_to_somebody_else_meets_no_fault() -> None:
    _, plain = sandbox("status=503")
    clock = VirtualClock(0.0)
    faulty = FaultyTransport(SandboxTransport(plain, clock), clock, plain.faults, plain.claims)
    reply = faulty.send(Request("GET", "https://elsewhere.example/"), None)
    assert isinstance(reply, TransportFailure)
    assert reply.kind == "offline"

"""The sandbox as a transport: whom it answers, and how much time that takes."""

from __future__ import annotations

import asyncio

import pytest

from runner.exchange import Request, Response, TransportFailure
from runner.sandbox.civitai.sandbox import claims
from runner.sandbox.civitai.settings import SANDBOX_TOKEN
from runner.sandbox.transport import AsyncSandboxTransport, SandboxTransport

MODEL = Request("GET", "https://civitai.com/api/v1/models/1102")
ME = "https://civitai.com/api/v1/me"


class StillAsyncClock:
    def __init__(self, clock):
        self.clock = clock

    def now(self):
        return self.clock.now()

    def monotonic(self):
        return self.clock.monotonic()

    async def sleep(self, seconds):
        self.clock.sleep(seconds)


@pytest.fixture(params=["sync", "async"])
def send(request, caller, clock):
    """Send a request through either transport."""
    if request.param == "sync":
        return SandboxTransport(caller.sandbox, clock).send
    twin = AsyncSandboxTransport(caller.sandbox, StillAsyncClock(clock))
    return lambda sent, timeout: asyncio.run(twin.send(sent, timeout))


def test_a_claimed_url_is_answered_after_the_latency(send, clock):
    response = send(MODEL, 5.0)
    assert isinstance(response, Response)
    assert response.status == 200
    assert clock.slept == [0.02]


def test_an_unclaimed_url_fails_as_offline_and_says_what_to_do(send, clock):
    failure = send(Request("GET", "https://example.com/secret?token=abc"), None)
    assert isinstance(failure, TransportFailure)
    assert failure.kind == "offline"
    assert failure.message.startswith("the sandbox has no stand-in for https://example.com; ")
    assert "secret" not in failure.message


def test_a_timeout_shorter_than_the_latency_runs_out(send, clock):
    failure = send(MODEL, 0.01)
    assert isinstance(failure, TransportFailure)
    assert (failure.kind, clock.slept) == ("timeout", [0.01])


def test_no_token_is_added_on_the_way_and_the_sandboxs_own_is_good(send):
    assert send(Request("GET", ME), None).status == 401
    mine = send(Request("GET", ME, (("authorization", f"bearer {SANDBOX_TOKEN}"),)), None)
    assert mine.content.value["username"] == "sandbox"


@pytest.mark.parametrize("field", ["Basic abc", "Bearer", "Bearer ", "sandbox"])
def test_an_authorization_field_that_is_no_bearer_token_is_401(send, field):
    assert send(Request("GET", ME, (("Authorization", field),)), None).status == 401


@pytest.mark.parametrize(
    ("url", "claimed"),
    [
        ("https://civitai.com/api/v1/models", True),
        ("https://CIVITAI.com:443/", True),
        ("https://orchestration.civitai.com", True),
        ("https://blobs.civitai.example/blobs/b", True),
        ("http://civitai.com/api/v1/models", False),
        ("https://civitai.com:8443/", False),
        ("https://civitai.com.example.org/", False),
        ("https://auth.civitai.com/", True),
        ("https://image.civitai.com/", False),
        ("https://[::1]/", False),
        ("https://civitai.com:port/", False),
        ("/api/v1/models", False),
        ("", False),
    ],
)
def test_urls_are_claimed_by_their_origin(caller, url, claimed):
    assert claims(url) is caller.sandbox.claims(url) is claimed


def test_what_is_not_claimed_is_refused_all_the_same(caller):
    for url in ("https://example.com/", "nothing", "https://civitai.com:port/"):
        assert caller.sandbox.answer(Request("GET", url)).status == 421


def test_a_body_above_the_limit_is_413(caller):
    url = "https://orchestration.civitai.com/v2/consumer/workflows"
    body = b" " * (10 * 1024 * 1024)
    assert caller.call("POST", url, body=body).status == 400
    assert caller.call("POST", url, body=body + b" ").status == 413

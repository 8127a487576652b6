"""Turns a sandbox into a Transport: what it claims is answered, and nothing leaves the process.

No header is added on the way, so that a report shows what was sent. An operation that wants a token refuses a request
without one here as it does there: whoever holds the credentials gives `SANDBOX_TOKEN` to what `claims` names.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.exchange import AsyncClock, Clock, Reply, Request, TransportFailure
from runner.sandbox.civitai.sandbox import origin_of
from runner.sandbox.stand_in import Claiming


@dataclass(frozen=True, slots=True)
class SandboxTransport:
    """Send requests to a sandbox; each lets the sandbox's latency pass on the clock."""

    sandbox: Claiming
    clock: Clock

    def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the sandbox's response, or say that there is none."""
        failure, wait = _before(self.sandbox, request, timeout)
        self.clock.sleep(wait)
        return failure or self.sandbox.answer(request)


@dataclass(frozen=True, slots=True)
class AsyncSandboxTransport:
    """`SandboxTransport`, awaited."""

    sandbox: Claiming
    clock: AsyncClock

    async def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the sandbox's response, or say that there is none."""
        failure, wait = _before(self.sandbox, request, timeout)
        await self.clock.sleep(wait)
        return failure or self.sandbox.answer(request)


def _before(sandbox: Claiming, request: Request, timeout: float | None) -> tuple[TransportFailure | None, float]:
    """Say why a request will not be answered, if so, and how long that or the answer takes in seconds."""
    latency = sandbox.latency
    if not sandbox.claims(request.url):
        there = origin_of(request.url) or "a URL without a host"
        message = f"the sandbox has no stand-in for {there}; run against the real one, or give it a server of its own"
        return TransportFailure("offline", message), 0.0
    if timeout is not None and timeout < latency:
        return TransportFailure("timeout", f"no response within {timeout:g} s"), timeout
    return None, latency

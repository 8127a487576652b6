"""Turns a sandbox into a Transport: what it claims is answered, and nothing leaves the process.

No header is added on the way, so that a report shows what was sent. An operation that wants a token refuses a request
without one here as it does there: whoever holds the credentials gives `SANDBOX_TOKEN` to what `claims` names.
"""

from __future__ import annotations

from runner.exchange import AsyncClock, AsyncTransport, Clock, Reply, Request, Transport, TransportFailure
from runner.records import Frozen
from runner.sandbox.civitai.outbox import TIMEOUT
from runner.sandbox.civitai.sandbox import CivitaiSandbox, origin_of
from runner.sandbox.civitai.webhooks import Deliveries, deliveries
from runner.sandbox.stand_in import Claiming


class SandboxTransport(Frozen):
    """Send requests to a sandbox; each lets the sandbox's latency pass on the clock.

    Webhooks leave through `outlet`: what fell due before a request before its answer, what it brings about after it.
    """

    sandbox: Claiming
    clock: Clock
    outlet: Transport | None = None

    def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the sandbox's response, or say that there is none."""
        failure, wait = _before(self.sandbox, request, timeout)
        self.clock.sleep(wait)
        self.deliver()
        reply = failure or self.sandbox.answer(request)
        self.deliver()
        return reply

    def deliver(self) -> None:
        """Send the webhooks that are due."""
        if self.outlet is None or not isinstance(self.sandbox, CivitaiSandbox):
            return
        steps = deliveries(self.sandbox.outbox, self.clock.now())
        request = next(steps, None)
        while request is not None:
            request = _after(steps, self.outlet.send(request, TIMEOUT))


class AsyncSandboxTransport(Frozen):
    """`SandboxTransport`, awaited."""

    sandbox: Claiming
    clock: AsyncClock
    outlet: AsyncTransport | None = None

    async def send(self, request: Request, timeout: float | None) -> Reply:
        """Give the sandbox's response, or say that there is none."""
        failure, wait = _before(self.sandbox, request, timeout)
        await self.clock.sleep(wait)
        await self.deliver()
        reply = failure or self.sandbox.answer(request)
        await self.deliver()
        return reply

    async def deliver(self) -> None:
        """Send the webhooks that are due."""
        if self.outlet is None or not isinstance(self.sandbox, CivitaiSandbox):
            return
        steps = deliveries(self.sandbox.outbox, self.clock.now())
        request = next(steps, None)
        while request is not None:
            request = _after(steps, await self.outlet.send(request, TIMEOUT))


def _after(steps: Deliveries, reply: Reply) -> Request | None:
    """Give the next request, now that the last one was answered."""
    try:
        return steps.send(reply)
    except StopIteration:
        return None


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

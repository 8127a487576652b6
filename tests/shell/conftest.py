from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import pytest

from runner.exchange import Reply, Request
from runner.shell.http import AsyncHttpTransport, HttpTransport
from runner.shell.network import AsyncNetwork, Network
from runner.shell.options import HttpOptions

SendAll = Callable[..., list[Reply]]

QUIET = HttpOptions(trust_env=False)


TRANSPORTS = {"lean": Network, "httpx": HttpTransport}
"""The synchronous ones: what chooses, which is sockets where nothing else is needed, and httpx."""


AWAITED = {"lean-async": AsyncNetwork, "httpx-async": AsyncHttpTransport}


@pytest.fixture(params=[*TRANSPORTS, *AWAITED])
def send_all(request: pytest.FixtureRequest) -> SendAll:
    """Send requests one after the other through one transport; the same test runs over every kind."""
    return sender(request.param)


def sender(kind: str) -> SendAll:
    """Give what sends through a transport of a kind."""

    def sync(
        *requests: Request, timeout: float = 5, options: HttpOptions = QUIET, between: Between = nothing
    ) -> list[Reply]:
        replies = []
        with TRANSPORTS[kind](options) as transport:
            for one in requests:
                replies.append(transport.send(one, timeout))
                between()
        return replies

    async def awaited(
        requests: Iterable[Request], timeout: float, options: HttpOptions, between: Between
    ) -> list[Reply]:
        replies = []
        async with AWAITED[kind](options) as transport:
            for one in requests:
                replies.append(await transport.send(one, timeout))
                between()
        return replies

    def by_asyncio(
        *requests: Request, timeout: float = 5, options: HttpOptions = QUIET, between: Between = nothing
    ) -> list[Reply]:
        return asyncio.run(awaited(requests, timeout, options, between))

    return by_asyncio if kind in AWAITED else sync


Between = Callable[[], object]


def nothing() -> None:
    pass

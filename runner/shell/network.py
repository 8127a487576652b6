"""Chooses what moves the bytes of a request: the sockets of `shell/lean`, or httpx where only that will do.

httpx is what users know, so it is in charge as soon as somebody has laid a hand on it: what a mock, a recorder or an
instrument puts in the place of its transports, or of those of httpcore beneath, sees every request. It is needed for
a proxy. Everything else never imports it.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from runner.exchange import Reply, Request
from runner.shell.lean.transport import LeanTransport
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.proxies import Proxies
from runner.shell.turn import ALONE, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.shell.http import AsyncHttpTransport, HttpTransport

REPLACED = (
    ("httpx", "HTTPTransport", "handle_request"),
    ("httpx", "AsyncHTTPTransport", "handle_async_request"),
    ("httpcore", "ConnectionPool", "handle_request"),
    ("httpcore", "HTTPConnection", "handle_request"),
    ("httpcore", "AsyncConnectionPool", "handle_async_request"),
    ("httpcore", "AsyncHTTPConnection", "handle_async_request"),
)
"""What is put in the place of: module, class and method."""


class Network:
    """A Transport over the network; a context manager, to be used by any number of threads.

    Each leaves its turn where it waits for others.
    """

    def __init__(self, options: HttpOptions = DEFAULTS, turn: Turn = ALONE) -> None:
        self._options = options
        self._turn = turn
        self._proxies = Proxies(options)
        self._lean = LeanTransport(options, turn)
        self._lock = threading.Lock()
        self._httpx: HttpTransport | None = None
        if options.proxy:
            self._whole()  # one that cannot be used is refused at once

    def send(self, request: Request, timeout: float | None) -> Reply:
        if self._needs_httpx(request):
            with self._turn.left():
                return self._whole().send(request, timeout)
        return self._lean.send(request, timeout)

    def send_breakably(self, request: Request, timeout: float | None, enough: Callable[[], bool]) -> Reply:
        """Send where no signal says that the user has had `enough`; raise KeyboardInterrupt then."""
        if self._needs_httpx(request):
            from runner.shell.interrupt import aside

            with self._turn.left():
                return aside(lambda: self._whole().send(request, timeout), enough)
        return self._lean.send(request, timeout, enough)

    def _needs_httpx(self, request: Request) -> bool:
        return is_replaced() or self._proxies.have(request.url)

    def _whole(self) -> HttpTransport:
        with self._lock:
            if self._httpx is None:
                from runner.shell.http import HttpTransport

                self._httpx = HttpTransport(self._options)
            return self._httpx

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._lean.close()
        if self._httpx is not None:
            self._httpx.close()

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncNetwork:
    """`Network`, awaited, for asyncio; an asynchronous context manager."""

    def __init__(self, options: HttpOptions = DEFAULTS) -> None:
        from runner.shell.lean.awaited import AsyncLeanTransport

        self._options = options
        self._proxies = Proxies(options)
        self._lean = AsyncLeanTransport(options)
        self._httpx: AsyncHttpTransport | None = None
        if options.proxy:
            self._whole()

    async def send(self, request: Request, timeout: float | None) -> Reply:
        if is_replaced() or self._proxies.have(request.url):
            return await self._whole().send(request, timeout)
        return await self._lean.send(request, timeout)

    def _whole(self) -> AsyncHttpTransport:
        if self._httpx is None:
            from runner.shell.http import AsyncHttpTransport

            self._httpx = AsyncHttpTransport(self._options)
        return self._httpx

    async def aclose(self) -> None:
        """Close the connections that are kept alive."""
        await self._lean.aclose()
        if self._httpx is not None:
            await self._httpx.aclose()

    async def __aenter__(self) -> AsyncNetwork:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def is_replaced() -> bool:
    """Say whether somebody stands in for httpx, or for what it stands on."""
    return "httpx" in sys.modules and any(not _is_original(*each) for each in REPLACED)


def _is_original(module: str, kind: str, method: str) -> bool:
    """Say whether a method is the one that its package came with: a wrapper copies a name, but no code."""
    found = getattr(getattr(sys.modules.get(module), kind, None), method, None)
    code = getattr(found, "__code__", None)
    return code is not None and code.co_name == method and f"/{module}/" in code.co_filename.replace("\\", "/")

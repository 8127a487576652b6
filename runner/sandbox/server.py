"""Turns a stand-in into an HTTP server; Civitai's has its APIs on one port, and the blobs they link to.

/api/v1/…       Site API (also without the prefix)
/v2/consumer/…  Orchestration API
/blobs/…        what generation workflows made, and where uploads are put
/api/auth/…     OAuth API
/__outbox       the webhooks of the Orchestration API, and what became of them
/, /__state     what it holds, as a page and as JSON
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType, TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route, request_response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from runner.errors import UsageError
from runner.exchange import Reply, Request, Response, Transport, TransportFailure, header
from runner.records import Frozen, field
from runner.sandbox.civitai.outbox import Row
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import MAX_BODY, SANDBOX_TOKEN, Settings
from runner.sandbox.courier import Courier
from runner.sandbox.faults import Faults
from runner.sandbox.generic import GenericSandbox
from runner.sandbox.page import STATE, RequestLog, StatePage
from runner.sandbox.stand_in import Answer

# "A server MUST accept the absolute-form in requests" (RFC 9112, 3.2.2), whoever it names.
_AUTHORITY = re.compile(r"^https?://[^/]*", re.IGNORECASE)


class ScaledTime(Frozen):
    """The wall's time from the moment this was made, running `scale` times as fast."""

    scale: float
    began: float = field(default_factory=time.time)
    _mark: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return self.began + (time.monotonic() - self._mark) * self.scale


def serve(
    host: str, port: int, settings: Settings, announce: Callable[[str], None], outlet: Transport | None = None
) -> list[Row]:
    """Serve the sandbox until SIGINT or SIGTERM; port 0 is any that is free. `announce` is told the URL.

    Webhooks leave through `outlet`. Give those that were not delivered.
    """
    with contextlib.closing(_listen(host, port)) as listener:
        url = _url(host, listener)
        with _civitai(url, settings, outlet) as (sandbox, app):
            _run(app, listener, lambda: announce(url))
        return sandbox.outbox.undelivered


def serve_descriptions(
    host: str, port: int, make: Callable[[str], GenericSandbox], announce: Callable[[str], None]
) -> None:
    """Serve stand-ins for descriptions, made for a URL, until SIGINT or SIGTERM; port 0 is any that is free."""
    with contextlib.closing(_listen(host, port)) as listener:
        url = _url(host, listener)
        _run(described(make(url), url), listener, lambda: announce(url))


def _run(app: Starlette, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve an application until a signal ends it."""
    server = _server(app)
    announce()
    with _stopping(server):
        server.run(sockets=[listener])


def described(sandbox: GenericSandbox, url: str) -> Starlette:
    """Wrap stand-ins for descriptions as an ASGI application; pages of any origin may read what they reply."""
    app = application(Served(sandbox.answer, sandbox.faults), url)
    every = ["*"]
    app.add_middleware(
        CORSMiddleware, allow_origins=every, allow_methods=every, allow_headers=every, expose_headers=every
    )
    return app


class Running:
    """A sandbox, or the stand-in that is given, served from a thread while the `with` block lasts; `url` is where.

    A sandbox is to be found as `sandbox`, also after its end, and its webhooks leave through `outlet`.
    """

    sandbox: CivitaiSandbox

    def __init__(
        self,
        settings: Settings | None = None,
        host: str = "127.0.0.1",
        *,
        stand_in: Answer | None = None,
        outlet: Transport | None = None,
    ) -> None:
        self._settings = settings or Settings()
        self._host = host
        self._stand_in = stand_in
        self._outlet = outlet
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> Running:
        listener = _listen(self._host, 0)
        self.url = _url(self._host, listener)
        self._server = _server(self._application())
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._ending.close()

    def _application(self) -> Starlette:
        if self._stand_in is not None:
            return application(Served(self._stand_in), self.url)
        self.sandbox, app = self._ending.enter_context(_civitai(self.url, self._settings, self._outlet))
        return app


class Served(Frozen):
    """A stand-in as it is served: the faults in front of it, who is told of its requests, and a page about it.

    `sleep` lets the seconds of a latency pass, on the wall's clock if it is not told otherwise.
    """

    answer: Answer
    faults: Faults = field(default_factory=lambda: Faults(()))
    log: RequestLog | None = None
    page: StatePage | None = None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def reply(self, request: Request) -> Reply:
        """Answer a request, or let it go wrong."""
        met = self.faults.meet(request)
        await self.sleep(met.latency)
        reply = met.reply or self.answer(request)
        if self.log is not None:
            self.log.note(request, reply)
        return reply


def application(served: Served, url: str) -> Starlette:
    """Wrap a stand-in that lives at a URL as an ASGI application; web pages of any origin may read what it replies."""

    async def answer(request: HttpRequest) -> HttpResponse:
        try:
            reply = await served.reply(await _received(request, url))
        except ClientDisconnect:
            return _NoAnswer()
        return _NoAnswer() if isinstance(reply, TransportFailure) else _sent(reply)

    every = ["*"]
    shared = CORSMiddleware(
        request_response(answer), allow_origins=every, allow_methods=every, allow_headers=every, expose_headers=every
    )
    app = Starlette(routes=_pages(served.page))
    app.router.redirect_slashes = False
    app.router.default = shared
    return app


def _pages(page: StatePage | None) -> list[Route]:
    """Show a page at the root, and its state as JSON."""
    if page is None:
        return []

    async def front(_request: HttpRequest) -> HttpResponse:
        return _sent(page.html())

    async def state(_request: HttpRequest) -> HttpResponse:
        return _sent(page.json())

    return [Route("/", front), Route(STATE, state)]


@contextlib.contextmanager
def _civitai(url: str, settings: Settings, outlet: Transport | None) -> Iterator[tuple[CivitaiSandbox, Starlette]]:
    """Open the sandbox that lives at a URL. At the end its outbox is closed."""
    began = time.time() if settings.start is None else settings.start
    clock = ScaledTime(settings.time_scale, began)
    sandbox = CivitaiSandbox(clock, settings, origin=url)
    log = RequestLog(clock, sandbox.operation)
    page = StatePage("A stand-in for Civitai's APIs", _lines(url), lambda: (log.section(), *sandbox.sections()))

    def served(answer: Answer) -> Starlette:
        return application(Served(answer, sandbox.faults, log, page), url)

    if outlet is None:
        try:
            yield sandbox, served(sandbox.answer)
        finally:
            sandbox.outbox.close(clock.now())
        return
    with Courier(sandbox.outbox, clock, outlet) as courier:
        yield sandbox, served(courier.noticing(sandbox.answer))


class _NoAnswer(HttpResponse):
    """What a dropped connection is answered by: its end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope["app"].state.connections.get(scope["client"][:2])
        if transport is not None:
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


async def _received(request: HttpRequest, url: str) -> Request:
    """Read a request. Of a body that is too large the rest is read and dropped, so that its sender hears the answer."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: MAX_BODY + 1 - len(body)]
    path = "/" + _AUTHORITY.sub("", request.scope["raw_path"].decode("latin-1")).removeprefix("/")
    query = request.scope["query_string"].decode("latin-1")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    return Request(request.method, f"{url}{path}{'?' * bool(query)}{query}", headers, bytes(body))


def _sent(response: Response) -> HttpResponse:
    sent = HttpResponse(response.body, response.status)
    if header(response.headers, "content-length") is not None:
        del sent.headers["content-length"]  # HEAD has told that of the body it leaves out
    sent.raw_headers.extend(
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    )
    return sent


def _server(app: Starlette) -> uvicorn.Server:
    connections: dict[tuple[str, int], asyncio.BaseTransport] = {}
    app.state.connections = connections

    class Protocol(H11Protocol):
        """HTTP whose connections are known by the address of their other end, so that one can be dropped."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self._peer = transport.get_extra_info("peername")[:2]
            connections[self._peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self._peer, None)
            super().connection_lost(exc)

    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=Protocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # a connection is known by its own address
            timeout_graceful_shutdown=1,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """Open the port, so that whoever is told of it can connect at once."""
    if not 0 <= port <= 65535:
        raise UsageError(f"cannot serve on {host} port {port}: a port is a number from 0 to 65535")
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"cannot serve on {host} port {port}: {error.strerror or error}") from error
    # Looked at anew it says that it is TCP: only then asyncio sends small packets at once, and no reply waits 40 ms.
    return socket.socket(fileno=listener.detach())


def _url(host: str, listener: socket.socket) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the server and nothing else.

    uvicorn takes the signals while it runs and raises them again afterwards, for whoever had them before: us.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _lines(url: str) -> tuple[str, ...]:
    return (
        "Nothing here is real, and nothing costs anything.",
        "",
        f"Site API           {url}/api/v1            for example {url}/api/v1/models?query=xl",
        f"Orchestration API  {url}/v2/consumer",
        f"OAuth API          {url}/api/auth/oauth    apps: demo-app, demo-reader, demo-native",
        f"Webhooks           {url}/__outbox",
        f"Token              any; for example        Authorization: Bearer {SANDBOX_TOKEN}",
        "",
        f"Send a workflow here:  arazzo run FLOW --server site={url}/api/v1 --server orchestration={url}",
        f"                       and, where it has that source, --server oauth={url}",
        "",
        "A prompt steers how its workflow ends: [fail], [expire], [stall], [slow:60], [empty], [nsfw:blocked].",
    )

"""Turns a stand-in into an HTTP server; Civitai's has its APIs on one port, and the blobs they link to.

/api/v1/…       Site API (also without the prefix)
/v2/consumer/…  Orchestration API
/blobs/…        what generation workflows made
/api/auth/…     OAuth API
/__outbox       the webhooks of the Orchestration API, and what became of them
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType, TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import PlainTextResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from runner.errors import UsageError
from runner.exchange import Request, Response, Transport
from runner.sandbox.civitai.outbox import Row
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import MAX_BODY, SANDBOX_TOKEN, Settings
from runner.sandbox.courier import Courier
from runner.sandbox.stand_in import Answer

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class ScaledTime:
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
            server = _server(app)
            announce(url)
            with _stopping(server):
                server.run(sockets=[listener])
        return sandbox.outbox.undelivered


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
            return application(self._stand_in, self.url)
        self.sandbox, app = self._ending.enter_context(_civitai(self.url, self._settings, self._outlet))
        return app


def application(stand_in: Answer, url: str, page: str | None = None) -> Starlette:
    """Wrap a stand-in that lives at a URL as an ASGI application; a page is shown at its root."""

    async def front(_request: HttpRequest) -> HttpResponse:
        return PlainTextResponse(page)

    async def answer(request: HttpRequest) -> HttpResponse:
        sent = _sent(stand_in(await _received(request, url)))
        if request.method == "HEAD":
            del sent.headers["content-length"]  # of the body that is not sent nobody knows it
        return sent

    rest = Route("/{path:path}", answer, methods=METHODS)
    return Starlette(routes=[rest] if page is None else [Route("/", front), rest])


@contextlib.contextmanager
def _civitai(url: str, settings: Settings, outlet: Transport | None) -> Iterator[tuple[CivitaiSandbox, Starlette]]:
    """Open the sandbox that lives at a URL. At the end its outbox is closed."""
    clock = ScaledTime(settings.time_scale)
    sandbox = CivitaiSandbox(clock, settings, origin=url)
    if outlet is None:
        yield sandbox, application(sandbox.answer, url, _page(url))
        sandbox.outbox.close(clock.now())
        return
    with Courier(sandbox.outbox, clock, outlet) as courier:
        yield sandbox, application(courier.noticing(sandbox.answer), url, _page(url))


async def _received(request: HttpRequest, url: str) -> Request:
    """Read a request. Of a body that is too large the rest is read and dropped, so that its sender hears the answer."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: MAX_BODY + 1 - len(body)]
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    return Request(request.method, f"{url}{path}{'?' * bool(query)}{query}", headers, bytes(body))


def _sent(response: Response) -> HttpResponse:
    sent = HttpResponse(response.body, response.status)
    sent.raw_headers.extend(
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    )
    return sent


def _server(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    """Open the port, so that whoever is told of it can connect at once."""
    if not 0 <= port <= 65535:
        raise UsageError(f"cannot serve on {host} port {port}: a port is a number from 0 to 65535")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"cannot serve on {host} port {port}: {error.strerror or error}") from error


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


def _page(url: str) -> str:
    return f"""A stand-in for Civitai's APIs. Nothing here is real, and nothing costs anything.

Site API           {url}/api/v1            for example {url}/api/v1/models?query=xl
Orchestration API  {url}/v2/consumer
OAuth API          {url}/api/auth/oauth    apps: demo-app, demo-reader, demo-native
Webhooks           {url}/__outbox
Token              any; for example        Authorization: Bearer {SANDBOX_TOKEN}

Send a workflow here:  arazzo run FLOW --server site={url}/api/v1 --server orchestration={url}

A prompt steers how its workflow ends: [fail], [expire], [stall], [slow:60].
"""

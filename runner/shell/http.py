"""Turns one Request into bytes on a connection, and the bytes that come back into one Reply. All of httpx is here.

`network` sends by it what `lean` cannot, or what somebody else is to see.

A transport makes one hop: no redirects, no cookies, no credentials, and no header field beyond those of the request
(`wire.complete` wrote them). It never raises for what the world does: that is a TransportFailure. The timeout bounds
the whole attempt, however slowly the bytes trickle; only name resolution in the synchronous transport cannot be
interrupted. A request is repeated in one case, when a kept-alive connection turns out to have been closed and the
method is idempotent (RFC 9110, 9.2.2).

Importing this module imports httpx, so it is itself imported late.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from runner.errors import UsageError
from runner.exchange import Reply, Request, Response, TransportFailure, header
from runner.records import Mutable, field
from runner.shell.codings import CodingError, TooLargeError, undo
from runner.shell.deadline import Info, keep_watch, look_up, within
from runner.shell.failures import (
    INVALID_REQUEST,
    UNASKED_PROTOCOL,
    FailedError,
    bad_url,
    cut_off,
    late,
    no_connection,
    not_http,
    not_unpacked,
    too_large,
)
from runner.shell.lean.reading import HEAD_TOO_LONG
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.proxies import Proxies
from runner.shell.reach import ANYWHERE, Reach
from runner.shell.trust import Terms, Trust
from runner.shell.unasked import end_where_more_came
from runner.shell.wire import IDEMPOTENT, is_framed, legal_url

if "httpx" not in sys.modules:
    # `import httpx` also imports its command line, and with it rich and pygments: two thirds of its cost. httpx is made
    # to live without ("except ImportError"), and None is how `sys.modules` says that a module cannot be imported. The
    # entry is taken out again, so whoever wants that command line later finds it.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    import httpx

    del sys.modules["httpx._main"]

import httpcore
import httpx

PLAINLY = {
    "Receive buffer too long": HEAD_TOO_LONG,
    "illegal request line": "illegal status line",
    "Only Transfer-Encoding": "its Transfer-Encoding is not 'chunked'",
    "multiple Transfer-Encoding headers": "its Transfer-Encoding is not 'chunked'",
    "Received server _SWITCH_UPGRADE event without a pending proposal": UNASKED_PROTOCOL,
}
"""What h11 says of an answer, where it has words that are not for one, or that break off at a colon."""

T = TypeVar("T", bound=httpx.HTTPTransport | httpx.AsyncHTTPTransport)


class HttpTransport:
    """A Transport over the network; a context manager, to be used by any number of threads."""

    def __init__(self, options: HttpOptions = DEFAULTS) -> None:
        self._options = options
        self._routes = Routes(options, httpx.HTTPTransport)

    def send(self, request: Request, timeout: float | None) -> Reply:
        timeout = self._options.timeout if timeout is None else timeout
        within(timeout)
        attempt = Attempt.of(request, timeout, self._options)
        if isinstance(attempt, TransportFailure):
            return attempt
        reply = self._try(attempt)
        return self._try(attempt) if attempt.may_repeat(reply) else reply

    def _try(self, attempt: Attempt) -> Reply:
        outgoing = attempt.outgoing(attempt.note)
        try:
            transport = attempt.through(self._routes)
            if unknown := attempt.behind_proxy(self._routes):
                self._routes.judge(unknown, look_up(*unknown))
            response = transport.handle_request(outgoing)
            attempt.answered = True
            stream = response.stream
            assert isinstance(stream, httpx.SyncByteStream)
            try:
                for chunk in stream:
                    attempt.take(chunk)
            finally:
                end_where_more_came(stream)
                stream.close()
            return attempt.reply(response)
        except Exception as error:
            return attempt.failure(error)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        for transport in self._routes.clear():
            transport.close()

    def __enter__(self) -> HttpTransport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncHttpTransport:
    """An AsyncTransport over the network, for asyncio; an asynchronous context manager."""

    def __init__(self, options: HttpOptions = DEFAULTS) -> None:
        self._options = options
        self._routes = Routes(options, httpx.AsyncHTTPTransport)

    async def send(self, request: Request, timeout: float | None) -> Reply:
        timeout = self._options.timeout if timeout is None else timeout
        attempt = Attempt.of(request, timeout, self._options)
        if isinstance(attempt, TransportFailure):
            return attempt
        try:
            async with asyncio.timeout(timeout):
                reply = await self._try(attempt)
                return await self._try(attempt) if attempt.may_repeat(reply) else reply
        except TimeoutError:
            return late(timeout, attempt.answered)

    async def _try(self, attempt: Attempt) -> Reply:
        outgoing = attempt.outgoing(attempt.anote)
        try:
            transport = attempt.through(self._routes)
            if unknown := attempt.behind_proxy(self._routes):
                self._routes.judge(unknown, await asyncio.to_thread(look_up, *unknown))
            response = await transport.handle_async_request(outgoing)
            attempt.answered = True
            stream = response.stream
            assert isinstance(stream, httpx.AsyncByteStream)
            try:
                async for chunk in stream:
                    attempt.take(chunk)
            finally:
                end_where_more_came(stream)
                await stream.aclose()
            return attempt.reply(response)
        except Exception as error:
            return attempt.failure(error)

    async def aclose(self) -> None:
        """Close the connections that are kept alive."""
        for transport in self._routes.clear():
            await transport.aclose()

    async def __aenter__(self) -> AsyncHttpTransport:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Attempt(Mutable):
    """One request under way: what is sent, how far it came, and how its end is told.

    `fresh`: a connection was opened for it; `reused`: it was sent on one that was open. `answered`: status line and
    headers are there.
    """

    request: Request
    url: httpx.URL
    timeout: float | None
    max_body: int
    peer: tuple[str, int]
    fresh: bool = False
    reused: bool = False
    answered: bool = False
    proxied: bool = False
    connection: httpcore.AsyncNetworkStream | None = None
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    @staticmethod
    def of(request: Request, timeout: float | None, options: HttpOptions) -> Attempt | TransportFailure:
        """Give the attempt at a request, or why its URL cannot be requested."""
        text = legal_url(request.url)
        if isinstance(text, TransportFailure):
            return text
        if not is_framed(request):
            return INVALID_REQUEST
        try:
            url = httpx.URL(text)
            return Attempt(request, url, timeout, options.max_body, _address(url))
        except httpx.InvalidURL as error:
            return bad_url(str(error).lower())
        except UnicodeError:  # `_address` reads the host, and an `xn--` label may stand for nothing
            return bad_url("its host name is not valid")

    def outgoing(self, note: Callable[[str, Any], object]) -> httpx.Request:
        """Give the request as httpx takes it: header bytes exactly as they are here."""
        headers = [(name.encode(), value.encode()) for name, value in self.request.headers]
        outgoing = httpx.Request(
            self.request.method, self.url, headers=headers, content=self.request.body, extensions={"trace": note}
        )
        outgoing.method = self.request.method  # httpx would write `purge` as `PURGE`
        return outgoing

    def through(self, routes: Routes[T]) -> T:
        """Choose the transport, and with it who is at the other end of the connection."""
        route = routes.to(self.url)
        self.peer = _address(route.proxy.url) if route.proxy else _address(self.url)
        self.proxied = route.proxy is not None
        return route.transport

    def behind_proxy(self, routes: Routes[T]) -> tuple[str, int] | None:
        """Give what a proxy will look up, where its address has to be judged: for a document that was fetched."""
        where = _place(self.url)
        return where if self.proxied and routes.reach.fetched and where not in routes.unknown else None

    def note(self, event: str, _info: object) -> None:
        """Notice from httpcore's trace what connection the request goes out on."""
        self.fresh = self.fresh or event.endswith("connect_tcp.started")
        self.reused = not self.fresh and (self.reused or event.endswith("send_request_headers.started"))

    async def anote(self, event: str, info: Mapping[str, Any]) -> None:
        """`note`, awaited; httpcore leaves a connection open whose TLS handshake is cancelled, so it is closed here."""
        self.note(event, info)
        if event.endswith("connect_tcp.complete"):
            self.connection = info["return_value"]
        elif event.endswith("start_tls.failed") and self.connection is not None:
            await self.connection.aclose()

    def may_repeat(self, reply: Reply) -> bool:
        """Say whether the same request may go out again: nothing came back on a connection that had been idle."""
        closed = isinstance(reply, TransportFailure) and reply.kind == "closed"
        return closed and self.reused and self.request.method.upper() in IDEMPOTENT

    def take(self, chunk: bytes) -> None:
        """Take some of the body; raises TooLargeError."""
        self.size += len(chunk)
        if self.size > self.max_body:
            raise TooLargeError
        self.chunks.append(chunk)

    def reply(self, response: httpx.Response) -> Response:
        """Give the response once its body is complete; raises what `undo` does."""
        headers = tuple((_text(name), _text(value)) for name, value in response.headers.raw)
        body = undo(b"".join(self.chunks), header(headers, "content-encoding"), self.max_body)
        return Response(response.status_code, headers, body, response.reason_phrase)

    def failure(self, error: Exception) -> TransportFailure:
        """Say in one line why there is no response; an exception that is none of the world's doing is raised again."""
        match error:
            case FailedError():
                return error.failure
            case TooLargeError():
                return too_large(self.max_body)
            case CodingError():
                return not_unpacked(error)
            case httpx.TimeoutException():
                return late(self.timeout, self.answered)
            case httpx.ConnectError():
                failure = no_connection(error, *self.peer)
                # through a tunnel it is the server's certificate, not the proxy's
                return no_connection(error, *_address(self.url)) if failure.kind == "tls" else failure
            case httpx.ProxyError():
                return TransportFailure("connect", f"the proxy opened no connection: {str(error).lower()}")
            case httpx.LocalProtocolError():
                return INVALID_REQUEST
            case httpx.RemoteProtocolError():
                return self._not_http(str(error))
            case httpx.NetworkError() | OSError():
                return cut_off(self.answered)
            case _:
                raise error

    def _not_http(self, complaint: str) -> TransportFailure:
        """Tell httpcore's and h11's complaints apart; what the server sent (after the colon) stays out of it."""
        if complaint.startswith("Server disconnected"):
            return cut_off(self.answered)
        if complaint.startswith("peer unexpectedly closed connection"):
            return cut_off(self.answered, "(incomplete chunked read)")
        if complaint.startswith("peer closed connection"):
            return cut_off(self.answered, complaint[complaint.find("(") :] if "(" in complaint else "")
        detail = complaint.partition(":")[0]
        return not_http(PLAINLY.get(detail, detail))


def _address(url: httpx.URL) -> tuple[str, int]:
    return url.host, url.port or (443 if url.scheme == "https" else 80)


def _place(url: httpx.URL) -> tuple[str, int]:
    """Give what is looked up: a host in ASCII, where `_address` is for people."""
    return url.raw_host.decode("ascii").strip("[]"), _address(url)[1]


def _text(field_bytes: bytes) -> str:
    """Read header bytes as what they are today (UTF-8), else as what they were once (ISO 8859-1)."""
    try:
        return field_bytes.decode()
    except UnicodeDecodeError:
        return field_bytes.decode("latin-1")


class Route(NamedTuple, Generic[T]):
    """A pool of connections, and the proxy they go through."""

    transport: T
    proxy: httpx.Proxy | None


class RouteKey(NamedTuple):
    """What sets pools apart: the terms of TLS, None where there is none, and the proxy."""

    terms: Terms | None
    proxy: str | None


class Routes(Generic[T]):
    """The pools a transport sends through, each made when first needed."""

    def __init__(self, options: HttpOptions, make: Callable[..., T]) -> None:
        self._options = options
        self._make = make
        self._proxies = Proxies(options)
        if options.proxy:
            _proxy(options.proxy)
        self._routes: dict[RouteKey, Route[T]] = {}
        self._lock = threading.Lock()
        self._trust = Trust(options)
        self.reach = Reach(options)
        self.unknown: set[tuple[str, int]] = set()

    def to(self, url: httpx.URL) -> Route[T]:
        """Give the route to a URL; raises FailedError."""
        key = self._key(url)
        if key.proxy and (refusal := self.reach.foreseen(*_place(url))):
            raise FailedError(TransportFailure("not-allowed", refusal))
        with self._lock:
            if key not in self._routes:
                self._routes[key] = self._open(key)
            return self._routes[key]

    def judge(self, where: tuple[str, int], found: list[Info]) -> None:
        """Refuse a host behind a proxy that has no address which may be reached; raises FailedError.

        One that has none here is for the proxy to know, and is not asked for again.
        """
        if not found:
            self.unknown.add(where)
        self.reach.permitted(*where, found)

    def clear(self) -> list[T]:
        """Forget all pools and give them, to be closed."""
        with self._lock:
            opened = [route.transport for route in self._routes.values()]
            self._routes.clear()
        return opened

    def _key(self, url: httpx.URL) -> RouteKey:
        host, port = _address(url)
        return RouteKey(
            self._trust.terms(host, port) if url.scheme == "https" else None, self._proxies.to(url.scheme, host, port)
        )

    def _open(self, key: RouteKey) -> Route[T]:
        try:
            proxy = httpx.Proxy(key.proxy) if key.proxy else None
            if proxy is not None:
                _address(proxy.url)  # a host that cannot be read is noticed here
            context = self._trust.context(key.terms) if key.terms else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
            transport = self._make(verify=context, proxy=proxy, limits=limits)
            # the proxy is where the user put it, which may be anywhere
            keep_watch(transport._pool, Reach(ANYWHERE) if proxy else self.reach)  # httpx has no public way there
            return Route(transport, proxy)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # the proxy's own URL stays out of the message: it may hold a password
            whose = "that is given" if self._options.proxy else "that the environment names"
            raise FailedError(TransportFailure("connect", f"the proxy {whose} cannot be used")) from error


def _proxy(url: str) -> None:
    """Refuse a proxy that is given and cannot be used; its URL may hold a password and is not repeated."""
    try:
        httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise UsageError("the proxy that is given cannot be used", "write http://host:port") from error

"""Turns one Send into the requests that leave for it, and their replies into one Exchange.

A generator yields `(request, timeout)`, one hop each, and is sent `(reply, took)`: it adds credentials and cookies,
follows redirects and counts the time, while whoever pumps it (`carry`, `acarry`) only moves bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

from runner.engine.flow import Send
from runner.exchange import (
    AsyncClock,
    AsyncTransport,
    Clock,
    Exchange,
    Hop,
    Reply,
    Request,
    Response,
    Transport,
    TransportFailure,
    header,
)
from runner.openapi.document import Operation
from runner.shell.auth import NO_CREDENTIALS, Credentials, authorize, slots, with_cookies
from runner.shell.clock import http_date
from runner.shell.cookies import CookieJar
from runner.shell.options import USER_AGENT
from runner.shell.wire import complete, legal_url, origin, without_user_info

Delivery: TypeAlias = Generator[tuple[Request, float | None], tuple[Reply, float], Exchange]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
CONTENT_FIELDS = frozenset(
    {
        "content-type",
        "content-length",
        "content-encoding",
        "content-language",
        "content-location",
        "content-disposition",
        "transfer-encoding",
    }
)
NEVER_ELSEWHERE = frozenset({"authorization", "proxy-authorization", "cookie", "host"})


@dataclass(frozen=True, slots=True)
class Session:
    """What the requests of one run share. `now` gives seconds since 1970, for cookies and dates."""

    now: Callable[[], float]
    credentials: Credentials = NO_CREDENTIALS
    jar: CookieJar = field(default_factory=CookieJar)
    user_agent: str = USER_AGENT
    max_redirects: int = 10


def deliver(send: Send, session: Session) -> Delivery:
    """Carry out one Send: as many hops as it takes, all within its timeout."""
    request, trusted = without_user_info(send.request), True
    hops: list[Hop] = []
    took = 0.0
    while True:
        if isinstance(sent := _as_sent(request, send.operation, session, trusted), TransportFailure):
            return Exchange(request, sent, took, tuple(hops))
        left = None if send.timeout is None else send.timeout - took
        if left is not None and left <= 0:
            return Exchange(sent, _too_late(send.timeout, hops), took, tuple(hops))
        reply, seconds = yield sent, left
        took += seconds
        if isinstance(reply, TransportFailure):
            late = hops and reply.kind == "timeout" and send.timeout is not None
            return Exchange(sent, _too_late(send.timeout, hops) if late else reply, took, tuple(hops))
        session.jar.store(sent.url, reply.headers, session.now())
        reply = _with_delay_in_seconds(reply, session.now())
        onward = _redirected(request, sent.url, reply, send.operation)
        if onward is None:
            return Exchange(sent, reply, took, tuple(hops))
        if isinstance(onward, Request) and len(hops) == session.max_redirects:
            onward = TransportFailure("redirects", f"it was redirected more than {session.max_redirects} times")
        if isinstance(onward, TransportFailure):
            return Exchange(sent, onward, took, tuple(hops))
        hops.append(Hop(sent, reply))
        # Once elsewhere, the path is in a stranger's hand, even where it leads back: credentials stay off it.
        request, trusted = onward, trusted and origin(onward.url) == origin(sent.url)


def _as_sent(request: Request, operation: Operation, session: Session, trusted: bool) -> Request | TransportFailure:
    url = legal_url(request.url)
    if isinstance(url, TransportFailure):
        return url
    if trusted:
        request = authorize(request, operation, session.credentials)
    return complete(with_cookies(request, session.jar.pairs(url, session.now())), session.user_agent)


def _too_late(timeout: float | None, hops: list[Hop]) -> TransportFailure:
    after = f", after {len(hops)} redirect{'s' if len(hops) > 1 else ''}" if hops else ""
    return TransportFailure("timeout", f"no response within {timeout or 0:g} s{after}")


def _with_delay_in_seconds(response: Response, now: float) -> Response:
    """Turn a Retry-After date into seconds from now (RFC 9110, 10.2.3), so that a replay needs no clock."""
    headers = tuple(
        (name, str(max(0, ceil(date - now))))
        if name.lower() == "retry-after" and (date := http_date(value)) is not None
        else (name, value)
        for name, value in response.headers
    )
    return response if headers == response.headers else replace(response, headers=headers)


def _redirected(
    request: Request, url: str, response: Response, operation: Operation
) -> Request | TransportFailure | None:
    """Give the request that a redirect asks for; None where the response is the answer."""
    if response.status not in REDIRECTS or operation.declares(response.status):
        return None
    target = _location(url, header(response.headers, "location"))
    if target is None:
        return None
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
        return TransportFailure("redirects", "a redirect from https to http was refused")
    if _becomes_get(request.method, response.status):
        kept = tuple(pair for pair in request.headers if pair[0].lower() not in CONTENT_FIELDS)
        request = replace(request, method="GET", headers=kept, body=b"")
    if origin(target) != origin(url):
        secret = {slot.name for slot in slots(operation) if slot.location == "header"} | NEVER_ELSEWHERE
        request = replace(request, headers=tuple(pair for pair in request.headers if pair[0].lower() not in secret))
    return replace(request, url=target)


def _becomes_get(method: str, status: int) -> bool:
    """RFC 9110, 15.4: 303 asks for a GET; after 301 and 302 "a user agent MAY change the request method from POST"."""
    method = method.upper()
    return (status == 303 and method not in ("GET", "HEAD")) or (status in (301, 302) and method == "POST")


def _location(url: str, location: str | None) -> str | None:
    """Resolve a Location; nothing where it is missing, not a URL, or not for HTTP (`app://callback`)."""
    if not location:
        return None
    try:
        target = legal_url(urljoin(url, location))
    except ValueError:
        return None
    return None if isinstance(target, TransportFailure) else target


def carry(delivery: Delivery, transport: Transport, clock: Clock) -> Exchange:
    """Pump a delivery through a transport to its end."""
    answer: tuple[Reply, float] | None = None
    with closing(delivery):
        while True:
            try:
                request, timeout = next(delivery) if answer is None else delivery.send(answer)
            except StopIteration as stop:
                exchange: Exchange = stop.value
                return exchange
            began = clock.monotonic()
            reply = transport.send(request, timeout)
            answer = reply, clock.monotonic() - began


async def acarry(delivery: Delivery, transport: AsyncTransport, clock: AsyncClock) -> Exchange:
    """Pump a delivery through an awaited transport to its end."""
    answer: tuple[Reply, float] | None = None
    with closing(delivery):
        while True:
            try:
                request, timeout = next(delivery) if answer is None else delivery.send(answer)
            except StopIteration as stop:
                exchange: Exchange = stop.value
                return exchange
            began = clock.monotonic()
            reply = await transport.send(request, timeout)
            answer = reply, clock.monotonic() - began

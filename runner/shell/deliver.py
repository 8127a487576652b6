"""Turns one Send into the requests that leave for it, and their replies into one Exchange.

A generator yields effects and is sent what came of them: it adds credentials and cookies, follows redirects and counts
the time, while whoever pumps it (`carry`, `acarry`) only moves bytes and waits. What a token costs is not counted.

Where requests are held back, one is let in first and gets its credentials then: a token may not live as long as that
takes. What a request that has been let in needs besides (a token, a second try) leaves at once, and later ones wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from math import ceil
from typing import NamedTuple, assert_never
from urllib.parse import urljoin, urlsplit

from runner.engine.flow import Send
from runner.exchange import (
    AsyncClock,
    AsyncTransport,
    Clock,
    Exchange,
    Gate,
    Headers,
    Hop,
    Reply,
    Request,
    Response,
    Transport,
    TransportFailure,
    header,
)
from runner.openapi.document import Operation
from runner.records import Frozen, field, replace
from runner.secrets import SHORTEST, is_secret_name
from runner.shell.auth.credentials import NO_CREDENTIALS, Credentials
from runner.shell.auth.endpoint import Ports
from runner.shell.auth.guard import Dressed, Guard, dress, remember, server_of, undeterred
from runner.shell.auth.offers import Claim
from runner.shell.auth.schemes import slots
from runner.shell.auth.slots import with_cookies
from runner.shell.clock import SLICE, http_date
from runner.shell.cookies import CookieJar
from runner.shell.effects import Arrival, Await, Dispatch, Effect, Enter, Rest, Steps, dispatched, noticing
from runner.shell.options import USER_AGENT
from runner.shell.turn import ALONE, Turn
from runner.shell.wire import complete, legal_url, origin, without_user_info

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
NO_TIME = TransportFailure("timeout", "no time was left")
NEVER_ELSEWHERE = frozenset({"authorization", "proxy-authorization", "cookie", "host"})
SAFE_ELSEWHERE = CONTENT_FIELDS | {"accept", "accept-language", "accept-encoding", "user-agent"}


def nobody(_: frozenset[str]) -> None:
    """Tell nobody of new secrets."""


class Session(Frozen):
    """What the requests of one run share. `now` gives seconds since 1970, for cookies, dates and tokens.

    `learn` is told of secrets that were not known when the run began, `secrets` are those that are known by now.
    `gated` is set where requests are held back.
    """

    now: Callable[[], float]
    credentials: Credentials = NO_CREDENTIALS
    jar: CookieJar = field(default_factory=CookieJar)
    user_agent: str = USER_AGENT
    max_redirects: int = 10
    learn: Callable[[frozenset[str]], None] = nobody
    gated: bool = False
    secrets: set[str] = field(default_factory=set)
    HIDDEN = ("secrets",)

    def guard(self, send: Send, request: Request) -> Guard:
        """Give what adds credentials to the requests of one Send."""
        server = server_of(request.url, send.operation)
        claim = Claim(send.operation, self.credentials, send.source, server)
        return Guard(claim, Ports(self.now, self.credentials.keyring, self.user_agent, self.gated), self.learn)


class Landed(NamedTuple):
    """Where one hop ended: the request that was sent last, what came of it, and the seconds it took.

    `before` are those whose credentials were refused.
    """

    sent: Request
    reply: Reply
    took: float
    before: tuple[Hop, ...] = ()


def deliver(send: Send, session: Session) -> Steps[Exchange]:
    """Carry out one Send: as many hops as it takes, all within its timeout."""
    request = without_user_info(send.request)
    if not isinstance(url := legal_url(request.url), str):
        return Exchange(request, url)
    guard = session.guard(send, request) if send.operation.security else None
    hops: list[Hop] = []
    took, redirects = 0.0, 0
    while True:
        if session.gated:
            yield Enter(request.url)
        left = None if send.timeout is None else send.timeout - took
        hop = _sent(request, session, left) if guard is None else _guarded(request, guard, session, left)
        sent, reply, seconds, before = yield from hop
        took += seconds
        hops += before
        if not isinstance(reply, Response):
            late = reply is NO_TIME or (redirects and reply.kind == "timeout" and send.timeout is not None)
            return Exchange(sent, _too_late(send.timeout, redirects) if late else reply, took, tuple(hops))
        reply = _with_delay_in_seconds(reply, session.now)
        onward = _redirected(request, sent.url, reply, send.operation, session.secrets)
        if onward is None:
            return Exchange(sent, reply, took, tuple(hops))
        if isinstance(onward, Request) and redirects == session.max_redirects:
            onward = TransportFailure("redirects", f"it was redirected more than {session.max_redirects} times")
        if isinstance(onward, TransportFailure):
            return Exchange(sent, onward, took, tuple(hops))
        hops.append(Hop(sent, reply))
        redirects += 1
        # Once elsewhere, the path is in a stranger's hand, even where it leads back: credentials stay off it.
        request, guard = onward, guard if origin(onward.url) == origin(sent.url) else None


def _guarded(request: Request, guard: Guard, session: Session, left: float | None) -> Steps[Landed]:
    """Send one request with its credentials, and once more with others where these were refused."""
    dressed = yield from _dressed_in_turn(request, guard) if session.gated else dress(request, guard)
    if isinstance(dressed, TransportFailure):
        return Landed(request, dressed, 0.0)
    landed = yield from _sent(dressed.request, session, left)
    if not isinstance(landed.reply, Response):
        return landed
    remember(dressed, landed.reply, guard)
    better = yield from undeterred(dressed, landed.reply, guard)
    if better is None:
        return landed
    refused = (Hop(landed.sent, landed.reply),)
    if isinstance(better, TransportFailure):
        return landed._replace(reply=better, before=refused)
    if session.gated:
        yield Enter(request.url, at_once=True)
    again = yield from _sent(better.request, session, None if left is None else left - landed.took)
    if isinstance(again.reply, Response):
        remember(better, again.reply, guard)
    return again._replace(took=landed.took + again.took, before=refused)


def _dressed_in_turn(request: Request, guard: Guard) -> Steps[Dressed | TransportFailure]:
    """Dress a request that has been let in, or let it in anew: many that waited for one token are not to leave at once.

    It is let in anew once only, whatever that takes.
    """
    dressed, has_waited = yield from noticing(dress(request, guard))
    if not has_waited or isinstance(dressed, TransportFailure):
        return dressed
    yield Enter(request.url)
    return (yield from dress(request, guard))


def _sent(request: Request, session: Session, left: float | None) -> Steps[Landed]:
    """Send a request with the cookies for it, as far as HTTP can carry it and there is time."""
    if session.jar.has_cookies and (cookies := session.jar.pairs(request.url, session.now())):
        request = with_cookies(request, cookies)
    finished = complete(request, session.user_agent)
    if not isinstance(finished, Request):
        return Landed(request, finished, 0.0)
    if left is not None and left <= 0:
        return Landed(finished, NO_TIME, 0.0)
    reply, took = yield from dispatched(finished, left)
    if isinstance(reply, Response) and header(reply.headers, "set-cookie") is not None:
        session.jar.store(finished.url, reply.headers, session.now())
    return Landed(finished, reply, took)


def _too_late(timeout: float | None, redirects: int) -> TransportFailure:
    after = f", after {redirects} redirect{'s' if redirects > 1 else ''}" if redirects else ""
    return TransportFailure("timeout", f"no response within {timeout or 0:g} s{after}")


def _with_delay_in_seconds(response: Response, now: Callable[[], float]) -> Response:
    """Turn a Retry-After date into seconds from now (RFC 9110, 10.2.3), so that a replay needs no clock."""
    if header(response.headers, "retry-after") is None:
        return response
    at = now()
    headers = tuple(
        (name, str(max(0, ceil(date - at))))
        if name.lower() == "retry-after" and (date := http_date(value)) is not None
        else (name, value)
        for name, value in response.headers
    )
    return response if headers == response.headers else replace(response, headers=headers)


def _redirected(
    request: Request, url: str, response: Response, operation: Operation, secrets: Collection[str]
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
        request = replace(request, headers=_for_strangers(request.headers, operation, secrets))
    return replace(request, url=target)


def _for_strangers(headers: Headers, operation: Operation, secrets: Collection[str]) -> Headers:
    """Leave out the fields that are credentials: by the description, by their names, or by a secret that they hold."""
    own = {slot.name for slot in slots(operation) if slot.location == "header"} | NEVER_ELSEWHERE
    telling = [each for each in secrets if len(each) >= SHORTEST]

    def is_secret(name: str, value: str) -> bool:
        if name.lower() in own or is_secret_name(name):
            return True
        return name.lower() not in SAFE_ELSEWHERE and any(each in value for each in telling)

    return tuple(pair for pair in headers if not is_secret(*pair))


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


def carry(
    delivery: Steps[Exchange], transport: Transport, clock: Clock, turn: Turn = ALONE, gate: Gate | None = None
) -> Exchange:
    """Pump a delivery through a transport to its end; who waits for what another run does leaves its turn."""
    answer: Arrival | None = None
    try:
        while True:
            try:
                effect = delivery.send(answer)
            except StopIteration as stop:
                exchange: Exchange = stop.value
                return exchange
            answer = _carried(effect, transport, clock, turn, gate)
    finally:
        delivery.close()


def _carried(effect: Effect, transport: Transport, clock: Clock, turn: Turn, gate: Gate | None) -> Arrival | None:
    match effect:
        case Dispatch(request, timeout):
            began = clock.monotonic()
            reply = transport.send(request, timeout)
            return Arrival(reply, clock.monotonic() - began)
        case Await(future, timeout):
            from concurrent.futures import wait  # it is imported already, for there is a Future

            for _ in range(ceil(timeout / SLICE)):
                with turn.left():
                    is_done = wait([future], SLICE).done
                if is_done:
                    break
                clock.sleep(0)  # where Ctrl-C may break in
            return None
        case Rest(seconds):
            clock.sleep(seconds)
            return None
        case Enter(url, at_once):
            if gate is not None:
                gate.enter(url, at_once)
            return None
        case _:
            assert_never(effect)


async def acarry(delivery: Steps[Exchange], transport: AsyncTransport, clock: AsyncClock) -> Exchange:
    """Pump a delivery through an awaited transport to its end."""
    answer: Arrival | None = None
    with closing(delivery):
        while True:
            try:
                effect = delivery.send(answer)
            except StopIteration as stop:
                exchange: Exchange = stop.value
                return exchange
            answer = await _acarried(effect, transport, clock)


async def _acarried(effect: Effect, transport: AsyncTransport, clock: AsyncClock) -> Arrival | None:
    match effect:
        case Dispatch(request, timeout):
            began = clock.monotonic()
            reply = await transport.send(request, timeout)
            return Arrival(reply, clock.monotonic() - began)
        case Await(future, timeout):
            from asyncio import wait, wrap_future

            await wait([wrap_future(future)], timeout=timeout)
            return None
        case Rest(seconds):
            await clock.sleep(seconds)
            return None
        case Enter():  # nobody holds the requests of awaited runs back
            return None
        case _:
            assert_never(effect)

"""Turns a request to one of Civitai's hosts into the response that they would give."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from runner.exchange import Headers, Request, Response, header
from runner.records import Frozen, replace
from runner.sandbox.civitai.accounts import Accounts
from runner.sandbox.civitai.blobs import STORE
from runner.sandbox.civitai.live import live_answer, live_call
from runner.sandbox.civitai.oauth import (
    MOUNTED,
    OAUTH_IDS,
    check_scope,
    civitai_oauth,
    grant_of,
    oauth_operation,
    oauth_refused,
)
from runner.sandbox.civitai.orchestration import ORCHESTRATION
from runner.sandbox.civitai.outbox import Outbox
from runner.sandbox.civitai.parameters import Query
from runner.sandbox.civitai.replies import Refusal, unauthorized
from runner.sandbox.civitai.routes import Api, Call, World, find
from runner.sandbox.civitai.settings import (
    AUTH_ORIGIN,
    BLOB_ORIGIN,
    MAX_BODY,
    ORCHESTRATION_ORIGIN,
    SITE_ORIGIN,
    Settings,
)
from runner.sandbox.civitai.site import SITE
from runner.sandbox.civitai.state import sections
from runner.sandbox.civitai.webhooks import OUTBOX
from runner.sandbox.faults import Faults
from runner.sandbox.ids import digest
from runner.sandbox.page import Section
from runner.sandbox.replies import bodiless, reply
from runner.sandbox.stand_in import Now

_DEFAULT_PORTS = {"https": 443, "http": 80}


class _Mount(Frozen):
    """Where an API answers: on an origin, below a prefix."""

    origin: str
    prefix: str
    api: Api

    def holds(self, origin: str, path: str) -> bool:
        return origin == self.origin and (path + "/").startswith(self.prefix + "/")


def _mounts(origin: str | None) -> tuple[_Mount, ...]:
    """Lay out the APIs: each on its own host, or all on one origin, there the Site API also without its prefix."""
    mounts = (
        _Mount(origin or SITE_ORIGIN, "/api/v1", SITE),
        _Mount(origin or ORCHESTRATION_ORIGIN, "/v2/consumer", ORCHESTRATION),
        _Mount(origin or BLOB_ORIGIN, "/blobs", STORE),
        _Mount(origin or ORCHESTRATION_ORIGIN, "/__outbox", OUTBOX),
    )
    return (*mounts, _Mount(origin, "", SITE)) if origin else mounts


def origin_of(url: str) -> str:
    """Give scheme, host and port of a URL, the default port left out; empty where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    bare = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if bare else f":{port}") if host else ""


OPERATION_IDS = (
    frozenset(route.operation_id for api in (SITE, ORCHESTRATION, STORE) for route in api.routes) | OAUTH_IDS
)
"""What requests can mean."""


class CivitaiSandbox:
    """A stand-in for Civitai's APIs: a function from Request to Response over its state.

    Time is the clock's alone, and nothing is random: the same requests at the same times get the same responses.
    With `origin` everything is served there instead of on Civitai's own hosts. Safe to share between threads.
    It sends nothing: webhooks are left in `outbox`, for whoever moves the bytes.
    """

    def __init__(self, clock: Now, settings: Settings | None = None, *, origin: str | None = None) -> None:
        given = settings or Settings()
        self.settings = replace(given, catalogue=replace(given.catalogue, origin=origin)) if origin else given
        self._clock = clock
        self._mounts = _mounts(origin)
        self.faults = Faults(self.settings.faults, self.operation, self.refuse)
        self._lock = threading.RLock()
        self.outbox = Outbox(self.settings.webhooks, self._lock)
        accounts = Accounts(self.settings)
        self._world = World(self.settings, accounts, f"{origin or BLOB_ORIGIN}/blobs", self.faults, self.outbox)
        self._oauth = civitai_oauth(clock, self.settings)
        self._oauth_origin = origin or AUTH_ORIGIN
        self._answered = 0

    @property
    def latency(self) -> float:
        return self.settings.latency

    def claims(self, url: str) -> bool:
        """Say whether a URL is on one of the hosts that this stands in for."""
        origin = origin_of(url)
        return origin == self._oauth_origin or any(origin == mount.origin for mount in self._mounts)

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        with self._lock:
            self._answered += 1
            if self._is_oauth(request.url):
                return self._oauth.answer(request)
            mount = self._mount(request.url)
            try:
                response = self._dispatch(mount, request)
            except Refusal as refusal:
                response = self._refused(mount, refusal)
        if self.settings.live_like:
            query = Query.parse(request.url.partition("?")[2])
            response = live_answer(mount.api.name, self.operation(request), query, response)
        return bodiless(response) if request.method == "HEAD" else response

    def operation(self, request: Request) -> str | None:
        """Give the operationId that a request means."""
        if self._is_oauth(request.url):
            return oauth_operation(request)
        mount, origin = self._mount(request.url), origin_of(request.url)
        path = urlsplit(request.url).path if origin else ""
        try:
            match = find(mount.api.routes, request.method, path[len(mount.prefix) :])
        except Refusal:
            return None
        return match.route.operation_id if mount.holds(origin, path) else None

    def sections(self) -> tuple[Section, ...]:
        """Give the state for people to look at."""
        with self._lock:
            return sections(self._world, self._oauth.state.tokens.values(), self._clock.now())

    def refuse(self, request: Request, status: int, headers: Headers) -> Response:
        """Answer by an error that was asked for, in the shape of the API that the request is for."""
        refusal = Refusal(status, "a fault that was asked for", headers)
        if self._is_oauth(request.url):
            response = oauth_refused(refusal, oauth_operation(request))
        else:
            response = self._refused(self._mount(request.url), refusal)
        return bodiless(response) if request.method == "HEAD" else response

    def _refused(self, mount: _Mount, refusal: Refusal) -> Response:
        trace_id = digest(self.settings.seed, "trace", self._answered).hex()[:32]
        return reply(mount.api.error(refusal, trace_id), refusal.status, refusal.headers)

    def _is_oauth(self, url: str) -> bool:
        """Say whether the OAuth API is asked: all of its own host, or its paths on an origin that it shares."""
        if origin_of(url) != self._oauth_origin:
            return False
        return self._oauth_origin == AUTH_ORIGIN or urlsplit(url).path.startswith(tuple(f"{each}/" for each in MOUNTED))

    def _mount(self, url: str) -> _Mount:
        """Choose the API: by origin and prefix, else by origin, so that an error has the shape of its host."""
        origin = origin_of(url)
        path = urlsplit(url).path if origin else ""
        there = [mount for mount in self._mounts if mount.holds(origin, path)]
        near = [mount for mount in self._mounts if mount.origin == origin]
        return next(iter((*there, *near, *self._mounts)))

    def _dispatch(self, mount: _Mount, request: Request) -> Response:
        origin = origin_of(request.url)
        if origin != mount.origin:
            raise Refusal(421, f"the sandbox has no stand-in for {origin or 'this URL'}")
        if len(request.body) > MAX_BODY:
            raise Refusal(413, f"the body is larger than {MAX_BODY} bytes")
        url, now, api = urlsplit(request.url), self._clock.now(), mount.api
        if not mount.holds(origin, url.path):
            raise Refusal(404, f"there is no path {url.path}")
        match = find(api.routes, request.method, url.path[len(mount.prefix) :], mount.prefix)
        accounts = self._world.accounts
        credential = header(request.headers, "authorization") if api.tokens else None
        grant = grant_of(self._oauth, self.settings, credential, now)
        caller = accounts.named(grant.subject, now) if grant else accounts.of(credential, now)
        if caller is None and match.route.bearer:
            raise unauthorized(f"{match.route.operation_id} needs a bearer token")
        accounts.count(api.name, caller, now)
        check_scope(grant, match.route.operation_id)
        call = Call(request, match.captured, Query.parse(url.query), caller, now, self._world, grant)
        if self.settings.live_like:
            call = live_call(match.route.operation_id, call)
        response = match.route.answer(call)
        return response if caller else _keepable(response, match.route.fresh)


def _keepable(response: Response, fresh: int) -> Response:
    """Say how long a shared cache may keep a response: "public read endpoints are cached", says the description."""
    kept = (("Cache-Control", f"public, s-maxage={fresh}, stale-while-revalidate={fresh // 2}"),) if fresh else ()
    return replace(response, headers=(*response.headers, *kept))


_HOSTS = (SITE_ORIGIN, ORCHESTRATION_ORIGIN, BLOB_ORIGIN, AUTH_ORIGIN)


def claims(url: str) -> bool:
    """Say whether a URL is on one of the hosts that a sandbox without an origin of its own stands in for."""
    return origin_of(url) in _HOSTS

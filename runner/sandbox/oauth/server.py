"""Turns a request to an OAuth server into its response, by a table of endpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.exchange import Request, Response
from runner.records import Frozen, replace
from runner.sandbox.oauth.authorize import authorize
from runner.sandbox.oauth.call import Call
from runner.sandbox.oauth.device import device_authorization, verify
from runner.sandbox.oauth.grants import token
from runner.sandbox.oauth.guard import check_bearer, demo, guarded, user_claims
from runner.sandbox.oauth.metadata import jwks, metadata
from runner.sandbox.oauth.replies import Refusal, private, refused, refused_page
from runner.sandbox.oauth.settings import Settings
from runner.sandbox.oauth.state import Grant, State
from runner.sandbox.oauth.tokens import introspect, revoke
from runner.sandbox.replies import bodiless
from runner.sandbox.stand_in import Now

_Shape: TypeAlias = Callable[[Refusal], Response]


class _Endpoint(Frozen):
    """A path, the methods it knows, what answers it, and how a refusal is told there."""

    name: str
    path: str | None
    methods: tuple[str, ...]
    answer: Callable[[Call], Response]
    refuse: _Shape = refused


def _endpoints(settings: Settings) -> Iterator[_Endpoint]:
    paths, get, post, both = settings.paths, ("GET",), ("POST",), ("GET", "POST")
    yield _Endpoint("authorize", paths.authorize, both, authorize, refused_page)
    yield _Endpoint("token", paths.token, post, token)
    yield _Endpoint("revoke", paths.revoke, post, revoke)
    yield _Endpoint("introspect", paths.introspect, post, introspect)
    yield _Endpoint("userinfo", paths.userinfo, both, guarded(settings.userinfo_scopes, user_claims))
    yield _Endpoint("device_authorization", paths.device_authorization, post, device_authorization)
    yield _Endpoint("device", paths.device, both, verify, refused_page)
    yield _Endpoint("jwks", paths.jwks, get, jwks)
    yield _Endpoint("openid_configuration", paths.openid_configuration, get, metadata)
    yield _Endpoint("server_metadata", paths.server_metadata, get, metadata)
    for path, scopes in settings.resources.items():
        yield _Endpoint(path, path, both, guarded(scopes, demo))


class OAuthServer:
    """A stand-in for an OAuth 2.0 server: a function from Request to Response over its state.

    Time is the clock's alone, and nothing is random: the same requests at the same times get the same responses.
    Only the path of a URL is looked at, so that it can be mounted on any origin. Safe to share between threads.
    """

    def __init__(self, clock: Now, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.state = State()
        self._clock = clock
        self._endpoints = {endpoint.path: endpoint for endpoint in _endpoints(self.settings) if endpoint.path}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        asked = replace(request, method="GET") if request.method == "HEAD" else request
        with self._lock:
            response = self._dispatch(self._call(asked))
        return bodiless(response) if request.method == "HEAD" else response

    def check_bearer(self, request: Request, scopes: Iterable[str] = ()) -> Grant | Response:
        """Give the grant of a request's token if it has all of these scopes, else the answer that says why not."""
        with self._lock:
            return check_bearer(self._call(request), scopes)

    def _call(self, request: Request) -> Call:
        return Call(request, self.settings, self.state, self._clock.now())

    def _dispatch(self, call: Call) -> Response:
        path, method = urlsplit(call.request.url).path, call.request.method
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            return private({"error": "not_found", "error_description": "there is no such path"}, 404)
        if method not in endpoint.methods:
            allowed = ", ".join(endpoint.methods)
            body = {"error": "invalid_request", "error_description": f"{path} answers {allowed}, not {method}"}
            return private({**body}, 405, (("Allow", allowed),))
        self.state.requests[endpoint.name] += 1
        try:
            instead = self.settings.hooks.intercept(endpoint.name, call.request, call.now)
            return endpoint.answer(call) if instead is None else instead
        except Refusal as refusal:
            self.state.refusals[refusal.code] += 1
            if call.wants_json and endpoint.refuse is refused_page:
                return private({**refusal.members}, 400)
            return endpoint.refuse(refusal)

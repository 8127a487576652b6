"""Dresses the stand-in for OAuth servers as Civitai's, and turns the tokens it gives into whom they act for.

| question | here |
|---|---|
| who consents | `JustMaier`, on the account of that token; `login_hint` names another of `USERS` or of a scenario |
| where only a scenario's tokens are known | only its accounts can sign in: the first of them, if none is named |
| for whom an app acts by itself | for who consents where nobody is named; where nobody can, it may not |
| consenting at once | POST the consent (`approved=true`, and `buzz_limit` if wanted): nobody has to be signed in |
| a program that consents | who accepts JSON by name is told code and state in a 200, or the error, not redirected |
| apps | `demo-app` and `demo-reader` (read only) with the secret `<id>-secret`, `demo-native` without one |
| redirect URIs | `http://127.0.0.1/callback` with any port, and `https://app.example/callback` |
| budgets | have a `type`; the colour of the Buzz makes no difference |
| an app's token | begins with `civitai_` and acts on the account of its user, within its scopes and budgets |
| device authorization, signing keys | there are none |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from runner.exchange import Request, Response, header
from runner.sandbox.civitai.accounts import username
from runner.sandbox.civitai.bodies import profile
from runner.sandbox.civitai.budgets import read_consent
from runner.sandbox.civitai.replies import Refusal, unauthorized
from runner.sandbox.civitai.scopes import FULL, NAMES, NEEDED, read_mask, write_mask
from runner.sandbox.civitai.settings import OAUTH_LIMITS, SANDBOX_ACCOUNT, Settings
from runner.sandbox.oauth import Client, Grant, Hooks, OAuthServer, Paths, ScopeSyntax, User
from runner.sandbox.oauth import Settings as OAuthSettings
from runner.sandbox.oauth.replies import private
from runner.sandbox.stand_in import Now
from runner.values import Json

TOKEN_PREFIX = "civitai_"
USERS = ("JustMaier", SANDBOX_ACCOUNT, "broke")

_PREFIX = "/api/auth/oauth"
PATHS = Paths(
    authorize=f"{_PREFIX}/authorize",
    token=f"{_PREFIX}/token",
    revoke=f"{_PREFIX}/revoke",
    userinfo=f"{_PREFIX}/userinfo",
    introspect=None,
    device_authorization=None,
    device=None,
    jwks=None,
)
MOUNTED = (_PREFIX, "/.well-known")
"""Where the API answers on an origin that it shares."""

_OPERATIONS = {
    ("GET", PATHS.authorize): "authorize",
    ("POST", PATHS.authorize): "decideAuthorization",
    ("POST", PATHS.token): "issueToken",
    ("POST", PATHS.revoke): "revokeToken",
    ("GET", PATHS.userinfo): "getUserInfo",
    ("GET", PATHS.openid_configuration): "getServerMetadata",
}
OAUTH_IDS = frozenset(_OPERATIONS.values())

_CALLBACKS = ("http://127.0.0.1/callback", "http://localhost/callback", "https://app.example/callback")
_READ_ONLY = read_mask("10701093")
_OF_A_USER = ("authorization_code", "refresh_token")
_OF_AN_APP = (*_OF_A_USER, "client_credentials")


def _clients(owner: str | None) -> tuple[Client, ...]:
    """Give the apps; without an owner none can act by itself."""
    grants = _OF_A_USER if owner is None else _OF_AN_APP
    return (
        Client("demo-app", "demo-app-secret", _CALLBACKS, grants, FULL, owner=owner),
        Client("demo-reader", "demo-reader-secret", _CALLBACKS, grants, _READ_ONLY, owner=owner),
        Client("demo-native", None, _CALLBACKS, scopes=FULL),
    )


def civitai_oauth(clock: Now, settings: Settings) -> OAuthServer:
    """Make the stand-in for Civitai's OAuth API."""
    names = (*(() if settings.closed else USERS), *settings.accounts)
    claims = {name: _claims(settings, name) for name in names}
    limits = OAUTH_LIMITS if settings.oauth_limits is None and settings.live_like else settings.oauth_limits
    dress = OAuthSettings(
        clients=_clients(next(iter(claims), None)),
        users=tuple(User(name, claims=told) for name, told in claims.items()),
        paths=PATHS,
        scopes=NAMES,
        scope_syntax=ScopeSyntax(read_mask, write_mask),
        always_scopes=("UserRead",),
        excess_scopes="trim",
        grants=_OF_AN_APP,
        consent="page",
        consent_field="approved",
        consent_allow="true",
        state_required=True,
        public_may_revoke=False,
        name_issuer=False,
        redirect_status=303,
        json_redirects=True,
        userinfo_scopes=("UserRead",),
        claims={"UserRead": tuple(dict.fromkeys(member for told in claims.values() for member in told))},
        token_prefix=TOKEN_PREFIX,
        seed=settings.seed,
        hooks=Hooks(intercept=_interceptor(limits or {}), consent=read_consent),
    )
    return OAuthServer(clock, dress)


def _claims(settings: Settings, name: str) -> dict[str, Json]:
    shown = username(settings, name)
    known = profile(shown)
    also = {"preferred_username": shown, "name": shown, "picture": known["image"], "email_verified": True}
    return {member: known[member] for member in ("id", "username", "image", "email")} | also


def oauth_operation(request: Request) -> str | None:
    """Give the operationId that a request to the OAuth API means."""
    return _OPERATIONS.get((request.method, urlsplit(request.url).path))


def oauth_refused(refusal: Refusal, operation_id: str | None) -> Response:
    """Shape a refusal as the OAuth API's Error (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1)."""
    bearer = operation_id == "getUserInfo"
    known = {
        401: "invalid_token" if bearer else "invalid_client",
        403: "insufficient_scope" if bearer else "access_denied",
        429: "rate_limited",
        503: "temporarily_unavailable",
    }
    code = known.get(refusal.status, "server_error" if refusal.status >= 500 else "invalid_request")
    return private({"error": code, "error_description": refusal.message}, refusal.status, refusal.headers)


def grant_of(server: OAuthServer, settings: Settings, authorization: str | None, now: float) -> Grant | None:
    """Give what an app's token stands for; None for any other credential. One that is not good is refused."""
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text.startswith(TOKEN_PREFIX) or settings.knows(text):
        return None
    token = server.state.token(text)
    if token is None or token.kind != "access":
        raise unauthorized("there is no such access token", presented=True)
    status = token.status(now)
    if status != "active":
        raise unauthorized(f"the access token is {status}", presented=True)
    return token.grant


def check_scope(grant: Grant | None, operation_id: str) -> None:
    """Refuse an app what its token does not cover (RFC 6750, 3.1)."""
    needed = NEEDED.get(operation_id)
    if grant is None or needed is None or needed in grant.scopes:
        return
    challenge = f'Bearer error="insufficient_scope", scope="{write_mask([needed])}"'
    message = f"{operation_id} needs the scope {needed}"
    raise Refusal(403, message, (("WWW-Authenticate", challenge),), code="insufficient_scope")


def _has_token(request: Request) -> bool:
    scheme, _, token = (header(request.headers, "authorization") or "").strip().partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def _interceptor(limits: Mapping[str, int]) -> Callable[[str, Request, float], Response | None]:
    """Count the requests of each minute, by endpoint, and say in Civitai's way that there is no token."""
    minutes: dict[str, tuple[float, int]] = {}

    def intercept(endpoint: str, request: Request, now: float) -> Response | None:
        if endpoint == "userinfo" and not _has_token(request):
            return private({"error": "invalid_token"}, 401, (("WWW-Authenticate", "Bearer"),))
        if endpoint not in limits:
            return None
        opened, count = minutes.get(endpoint, (now, 0))
        if now - opened >= 60:
            opened, count = now, 0
        minutes[endpoint] = (opened, count + 1)
        if count < limits[endpoint]:
            return None
        wait = math.ceil(opened + 60 - now)
        told = {"error": "rate_limited", "error_description": f"more than {limits[endpoint]} requests a minute"}
        return private({**told}, 429, (("Retry-After", str(wait)),))

    return intercept

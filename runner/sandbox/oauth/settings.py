"""What differs between providers, as data: paths, scopes, clients, users, lifetimes, claims, and hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from runner.exchange import Request, Response
from runner.records import Frozen, field
from runner.sandbox.oauth.state import Grant
from runner.values import Json

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

# OpenID Connect Core, 5.4: what the scopes `profile` and `email` open, as far as it is told here.
_CLAIMS = MappingProxyType({"profile": ("name", "preferred_username", "picture"), "email": ("email", "email_verified")})

AuthMethod: TypeAlias = Literal["client_secret_basic", "client_secret_post"]


class Client(Frozen):
    """A registered client; without a secret it is a public one. `scopes` is None for all that the server has.

    With client credentials it acts as `owner`, or as itself.
    """

    id: str
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    grants: tuple[str, ...] = ("authorization_code", "refresh_token")
    scopes: tuple[str, ...] | None = None
    auth_methods: tuple[AuthMethod, ...] = ("client_secret_basic", "client_secret_post")
    owner: str | None = None
    HIDDEN = ("secret",)


class User(Frozen):
    """Someone who can sign in; without a password not by the password grant. `claims` are what userinfo may tell."""

    name: str
    password: str | None = None
    claims: Mapping[str, Json] = field(default_factory=dict)
    HIDDEN = ("password",)


class Paths(Frozen):
    """Where the endpoints are, from the root of the origin; None for one that is not there."""

    authorize: str | None = "/authorize"
    token: str | None = "/token"
    revoke: str | None = "/revoke"
    introspect: str | None = "/introspect"
    userinfo: str | None = "/userinfo"
    device_authorization: str | None = "/device_authorization"
    device: str | None = "/device"
    jwks: str | None = "/jwks"
    openid_configuration: str | None = "/.well-known/openid-configuration"
    server_metadata: str | None = "/.well-known/oauth-authorization-server"


class Lifetimes(Frozen):
    """How long what is issued is good, in seconds; `poll` is the least time between two questions of a device."""

    code: float = 600
    access: float = 3600
    refresh: float = 30 * 24 * 3600
    device: float = 900
    poll: float = 5


class ScopeSyntax(Frozen):
    """How scopes are written. `read` raises ValueError for what cannot be read."""

    read: Callable[[str], Iterable[str]] = str.split
    write: Callable[[Iterable[str]], str] = " ".join


def _no_answer(_endpoint: str, _request: Request, _now: float) -> Response | None:
    return None


def _nothing(_of: object) -> Mapping[str, Json]:
    return {}


class Hooks(Frozen):
    """What no table can say.

    `intercept` is asked first, with the endpoint's name, and may answer instead: limits, outages. `consent` reads
    from the user's decision what is kept in `Grant.extra`. `members` gives further members of a token reply.
    """

    intercept: Callable[[str, Request, float], Response | None] = _no_answer
    consent: Callable[[Mapping[str, str]], Mapping[str, Json]] = _nothing
    members: Callable[[Grant], Mapping[str, Json]] = _nothing


class Settings(Frozen):
    """How the server behaves.

    | setting | meaning |
    |---|---|
    | `issuer` | its own URL; empty: the origin that a request came to |
    | `users` | the first is signed in, unless `login_hint` (OpenID Connect Core, 3.1.2.1) names another |
    | `scopes` | all there are; a request without any gets all that its client may have |
    | `always_scopes` | granted with every other |
    | `excess_scopes` | what becomes of known scopes that the client may not have |
    | `refresh_scope` | the scope without which no refresh token is issued, such as `offline_access` |
    | `grants` | the grant types it knows; `password` and `DEVICE_CODE` must be added |
    | `consent` | `auto` says yes for the user, `page` asks by POST, as `consent_field` equal to `consent_allow` |
    | `pkce_methods`, `pkce_required`, `state_required` | what the authorization endpoint wants |
    | `rotate` | each refresh gives a new refresh token, and a used one ends the family |
    | `public_may_revoke` | public clients may revoke their tokens |
    | `name_issuer` | `iss` in the authorization response (RFC 9207) |
    | `redirect_status` | of the authorization endpoint |
    | `json_redirects` | who accepts JSON by name is told there what else a browser would take to the client |
    | `bearer_query` | the query parameter that may carry a token, if any |
    | `userinfo_scopes`, `claims` | what userinfo wants, and the claims that each scope opens; `sub` is always there |
    | `resources` | paths of guarded demo resources, each with the scopes it wants |
    | `token_prefix`, `seed` | what tokens begin with; what they are made of, to be kept secret where that matters |
    """

    clients: tuple[Client, ...] = ()
    users: tuple[User, ...] = (User("somebody"),)
    issuer: str = ""
    paths: Paths = Paths()
    lifetimes: Lifetimes = Lifetimes()
    scopes: tuple[str, ...] = ("openid", "profile", "email", "read", "write")
    scope_syntax: ScopeSyntax = ScopeSyntax()
    always_scopes: tuple[str, ...] = ()
    excess_scopes: Literal["refuse", "trim"] = "refuse"
    refresh_scope: str | None = None
    grants: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    consent: Literal["auto", "page"] = "auto"
    consent_field: str = "decision"
    consent_allow: str = "allow"
    pkce_methods: tuple[Literal["S256", "plain"], ...] = ("S256",)
    pkce_required: bool = True
    state_required: bool = False
    rotate: bool = True
    public_may_revoke: bool = True
    name_issuer: bool = True
    redirect_status: int = 302
    json_redirects: bool = False
    bearer_query: str | None = None
    userinfo_scopes: tuple[str, ...] = ("openid",)
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _CLAIMS)
    resources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    token_prefix: str = ""
    seed: str = "sandbox"
    hooks: Hooks = Hooks()
    HIDDEN = ("seed",)

    def client(self, client_id: str) -> Client | None:
        return next((client for client in self.clients if client.id == client_id), None)

    def user(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)

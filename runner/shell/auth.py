"""Turns the security of an operation and the secrets a user has into what is added to a request.

OpenAPI, Security Requirement Object: "only one of the Security Requirement Objects in the list needs to be satisfied";
within one "all schemes MUST be satisfied".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

from runner.exchange import Request
from runner.openapi.document import Operation
from runner.shell.wire import basic, origin
from runner.values import Json

PREFIX = "ARAZZO_AUTH_"


class Slot(NamedTuple):
    """Where in a request a credential travels; header names in lower case."""

    location: Literal["header", "query", "cookie"]
    name: str


Additions: TypeAlias = tuple[tuple[Slot, str], ...]

AUTHORIZATION = Slot("header", "authorization")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets of a user: by security scheme, and tokens that stand in at certain origins (a sandbox's own).

    A scheme's key is its name, or the name as an environment variable ends (`BEARERAUTH`).
    """

    by_scheme: Mapping[str, str] = field(default_factory=dict, repr=False)
    by_origin: Mapping[str, str] = field(default_factory=dict, repr=False)

    def lookup(self, scheme: str, at: str) -> str | None:
        """Give the secret for a security scheme at an origin; one that names the scheme wins over a stand-in."""
        for key in (scheme, suffix(scheme)):
            if key in self.by_scheme:
                return self.by_scheme[key]
        return self.by_origin.get(at)

    @property
    def secrets(self) -> frozenset[str]:
        """The values that no report may show: each secret, the password of a pair, and the form Basic sends it in."""
        values = {*self.by_scheme.values(), *self.by_origin.values()}
        pairs = [value for value in values if ":" in value]
        passwords = (value.partition(":")[2] for value in pairs)
        encoded = (basic(value).removeprefix("Basic ") for value in pairs)
        return frozenset(filter(None, (*values, *passwords, *encoded)))


NO_CREDENTIALS = Credentials()


def suffix(scheme: str) -> str:
    """Give a security scheme's name as an environment variable ends: `petstore-auth` is `PETSTORE_AUTH`."""
    return re.sub(r"[^0-9A-Z]", "_", scheme.upper())


def from_environment(environ: Mapping[str, str]) -> Credentials:
    """Read the secrets out of `ARAZZO_AUTH_<SCHEME>` variables; an empty one counts as not set."""
    return Credentials(
        {name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX) and value}
    )


def slot_of(scheme: Mapping[str, Json]) -> Slot | None:
    """Give where a Security Scheme Object puts its credential; nothing for a kind that cannot be supplied as a value.

    OAuth 2 and OpenID Connect take an access token; `basic` is how OpenAPI 2.0 spells HTTP Basic.
    """
    match scheme.get("type"):
        case "http":
            return AUTHORIZATION if str(scheme.get("scheme", "")).lower() in ("bearer", "basic") else None
        case "oauth2" | "openIdConnect" | "basic":
            return AUTHORIZATION
        case "apiKey":
            name = str(scheme.get("name", ""))
            match scheme.get("in"):
                case "header" if name:
                    return Slot("header", name.lower())
                case "query" if name:
                    return Slot("query", name)
                case "cookie" if name:
                    return Slot("cookie", name)
                case _:
                    return None
        case _:
            return None


def _text(scheme: Mapping[str, Json], secret: str) -> str:
    """Write a secret as its scheme sends it; `Bearer x` given whole is taken as it is."""
    if scheme.get("type") == "apiKey":
        return secret
    if scheme.get("type") == "basic" or str(scheme.get("scheme", "")).lower() == "basic":
        return basic(secret)
    return secret if secret.lower().startswith("bearer ") else f"Bearer {secret}"


def slots(operation: Operation) -> frozenset[Slot]:
    """Give every place where a credential of this API may travel."""
    return frozenset(filter(None, map(slot_of, operation.security_schemes.values())))


def carried(request: Request) -> frozenset[Slot]:
    """Give the headers, query parameters and cookies that a request already has."""
    headers = (Slot("header", name.lower()) for name, _ in request.headers)
    query = (Slot("query", name) for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    cookies = (Slot("cookie", name) for name, _ in cookie_pairs(request))
    return frozenset((*headers, *query, *cookies))


def cookie_pairs(request: Request) -> tuple[tuple[str, str], ...]:
    """Give the cookies that a request's own Cookie field holds."""
    text = "; ".join(value for name, value in request.headers if name.lower() == "cookie")
    parted = (item.strip().partition("=") for item in text.split(";") if item.strip())
    return tuple((name, value) for name, _, value in parted)


def credentials_for(operation: Operation, credentials: Credentials, has: frozenset[Slot], at: str) -> Additions:
    """Give what satisfies the operation's security at origin `at`, beyond what the request `has`.

    The first alternative that can be satisfied is taken, one that the request satisfies by itself before all others.
    `{}` (no security) is no alternative here: who has a token for an API wants to be known to it.
    """
    offers = ([_offer(operation, name, credentials, has, at) for name in required] for required in _required(operation))
    whole = [tuple(pair for part in offer if part for pair in part) for offer in offers if None not in offer]
    return min(whole, key=bool, default=())


def missing(operation: Operation, credentials: Credentials, has: frozenset[Slot], at: str) -> tuple[str, ...]:
    """Give the environment variables that would supply what the operation requires and neither request nor user has."""
    if len(_required(operation)) < len(operation.security):
        return ()
    wanting: list[tuple[str, ...]] = []
    for required in _required(operation):
        lacking = [name for name in required if _offer(operation, name, credentials, has, at) is None]
        if not lacking:
            return ()
        if all(slot_of(operation.security_schemes.get(name, {})) for name in lacking):
            wanting.append(tuple(PREFIX + suffix(name) for name in lacking))
    return wanting[0] if wanting else ()


def _required(operation: Operation) -> list[Mapping[str, tuple[str, ...]]]:
    return [alternative for alternative in operation.security if alternative]


def _offer(
    operation: Operation, name: str, credentials: Credentials, has: frozenset[Slot], at: str
) -> Additions | None:
    """Give what a request lacks to satisfy one scheme: nothing, one addition, or None where it cannot be satisfied."""
    scheme = operation.security_schemes.get(name, {})
    slot = slot_of(scheme)
    if slot is None:
        return None
    if slot in has:
        return ()
    secret = credentials.lookup(name, at)
    return None if secret is None else ((slot, _text(scheme, secret)),)


def authorize(request: Request, operation: Operation, credentials: Credentials) -> Request:
    """Add to a request what satisfies its operation's security; what the request already has wins."""
    additions = credentials_for(operation, credentials, carried(request), origin(request.url))
    for slot, text in additions:
        match slot.location:
            case "header":
                name = "Authorization" if slot == AUTHORIZATION else _declared_name(operation, slot)
                request = replace(request, headers=(*request.headers, (name, text)))
            case "query":
                request = replace(request, url=_with_query(request.url, slot.name, text))
            case "cookie":
                request = with_cookies(request, ((slot.name, text),))
    return request


def _declared_name(operation: Operation, slot: Slot) -> str:
    """Give a header's name as the description spells it."""
    return next(str(s["name"]) for s in operation.security_schemes.values() if slot_of(s) == slot)


def _with_query(url: str, name: str, text: str) -> str:
    rest, hash_mark, fragment = url.partition("#")
    joint = "&" if urlsplit(rest).query else "?"
    return f"{rest.rstrip('?')}{joint}{quote(name, safe='')}={quote(text, safe='')}{hash_mark}{fragment}"


def with_cookies(request: Request, pairs: Iterable[tuple[str, str]]) -> Request:
    """Add cookies to a request, in one Cookie field (RFC 6265, 5.4); a name that the request has already wins."""
    own = cookie_pairs(request)
    names = {name for name, _ in own}
    pairs = (*own, *(pair for pair in pairs if pair[0] not in names))
    if len(pairs) == len(own):
        return request
    field_value = "; ".join(f"{name}={value}" for name, value in pairs)
    others = tuple(pair for pair in request.headers if pair[0].lower() != "cookie")
    return replace(request, headers=(*others, ("Cookie", field_value)))

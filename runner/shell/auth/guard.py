"""Turns a request into one that carries its credentials, and a refusal of it into another that carries better ones.

RFC 9110, 15.5.2: a client "MAY repeat the request with a new or replaced Authorization header field": once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never
from urllib.parse import urlsplit

from runner.exchange import Request, Response, TransportFailure
from runner.openapi.document import Operation
from runner.records import Frozen, replace
from runner.shell.auth.digest import Challenge, Login, Target, answered, challenges, renewed
from runner.shell.auth.endpoint import Ports
from runner.shell.auth.obtain import give_up, token_for
from runner.shell.auth.offers import Claim, Fixed, Offer, Unusable, offers
from runner.shell.auth.slots import AUTHORIZATION, carried, placed
from runner.shell.auth.tokens import Token
from runner.shell.auth.wish import Wish
from runner.shell.effects import Steps
from runner.shell.wire import legal_url, origin


class Guard(Frozen):
    """What dresses the requests of one operation. `learn` is told every token before it is sent."""

    claim: Claim
    ports: Ports
    learn: Callable[[frozenset[str]], None]


class Dressed(Frozen):
    """A request with its credentials, and what is needed where they are refused.

    `token` is one that was there already, so that a new one may do better; `digest` whose answer it is, and to what.
    """

    request: Request
    bare: Request
    offers: tuple[Offer, ...] = ()
    token: Token | None = None
    digest: tuple[Login, Challenge] | None = None


def dress(request: Request, guard: Guard) -> Steps[Dressed | TransportFailure]:
    """Add what satisfies the security of the operation; what the request already has wins."""
    found = offers(guard.claim, carried(request), origin(request.url))
    if isinstance(found, Unusable):
        return TransportFailure("credentials", found.message)
    return (yield from _dressed(request, found, guard))


UNKNOWN_YET = "a-token-that-is-asked-for-when-the-request-is-sent"


def foreseen(request: Request, claim: Claim) -> Request | TransportFailure:
    """Give a request with what can be known of its credentials without asking anybody."""
    found = offers(claim, carried(request), origin(request.url))
    if isinstance(found, Unusable):
        return TransportFailure("credentials", found.message)
    for offer in found:
        match offer:
            case Fixed():
                request = placed(request, offer.slot, offer.name, offer.text)
            case Wish():
                request = _authorized(request, f"Bearer {UNKNOWN_YET}")
            case Login():
                request = _authorized(request, f"Digest {UNKNOWN_YET}")
            case _:
                assert_never(offer)
    return request


def _dressed(bare: Request, found: tuple[Offer, ...], guard: Guard) -> Steps[Dressed | TransportFailure]:
    dressed = Dressed(bare, bare, found)
    for offer in sorted(found, key=lambda each: isinstance(each, Login)):  # a digest is of the URL as it is sent
        match offer:
            case Fixed():
                request = placed(dressed.request, offer.slot, offer.name, offer.text)
                dressed = replace(dressed, request=request)
            case Wish():
                got = yield from token_for(offer, guard.ports)
                if isinstance(got, TransportFailure):
                    return got
                guard.learn(got.value.secrets)
                request = _authorized(dressed.request, f"Bearer {got.value.access}")
                dressed = replace(dressed, request=request, token=None if got.new else got.value)
            case Login():
                dressed = _with_digest(dressed, offer, guard)
            case _:
                assert_never(offer)
    return dressed


def undeterred(dressed: Dressed, response: Response, guard: Guard) -> Steps[Dressed | TransportFailure | None]:
    """Give what to send after a response of 401; None where that is the answer."""
    if response.status != 401:
        return None
    for offer in dressed.offers:
        if isinstance(offer, Wish) and dressed.token is not None:
            give_up(offer, dressed.token, guard.ports)
            return (yield from _dressed(dressed.bare, dressed.offers, guard))
        if isinstance(offer, Login) and (challenge := next(challenges(response.headers), None)) is not None:
            guard.ports.keyring.nonces.learn(_space(dressed.bare, offer), challenge)
            return (yield from _dressed(dressed.bare, dressed.offers, guard))
    return None


def remember(dressed: Dressed, response: Response, guard: Guard) -> None:
    """Keep the nonce that a server wants to see next."""
    if dressed.digest is not None:
        login, challenge = dressed.digest
        if (next_one := renewed(challenge, response.headers)) != challenge:
            guard.ports.keyring.nonces.learn(_space(dressed.bare, login), next_one)


def _with_digest(dressed: Dressed, login: Login, guard: Guard) -> Dressed:
    """Answer the challenge that the server gave before; without one the request goes out bare, to be given one."""
    request, keyring = dressed.request, guard.ports.keyring
    url = legal_url(request.url)
    known = keyring.nonces.use(_space(dressed.bare, login))
    if known is None or isinstance(url, TransportFailure):
        return dressed
    challenge, count = known
    parts = urlsplit(url)
    target = Target(request.method, parts.path + (f"?{parts.query}" if parts.query else ""), request.body)
    value = answered(challenge, login, target, count, keyring.random(16).hex())
    return replace(dressed, request=_authorized(request, value), digest=(login, challenge))


def _space(request: Request, login: Login) -> tuple[str, Login]:
    """Give the protection space: RFC 7616, 3.3: without `domain`, "all URIs on the responding server"."""
    return origin(request.url), login


def _authorized(request: Request, value: str) -> Request:
    return placed(request, AUTHORIZATION, "Authorization", value)


def server_of(url: str, operation: Operation) -> str:
    """Give the URL of the server that a request of an operation goes to, without a slash at the end."""
    parts = urlsplit(url)
    kept = parts.path.split("/")[: -operation.path.count("/")] if operation.path.startswith("/") else [parts.path]
    return parts._replace(path="/".join(kept), query="", fragment="").geturl()

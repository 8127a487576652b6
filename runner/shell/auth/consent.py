"""Turns the consent of a user in a browser into a token: authorization code with PKCE, and device authorization."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from runner.exchange import Response, TransportFailure
from runner.shell.auth.endpoint import Ports, ask_as_client, ask_token, endpoint_at
from runner.shell.auth.keyring import Show
from runner.shell.auth.metadata import DEVICE
from runner.shell.auth.schemes import OAuthFlow
from runner.shell.auth.tokens import Refused, Token, described, members, refusal
from runner.shell.auth.wish import Wish
from runner.shell.effects import Await, Rest, Steps

CONSENT = 300.0
"""Seconds that a user has for logging in and agreeing."""

INTERVAL = 5.0  # RFC 8628, 3.2: "If no value is provided, clients MUST use 5 as the default"


def unguessable(ports: Ports) -> str:
    """Give 256 random bits as 43 characters that need no encoding: a state, or a verifier (RFC 7636, 4.1)."""
    return _base64url(ports.keyring.random(32))


def challenge_of(verifier: str) -> str:
    """Give the S256 challenge of a code verifier (RFC 7636, 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def by_code(flow: OAuthFlow, wish: Wish, show: Show, ports: Ports) -> Steps[Token | Refused]:
    """Run the authorization code flow (RFC 6749, 4.1) with PKCE and a redirect to this machine."""
    url = endpoint_at(flow.authorization_url)  # it is opened in a browser, which also knows other schemes
    if isinstance(url, TransportFailure):
        return Refused("", f"the authorizationUrl cannot be opened: {url.message}")
    state, verifier = unguessable(ports), unguessable(ports)
    with ports.keyring.listen(state) as redirect:
        show(_authorization(url, wish, {"state": state, "redirect_uri": redirect.uri}, verifier))
        yield Await(redirect.answer, CONSENT)
        if not redirect.answer.done():
            return Refused("", f"nobody agreed within {CONSENT:g} s")
        answer: Mapping[str, str] = redirect.answer.result()
        uri = redirect.uri
    if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
        return Refused("", "the answer belongs to another request: its state is not the one that was sent")
    if flow.issuer and answer.get("iss", flow.issuer) != flow.issuer:  # RFC 9207, 2.4
        return Refused("", "the answer comes from another server: its iss is not the issuer that was asked")
    if "code" not in answer:
        return Refused(answer.get("error", ""), described(answer) or "the answer holds no code")
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": uri,
        "client_id": wish.given.client_id,
        "code_verifier": verifier,
    }
    return (yield from ask_token(flow.token_url, form, wish.given, ports))


def _authorization(url: str, wish: Wish, fields: Mapping[str, str], verifier: str) -> str:
    query = {
        "response_type": "code",
        "client_id": wish.given.client_id,
        **fields,
        "scope": " ".join(dict.fromkeys([*(["openid"] if wish.scheme.openid else []), *wish.scopes])),
        "audience": wish.given.audience,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    # RFC 6749, 3.1: the endpoint "MAY include" a query, "which MUST be retained when adding additional parameters"
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}{urlencode({name: value for name, value in query.items() if value})}"


def by_device(flow: OAuthFlow, wish: Wish, show: Show, ports: Ports) -> Steps[Token | Refused]:
    """Run the device authorization flow (RFC 8628): the user agrees elsewhere while the token endpoint is asked."""
    given = wish.given
    form = {"client_id": given.client_id, "scope": " ".join(wish.scopes), "audience": given.audience}
    reply = yield from ask_as_client(flow.device_url, form, given, ports)
    if not isinstance(reply, Response):
        return Refused("", f"the device authorization failed: {reply.message}")
    body = members(reply)
    given_url = body.get("verification_uri_complete") or body.get("verification_uri")
    device, user = body.get("device_code"), body.get("user_code")
    if not isinstance(device, str) or not isinstance(given_url, str) or not str(user).isprintable():
        why = described(body, given.secrets) if body.get("error") else refusal(reply)
        return Refused("", f"the device authorization failed: {why}")
    url = endpoint_at(given_url)
    if isinstance(url, TransportFailure):
        return Refused("", f"the verification_uri cannot be opened: {url.message}")
    show(url, str(user) if "verification_uri_complete" not in body else None)
    asked = {"grant_type": DEVICE, "device_code": device, "client_id": given.client_id}
    return (yield from _polled(flow, asked, wish, ports, _seconds(body.get("interval"), INTERVAL)))


def _polled(
    flow: OAuthFlow, form: Mapping[str, str], wish: Wish, ports: Ports, interval: float
) -> Steps[Token | Refused]:
    until = ports.now() + CONSENT
    while (left := until - ports.now()) > 0:
        yield Rest(min(interval, left))
        answer = yield from ask_token(flow.token_url, form, wish.given, ports)
        if isinstance(answer, Token) or answer.error not in ("authorization_pending", "slow_down"):
            return answer
        interval += 5.0 if answer.error == "slow_down" else 0.0  # RFC 8628, 3.5
    return Refused("", f"nobody agreed within {CONSENT:g} s")


def _seconds(written: object, default: float) -> float:
    return float(written) if isinstance(written, int | float) and written > 0 else default

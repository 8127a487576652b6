"""Turns the credentials of a request into the client that sent it (RFC 6749, 2.3), or refuses it."""

from __future__ import annotations

import base64
import hmac
from typing import Literal, NamedTuple
from urllib.parse import unquote_plus

from runner.exchange import header
from runner.sandbox.oauth.call import Call, Parameters
from runner.sandbox.oauth.replies import Refusal
from runner.sandbox.oauth.settings import AuthMethod, Client


class _Presented(NamedTuple):
    client_id: str
    secret: str
    method: AuthMethod | Literal["none"]


def authenticate(call: Call, form: Parameters) -> Client:
    """Give the client of a request; a public one only has to name itself."""
    presented = _presented(header(call.request.headers, "authorization"), form)
    client = call.settings.client(presented.client_id)
    if client is None:
        raise invalid_client("there is no such client")
    if client.secret is None and presented.method == "none":
        return client
    if client.secret is None or presented.method not in client.auth_methods:
        raise invalid_client(f"the client may not authenticate by {presented.method}")
    if not same(client.secret, presented.secret):
        raise invalid_client("the client's secret is wrong")
    return client


def check_grant(client: Client, grant_type: str) -> None:
    """Refuse a grant type that the client was not registered for."""
    if grant_type not in client.grants:
        raise Refusal("unauthorized_client", f"the client may not use {grant_type}")


def same(secret: str, given: str) -> bool:
    """Compare two secrets in a time that does not tell how much of them is alike."""
    return hmac.compare_digest(secret.encode(), given.encode())


def invalid_client(description: str) -> Refusal:
    """Refuse a client; every 401 names a scheme (RFC 9110, 15.5.2), and Basic is the one there is."""
    return Refusal("invalid_client", description, (("WWW-Authenticate", 'Basic realm="oauth"'),))


def _presented(authorization: str | None, form: Parameters) -> _Presented:
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        basic = _basic(authorization)
        # RFC 6749, 2.3: "The client MUST NOT use more than one authentication method in each request."
        if secret is not None or client_id not in (None, basic.client_id):
            raise Refusal("invalid_request", "the client authenticates in more than one way")
        return basic
    if client_id is None:
        raise invalid_client("the client does not say who it is")
    return _Presented(client_id, secret or "", "none" if secret is None else "client_secret_post")


def _basic(authorization: str) -> _Presented:
    """Read HTTP Basic; user and password are form-encoded before (RFC 6749, 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise invalid_client("the Authorization field must read: Basic <credentials>")
    return _Presented(unquote_plus(user), unquote_plus(password), "client_secret_basic")

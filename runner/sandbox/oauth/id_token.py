"""Turns a grant with the scope `openid` into an ID token (OpenID Connect Core, 2), signed with the client's secret.

HS256 needs no key but the secret that both sides have, so a public client gets none: it asks userinfo instead.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from runner.sandbox.oauth.call import Call
from runner.sandbox.oauth.settings import Client
from runner.sandbox.oauth.state import Grant
from runner.values import Json


def id_token(call: Call, client: Client, grant: Grant) -> str | None:
    """Give the ID token of a grant, if it is to have one."""
    if "openid" not in grant.scopes or client.secret is None or call.settings.user(grant.subject) is None:
        return None
    claims: dict[str, Json] = {
        "iss": call.issuer,
        "sub": grant.subject,
        "aud": client.id,
        "exp": int(call.now + call.settings.lifetimes.access),
        "iat": int(call.now),
    }
    claims |= {"nonce": grant.nonce} if grant.nonce else {}
    signed = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(claims)}"
    signature = hmac.new(client.secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(signature)}"


def _segment(value: dict[str, Json]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")

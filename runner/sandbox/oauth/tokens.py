"""Turns a token that a client shows into its end (RFC 7009) or into what is known of it (RFC 7662)."""

from __future__ import annotations

from runner.exchange import Response
from runner.sandbox.oauth.call import Call
from runner.sandbox.oauth.clients import authenticate, invalid_client
from runner.sandbox.oauth.replies import Refusal, private
from runner.sandbox.oauth.scopes import written
from runner.sandbox.oauth.state import Token
from runner.values import Json


def revoke(call: Call) -> Response:
    """End a token; with a refresh token all that stem from its authorization. One that is not known is no error.

    The hint of its type is not needed to find it.
    """
    form = call.form
    form.check_single()
    client = authenticate(call, form)
    if client.secret is None and not call.settings.public_may_revoke:
        raise invalid_client("a public client may not revoke tokens")
    text = form.required("token")
    token = call.state.token(text)
    if token is None:
        return private({})
    if token.grant.client_id != client.id:
        raise Refusal("invalid_grant", "the token was issued to another client")  # 2.1: "the request is refused"
    if token.kind == "refresh":
        call.state.revoke_family(token.grant.family)
    else:
        call.state.end(text, "revoked")
    return private({})


def introspect(call: Call) -> Response:
    """Tell a confidential client what a token is good for; of one that is not good nothing but that."""
    form = call.form
    form.check_single()
    client = authenticate(call, form)
    if client.secret is None:
        raise invalid_client("a public client may not introspect tokens")
    token = call.state.token(form.required("token"))
    if token is None or token.status(call.now) != "active":
        return private({"active": False})
    return private(_known(call, token))


def _known(call: Call, token: Token) -> dict[str, Json]:
    grant = token.grant
    members: dict[str, Json] = {
        "active": True,
        "scope": written(call, grant.scopes),
        "client_id": grant.client_id,
        "sub": grant.subject,
        "iss": call.issuer,
        "iat": int(token.issued),
        "exp": int(token.expires),
    }
    members |= {"username": grant.subject} if call.settings.user(grant.subject) else {}
    members |= {"token_type": "Bearer"} if token.kind == "access" else {}
    return members | ({"aud": list(grant.audience)} if grant.audience else {})

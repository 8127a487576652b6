"""Turns the bearer token of a request into the grant behind it, or into the answer that refuses it (RFC 6750)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runner.exchange import Response, header
from runner.sandbox.oauth.call import Call
from runner.sandbox.oauth.replies import Refusal, private, refused
from runner.sandbox.oauth.scopes import written
from runner.sandbox.oauth.state import Grant
from runner.values import Json


def check_bearer(call: Call, scopes: Iterable[str]) -> Grant | Response:
    """Give the grant of a request's token if it has all of these scopes, else the 400, 401 or 403 that says why not.

    A request without a token is told nothing but how to send one: "the resource server SHOULD NOT include an error
    code or other error information" (3.1).
    """
    try:
        token = _token(call)
        if token is None:
            return Response(401, (("WWW-Authenticate", 'Bearer realm="oauth"'),), b"", "Unauthorized")
        return _grant(call, token, tuple(scopes))
    except Refusal as refusal:
        call.state.refusals[refusal.code] += 1
        return refused(refusal)


def _token(call: Call) -> str | None:
    """Find the token: in the Authorization field, or in the query where the settings allow that."""
    parameter = call.settings.bearer_query
    in_query = call.query.get(parameter) if parameter else None
    scheme, _, token = (header(call.request.headers, "authorization") or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return in_query
    if not token.strip() or in_query is not None:
        # RFC 6750, 2: "Clients MUST NOT use more than one method to transmit the token in each request."
        raise _challenge("invalid_request", "there must be one token, written: Bearer <token>")
    return token.strip()


def _grant(call: Call, text: str, scopes: tuple[str, ...]) -> Grant:
    token = call.state.token(text)
    if token is None or token.kind != "access":
        raise _challenge("invalid_token", "there is no such access token")
    status = token.status(call.now)
    if status != "active":
        raise _challenge("invalid_token", f"the access token is {status}")
    if not set(scopes) <= set(token.grant.scopes):
        needed = written(call, scopes)
        raise _challenge("insufficient_scope", f"the request needs the scope {needed}", f', scope="{needed}"')
    return token.grant


def _challenge(code: str, description: str, more: str = "") -> Refusal:
    text = f'Bearer realm="oauth", error="{code}", error_description="{description}"{more}'
    return Refusal(code, description, (("WWW-Authenticate", text),))


def guarded(scopes: Iterable[str], tell: Callable[[Call, Grant], dict[str, Json]]) -> Callable[[Call], Response]:
    """Make an endpoint that tells something to whoever has a token with these scopes."""

    def answer(call: Call) -> Response:
        grant = check_bearer(call, scopes)
        return grant if isinstance(grant, Response) else private(tell(call, grant))

    return answer


def user_claims(call: Call, grant: Grant) -> dict[str, Json]:
    """Give the claims of a grant's user that its scopes open (OpenID Connect Core, 5.3.2 and 5.4)."""
    user = call.settings.user(grant.subject)
    known = user.claims if user else {}
    opened = {name for scope in grant.scopes for name in call.settings.claims.get(scope, ())}
    return {"sub": grant.subject, **{name: value for name, value in known.items() if name in opened}}


def demo(call: Call, grant: Grant) -> dict[str, Json]:
    """Tell who called."""
    return {"client_id": grant.client_id, "sub": grant.subject, "scope": written(call, grant.scopes)}

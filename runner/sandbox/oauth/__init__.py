"""A stand-in for OAuth 2.0 and OpenID Connect servers: codes, tokens and what guards a resource by them.

The RFCs leave much to the server. What was chosen here, where `Settings` does not decide it:

| question | here |
|---|---|
| parameters without a value | as if they were not there; twice: `invalid_request`, but for `resource` and `audience` |
| error at the authorization endpoint | a page while client or redirect URI is wrong, else to the client with `state` |
| redirect URIs | equal to the letter; of `http` on 127.0.0.1, [::1] and localhost the port is free |
| a code, when its request is refused | stays good: only a request without a fault uses it up |
| a code that is used again | by a request without another fault: what came of it is revoked |
| no `code_verifier` where one is needed | `invalid_request`; a wrong or an unasked one: `invalid_grant` |
| a refresh token that is used again | what came of the authorization is revoked, what was refreshed since too |
| a narrower refresh | narrows the access token; the new refresh token is as wide as the old one |
| access tokens, when refreshed | stay good until they expire |
| revoking | a refresh token ends all of its authorization, an access token itself; of another client: `invalid_grant` |
| introspection | for confidential clients, of any token |
| a user | signed in already: there is no password but that of the password grant |
| ID tokens | HS256 with the client's secret, so for confidential clients only |
"""

from __future__ import annotations

from runner.sandbox.oauth.pkce import challenge_of
from runner.sandbox.oauth.server import OAuthServer
from runner.sandbox.oauth.settings import (
    DEVICE_CODE,
    Client,
    Hooks,
    Lifetimes,
    Paths,
    ScopeSyntax,
    Settings,
    User,
)
from runner.sandbox.oauth.state import Code, Device, Grant, State, Token

__all__ = [
    "DEVICE_CODE",
    "Client",
    "Code",
    "Device",
    "Grant",
    "Hooks",
    "Lifetimes",
    "OAuthServer",
    "Paths",
    "ScopeSyntax",
    "Settings",
    "State",
    "Token",
    "User",
    "challenge_of",
]

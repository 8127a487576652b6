"""Turns the settings into what the server says about itself (RFC 8414; OpenID Connect Discovery 1.0, 3)."""

from __future__ import annotations

from runner.exchange import Response
from runner.sandbox.oauth.call import Call
from runner.sandbox.replies import reply
from runner.values import Json

_NAMES = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "revocation_endpoint": "revoke",
    "introspection_endpoint": "introspect",
    "userinfo_endpoint": "userinfo",
    "device_authorization_endpoint": "device_authorization",
    "jwks_uri": "jwks",
}


def metadata(call: Call) -> Response:
    """Answer both well-known paths; members that one of the two does not know are to be ignored by its readers."""
    settings = call.settings
    paths = {member: getattr(settings.paths, name) for member, name in _NAMES.items()}
    secret: list[Json] = ["client_secret_basic", "client_secret_post"]
    members: dict[str, Json] = {
        "issuer": call.issuer,
        **{member: call.url(path) for member, path in paths.items() if path is not None},
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(settings.grants),
        "scopes_supported": list(settings.scopes),
        "code_challenge_methods_supported": list(settings.pkce_methods),
        "token_endpoint_auth_methods_supported": [*secret, "none"],
        "revocation_endpoint_auth_methods_supported": [*secret, "none"] if settings.public_may_revoke else secret,
        **({"introspection_endpoint_auth_methods_supported": secret} if settings.paths.introspect else {}),
        "authorization_response_iss_parameter_supported": settings.name_issuer,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
        "claims_supported": ["sub", *dict.fromkeys(name for names in settings.claims.values() for name in names)],
    }
    return reply(members)


def jwks(_call: Call) -> Response:
    """Answer with the keys that tokens are signed with: none, for each client's secret signs its own."""
    return reply({"keys": []})

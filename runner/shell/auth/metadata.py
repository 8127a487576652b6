"""Turns what an authorization server says of itself into OAuth flows (OpenID Connect Discovery 1.0; RFC 8414)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from runner.records import Frozen
from runner.shell.auth.schemes import FlowKind, OAuthFlow
from runner.shell.wire import origin
from runner.values import Json

WELL_KNOWN = "/.well-known/"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS: Mapping[str, FlowKind] = {
    "client_credentials": "clientCredentials",
    "password": "password",
    "authorization_code": "authorizationCode",
    DEVICE: "deviceAuthorization",
}
DEFAULT_GRANTS = ("authorization_code", "implicit")  # RFC 8414, 2: "If omitted, the default value is"


class Metadata(Frozen):
    """What is needed of an authorization server's metadata; `posts`: it takes a client's secret in the body only."""

    issuer: str
    flows: tuple[OAuthFlow, ...]
    grant_types: tuple[str, ...]
    posts: bool = False


def read_metadata(body: Mapping[str, Json], url: str) -> Metadata | str:
    """Read a metadata document that came from `url`, or say what is wrong with it."""
    issuer, token_url = body.get("issuer"), body.get("token_endpoint")
    if not isinstance(issuer, str) or not isinstance(token_url, str):
        return "it is no metadata of an authorization server: it lacks 'issuer' or 'token_endpoint'"
    if not _is_issued_by(url, issuer):
        return "the issuer that it names is not the one whose metadata it should be"
    grants = _texts(body.get("grant_types_supported")) or DEFAULT_GRANTS
    flows = tuple(
        OAuthFlow(
            kind,
            token_url,
            authorization_url=_text(body.get("authorization_endpoint")),
            device_url=_text(body.get("device_authorization_endpoint")),
            issuer=issuer,
        )
        for kind in GRANTS.values()
    )
    methods = _texts(body.get("token_endpoint_auth_methods_supported"))
    posts = "client_secret_post" in methods and "client_secret_basic" not in methods
    return Metadata(issuer, flows, grants, posts)


def offered(metadata: Metadata, preferred: FlowKind | None) -> tuple[OAuthFlow, ...]:
    """Give the flows that a server offers, and the one that the user insists on: few servers list all they can do."""
    kinds = {GRANTS.get(name) for name in metadata.grant_types} | {preferred}
    return tuple(flow for flow in metadata.flows if flow.kind in kinds)


def _is_issued_by(url: str, issuer: str) -> bool:
    """RFC 8414, 3.3, and OpenID Connect Discovery, 4.3: the issuer MUST be the one that the URL was made of."""
    parts = urlsplit(url)
    before, well_known, after = parts.path.partition(WELL_KNOWN)
    if not well_known:  # not an address that the specifications know; the same server must be meant at least
        return _origin(issuer) == origin(url)
    path = before + after.partition("/")[1] + after.partition("/")[2]
    return issuer.rstrip("/") == f"{parts.scheme}://{parts.netloc}{path}".rstrip("/")


def _origin(url: str) -> str:
    try:
        return origin(url)
    except ValueError:
        return ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""

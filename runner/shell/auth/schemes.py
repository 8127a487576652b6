"""Turns a Security Scheme Object of any OpenAPI version into what it asks of a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, assert_never, get_args
from urllib.parse import urljoin

from runner.openapi.document import Operation
from runner.records import Frozen, replace
from runner.shell.auth.slots import AUTHORIZATION, Slot
from runner.values import Json

FlowKind: TypeAlias = Literal["clientCredentials", "password", "authorizationCode", "deviceAuthorization"]
KINDS: tuple[FlowKind, ...] = get_args(FlowKind)

_KINDS: Mapping[str, FlowKind] = {
    **{kind: kind for kind in KINDS},
    # as OpenAPI 2.0 calls them
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}


class ApiKey(Frozen):
    """A key in a header, query parameter or cookie; `name` as the description spells it."""

    slot: Slot
    name: str


class HttpScheme(Frozen):
    """A scheme of the Authorization field, by the name that is sent."""

    name: str

    @property
    def kind(self) -> str:
        return self.name.lower()


class OAuthFlow(Frozen):
    """An OAuth Flow Object that a client can run by itself or with a user; URLs as written, empty where there is none.

    `issuer` is known of a server that was discovered.
    `implicit` is none of them: RFC 9700 (2.1.2) says that clients should not use it.
    """

    kind: FlowKind
    token_url: str
    authorization_url: str = ""
    refresh_url: str = ""
    device_url: str = ""
    issuer: str = ""


class OAuth(Frozen):
    """OAuth 2.0 or OpenID Connect; `metadata_url` is where the authorization server describes itself."""

    flows: tuple[OAuthFlow, ...] = ()
    metadata_url: str = ""
    openid: bool = False

    @property
    def kinds(self) -> tuple[FlowKind, ...]:
        """The flows that there may be; any, where the server has yet to say."""
        return KINDS if self.metadata_url else tuple(flow.kind for flow in self.flows)


class MutualTls(Frozen):
    """A client certificate, shown when the connection is made."""


Scheme: TypeAlias = ApiKey | HttpScheme | OAuth | MutualTls


def read_scheme(written: Mapping[str, Json]) -> Scheme | None:
    """Read a Security Scheme Object; None for one of a kind that is not known or that lacks what it needs."""
    match written.get("type"):
        case "basic":  # as OpenAPI 2.0 spells it
            return HttpScheme("Basic")
        case "http":
            name = _text(written, "scheme")
            return HttpScheme(name) if name else None
        case "apiKey":
            return _key(_text(written, "in"), _text(written, "name"))
        case "oauth2":
            return OAuth(tuple(_flows(written)), _text(written, "oauth2MetadataUrl"))
        case "openIdConnect":
            return OAuth((), _text(written, "openIdConnectUrl"), openid=True)
        case "mutualTLS":
            return MutualTls()
        case _:
            return None


def _key(location: str, name: str) -> ApiKey | None:
    if not name:
        return None
    match location:
        case "header":
            return ApiKey(Slot("header", name.lower()), name)
        case "query" | "cookie":
            return ApiKey(Slot(location, name), name)
        case _:
            return None


def _flows(written: Mapping[str, Json]) -> Iterator[OAuthFlow]:
    flows = written.get("flows")
    if isinstance(flows, dict):
        for name, flow in flows.items():
            if isinstance(flow, dict) and name in _KINDS and _text(flow, "tokenUrl"):
                yield _flow(_KINDS[name], flow)
    elif (name := _text(written, "flow")) in _KINDS and _text(written, "tokenUrl"):
        yield _flow(_KINDS[name], written)


def _flow(kind: FlowKind, written: Mapping[str, Json]) -> OAuthFlow:
    return OAuthFlow(
        kind,
        _text(written, "tokenUrl"),
        _text(written, "authorizationUrl"),
        _text(written, "refreshUrl"),
        _text(written, "deviceAuthorizationUrl"),
    )


def _text(written: Mapping[str, Json], name: str) -> str:
    value = written.get(name)
    return value if isinstance(value, str) else ""


def absolute(scheme: OAuth, base: str) -> OAuth:
    """Resolve the URLs of a scheme against the URL of the API's server.

    OpenAPI 3.2, "Relative References in API URLs": they are resolved "using the URLs defined in the Server Object".
    """

    def at(url: str) -> str:
        try:
            return urljoin(base, url) if url else ""
        except ValueError:  # a broken IPv6 address; refused where it would be requested
            return url

    flows = tuple(
        replace(
            flow,
            token_url=at(flow.token_url),
            authorization_url=at(flow.authorization_url),
            refresh_url=at(flow.refresh_url),
            device_url=at(flow.device_url),
        )
        for flow in scheme.flows
    )
    return replace(scheme, flows=flows, metadata_url=at(scheme.metadata_url))


def slot_of(scheme: Scheme | None) -> Slot | None:
    """Give where in a request a scheme puts its credential; nothing where it puts none."""
    match scheme:
        case ApiKey():
            return scheme.slot
        case HttpScheme() | OAuth():
            return AUTHORIZATION
        case MutualTls() | None:
            return None
        case _:
            assert_never(scheme)


def slots(operation: Operation) -> frozenset[Slot]:
    """Give every place where a credential of this API may travel."""
    return frozenset(filter(None, (slot_of(read_scheme(each)) for each in operation.security_schemes.values())))

"""Turns what only Swagger 2.0 has into what OpenAPI 3 has for it: servers, security schemes, styles of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runner.openapi.document import Location, Server
from runner.openapi.serialize import DEFAULT_STYLE
from runner.uri import is_http, split_uri
from runner.values import Json


class Style(NamedTuple):
    """How a value is written, as OpenAPI 3 says it."""

    style: str
    explode: bool


# `collectionFormat`, in a query or form. What OpenAPI 3 cannot say, here and elsewhere, keeps its name.
_IN_QUERY: Mapping[Json, Style] = {
    "csv": Style("form", False),
    "ssv": Style("spaceDelimited", False),
    "tsv": Style("tsv", False),
    "pipes": Style("pipeDelimited", False),
    "multi": Style("form", True),
}

_FLOWS: Mapping[Json, str] = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
_OF_FLOW = ("authorizationUrl", "tokenUrl", "scopes")


def style_of(location: Location, schema: Mapping[str, Json]) -> Style:
    """Give the style of a Parameter, Header or Items Object; for what is no array it is that of single values.

    "Default value is `csv`"; `multi` "is valid only for parameters in "query" or "formData"", and is `csv` elsewhere.
    """
    written = schema.get("collectionFormat")
    if schema.get("type") != "array":
        return Style(DEFAULT_STYLE[location], location == "query")
    if location == "query":
        return _IN_QUERY.get(written if isinstance(written, str) else "csv", _IN_QUERY["csv"])
    return Style(written if written in ("ssv", "tsv", "pipes") else DEFAULT_STYLE[location], False)


def servers_of(host: str, base_path: str, schemes: Iterable[str], location: str) -> tuple[Server, ...]:
    """Give the servers that `host`, `basePath` and `schemes` mean, of https before http.

    "If the host is not included, the host serving the documentation is to be used"; so with the schemes. A document
    that was not served leaves an URL that is relative, or https.
    """
    served = split_uri(location) if is_http(location) else None
    authority = host.strip("/") or (served and served.authority)
    path = "/" + base_path.strip().strip("/")
    if "://" in host or not authority:
        return (Server(host.rstrip("/") + path),)
    usable = sorted({scheme.lower() for scheme in schemes} & {"http", "https"}, reverse=True)
    usable = usable or [served.scheme.lower() if served and served.scheme else "https"]
    return tuple(Server(f"{scheme}://{authority}{path}") for scheme in usable)


def security_scheme(scheme: Mapping[str, Json]) -> dict[str, Json]:
    """Write a Security Scheme Object as OpenAPI 3 has it."""
    kind, flow = scheme.get("type"), scheme.get("flow")
    others = {name: value for name, value in scheme.items() if name not in ("type", "flow", *_OF_FLOW)}
    if kind == "basic":
        return {**others, "type": "http", "scheme": "basic"}
    if kind != "oauth2":
        return dict(scheme)
    flows: dict[str, Json] = {}
    if isinstance(flow, str) and flow in _FLOWS:
        flows[_FLOWS[flow]] = {
            "scopes": {},
            **{name: scheme[name] for name in _OF_FLOW if scheme.get(name) is not None},
        }
    return {**others, "type": "oauth2", "flows": flows}

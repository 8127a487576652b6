"""Turns security requirements into warnings of those that no credential can satisfy, whatever a user has."""

from __future__ import annotations

from collections.abc import Mapping

from runner.diagnostics import Diagnostic, did_you_mean
from runner.openapi.reading import Reader
from runner.openapi.references import Node
from runner.values import Json

LOCATIONS = ("header", "query", "cookie")
TYPES = ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")


def check_security(reader: Reader, written: Node, schemes: Mapping[str, Mapping[str, Json]]) -> None:
    """Warn of requirements whose scheme is not there or does not say how its credential travels."""
    for item in written.items():
        for name, scopes in item.members():
            place = reader.places.key(scopes.pointer)
            if name not in schemes:
                message, fix = f"there is no security scheme '{name}'", did_you_mean(name, schemes)
                reader.problems.append(Diagnostic("unknown-security-scheme", "warning", message, place, fix=fix))
            elif fault := _fault(schemes[name]):
                message = f"no credential can be sent for the security scheme '{name}': {fault}"
                reader.problems.append(Diagnostic("unusable-security-scheme", "warning", message, place))


def _fault(scheme: Mapping[str, Json]) -> str:
    """Say what keeps a scheme from being used, nothing where nothing does."""
    match scheme.get("type"):
        case "apiKey" if scheme.get("in") not in LOCATIONS:
            return f"'in' is none of {', '.join(LOCATIONS)}"
        case "apiKey" if not _is_text(scheme.get("name")):
            return "it has no 'name'"
        case "http" if not _is_text(scheme.get("scheme")):
            return "it has no 'scheme'"
        case "openIdConnect" if not _is_text(scheme.get("openIdConnectUrl")):
            return "it has no 'openIdConnectUrl'"
        case kind if kind not in TYPES:
            return f"'type' is none of {', '.join(TYPES)}"
        case _:
            return ""


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and value != ""

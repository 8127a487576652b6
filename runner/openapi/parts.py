"""Turns the small parts of a description into values: servers, security requirements, status codes."""

from __future__ import annotations

import re

from runner.openapi.document import Security, Server
from runner.openapi.references import Node
from runner.text import scalar_text
from runner.uri import is_http, resolve_uri
from runner.values import Json

_RANGE = re.compile(r"[1-5][xX]{2}")
_STATUS = re.compile(r"[1-9][0-9]{2}|[1-5]XX|default")


def read_servers(node: Node, location: str) -> tuple[Server, ...]:
    """Read a list of Server Objects of the document at `location`; what has no URL is left out, an empty URL is `/`."""
    return tuple(
        Server(_absolute(url or "/", location), _defaults(item.get("variables")), _enums(item.get("variables")))
        for item in node.items()
        if isinstance(url := item.get("url").value, str)
    )


def _absolute(url: str, base: str) -> str:
    """Resolve a relative server URL; one that begins with a variable may turn out to be absolute and stays.

    OpenAPI 3.2, Server Object: relative to where the document "is being served", so `$self` does not count.
    """
    return resolve_uri(base, url) if is_http(base) and not url.startswith("{") else url


def _defaults(variables: Node) -> dict[str, str]:
    defaults = {name: variable.get("default").value for name, variable in variables.members()}
    return {name: text for name, value in defaults.items() if (text := _text(value)) is not None}


def _enums(variables: Node) -> dict[str, tuple[str, ...]]:
    allowed = {
        name: tuple(text for item in variable.get("enum").items() if (text := _text(item.value)) is not None)
        for name, variable in variables.members()
    }
    return {name: values for name, values in allowed.items() if values}


def _text(value: Json) -> str | None:
    """Give a scalar as text: authors write `default: 8443`, where the specification wants a string."""
    return None if value is None or isinstance(value, list | dict) else scalar_text(value)


def read_security(node: Node) -> Security | None:
    """Read a list of Security Requirement Objects; None where there is no list, which is not an empty one."""
    if not isinstance(node.value, list):
        return None
    return tuple(
        {
            name: tuple(scope.value for scope in scopes.items() if isinstance(scope.value, str))
            for name, scopes in item.members()
        }
        for item in node.items()
        if isinstance(item.value, dict)
    )


def is_status_key(key: str) -> bool:
    """Say whether a key of a Responses Object means a status code, a range of them, or all others."""
    return _STATUS.fullmatch(status_key(key)) is not None


def status_key(key: str) -> str:
    """Spell a key of a Responses Object as the specification does: `2XX`, `default`."""
    if _RANGE.fullmatch(key):
        return key.upper()
    return "default" if key.lower() == "default" else key

"""Turns the small parts of a description into values: servers, security requirements, status codes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.openapi.document import Server
from runner.openapi.references import Node
from runner.openapi.uri import is_http, resolve_uri
from runner.text import scalar_text
from runner.values import Json

_RANGE = re.compile(r"[1-5][xX]{2}")


def read_servers(node: Node) -> tuple[Server, ...]:
    """Read a list of Server Objects; what has no URL is left out, an empty URL is `/`."""
    return tuple(
        Server(_absolute(url or "/", item.uri), _defaults(item.get("variables")), _enums(item.get("variables")))
        for item in node.items()
        if isinstance(url := item.get("url").value, str)
    )


def _absolute(url: str, base: str) -> str:
    """Resolve a relative server URL; one that begins with a variable may turn out to be absolute and stays."""
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


def read_security(node: Node) -> tuple[Mapping[str, tuple[str, ...]], ...] | None:
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


def status_key(key: str) -> str:
    """Spell a key of a Responses Object as the specification does: `2XX`, `default`."""
    if _RANGE.fullmatch(key):
        return key.upper()
    return "default" if key.lower() == "default" else key

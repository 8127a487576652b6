"""Turns a server, a path template and serialized parameters into the URL of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from runner.openapi.document import Server
from runner.openapi.percent import IN_PATH, encode_reserved
from runner.openapi.problem import SerializationProblem

# `{+name}` is RFC 6570's reserved expansion: not OpenAPI's, but used by descriptions made from Google's discovery files
_VARIABLE = re.compile(r"\{(\+?)([^{}]+)\}")
_DOTS = re.compile(r"(?i)(?:\.|%2e)(?:/|$)")


@lru_cache(1024)
def template_variables(path: str) -> Mapping[str, bool]:
    """Give the variables of a path template in order, each with whether it is written `{+name}`."""
    return MappingProxyType({found[2]: bool(found[1]) for found in _VARIABLE.finditer(path)})


def server_url(server: Server, overrides: Mapping[str, str] | None = None) -> str:
    """Give a server's URL, its variables replaced by `overrides` or their defaults, without a slash at its end.

    Overrides for variables of other servers are ignored. Nothing is percent-encoded.
    """
    given = overrides or {}
    for name, allowed in server.enums.items():
        if name in given and given[name] not in allowed:
            choices = ", ".join(f"'{value}'" for value in allowed)
            raise SerializationProblem(f"server variable '{name}' is one of {choices}")

    def replacement(found: re.Match[str]) -> str:
        name = found[2]
        if name in server.variables or name in given:
            return given.get(name, server.variables.get(name, ""))
        raise SerializationProblem(f"server variable '{name}' of '{server.url}' has no value")

    return _VARIABLE.sub(replacement, server.url).rstrip("/")


def build_url(server: str, path: str, path_values: Mapping[str, str], query: Sequence[str] = ()) -> str:
    """Join a server URL, a path with its variables replaced, and the pieces of the query string.

    `path_values` and `query` come from `path_segment` and `query_text`; empty pieces of the query are skipped.
    A query that the server URL or the path already has comes first; a fragment, which is never sent, is dropped.
    """
    base, base_query = _halves(server)
    rest, path_query = _halves(path)
    filled = _fill(rest, path_values)
    whole = base.rstrip("/") + "/" + filled.removeprefix("/")
    pieces = [piece for piece in (base_query, path_query and _fill(path_query, path_values), *query) if piece]
    return f"{whole}?{'&'.join(pieces)}" if pieces else whole


@lru_cache(1024)
def _halves(url: str) -> tuple[str, str]:
    before, _, query = url.partition("#")[0].partition("?")
    return before, query


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Replace the variables of a template, and encode what no URL can hold in what stands between them."""
    first, *others = _pieces(template)
    if not others:
        return first
    filled = first
    for name, text in zip(others[::2], others[1::2], strict=True):
        if name not in values:
            raise SerializationProblem(f"path parameter '{name}' has no value")
        filled += values[name] + text
    _refuse_dots(filled)
    return filled


@lru_cache(1024)
def _pieces(template: str) -> tuple[str, ...]:
    """Give the encoded text before the first variable, then each variable's name and the encoded text after it."""
    pieces, end = list[str](), 0
    for found in _VARIABLE.finditer(template):
        pieces += [encode_reserved(template[end : found.start()], IN_PATH), found[2]]
        end = found.end()
    return (*pieces, encode_reserved(template[end:], IN_PATH))


def _refuse_dots(path: str) -> None:
    """Refuse a value that became a `.` or `..` segment: on its way it would be resolved to another path."""
    if _DOTS.search(path) and any(unquote(segment) in (".", "..") for segment in path.split("/")):
        raise SerializationProblem("a path parameter makes a '.' or '..' segment: the URL would name another resource")

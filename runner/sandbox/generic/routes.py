"""Turns the paths of a description into a table, and a method and a path into the operation that they mean.

"When matching URLs, concrete (non-templated) paths would be matched before their templated counterparts" (OpenAPI,
Paths Object): segment by segment, one that is all text goes before one that has a variable in it, and that before one
that is nothing else. A template that does not know the method gives way to one that does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote

from runner.openapi.percent import IN_PATH, encode_reserved
from runner.records import Frozen
from runner.values import split_pointer

_VARIABLE = re.compile(r"\{(\+?)([^{}]+)\}")
_TRIPLE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


class Route(Frozen):
    """A method and a path template; `pointer` leads to the operation. `query` is what the template has of one."""

    method: str
    template: str
    pointer: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    query: frozenset[tuple[str, str]]

    def captured(self, path: str, query: frozenset[tuple[str, str]]) -> Mapping[str, str] | None:
        """Give the values of the variables, still encoded; None where the template does not fit."""
        found = self.pattern.fullmatch(path) if self.query <= query else None
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))

    @property
    def order(self) -> tuple[object, ...]:
        return (-len(self.query), [_abstraction(part) for part in self.template.split("/")], self.template)


def _abstraction(segment: str) -> tuple[int, int]:
    """Say how little a segment of a template says: what it says itself is less than all that it may be."""
    variables = list(_VARIABLE.finditer(segment))
    said = len(_VARIABLE.sub("", segment))
    if not variables:
        return (0, 0)
    return (3 if any(found[1] for found in variables) else 1 if said else 2, -said)


class Match(Frozen):
    """The operation that a request means, with the values of its path variables, percent-encoded as they came."""

    pointer: str
    template: str
    captured: Mapping[str, str]


class Missing(Frozen):
    """No operation is meant; `allowed` are the methods that the path has, if it is one."""

    allowed: tuple[str, ...]


class Table(Frozen):
    """The routes of a description, the most specific first."""

    routes: tuple[Route, ...]

    @classmethod
    def of(cls, pointers: Iterable[str]) -> Table:
        """Read the places of operations: `/paths/~1pets/get`."""
        return cls(tuple(sorted(map(_route, pointers), key=lambda route: route.order)))

    def find(self, method: str, path: str, query: str = "") -> Match | Missing:
        """Find the operation of a path as it came, below the server's; HEAD is answered by what answers GET."""
        pairs = frozenset(parse_qsl(query, keep_blank_values=True))
        here = normal(path)
        found = [(route, known) for route in self.routes if (known := route.captured(here, pairs)) is not None]
        for wanted in (method, "GET") if method == "HEAD" else (method,):
            for route, captured in found:
                if route.method == wanted:
                    return Match(route.pointer, route.template, captured)
        allowed = {route.method for route, _ in found}
        allowed |= {"HEAD"} if "GET" in allowed else set()
        return Missing(tuple(sorted(allowed | {"OPTIONS"}))) if allowed else Missing(())


def _route(pointer: str) -> Route:
    _, template, *rest = split_pointer(pointer)
    method = rest[0].upper() if len(rest) == 1 else rest[-1]
    path, _, query = template.partition("#")[0].partition("?")
    pieces, names, end = list[str](), list[str](), 0
    for found in _VARIABLE.finditer(path):
        pieces += [re.escape(_written(path[end : found.start()])), "(.+)" if found[1] else "([^/]+)"]
        names.append(found[2])
        end = found.end()
    pattern = re.compile("".join([*pieces, re.escape(_written(path[end:]))]), re.DOTALL)
    pairs = frozenset(pair for pair in parse_qsl(query, keep_blank_values=True) if "{" not in pair[1])
    return Route(method, path, pointer, pattern, tuple(names), pairs)


def _written(text: str) -> str:
    return normal(encode_reserved(text, IN_PATH))


def normal(path: str) -> str:
    """Spell a path as all paths that mean the same (RFC 3986, 6.2.2): no character is encoded that need not be."""

    def spelled(found: re.Match[str]) -> str:
        char = unquote(found.group(), errors="replace")
        return char if _UNRESERVED.fullmatch(char) else found.group().upper()

    return _TRIPLE.sub(spelled, path)

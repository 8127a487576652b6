"""Turns several descriptions into the paths of one server below which each is found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.openapi.document import ApiDescription, Server
from runner.openapi.problem import SerializationProblem
from runner.openapi.url import server_url
from runner.records import Frozen
from runner.sandbox.generic.routes import Table
from runner.sandbox.generic.sandbox import Mount, base_path


class Served(Frozen):
    """A description, what it is called, and the path at which it is shown; `mounts` are all where it answers."""

    name: str
    api: ApiDescription
    path: str
    mounts: tuple[Mount, ...]


def lay_out(described: Sequence[tuple[str, ApiDescription]]) -> list[Served]:
    """Give each description its place: the base path of its first server, below its name where others have that too.

    It answers below the base paths of all of its servers, and without one where no other is meant. Names are those of
    files or URLs.
    """
    bases = [list(_bases(api)) for _, api in described]
    names = _distinct([_word(name) for name, _ in described])
    served = []
    for (name, api), own, word, others in zip(described, bases, names, _all_others(bases), strict=True):
        prefix = f"/{word}" if own[0] in others else ""
        table = Table.of(api.by_pointer)
        paths = dict.fromkeys([*(prefix + base for base in own if prefix or base not in others), prefix, ""])
        mounts = tuple(Mount(api, table, base=path) for path in paths)
        served.append(Served(name, api, prefix + own[0], mounts))
    return served


def _all_others(bases: Sequence[Sequence[str]]) -> list[set[str]]:
    return [{base for other in (*bases[:at], *bases[at + 1 :]) for base in other} for at in range(len(bases))]


def _bases(api: ApiDescription) -> Iterator[str]:
    """Give the paths of the servers of a description and its operations, each once; one that is broken has none."""
    servers = dict.fromkeys(_key(server) for each in api.by_pointer.values() for server in each.servers)
    yield from dict.fromkeys([path for path in servers if path is not None] or [""])


def _key(server: Server) -> str | None:
    try:
        return base_path(server_url(server))
    except (SerializationProblem, ValueError):
        return None


def _word(name: str) -> str:
    """Make a path segment of a name: `https://example.com/specs/pet-store.openapi.yaml` is `pet-store`."""
    stem = re.split(r"[/\\]", name.rstrip("/"))[-1].partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "api"


def _distinct(words: Sequence[str]) -> list[str]:
    """Number the words that are there already."""
    found: list[str] = []
    for word in words:
        number = next(number for number in range(1, len(words) + 2) if _numbered(word, number) not in found)
        found.append(_numbered(word, number))
    return found


def _numbered(word: str, number: int) -> str:
    return word if number == 1 else f"{word}-{number}"

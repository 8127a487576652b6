"""Turn the servers a description lists, and what the user says of them, into the one that requests go to, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from urllib.parse import urlsplit

from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.late import late_pattern
from runner.openapi.document import Operation, Server
from runner.openapi.problem import SerializationProblem
from runner.openapi.url import server_url, template_variables
from runner.plan.context import Options
from runner.plan.plan import OperationCall, Plan, ServerChoice, Unrunnable
from runner.records import Frozen
from runner.uri import is_http, resolve_uri, split_uri

_NO_HOST = late_pattern(r"[\s%\x00-\x20]")
# What ends the part of a URL that it stands in: no value of a variable may say where the rest of its server goes.
_ENDS = late_pattern(r"[\s?#\\\x00-\x20]")


class Unusable(Frozen):
    """Why none of the servers can be used, each in a sentence; `variable` is one that lacks a value, if that is it."""

    reasons: tuple[str, ...]
    variable: str | None


def choose_server(operation: Operation, source: str, location: str, options: Options) -> ServerChoice | Unusable:
    """Choose the base URL: what the user gives for the source, else the first server that can be used.

    `location` is where the description is, which relative URLs are resolved against where that is an address of http.
    """
    given = options.servers.get(source)
    if given is not None:
        return ServerChoice(given.rstrip("/"), options.given_by.get(source, "--server"))
    reasons: list[str] = []
    lacking: list[str] = []
    for position, server in enumerate(operation.servers, start=1):
        overrides = _overrides(server, source, options.server_variables)
        try:
            url = server_url(server, overrides)
        except SerializationProblem as problem:
            reasons.append(str(problem))
            lacking += [name for name in template_variables(server.url) if name not in server.variables]
            continue
        url = resolve_uri(location, url or "/").rstrip("/") if is_http(location) else url
        if _is_usable(url):
            values = {**server.variables, **overrides}
            applied = tuple((name, values[name]) for name in template_variables(server.url))
            return ServerChoice(url, operation.servers_of, position, applied)
        reasons.append(_no_address(server))
    if options.stand_in:
        return _stand_in(source, operation.servers)
    return Unusable(tuple(reasons), lacking[0] if lacking else None)


def _stand_in(source: str, servers: Sequence[Server]) -> ServerChoice:
    """Make an address of the name of a source: nothing is ever found below `.example` (RFC 2606)."""
    host = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:63].strip("-") or "api"
    paths = (split_uri(server.url).path.rstrip("/") for server in servers if "{" not in server.url)
    path = next((path for path in paths if path.startswith("/")), "")
    return ServerChoice(f"https://{host}.example{path}", "the description names no server that could be used")


def _is_usable(url: str) -> bool:
    """Say whether a URL is of http or https, and names a host and port that there can be."""
    if not is_http(url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return bool(host.encode("idna")) and not _NO_HOST.search(host) and parts.port != 0
    except ValueError:
        return False


def _no_address(server: Server) -> str:
    if is_http(server.url):
        return f"the server '{server.url}' is not a legal URL"
    if "://" in server.url:
        return f"the server '{server.url}' is not of http or https"
    return f"the server '{server.url}' is relative to where the description is served, and it was read from a file"


def _overrides(server: Server, source: str, given: Mapping[str, str]) -> dict[str, str]:
    """Give the values that the user gives to variables of a server; one for its source wins over one for all."""
    keys = {name: (f"{source}.{name}", name) for name in template_variables(server.url)}
    return {name: given[key] for name, pair in keys.items() for key in reversed(pair) if key in given}


def server_choices(plan: Plan, keys: Sequence[str]) -> tuple[tuple[str, ServerChoice], ...]:
    """Give the servers that a run of these workflows can send to, each once, with the source it belongs to."""
    calls = (step.call for workflow in plan.reachable(*keys) for step in workflow.all_steps)
    return tuple(dict.fromkeys((call.source, call.choice) for call in calls if isinstance(call, OperationCall)))


def refuse_variables(plans: Iterable[Plan], given: Mapping[str, str], optional: Set[str] = frozenset()) -> None:
    """Raise UsageError for a server variable that no server of a called operation has, or a value it cannot have.

    Those that are `optional` need not be there. A value that no server can be used with is refused, and not passed over
    in favour of a server that does not have the variable: nobody asked for that one.
    """
    holders: dict[str, list[tuple[str, Server]]] = {}
    for source, server in _servers(plans) if given else ():
        for name in template_variables(server.url):
            for key in (name, f"{source}.{name}"):
                holders.setdefault(key, []).append((source, server))
    for key, value in given.items():
        if key not in holders and key in optional:
            continue
        if key not in holders:
            meant = did_you_mean(key, holders)
            listed = ", ".join(f"'{name}'" for name in holders if "." in name) or "none"
            hint = meant.title if meant else f"server variables there are: {listed}"
            raise UsageError(f"there is no server variable '{key}'", hint)
        reasons = [_why_not(server, source, key, given) for source, server in holders[key]]
        if all(reasons):
            raise UsageError(f"the server variable '{key}' cannot be '{value}'", "; ".join(dict.fromkeys(reasons)))


def _why_not(server: Server, source: str, key: str, given: Mapping[str, str]) -> str:
    """Say why a variable of a server cannot have the value that is given; the empty text where it can."""
    value = given[key]
    values = next((server.enums[name] for name in (key, key.removeprefix(f"{source}.")) if name in server.enums), ())
    if values and value not in values:
        return "it is one of " + ", ".join(f"'{choice}'" for choice in values)
    if _ENDS.search(value):
        return "a URL cannot hold it there"
    try:
        url = server_url(server, _overrides(server, source, given))
    except SerializationProblem:
        return ""  # another variable is missing, or refused itself
    return f"it makes '{url}', which is not a legal URL" if "://" in url and not _is_usable(url) else ""


def _servers(plans: Iterable[Plan]) -> Iterator[tuple[str, Server]]:
    """Give the servers of every operation that is called, with the source each belongs to."""
    for plan in plans:
        for workflow in plan.workflows.values():
            for step in workflow.all_steps:
                if isinstance(step.call, OperationCall | Unrunnable) and step.call.operation is not None:
                    yield from ((step.call.source, server) for server in step.call.operation.servers)

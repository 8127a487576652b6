"""The credentials of a run: from the environment, or a sandbox's own, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from runner.cli.world import Venue
from runner.plan.plan import OperationCall, Plan
from runner.sandbox.civitai.settings import ORCHESTRATION_ORIGIN, SANDBOX_TOKEN, SITE_ORIGIN
from runner.shell.auth import PREFIX, Credentials, Slot, from_environment, keys, missing, suffix
from runner.shell.wire import origin

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STOOD_IN = (SITE_ORIGIN, ORCHESTRATION_ORIGIN)


def credentials_of(plan: Plan, venue: Venue, environ: Mapping[str, str]) -> Credentials:
    """Give the credentials for a document at its venue.

    The sandbox knows one token of its own, which opens nothing else. It is sent to the embedded sandbox, and to an
    address of this machine that `--server` gives for an API the sandbox stands in for, where nobody gave another.
    """
    if venue.sandbox:
        return Credentials(by_origin=dict.fromkeys(STOOD_IN, SANDBOX_TOKEN))
    given = from_environment(environ)
    local = {
        origin(url)
        for name, url in venue.servers.items()
        if urlsplit(url).hostname in LOOPBACK and name in _stood_in(plan)
    }
    return Credentials(given.values, dict.fromkeys(local, SANDBOX_TOKEN))


def calls(plan: Plan, keys: Sequence[str]) -> Iterator[OperationCall]:
    """Give the operations that a run of these workflows can call."""
    for workflow in plan.reachable(*keys):
        yield from (step.call for step in workflow.steps if isinstance(step.call, OperationCall))


def _stood_in(plan: Plan) -> set[str]:
    """Give the sources whose descriptions name a server that the sandbox stands in for."""
    return {
        call.source
        for call in calls(plan, tuple(plan.workflows))
        if any(server.url.startswith(STOOD_IN) for server in call.operation.servers)
    }


def advise(plan: Plan, asked: Sequence[str], venue: Venue, credentials: Credentials) -> Iterator[str]:
    """Say before the first request which credentials are missing, and which of those given nobody asks for."""
    if venue.sandbox:
        return
    wanted: dict[str, str] = {}
    schemes: set[str] = set()
    known: set[str] = set()
    for call in calls(plan, asked):
        schemes |= {suffix(name) for name in call.operation.security_schemes}
        known = known.union(*(keys(name, call.source) for name in call.operation.security_schemes))
        has = frozenset(
            Slot(
                p.parameter.location, p.parameter.name.lower() if p.parameter.location == "header" else p.parameter.name
            )
            for p in call.parameters
            if p.parameter.location in ("header", "query", "cookie")
        )
        for name in missing(call.operation, credentials, has, origin(call.server), call.source):
            wanted.setdefault(name, call.operation.operation_id or call.title)
    for name, operation in wanted.items():
        yield f"'{operation}' wants a credential that nobody gave; set {name} in the environment"
    for given in credentials.values:
        if schemes and given not in known:
            listed = ", ".join(PREFIX + scheme for scheme in sorted(schemes))
            yield f"{PREFIX}{given} belongs to no security scheme of '{plan.document}'; those are {listed}"

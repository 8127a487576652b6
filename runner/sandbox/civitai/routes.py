"""Turns a method and a path into the operation they mean, by a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import unquote

from runner.exchange import Request, Response
from runner.records import Frozen
from runner.sandbox.civitai.accounts import Account, Accounts
from runner.sandbox.civitai.outbox import Outbox
from runner.sandbox.civitai.parameters import Query
from runner.sandbox.civitai.replies import ErrorShape, Refusal
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.faults import Faults
from runner.sandbox.oauth.state import Grant


class World(Frozen):
    """All that outlives a request."""

    settings: Settings
    accounts: Accounts
    blob_base: str
    faults: Faults
    outbox: Outbox


class Call(Frozen):
    """One request to one operation; `grant` is what the caller's app was granted, if it is one."""

    request: Request
    captured: Mapping[str, str]
    query: Query
    caller: Account | None
    now: float
    world: World
    grant: Grant | None = None

    @property
    def account(self) -> Account:
        """The caller of a route that says `bearer`: without one it is not called."""
        assert self.caller is not None
        return self.caller


Answer: TypeAlias = Callable[[Call], Response]


class Route(Frozen):
    """An operation of a description; `bearer` says that it needs a token.

    `fresh` is for how many seconds a shared cache may keep what anybody is answered; 0 where nothing is said of it.
    """

    method: str
    template: str
    operation_id: str
    answer: Answer
    bearer: bool = False
    fresh: int = 0

    def capture(self, path: str) -> dict[str, str] | None:
        """Give the values of the template's parameters, or None where the path is not of its kind."""
        wanted, given = self.template.split("/"), path.split("/")
        if len(wanted) != len(given):
            return None
        pairs = [(want, unquote(have)) for want, have in zip(wanted, given, strict=True)]
        if any(have == "" if _is_parameter(want) else have != want for want, have in pairs[1:]):
            return None
        return {want[1:-1]: have for want, have in pairs if _is_parameter(want)}


class Api(Frozen):
    """An API: its operations, how its errors look, and whether it looks at tokens at all."""

    name: str
    routes: Sequence[Route]
    error: ErrorShape
    tokens: bool = True


class Match(Frozen):
    """The operation that a request means, with the values of its path parameters."""

    route: Route
    captured: Mapping[str, str]


def find(routes: Sequence[Route], method: str, path: str, prefix: str = "") -> Match:
    """Find the operation of a path, which stands below a prefix.

    "When matching URLs, concrete (non-templated) paths would be matched before their templated counterparts"
    (OpenAPI, Paths Object).
    """
    matches = [Match(route, captured) for route in routes if (captured := route.capture(path)) is not None]
    if not matches:
        raise Refusal(404, f"there is no path {prefix}{path}")
    template = min((match.route.template for match in matches), key=_abstraction)
    there = {match.route.method: match for match in matches if match.route.template == template}
    if method not in there:
        allowed = ", ".join(sorted(there))
        raise Refusal(405, f"{prefix}{path} answers {allowed}, not {method}", (("Allow", allowed),))
    return there[method]


def _abstraction(template: str) -> list[bool]:
    return [_is_parameter(segment) for segment in template.split("/")]


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")

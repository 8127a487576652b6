"""Turns API descriptions into a stand-in for what they describe: a function from a request to a response.

A request is routed, held against its operation like any that the runner sends, and answered by `reply`. Nothing is
remembered: the same request gets the same reply. But a reply repeats what the request says under the name of one of its
members, and a pet that is asked for by `GET /pets/{petId}` has that `id`.

Whoever sends a request for a step may say what the step hopes for (`hopes`): of several replies one that it is written
for is given then, like `201` where that is its success criterion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from runner.diagnostics import nearest
from runner.exchange import Headers, Request, Response, header
from runner.openapi.document import ApiDescription, Operation
from runner.records import Frozen, replace
from runner.sandbox.civitai.sandbox import origin_of
from runner.sandbox.civitai.settings import MAX_BODY
from runner.sandbox.faults import Fault, Faults
from runner.sandbox.generic.adapt import Echo
from runner.sandbox.generic.arguments import Sent
from runner.sandbox.generic.checks import check_request
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.hopes import NOTHING, Hope
from runner.sandbox.generic.prefer import read_preferences
from runner.sandbox.generic.problems import Refusal
from runner.sandbox.generic.reply import Asked, reply_to, usual_status
from runner.sandbox.generic.routes import Match, Table, normal
from runner.sandbox.generic.security import check_security
from runner.sandbox.replies import bodiless

SEED = "sandbox"
LATENCY = 0.02
"""Seconds that an answer takes on the clock of a run."""


class Mount(Frozen):
    """A description, and where it answers: on an origin, of which an empty one is any, below a base path."""

    api: ApiDescription
    table: Table
    origin: str = ""
    base: str = ""

    def below(self, path: str) -> str | None:
        """Give what of a path is below the base; None where it is not."""
        return (path[len(self.base) :] or "/") if f"{path}/".startswith(f"{self.base}/") else None


def mount(api: ApiDescription, url: str) -> Mount:
    """Mount a description at a base URL; a path alone is one on any origin."""
    return Mount(api, Table.of(api.by_pointer), origin_of(url), base_path(url))


def base_path(url: str) -> str:
    """Give the path of a base URL as paths are compared, without a slash at its end."""
    return normal(urlsplit(url).path).rstrip("/")


class _Found(Frozen):
    """The operation that a request means; `path` is what there is of it below the mount."""

    mount: Mount
    path: str
    match: Match

    @property
    def operation(self) -> Operation:
        return self.mount.api.by_pointer[self.match.pointer]


class GenericSandbox:
    """A stand-in for APIs of which there is no more than a description; the longest base path that fits goes first.

    `page` is what its root shows, if no description has an operation there. `hopes` gives what the step hopes for that
    is sending now. Safe to share between threads, without hopes. `faults` are for whoever moves the bytes.
    """

    def __init__(
        self,
        mounts: Sequence[Mount],
        seed: str = SEED,
        page: str = "",
        hopes: Callable[[], Hope] = lambda: NOTHING,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._mounts = sorted(mounts, key=lambda each: -len(each.base))
        self._seed, self._page, self._hopes = seed, page, hopes
        self.faults = Faults(faults, self.operation, self.refuse)

    @property
    def latency(self) -> float:
        return LATENCY

    def claims(self, url: str) -> bool:
        """Say whether a URL is on one of the origins that this stands in for."""
        origin = origin_of(url)
        return any(each.origin == origin for each in self._mounts)

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        try:
            response = self._dispatch(request)
        except Refusal as refusal:
            response = refusal.response
        return bodiless(response) if request.method == "HEAD" else response

    def operation(self, request: Request) -> str | None:
        """Give the operationId that a request means."""
        found = self._find(request)
        return found.operation.operation_id if isinstance(found, _Found) else None

    def refuse(self, request: Request, status: int, headers: Headers) -> Response:
        """Answer by an error that was asked for: as the operation declares it, else as a problem."""
        found = self._find(request)
        response = Refusal(status, "a fault that was asked for").response
        if isinstance(found, _Found):
            with suppress(Refusal):  # it has no such reply
                response = reply_to(self._asked(found, request, status))
        own = tuple(each for each in response.headers if header(headers, each[0]) is None)
        answered = replace(response, headers=(*own, *headers))
        return bodiless(answered) if request.method == "HEAD" else answered

    def _dispatch(self, request: Request) -> Response:
        found = self._find(request)
        if isinstance(found, _Found):
            return self._respond(found, request)
        return self._undescribed(request.method, normal(urlsplit(request.url).path) or "/", found)

    def _find(self, request: Request) -> _Found | list[str]:
        """Give the operation that a request means, or else the methods that there are for its path."""
        parts, origin = urlsplit(request.url), origin_of(request.url)
        path = normal(parts.path) or "/"
        allowed: set[str] = set()
        meant = self._hopes().api  # of two descriptions of one server the step says which it means
        for each in sorted(self._mounts, key=lambda each: each.api is not meant):
            rest = each.below(path) if each.origin in ("", origin) else None
            if rest is None:
                continue
            found = each.table.find(request.method, rest, parts.query)
            if isinstance(found, Match):
                return _Found(each, rest, found)
            allowed.update(found.allowed)
        return sorted(allowed)

    def _respond(self, found: _Found, request: Request) -> Response:
        if len(request.body) > MAX_BODY:
            raise Refusal(413, f"the body is larger than {MAX_BODY} bytes")
        api, operation = found.mount.api, found.operation
        sent = Sent(found.match.captured, urlsplit(request.url).query, request.headers)
        preferences = read_preferences(request.headers)
        hope = NOTHING if preferences.chooses else self._hopes().about(api, operation)
        code = preferences.code if hope is NOTHING else _hoped(hope, operation)
        strict = code is None or code < 400
        if strict:
            check_security(operation, sent, api.title)
        said = check_request(api, operation, request, sent, strict=strict)
        asked = self._asked(found, request, code)
        return reply_to(replace(asked, preferences=preferences, hope=hope, echo=Echo(said.names, said.called)))

    def _asked(self, found: _Found, request: Request, code: int | None) -> Asked:
        query = urlsplit(request.url).query
        dice = Dice.of(self._seed, found.match.pointer, found.path, query, request.body.hex())
        return Asked(found.operation, found.mount.api, request, dice, code)

    def _undescribed(self, method: str, path: str, allowed: Sequence[str]) -> Response:
        """Answer for a path or a method that no description has."""
        headers = (("Allow", ", ".join(allowed)),)
        if allowed and method == "OPTIONS":
            return Response(204, headers, b"", "No Content")
        if allowed:
            raise Refusal(405, f"{path} answers {', '.join(allowed)}, not {method}", headers)
        if path == "/" and self._page and method in ("GET", "HEAD"):
            return Response(200, (("Content-Type", "text/plain; charset=utf-8"),), self._page.encode(), "OK")
        paths = dict.fromkeys(f"{each.base}{route.template}" for each in self._mounts for route in each.table.routes)
        meant = nearest(path, paths)
        hint = f"; did you mean {meant}?" if meant else f"; there are {', '.join(list(paths)[:20])}" if paths else ""
        raise Refusal(404, f"no description has a path {path}{hint}")


def _hoped(hope: Hope, operation: Operation) -> int | None:
    """Give the status that is hoped for; None where it is the usual one."""
    usual = usual_status(operation)
    status = hope.status(operation, usual)
    return None if status == usual else status

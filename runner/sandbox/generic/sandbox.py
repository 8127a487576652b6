"""Turns API descriptions into a stand-in for what they describe: a function from a request to a response.

A request is routed, held against its operation like any that the runner sends, and answered by `reply`. Nothing is
remembered: the same request gets the same reply. But a reply repeats what the request says under the name of one of its
members, so that `GET /pets/42` is answered by a pet whose `id` is 42 where the path calls it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from runner.diagnostics import nearest
from runner.exchange import Request, Response
from runner.openapi.document import ApiDescription
from runner.sandbox.civitai.sandbox import origin_of
from runner.sandbox.civitai.settings import MAX_BODY
from runner.sandbox.generic.arguments import Sent
from runner.sandbox.generic.checks import check_request
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.prefer import read_preferences
from runner.sandbox.generic.problems import Refusal
from runner.sandbox.generic.reply import Asked, reply_to
from runner.sandbox.generic.routes import Match, Table, normal
from runner.sandbox.generic.security import check_security
from runner.sandbox.replies import bodiless

SEED = "sandbox"
LATENCY = 0.02
"""Seconds that an answer takes on the clock of a run."""


@dataclass(frozen=True, slots=True)
class Mount:
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


class GenericSandbox:
    """A stand-in for APIs of which there is no more than a description; the longest base path that fits goes first.

    `page` is what its root shows, if no description has an operation there. Safe to share between threads.
    """

    def __init__(self, mounts: Sequence[Mount], seed: str = SEED, page: str = "") -> None:
        self._mounts = sorted(mounts, key=lambda each: -len(each.base))
        self._seed, self._page = seed, page

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

    def _dispatch(self, request: Request) -> Response:
        parts, origin = urlsplit(request.url), origin_of(request.url)
        path = normal(parts.path) or "/"
        allowed: list[str] = []
        for each in self._mounts:
            rest = each.below(path) if each.origin in ("", origin) else None
            if rest is None:
                continue
            found = each.table.find(request.method, rest, parts.query)
            if isinstance(found, Match):
                return self._respond(each, found, request)
            allowed += found.allowed
        return self._undescribed(request.method, path, sorted(set(allowed)))

    def _respond(self, at: Mount, match: Match, request: Request) -> Response:
        if len(request.body) > MAX_BODY:
            raise Refusal(413, f"the body is larger than {MAX_BODY} bytes")
        operation = at.api.by_pointer[match.pointer]
        parts = urlsplit(request.url)
        sent = Sent(match.captured, parts.query, request.headers)
        preferences = read_preferences(request.headers)
        strict = preferences.code is None or preferences.code < 400
        if strict:
            check_security(operation, sent, at.api.title)
        said = check_request(at.api, operation, request, sent, strict=strict)
        path = at.below(normal(parts.path) or "/")
        dice = Dice.of(self._seed, match.pointer, path, parts.query, request.body.hex())
        return reply_to(Asked(operation, at.api, request, preferences, dice, said.names))

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

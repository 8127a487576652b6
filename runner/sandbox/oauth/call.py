"""Turns the query and the body of a request into parameters, and holds them with all that an endpoint looks at."""

from __future__ import annotations

from urllib.parse import parse_qsl, urljoin, urlsplit

from runner.exchange import Request, header, media_type
from runner.records import Frozen
from runner.sandbox.oauth.replies import Refusal
from runner.sandbox.oauth.settings import Settings
from runner.sandbox.oauth.state import State

_MAY_REPEAT = frozenset({"resource", "audience"})  # RFC 8707, 2; RFC 8693, 2.1


class Parameters(Frozen):
    """Parameters of a request, in order. RFC 6749, 3.1: those without a value count as omitted."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Parameters:
        return cls(tuple(parse_qsl(text)))

    def get(self, name: str) -> str | None:
        """Give a value that may stand once."""
        values = self.several(name)
        if len(values) > 1 and name not in _MAY_REPEAT:
            raise Refusal("invalid_request", f"{name} is given {len(values)} times")
        return values[0] if values else None

    def required(self, name: str) -> str:
        """Give a value that must stand once."""
        value = self.get(name)
        if value is None:
            raise Refusal("invalid_request", f"{name} is required")
        return value

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)

    def check_single(self) -> None:
        """Refuse parameters that are given twice: they "MUST NOT be included more than once" (RFC 6749, 3.1)."""
        for name in dict(self.pairs):
            self.get(name)


class Call(Frozen):
    """One request to one endpoint, at a time."""

    request: Request
    settings: Settings
    state: State
    now: float

    @property
    def query(self) -> Parameters:
        return Parameters.parse(urlsplit(self.request.url).query)

    @property
    def form(self) -> Parameters:
        """The body; refused where it is no form."""
        kind = media_type(header(self.request.headers, "content-type")).essence
        if kind != "application/x-www-form-urlencoded":
            raise Refusal("invalid_request", "the body must be application/x-www-form-urlencoded")
        return Parameters.parse(self.request.body.decode("utf-8", "replace"))

    @property
    def wants_json(self) -> bool:
        """Whether a program asks where a person would, on a server that tells programs something."""
        return self.settings.json_redirects and "application/json" in (header(self.request.headers, "accept") or "")

    @property
    def issuer(self) -> str:
        """The server's own URL."""
        parts = urlsplit(self.request.url)
        return self.settings.issuer or f"{parts.scheme}://{parts.netloc}"

    def url(self, path: str) -> str:
        """Give the absolute URL of an endpoint."""
        return urljoin(self.issuer, path)

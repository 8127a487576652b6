"""What a stand-in is: a function from a request to a response, and the time it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from runner.exchange import Headers, Request, Response
from runner.records import Frozen

Answer: TypeAlias = Callable[[Request], Response]
"""Answer a request, whose URL is absolute."""


class Now(Protocol):
    """The part of a Clock that a stand-in looks at, so that an AsyncClock will do as well."""

    def now(self) -> float: ...


class Claiming(Protocol):
    """A stand-in that knows whom it stands in for; `latency` is how many seconds an answer takes."""

    @property
    def latency(self) -> float: ...

    def claims(self, url: str) -> bool: ...

    def answer(self, request: Request) -> Response: ...

    def operation(self, request: Request) -> str | None:
        """Give the operationId that a request means, or None."""

    def refuse(self, request: Request, status: int, headers: Headers) -> Response:
        """Answer a request by an error of a status, in the shape that its API gives to errors."""


class Together(Frozen):
    """Several stand-ins as one: the first that claims a URL answers."""

    stand_ins: Sequence[Claiming]

    @property
    def latency(self) -> float:
        return max(each.latency for each in self.stand_ins)

    def claims(self, url: str) -> bool:
        return any(each.claims(url) for each in self.stand_ins)

    def answer(self, request: Request) -> Response:
        """Answer a request; one that nobody claims is for the first to refuse."""
        return self._claiming(request).answer(request)

    def operation(self, request: Request) -> str | None:
        """Give the operationId that a request means."""
        return self._claiming(request).operation(request)

    def refuse(self, request: Request, status: int, headers: Headers) -> Response:
        """Answer by an error that was asked for."""
        return self._claiming(request).refuse(request, status, headers)

    def _claiming(self, request: Request) -> Claiming:
        return next((each for each in self.stand_ins if each.claims(request.url)), self.stand_ins[0])

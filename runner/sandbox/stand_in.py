"""What a stand-in is: a function from a request to a response, and the time it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from runner.exchange import Request, Response

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


@dataclass(frozen=True, slots=True)
class Together:
    """Several stand-ins as one: the first that claims a URL answers."""

    stand_ins: Sequence[Claiming]

    @property
    def latency(self) -> float:
        return max(each.latency for each in self.stand_ins)

    def claims(self, url: str) -> bool:
        return any(each.claims(url) for each in self.stand_ins)

    def answer(self, request: Request) -> Response:
        """Answer a request; one that nobody claims is for the first to refuse."""
        claiming = (each for each in self.stand_ins if each.claims(request.url))
        return next(claiming, self.stand_ins[0]).answer(request)

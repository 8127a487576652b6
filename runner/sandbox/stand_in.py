"""What a stand-in is: a function from a request to a response, and the time it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from runner.exchange import Request, Response

Answer: TypeAlias = Callable[[Request], Response]
"""Answer a request, whose URL is absolute."""


class Now(Protocol):
    """The part of a Clock that a stand-in looks at, so that an AsyncClock will do as well."""

    def now(self) -> float: ...

"""What a delivery asks of whoever pumps it: to let a request in and to move it, to wait for somebody else or a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from runner.exchange import Reply, Request
from runner.records import Frozen

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class Enter(Frozen):
    """Wait until a request to this URL may leave; answered by nothing. `at_once` it leaves now, and later ones wait."""

    url: str
    at_once: bool = False


class Dispatch(Frozen):
    """Send this request, one hop; answered by an Arrival. `timeout` in seconds."""

    request: Request
    timeout: float | None


class Arrival(NamedTuple):
    """What came of a request, and the seconds it took."""

    reply: Reply
    took: float


class Await(Frozen):
    """Wait until `future` is done, `timeout` seconds at most; answered by nothing. It is never cancelled."""

    future: Future[Any]
    timeout: float


class Rest(Frozen):
    """Let this many seconds pass; answered by nothing."""

    seconds: float


Effect: TypeAlias = Enter | Dispatch | Await | Rest
Steps: TypeAlias = Generator[Effect, Arrival | None, T]


def dispatched(request: Request, timeout: float | None) -> Steps[Arrival]:
    """Send a request and give what came of it."""
    arrival = yield Dispatch(request, timeout)
    assert arrival is not None
    return arrival


def noticing(steps: Steps[T]) -> Steps[tuple[T, bool]]:
    """Do steps, and say with what they give whether somebody else was waited for."""
    answer: Arrival | None = None
    has_waited = False
    with closing(steps):
        while True:
            try:
                effect = steps.send(answer)
            except StopIteration as stop:
                return stop.value, has_waited
            has_waited = has_waited or isinstance(effect, Await)
            answer = yield effect

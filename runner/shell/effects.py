"""What a delivery asks of whoever pumps it: to move a request, to wait for somebody else, or to let time pass."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from runner.exchange import Reply, Request
from runner.records import Frozen

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


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


Effect: TypeAlias = Dispatch | Await | Rest
Steps: TypeAlias = Generator[Effect, Arrival | None, T]


def dispatched(request: Request, timeout: float | None) -> Steps[Arrival]:
    """Send a request and give what came of it."""
    arrival = yield Dispatch(request, timeout)
    assert arrival is not None
    return arrival

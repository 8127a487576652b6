"""A running workflow seen from outside: a generator of events and effects that is sent replies."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, final

from runner.engine.events import Event, Outcome, Trail
from runner.exchange import Exchange, Request, Response
from runner.openapi.document import Operation
from runner.records import Frozen


@final
class Send(Frozen):
    """Send this request; answered by an Exchange. `timeout` in seconds covers the whole exchange, redirects too.

    `source` is the name of the source description that the operation belongs to, `trail` where the run is.
    `in_teardown` says that it is sent even where the user has ended the run, `has_key` that it carries a key by which
    its receiver knows it again (`x-idempotency-key`).
    """

    request: Request
    operation: Operation
    timeout: float | None
    source: str = ""
    trail: Trail = ()
    in_teardown: bool = False
    has_key: bool = False


@final
class Wait(Frozen):
    """Let this many seconds pass; answered by Waited. `in_teardown` is that of Send."""

    seconds: float
    in_teardown: bool = False


class Waited(Frozen):
    """The seconds that passed."""

    took: float


class Cancelled(Frozen):
    """The user wants the run to end: the answer to an effect that did not begin, or a wait that was broken off.

    A request that was broken off is answered by an Exchange whose reply is a failure of the kind `cancelled`.
    `reason` is there where it is not the user who ends it.
    """

    reason: str = ""


Effect: TypeAlias = Send | Wait
Answer: TypeAlias = Exchange | Waited | Cancelled | None
"""None answers an event."""


def is_cancelled(answer: Answer) -> bool:
    """Say whether the user ended the run: before an effect began, or in the middle of a request."""
    if isinstance(answer, Exchange):
        return not isinstance(answer.reply, Response) and answer.reply.kind == "cancelled"
    return isinstance(answer, Cancelled)


Flow: TypeAlias = Generator[Event | Effect, Answer, Outcome]

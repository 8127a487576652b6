"""Play generators of the authorization rooms against scripted replies: no network, no clock, no chance."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from runner.engine.flow import Send
from runner.exchange import Exchange, Reply, Request, Response, TransportFailure
from runner.openapi.document import Operation
from runner.shell.auth import Credentials
from runner.shell.clock import VirtualClock
from runner.shell.deliver import Session, deliver
from runner.shell.effects import Arrival, Await, Dispatch, Enter, Rest, Steps

T = TypeVar("T")
START = 1_000_000.0


def chance(count: int) -> bytes:
    """Bytes that are always the same."""
    return bytes(range(count))


def json_reply(status: int = 200, **members: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(members).encode())


def token(access: str, **members: Any) -> Response:
    return json_reply(access_token=access, token_type="Bearer", **members)


def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


@dataclass
class Script:
    """Replies in the order in which they are asked for, and what was asked; each takes half a second."""

    replies: list[Reply] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    rested: list[float] = field(default_factory=list)
    learned: set[str] = field(default_factory=set)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))

    def play(self, steps: Steps[T], *replies: Reply) -> T:
        """Run a generator to its end; a Future that is waited for is done, or never will be."""
        self.replies += replies
        answer: Arrival | None = None
        with closing(steps):
            while True:
                try:
                    effect = steps.send(answer)
                except StopIteration as stop:
                    assert not self.replies, "not every scripted reply was asked for"
                    result: T = stop.value
                    return result
                match effect:
                    case Dispatch(request, _):
                        self.sent.append(request)
                        self.clock.sleep(0.5)
                        answer = Arrival(self.replies.pop(0), 0.5)
                    case Rest(seconds):
                        self.rested.append(seconds)
                        self.clock.sleep(seconds)
                        answer = None
                    case Await() | Enter():
                        answer = None

    def session(self, credentials: Credentials) -> Session:
        return Session(self.clock.now, credentials, user_agent="test", learn=self.learned.update)

    def deliver(
        self,
        operation: Operation,
        credentials: Credentials,
        replies: Iterable[Reply],
        *,
        request: Request | None = None,
    ) -> Exchange:
        """Deliver one request of an operation with these credentials."""
        send = Send(request or Request("GET", "https://api.example/v1/"), operation, 5.0, "api")
        return self.play(deliver(send, self.session(credentials)), *replies)


def failure(exchange: Exchange) -> str:
    """Say why there is no response."""
    assert isinstance(exchange.reply, TransportFailure), exchange.reply
    return f"{exchange.reply.kind}: {exchange.reply.message}"


def status(exchange: Exchange) -> int:
    assert isinstance(exchange.reply, Response), exchange.reply
    return exchange.reply.status

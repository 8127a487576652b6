"""Turns what is due in an outbox into requests, and the outbox itself into JSON for whoever develops a receiver."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from runner.exchange import Reply, Request, Response
from runner.sandbox.civitai.outbox import Outbox, Row
from runner.sandbox.civitai.replies import orchestration_error
from runner.sandbox.civitai.routes import Api, Call, Route
from runner.sandbox.replies import reply
from runner.values import Json

Deliveries: TypeAlias = Generator[Request, Reply, None]
"""Yield requests, and be sent what came of each."""


def deliveries(outbox: Outbox, now: float) -> Deliveries:
    """Deliver all that is due by `now`, each at its time, retries included: for a clock that leaps."""
    while due := outbox.take(now, most=1):
        (delivery,) = due
        outbox.settle(delivery, (yield delivery.request), delivery.at)


def report(outbox: Outbox, now: float) -> dict[str, Json]:
    """Tell what is in an outbox."""
    rows = outbox.rows(now)
    pending = sum(row.state == "pending" for row in rows)
    return {
        "mode": outbox.mode,
        "counts": {**{str(state): count for state, count in outbox.counts.items()}, "pending": pending},
        "events": [_row_body(row) for row in rows],
    }


def _row_body(row: Row) -> dict[str, Json]:
    body: dict[str, Json] = {"state": row.state, "url": row.url, "attempts": row.attempts, "event": row.event}
    return body | ({"last": row.last} if row.last else {})


def _outbox(call: Call) -> Response:
    return reply(report(call.world.outbox, call.now), headers=(("Cache-Control", "no-store"),))


OUTBOX = Api("outbox", [Route("GET", "", "outbox", _outbox)], orchestration_error, tokens=False)
"""No operation of any description: a window for developers, so it wants no token."""

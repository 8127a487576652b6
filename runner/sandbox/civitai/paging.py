"""Turns all that was found into the page that was asked for, with the links to those beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from runner.exchange import Response
from runner.sandbox.civitai.parameters import MAX_ID
from runner.sandbox.civitai.routes import Call
from runner.sandbox.replies import reply
from runner.values import Json

T = TypeVar("T")

MOST = 200


def page(call: Call, found: Sequence[T], write: Callable[[T], Json], *, default: int, least: int = 0) -> Response:
    """Answer with the page that `limit` and `page` ask for; a limit of 0, where it is allowed, is a page of all."""
    limit = call.query.whole("limit", least, MOST, default=default)
    number = call.query.whole("page", 1, MAX_ID, default=1)
    size = limit or max(len(found), 1)
    items: list[Json] = [write(each) for each in found[(number - 1) * size : number * size]]
    return reply({"items": items, "metadata": _metadata(call, number, size, len(found))})


def _metadata(call: Call, number: int, size: int, total: int) -> dict[str, Json]:
    """Write Metadata; at either end the link is left out."""
    pages = -(-total // size)
    metadata: dict[str, Json] = {
        "currentPage": number,
        "pageSize": size,
        "totalItems": total,
        "totalPages": pages,
    }
    if number < pages:
        metadata["nextPage"] = _page_url(call, number + 1)
    if number > 1 and pages:
        metadata["prevPage"] = _page_url(call, min(number - 1, pages))
    return metadata


def _page_url(call: Call, number: int) -> str:
    base = call.request.url.partition("#")[0].partition("?")[0]
    return f"{base}?{call.query.with_value('page', str(number))}"

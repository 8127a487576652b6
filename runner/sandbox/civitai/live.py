"""Turns what the descriptions say into what the live APIs do, where they are known to differ.

One row for each difference. Those that would need data which the descriptions do not have are left out: the other step
types, where a result stands, the other shapes of the vault, of permissions and of a mini version. That the live OAuth
API counts requests stands in the settings.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

from runner.exchange import Response
from runner.records import Frozen, replace
from runner.sandbox.civitai.parameters import Query
from runner.sandbox.civitai.replies import Refusal, unauthorized
from runner.sandbox.civitai.routes import Call
from runner.sandbox.replies import phrase, reply
from runner.values import Json

Before: TypeAlias = Callable[[Call], Call]
"""Change a call before it is answered, or refuse it."""

After: TypeAlias = Callable[[Query, Response], Response]
"""Change the answer to a query."""


def _same_call(call: Call) -> Call:
    return call


def _same(_query: Query, response: Response) -> Response:
    return response


class Difference(Frozen):
    """What operations do, as described and live; without operations, all of the Orchestration API."""

    operations: tuple[str, ...]
    described: str
    live: str
    after: After = _same
    before: Before = _same_call


def _body(change: Callable[[dict[str, Json]], Json]) -> After:
    """Change the object that a successful answer holds."""

    def after(_query: Query, response: Response) -> Response:
        value = response.content.value
        if not 200 <= response.status < 300 or not isinstance(value, dict):
            return response
        return reply(change(value), response.status, _kept(response))

    return after


def _status(described: int, live: int) -> After:
    """Exchange a status; with a success goes the body."""

    def after(_query: Query, response: Response) -> Response:
        if response.status != described:
            return response
        changed = replace(response, status=live, reason=phrase(live))
        return changed if live >= 400 else replace(changed, body=b"", headers=_kept(response))

    return after


def _kept(response: Response) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in response.headers if pair[0].lower() != "content-type")


def _redirect(_query: Query, response: Response) -> Response:
    value = response.content.value
    if response.status != 200 or not isinstance(value, dict):
        return response
    level = (("X-Nsfw-Level", str(value["nsfwLevel"])),) if "nsfwLevel" in value else ()
    return Response(308, (("Location", str(value["url"])), *level), reason=phrase(308))


def _problem(_query: Query, response: Response) -> Response:
    value = response.content.value
    if response.status < 400 or not isinstance(value, dict):
        return response
    problem = {
        "type": "about:blank",
        "title": phrase(response.status),
        "status": response.status,
        "detail": value.get("message"),
        "traceId": value.get("traceId"),
    }
    headers = (("Content-Type", "application/problem+json"), *_kept(response))
    return replace(response, headers=headers, body=json.dumps(problem, ensure_ascii=False).encode())


def _scheduled(value: Json) -> Json:
    """Give a value of a workflow whose queued states are those of the last moment before work begins."""
    if isinstance(value, list):
        return [_scheduled(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {name: _scheduled(member) for name, member in value.items()}
    return changed | ({"status": "scheduled"} if value.get("status") == "preparing" else {})


def _next(value: dict[str, Json]) -> Json:
    return {"next" if name == "nextCursor" else name: member for name, member in value.items()}


def _without_totals(value: dict[str, Json]) -> Json:
    metadata = value["metadata"]
    assert isinstance(metadata, dict)
    return value | {"metadata": {name: each for name, each in metadata.items() if not name.startswith("total")}}


def _meta(query: Query, response: Response) -> Response:
    return response if ("withMeta", "true") in query.pairs else _body(_without_meta)(query, response)


def _without_meta(value: dict[str, Json]) -> Json:
    items = value["items"]
    assert isinstance(items, list)
    return value | {"items": [{**item, "meta": None} for item in items if isinstance(item, dict)]}


def _pairs(value: dict[str, Json]) -> Json:
    return [{"modelVersionId": number, "hash": wanted} for wanted, number in value.items()]


def _users(_query: Query, response: Response) -> Response:
    users = response.content.value
    return reply({"items": users}, response.status, _kept(response)) if isinstance(users, list) else response


def _lower_tier(value: dict[str, Json]) -> Json:
    return value | {"tier": str(value["tier"]).lower()}


def _without_status(call: Call) -> Call:
    return replace(call, query=Query(tuple(pair for pair in call.query.pairs if pair[0] != "status")))


def _not_too_deep(call: Call) -> Call:
    page = call.query.whole("page", 1, 2**31 - 1, default=1)
    limit = call.query.whole("limit", 0, 200, default=100)
    if page * limit > 1000:
        # No Retry-After: waiting does not help.
        raise Refusal(429, "you have gone past the first 1000 results, use cursor based paging")
    return call


def _query_or_page(call: Call) -> Call:
    if call.query.text("query") and call.query.text("page") is not None:
        raise Refusal(400, "page cannot be used with query")
    return call


def _own_of_somebody(call: Call) -> Call:
    if call.caller is None and any(name in ("favorites", "hidden") for name, _ in call.query.pairs):
        raise unauthorized("favorites and hidden are somebody's: they need a bearer token")
    return call


def _sha256_only(call: Call) -> Call:
    value = call.request.content.value
    if isinstance(value, list) and any(not isinstance(each, str) or len(each) != 64 for each in value):
        raise Refusal(400, "every hash must be a SHA256")
    return call


_WORKFLOWS = ("submitWorkflow", "queryWorkflows", "getWorkflow", "updateWorkflow", "patchWorkflow")

LIVE: tuple[Difference, ...] = (
    Difference(("submitWorkflow",), "402 when Buzz is short", "403", _status(402, 403)),
    Difference(("submitWorkflow",), "one callbackUrl", "callbacks, too: see `callbacks`"),
    Difference(_WORKFLOWS, "a queued workflow is preparing", "scheduled", _body(_scheduled)),
    Difference(("updateWorkflow", "patchWorkflow"), "200 with the workflow", "204 without", _status(200, 204)),
    Difference(("queryWorkflows",), "nextCursor", "next", _body(_next)),
    Difference(("queryWorkflows",), "filters by status", "does not", before=_without_status),
    Difference(("getBlob",), "200 with a link", "308 to it", _redirect),
    Difference(("headBlob",), "200", "204", _status(200, 204)),
    Difference(("getModelVersionIdsByHashes",), "a map", "a list of pairs", _body(_pairs)),
    Difference(
        ("getModelVersionsByHashes", "getModelVersionIdsByHashes"), "any hash", "SHA256 alone", before=_sha256_only
    ),
    Difference(("listUsers",), "a list", "items", _users),
    Difference(("getCurrentUser",), "the tier is capitalised", "in lower case", _body(_lower_tier)),
    Difference(("listModels", "listImages"), "totals", "none", _body(_without_totals)),
    Difference(("listModels", "listImages"), "pages without end", "429 beyond 1000 items", before=_not_too_deep),
    Difference(("listModels",), "query and page together", "400", before=_query_or_page),
    Difference(("listModels",), "favorites and hidden are ignored", "401 without a token", before=_own_of_somebody),
    Difference(("listImages",), "meta", "null unless withMeta=true", _meta),
    Difference(("toggleVaultVersion",), "403 when it may not be stored", "500", _status(403, 500)),
    Difference((), "errors are code, message, traceId", "problem+json", _problem),
)
"""What the sandbox does when it is to be like the live APIs, in the order in which it is done."""


def live_call(operation: str, call: Call) -> Call:
    """Change a call, or refuse it, as the live APIs would."""
    for each in LIVE:
        if operation in each.operations:
            call = each.before(call)
    return call


def live_answer(api: str, operation: str | None, query: Query, response: Response) -> Response:
    """Change an answer to what the live APIs would give."""
    for each in LIVE:
        if operation in each.operations or (not each.operations and api == "orchestration"):
            response = each.after(query, response)
    return response

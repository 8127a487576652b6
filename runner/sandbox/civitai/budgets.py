"""Turns what a user lets an app spend into the refusal of what would be more.

A limit belongs to a user's consent, and what counts is all that the app has spent for that user: a new token begins
with what is left. Of a workflow counts what was charged and not given back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from runner.exchange import parse_json
from runner.records import Frozen
from runner.sandbox.civitai.accounts import Account, Spent
from runner.sandbox.civitai.checks import Check, one_of, record, several, text, whole
from runner.sandbox.civitai.cron import Cron
from runner.sandbox.civitai.replies import Refusal
from runner.sandbox.oauth.replies import Refusal as OAuthRefusal
from runner.sandbox.oauth.state import Grant
from runner.values import Json

MEMBER = "buzz_limit"
"""The parameter of a consent that holds the limits, and the name they are kept under."""

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
_MOST = 10**9


def _cron(value: Json, path: str) -> Iterator[str]:
    yield from (problems := list(text(value, path)))
    if not problems:
        try:
            Cron.read(str(value))
        except ValueError as error:
            yield f"{path} cannot be read: {error}"


_COMMON: Mapping[str, Check] = {
    "type": one_of(("absolute", "sliding", "rollover")),
    "limit": whole(0, _MOST),
    "currencies": several(one_of(("blue", "green", "yellow"))),
}
_BY_TYPE: Mapping[str, Mapping[str, Check]] = {
    "sliding": {"unit": one_of(tuple(_UNITS)), "window": whole(1, 1000)},
    "rollover": {"cron": _cron},
}


def _budget(value: Json, path: str) -> Iterator[str]:
    own = _BY_TYPE.get(str(value.get("type")), {}) if isinstance(value, dict) else {}
    yield from record({**_COMMON, **own}, ("type", "limit", *own))(value, path)


_BUDGETS = several(_budget)


def read_consent(form: Mapping[str, str]) -> dict[str, Json]:
    """Read from a consent what the app may spend, to be kept with what it is granted."""
    if not form.get(MEMBER):
        return {}
    try:
        budgets = parse_json(form[MEMBER])
    except ValueError as error:
        raise OAuthRefusal("invalid_request", f"{MEMBER} is not JSON: {error}") from None
    problems = list(_BUDGETS(budgets, MEMBER))
    if problems:
        raise OAuthRefusal("invalid_request", "; ".join(problems))
    return {MEMBER: budgets}


class Budget(Frozen):
    """A limit in Buzz as the user wrote it, and how much of it is spent now."""

    kind: str
    limit: float
    spent: int


def budgets(grant: Grant, account: Account | None, now: float) -> Iterator[Budget]:
    """Give the budgets of an app on an account; one that is None was not used yet."""
    written = grant.extra.get(MEMBER)
    for each in written if isinstance(written, list) else ():
        assert isinstance(each, dict)
        limit = each["limit"]
        assert isinstance(limit, int | float)
        yield Budget(str(each["type"]), limit, spent_since(grant, account, _since(each, now)))


def spent_since(grant: Grant, account: Account | None, since: float = -math.inf) -> int:
    """Give what an app has spent on an account after a time, and was not given back."""
    if account is None:
        return 0
    return sum(_charged(account, spent) for spent in account.spent.get(grant.client_id, ()) if spent.at > since)


def check_budgets(grant: Grant | None, account: Account, price: int, now: float) -> None:
    """Refuse what would exceed one of an app's budgets, as an empty balance would: clients cannot tell the two."""
    for budget in budgets(grant, account, now) if grant else ():
        left = budget.limit - budget.spent
        if price > left:
            may = f"of the {budget.limit:g} that the app may spend {left:g} are left"
            raise Refusal(402, f"the workflow costs {price} Buzz and {may}")


def note_spending(grant: Grant | None, account: Account, spent: Spent) -> None:
    """Remember what an app spent."""
    if grant is not None:
        account.spent[grant.client_id].append(spent)


def _charged(account: Account, spent: Spent) -> int:
    return spent.amount - account.refunded.get(spent.workflow_id, 0)


def _since(budget: Mapping[str, Json], now: float) -> float:
    """Give the time after which spending counts."""
    match budget["type"]:
        case "sliding":
            window, unit = budget["window"], budget["unit"]
            assert isinstance(window, int | float)
            return now - window * _UNITS[str(unit)]
        case "rollover":
            return math.nextafter(Cron.read(str(budget["cron"])).last(now), -math.inf)
        case _:
            return -math.inf

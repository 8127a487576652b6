"""Turns a bearer token into an account: a balance, workflows, a pace. Any token is one, and no token is kept."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.sandbox.civitai.recipes import Input
from runner.sandbox.civitai.replies import Refusal, too_many, unauthorized
from runner.sandbox.civitai.settings import SANDBOX_TOKEN, Settings
from runner.sandbox.civitai.stock import CREATORS
from runner.sandbox.civitai.workflows import Moment, StepRequest, Workflow, begin
from runner.sandbox.ids import digest
from runner.values import Json

_REFUSED = ("invalid", "expired")
_POOR = "broke"
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What an app spent on a workflow, and when."""

    at: float
    workflow_id: str
    amount: int


@dataclass(slots=True)
class Account:
    """Someone with a token. `key` is made of the token and does not tell it; `spent` is by app."""

    key: str
    username: str
    balance: int
    workflows: dict[str, Workflow] = field(default_factory=dict)
    makers: dict[str, tuple[str, int]] = field(default_factory=dict)
    submissions: int = 0
    spent: defaultdict[str, list[Spent]] = field(default_factory=lambda: defaultdict(list))

    def add(self, workflow: Workflow) -> None:
        """Keep a new workflow, and for each blob it will make the workflow's id and the step's index."""
        self.workflows[workflow.id] = workflow
        for index, step in enumerate(workflow.steps):
            self.makers.update((blob_id, (workflow.id, index)) for blob_id in step.blob_ids)

    def newest_first(self) -> Iterator[Workflow]:
        return reversed(self.workflows.values())

    def owns(self, creator: str) -> bool:
        return self.username.casefold() == creator.casefold()


@dataclass(slots=True)
class Accounts:
    """The accounts seen so far, and how many requests each has sent in the current minute."""

    settings: Settings
    by_key: dict[str, Account] = field(default_factory=dict)
    _minutes: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def of(self, authorization: str | None, now: float) -> Account | None:
        """Give the account of an Authorization field, opened on first use; None without a field."""
        if authorization is None:
            return None
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("the Authorization field must read: Bearer <token>")
        if token.startswith(_REFUSED):
            raise unauthorized("the token is invalid or has expired", presented=True)
        return self.named(token, now)

    def named(self, name: str, now: float) -> Account:
        """Give the account of a token, or of the user whom an app's token acts for."""
        key = account_key(self.settings.seed, name)
        if key not in self.by_key:
            self.by_key[key] = self._open(key, name, now)
        return self.by_key[key]

    def count(self, api: str, account: Account | None, now: float) -> None:
        """Count a request; refuse the one that is too many for its minute."""
        if self.settings.rate_limit is None:
            return
        key = (api, account.key if account else "")
        opened, count = self._minutes.get(key, (now, 0))
        if now - opened >= _MINUTE:
            opened, count = now, 0
        if count >= self.settings.rate_limit:
            raise too_many(f"more than {self.settings.rate_limit} requests a minute", math.ceil(opened + _MINUTE - now))
        self._minutes[key] = (opened, count + 1)

    def _open(self, key: str, token: str, now: float) -> Account:
        balance = 0 if token.startswith(_POOR) else self.settings.balance
        account = Account(key, _username(key, token), balance)
        if self.settings.seed_workflows:
            account.add(begin(Moment(key, 0, now - 3600, 60), [_demo("finished", "")], _DEMO, free=True))
            account.add(begin(Moment(key, 1, now - 60, 0), [_demo("running", " [stall]")], _DEMO, free=True))
        return account


_DEMO = ("sandbox-demo",)


def _demo(name: str, steering: str) -> StepRequest:
    return StepRequest(name, "imageGen", Input(prompt=f"a lighthouse in the fog{steering}"))


def _username(key: str, token: str) -> str:
    """Name an account; a token that is the name of a creator of the catalogue makes one that creator."""
    public = next((name for name in (*CREATORS, SANDBOX_TOKEN) if name.casefold() == token.casefold()), None)
    return public or f"user-{key[:8]}"


def account_key(seed: str, name: str) -> str:
    """Give the key of the account that a token opens."""
    return digest(seed, name).hex()


def profile(key: str, username: str) -> dict[str, Json]:
    """Tell who an account is."""
    return {
        "id": 1 + int.from_bytes(digest(key)[:3]),
        "username": username,
        "email": f"{username}@civitai.example",
        "image": f"https://image.civitai.com/{key[:22]}/width=96/avatar.jpeg",
    }


def spend(account: Account, price: int) -> None:
    """Take the price of a workflow from a balance."""
    if price > account.balance:
        raise Refusal(402, f"the workflow costs {price} Buzz and the balance is {account.balance} Buzz")
    account.balance -= price

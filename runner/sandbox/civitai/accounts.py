"""Turns a bearer token into an account: a balance, workflows, a pace. Any token is one, and no token is kept."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from runner.records import Frozen, Mutable, field
from runner.sandbox.civitai.recipes import Input
from runner.sandbox.civitai.replies import Refusal, too_many, unauthorized
from runner.sandbox.civitai.settings import SANDBOX_ACCOUNT, Opening, Settings
from runner.sandbox.civitai.uploads import Upload
from runner.sandbox.civitai.vault import LIMITS_KB, Vault, open_vault
from runner.sandbox.civitai.workflows import Moment, StepRequest, Workflow, begin
from runner.sandbox.ids import digest

_REFUSED = ("invalid", "expired")
_HINTS = {
    "broke": Opening(balance=0),
    "free": Opening(tier="Free"),
    "full": Opening(vault_other_kb=LIMITS_KB["Bronze"]),
}
"""What an account begins with when its name begins so and no scenario speaks of it."""

MAX_KEPT = 256 * 1024 * 1024
"""How many bytes of uploads an account may keep."""

_MINUTE = 60.0


class Spent(Frozen):
    """What an app spent on a workflow, and when."""

    at: float
    workflow_id: str
    amount: int


class Account(Mutable):
    """Someone with a token. `key` is made of the token and does not tell it; `submissions` counts those refused too.

    `spent` is by app; `refunded` is what was given back, by workflow.
    """

    key: str
    username: str
    balance: int
    vault: Vault
    workflows: dict[str, Workflow] = field(default_factory=dict)
    makers: dict[str, tuple[str, int]] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    renewed: dict[str, float] = field(default_factory=dict)
    submissions: int = 0
    sequence: int = 0
    uploaded: int = 0
    spent: defaultdict[str, list[Spent]] = field(default_factory=lambda: defaultdict(list))
    refunded: dict[str, int] = field(default_factory=dict)

    def add(self, workflow: Workflow) -> None:
        """Keep a new workflow, and for each blob it will make the workflow's id and the step's index."""
        self.sequence += 1
        self.workflows[workflow.id] = workflow
        for index, step in enumerate(workflow.steps):
            self.makers.update((blob_id, (workflow.id, index)) for blob_id in step.blob_ids)

    def remove(self, workflow: Workflow) -> None:
        """Forget a workflow and what it made."""
        del self.workflows[workflow.id]
        for step in workflow.steps:
            for blob_id in step.blob_ids:
                del self.makers[blob_id]

    def keep(self, upload: Upload) -> None:
        """Keep an upload as the newest; what is too much by then, or was never sent, is forgotten, the oldest first."""
        self.uploads.pop(upload.id, None)
        self.uploads[upload.id] = upload
        room = MAX_KEPT
        for other in tuple(reversed(self.uploads.values())):
            room -= len(other.content or b"")
            if room < 0 or (other.content is None and other.expires <= upload.created):
                del self.uploads[other.id]

    def refund(self, workflow: Workflow, amount: int) -> None:
        """Give back some of what a workflow was charged."""
        self.balance += amount
        self.refunded[workflow.id] = self.refunded.get(workflow.id, 0) + amount

    def newest_first(self) -> Iterator[Workflow]:
        return reversed(self.workflows.values())

    def owns(self, creator: str) -> bool:
        return self.username.casefold() == creator.casefold()


class Accounts(Mutable):
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
        return self.named(self._name(token), now)

    def named(self, name: str, now: float) -> Account:
        """Give the account of a name, as a token has it, or the user whom an app's token acts for."""
        key = account_key(self.settings.seed, name)
        if key not in self.by_key:
            self.by_key[key] = self._open(key, name, now)
        return self.by_key[key]

    def _name(self, token: str) -> str:
        """Give the name of the account that a token is for; refuse one that is for none."""
        settings = self.settings
        known = settings.knows(token)
        if token in settings.refused or (not known and (settings.closed or token.startswith(_REFUSED))):
            raise unauthorized("the token is invalid or has expired", presented=True)
        return settings.account_of(token)

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

    def _open(self, key: str, name: str, now: float) -> Account:
        settings = self.settings
        hinted = next((opening for hint, opening in _HINTS.items() if name.startswith(hint)), Opening())
        opening = settings.accounts.get(name, hinted)
        balance = settings.balance if opening.balance is None else opening.balance
        account = Account(key, username(settings, name), balance, open_vault(opening, settings.catalogue, now))
        if settings.seed_workflows:
            account.add(begin(Moment(key, 0, now - 3600, 60), [_demo("finished", "")], _DEMO, free=True))
            account.add(begin(Moment(key, 1, now - 60, 0), [_demo("running", " [stall]")], _DEMO, free=True))
        return account


_DEMO = ("sandbox-demo",)


def _demo(name: str, steering: str) -> StepRequest:
    return StepRequest(name, "imageGen", Input(prompt=f"a lighthouse in the fog{steering}"))


def account_key(seed: str, name: str) -> str:
    """Give the key of the account of a name."""
    return digest(seed, name).hex()


def username(settings: Settings, name: str) -> str:
    """Name an account in public; one that has the name of a creator of the catalogue is that creator."""
    public = (*settings.catalogue.model_counts, *settings.accounts, SANDBOX_ACCOUNT)
    hidden = f"user-{account_key(settings.seed, name)[:8]}"
    return next((known for known in public if known.casefold() == name.casefold()), hidden)


def spend(account: Account, price: int) -> None:
    """Take the price of a workflow from a balance."""
    if price > account.balance:
        raise Refusal(402, f"the workflow costs {price} Buzz and the balance is {account.balance} Buzz")
    account.balance -= price

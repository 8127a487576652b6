"""What the sandbox can be told about itself, and the hosts it stands in for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from runner.records import Frozen, field
from runner.sandbox.civitai.catalogue import STOCK, Catalogue
from runner.sandbox.civitai.places import AUTH_ORIGIN as AUTH_ORIGIN
from runner.sandbox.civitai.places import BLOB_ORIGIN as BLOB_ORIGIN
from runner.sandbox.civitai.places import ORCHESTRATION_ORIGIN as ORCHESTRATION_ORIGIN
from runner.sandbox.civitai.places import SANDBOX_ACCOUNT as SANDBOX_ACCOUNT
from runner.sandbox.civitai.places import SANDBOX_TOKEN as SANDBOX_TOKEN
from runner.sandbox.civitai.places import SITE_ORIGIN as SITE_ORIGIN
from runner.sandbox.faults import Fault

OAUTH_LIMITS: Mapping[str, int] = MappingProxyType({"authorize": 10, "token": 20, "revoke": 20})
"""How many requests a minute the endpoints of the live OAuth API answer, as far as they count."""

MAX_BODY = 10 * 1024 * 1024
"""The largest request body in bytes; more is answered by 413."""

WebhookMode: TypeAlias = Literal["off", "loopback", "any"]
Tier: TypeAlias = Literal["Free", "Founder", "Bronze", "Silver", "Gold"]
VaultStatus: TypeAlias = Literal["Pending", "Stored", "Failed"]


class Opening(Frozen):
    """What an account has when it is first seen; None leaves it at what every account has.

    `vault` is the state of what its vault holds, by the id of the version; `vault_other_kb` the room in it that is
    taken by something else.
    """

    balance: int | None = None
    tier: Tier = "Bronze"
    vault_other_kb: float = 0.0
    vault: Mapping[int, VaultStatus] = field(default_factory=dict)


class Settings(Frozen):
    """How the sandbox behaves; times in seconds of the clock it is given, money in Buzz.

    `duration` is how long a workflow takes from submission to its end, `vault_duration` a copy into a vault;
    `upload_link` and `blob_link` are how long such a link is good. `rate_limit` counts requests per minute, account and
    API (None: no limit). The first `busy` submissions of an account are answered by 429. `seed_workflows` gives each
    new account a running and a finished workflow. `latency` is what the transport lets pass per request, `time_scale`
    how much faster than the wall the clock of the server runs, `start` the time at which a clock of its own begins.
    `webhooks` says where events may be sent; the rest stays in the outbox. `oauth_limits` are the requests a minute
    that endpoints of the OAuth API answer (None: OAUTH_LIMITS where it is `live_like`, else as many as come).

    `accounts` begin with something of their own. `tokens` tells whose a token is; else it is itself the name. Those
    that are `refused` are answered by 401, as all unknown ones are where it is `closed`.
    """

    duration: float = 3.0
    vault_duration: float = 2.0
    upload_link: float = 900.0
    blob_link: float = 3600.0
    latency: float = 0.02
    balance: int = 10_000
    rate_limit: int | None = 60_000
    busy: int = 0
    seed: str = "sandbox"
    seed_workflows: bool = True
    time_scale: float = 1.0
    start: float | None = None
    accounts: Mapping[str, Opening] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    closed: bool = False
    catalogue: Catalogue = STOCK
    faults: tuple[Fault, ...] = ()
    live_like: bool = False
    webhooks: WebhookMode = "off"
    oauth_limits: Mapping[str, int] | None = None
    HIDDEN = ("tokens", "refused")

    def account_of(self, token: str) -> str:
        """Name the account that a token is for."""
        return self.tokens.get(token, SANDBOX_ACCOUNT if token == SANDBOX_TOKEN else token)

    def knows(self, token: str) -> bool:
        """Say whether a scenario speaks of a token."""
        return token in self.tokens or self.account_of(token) in self.accounts

"""What the sandbox can be told about itself, and the hosts it stands in for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SANDBOX_TOKEN = "sandbox"
"""The bearer token to send when nobody gives another; no secret, for it opens nothing but this stand-in."""

SITE_ORIGIN = "https://civitai.com"
ORCHESTRATION_ORIGIN = "https://orchestration.civitai.com"
AUTH_ORIGIN = "https://auth.civitai.com"
# RFC 2606 reserves `.example`: a link that escapes from a sandbox run into a report can lead nowhere.
BLOB_ORIGIN = "https://blobs.civitai.example"

MAX_BODY = 10 * 1024 * 1024
"""The largest request body in bytes; more is answered by 413."""

WebhookMode: TypeAlias = Literal["off", "loopback", "any"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the sandbox behaves; times in seconds of the clock it is given, money in Buzz.

    `duration` is how long a workflow takes from submission to its end. `rate_limit` counts requests per minute,
    account and API (None: no limit). The first `busy` submissions of an account are answered by 429.
    `seed_workflows` gives each new account a running and a finished workflow. `latency` is what the transport lets
    pass per request, `time_scale` how much faster than the wall the clock of the server runs. `webhooks` says where
    events may be sent; the rest stays in the outbox. `oauth_limits`: the OAuth API counts requests as the real one.
    """

    duration: float = 3.0
    latency: float = 0.02
    balance: int = 10_000
    rate_limit: int | None = 60_000
    busy: int = 0
    seed: str = "sandbox"
    seed_workflows: bool = True
    time_scale: float = 1.0
    webhooks: WebhookMode = "off"
    oauth_limits: bool = False

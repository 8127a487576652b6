"""Turns the callback of a submission into where its events go, which of them, and whether they may be sent there.

The published contract is HTTPS only. Where events are sent to this machine at all, it may be plain HTTP.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.sandbox.civitai.checks import Check, such_that
from runner.sandbox.civitai.settings import WebhookMode
from runner.values import Json

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

EVENTS = (
    "workflow:*",
    "workflow:succeeded",
    "workflow:failed",
    "workflow:processing",
    "workflow:expired",
    "workflow:canceled",
    "step:*",
    "job:*",
)
# RFC 3986, 2: a URL is made of a part of ASCII, without quotes, backslash and the like.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")


@dataclass(frozen=True, slots=True)
class Callback:
    """Whom to tell, and of what: `events` are those of `EVENTS`, `detailed` events say more."""

    url: str
    events: tuple[str, ...] = ("workflow:*",)
    detailed: bool = False

    def wants(self, scope: str, status: str) -> bool:
        return f"{scope}:*" in self.events or f"{scope}:{status}" in self.events

    @property
    def shown(self) -> str:
        """The URL without what may be a secret: receivers are told apart by their path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{'?…' * bool(parts.query)}"


def callback_url(mode: WebhookMode) -> Check:
    """Want a URL that events may go to."""
    if mode == "off":
        return such_that(lambda value: _is_http(value, "https"), "an https URL")
    return such_that(
        lambda value: _is_http(value, "https") or is_loopback(value), "an https URL, or an http URL of this machine"
    )


def may_send(mode: WebhookMode, url: str) -> bool:
    """Say whether events may leave for a URL."""
    return mode == "any" or (mode == "loopback" and is_loopback(url))


def is_loopback(url: Json) -> bool:
    """Say whether a URL names this machine; a name that only resolves to it does not."""
    host = (urlsplit(url).hostname or "") if isinstance(url, str) and _is_http(url, "http", "https") else ""
    try:
        return host == "localhost" or _plain(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return False


def _plain(address: _Address) -> _Address:
    """Give the IPv4 address that an IPv6 address stands for: not every Python looks through it."""
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def _is_http(value: Json, *schemes: str) -> bool:
    try:
        if not isinstance(value, str) or not _URL.fullmatch(value):
            return False
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a broken IPv6 address, a port that is no number
        return False

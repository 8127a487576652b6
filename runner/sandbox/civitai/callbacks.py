"""Turns the callbacks of a submission into where its events go, which of them, and whether they may be sent there.

The published contract is HTTPS only. Where events are sent to this machine at all, it may be plain HTTP. Published is
one `callbackUrl`; the live API takes `callbacks`, each with a URL and events of its own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.records import Frozen, replace
from runner.sandbox.civitai.checks import Check, flag, one_of, record, several, such_that
from runner.sandbox.civitai.settings import Settings, WebhookMode
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
_LIVE_STATUSES = ("*", "unassigned", "processing", "succeeded", "failed", "expired", "canceled")
LIVE_EVENTS = tuple(f"{scope}:{status}" for scope in ("workflow", "step", "job") for status in _LIVE_STATUSES)
# RFC 3986, 2: a URL is made of a part of ASCII, without quotes, backslash and the like.
_URL = re.compile(r"[!#-;=?-\[\]_a-z~]+")


class Callback(Frozen):
    """Whom to tell, and of what: `events` are those of `LIVE_EVENTS`, `detailed` events say more."""

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


def callback_checks(settings: Settings) -> dict[str, Check]:
    """Give what is wanted of those members of a submission that say whom to tell, and of what."""
    url = _callback_url(settings.webhooks)
    published = {"callbackUrl": url, "callbackEvents": several(one_of(EVENTS)), "detailed": flag}
    live = record({"url": url, "type": several(one_of(LIVE_EVENTS)), "detailed": flag}, required=("url",))
    return published | ({"callbacks": several(live)} if settings.live_like else {})


def read_callbacks(body: Mapping[str, Json], settings: Settings) -> tuple[Callback, ...]:
    """Read whom to tell from a submission that has passed the checks."""
    published = (_callback(body["callbackUrl"], body.get("callbackEvents"), body),) if "callbackUrl" in body else ()
    listed = body.get("callbacks") if settings.live_like else None
    if not isinstance(listed, list):
        return published
    return (*published, *(_callback(each["url"], each.get("type"), each) for each in listed if isinstance(each, dict)))


def _callback(url: Json, wanted: Json, beside: Mapping[str, Json]) -> Callback:
    plain = Callback(str(url), detailed=beside.get("detailed") is True)
    return replace(plain, events=tuple(map(str, wanted))) if isinstance(wanted, list) else plain


def _callback_url(mode: WebhookMode) -> Check:
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

"""Turns Set-Cookie fields into the Cookie fields of later requests (RFC 6265, sections 5.1 to 5.4); one jar per run.

Not here, because a run is no browser: SameSite, HttpOnly, and the list of public suffixes (a domain without a dot is
refused instead).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from runner.exchange import Headers
from runner.records import Frozen
from runner.shell.clock import http_date


class Cookie(Frozen):
    """A cookie as it is kept. `expires` in seconds since 1970; `host_only`: sent to exactly this host."""

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float | None
    HIDDEN = ("value",)

    def is_for(self, host: str, path: str, secure: bool) -> bool:
        """Say whether a request to this host and path carries the cookie (RFC 6265, 5.4)."""
        reaches = host == self.domain if self.host_only else _within_domain(host, self.domain)
        return reaches and _within_path(path, self.path) and (secure or not self.secure)


class CookieJar:
    """The cookies of one run, by domain, path and name."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    @property
    def has_cookies(self) -> bool:
        return bool(self._cookies)

    def store(self, url: str, headers: Headers, now: float) -> None:
        """Keep what the Set-Cookie fields of a response from `url` say; an expired cookie is a cookie removed."""
        for name, value in headers:
            if name.lower() != "set-cookie" or (cookie := parse(value, url, now)) is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            if cookie.expires is not None and cookie.expires <= now:
                self._cookies.pop(key, None)
            else:
                self._cookies[key] = cookie

    def pairs(self, url: str, now: float) -> tuple[tuple[str, str], ...]:
        """Give names and values for a request to `url`, longest path first, then oldest first."""
        host, path, secure = _target(url)
        found = [
            cookie
            for cookie in self._cookies.values()
            if (cookie.expires is None or cookie.expires > now) and cookie.is_for(host, path, secure)
        ]
        return tuple((cookie.name, cookie.value) for cookie in sorted(found, key=lambda c: -len(c.path)))


def parse(field_value: str, url: str, now: float) -> Cookie | None:
    """Parse one Set-Cookie field of a response from `url`; nothing where it must be ignored (RFC 6265, 5.2 and 5.3)."""
    pair, *rest = field_value.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or not name:
        return None
    # "If the attribute-name ... more than once, the last one": a mapping keeps exactly that.
    attributes = {key.strip().lower(): text.strip() for key, _, text in (item.partition("=") for item in rest)}
    host, request_path, _ = _target(url)
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain and domain != host and ("." not in domain or not _within_domain(host, domain)):
        return None
    path = attributes.get("path", "")
    return Cookie(
        name=name,
        value=value,
        domain=domain or host,
        host_only=not domain or (domain == host and "." not in host),
        path=path if path.startswith("/") else _default_path(request_path),
        secure="secure" in attributes,
        expires=_expires(attributes, now),
    )


def _expires(attributes: dict[str, str], now: float) -> float | None:
    """Max-Age has precedence over Expires; what cannot be read counts as not there."""
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal() and age.isascii():
        return now + float(age) if float(age) > 0 else 0.0
    return http_date(attributes.get("expires", ""))


def _target(url: str) -> tuple[str, str, bool]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.path or "/", parts.scheme.lower() == "https"


def _default_path(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _within_domain(host: str, domain: str) -> bool:
    return host == domain or (host.endswith("." + domain) and not _is_address(host))


def _within_path(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""Turns where a request goes into the proxy that it goes through, if any."""

from __future__ import annotations

import os
import sys

from runner.exchange import TransportFailure
from runner.shell.options import HttpOptions
from runner.shell.wire import place_of


class Proxies:
    """The proxies of one transport: the one that is given, else those that the machine keeps."""

    def __init__(self, options: HttpOptions) -> None:
        self._trust_env = options.trust_env
        self._known = {"all": options.proxy} if options.proxy else {}
        if not options.proxy and options.trust_env and not options.direct and _are_kept():
            from urllib.request import getproxies  # late: it brings the `email` package with it

            self._known = getproxies()

    def have(self, url: str) -> bool:
        """Say whether a request to a URL goes through one."""
        if not self._known or isinstance(place := place_of(url), TransportFailure):
            return False
        return self.to(place.scheme, place.name, place.port) is not None

    def to(self, scheme: str, host: str, port: int) -> str | None:
        """Give the URL of the proxy for a host; none where NO_PROXY, or what the machine calls so, exempts it."""
        proxy = self._known.get(scheme) or self._known.get("all")
        if not proxy:
            return None
        if self._trust_env:
            from urllib.request import proxy_bypass

            if proxy_bypass(f"{host}:{port}"):
                return None
        return proxy if "://" in proxy else f"http://{proxy}"


def _are_kept() -> bool:
    """Say whether the machine may keep proxies; macOS and Windows have places for them beside the environment."""
    return sys.platform in ("darwin", "win32") or any(name.lower().endswith("_proxy") for name in os.environ)

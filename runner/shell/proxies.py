"""Turns where a request goes into the proxy that it goes through, if any."""

from __future__ import annotations

import os
import sys

from runner.shell.options import HttpOptions


class Proxies:
    """The proxies of one transport: the one that is given, else those that the machine keeps."""

    def __init__(self, options: HttpOptions) -> None:
        self._trust_env = options.trust_env
        self._known = {"all": options.proxy} if options.proxy else {}
        if not options.proxy and options.trust_env and not options.direct and _are_kept():
            from urllib.request import getproxies  # late: it brings the `email` package with it

            self._known = getproxies()

    def __bool__(self) -> bool:
        return any(scheme != "no" and proxy for scheme, proxy in self._known.items())

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

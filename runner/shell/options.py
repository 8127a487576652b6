"""How this machine talks HTTP, as values: apart from `http`, so that who sets them imports no HTTP library."""

from __future__ import annotations

from dataclasses import dataclass

from runner.version import __version__

MEBIBYTE = 1024 * 1024
USER_AGENT = f"arazzo/{__version__}"


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Bounds and trust for one transport.

    `timeout` (seconds) holds where a request brings none of its own, None is no bound. `verify` is whether certificates
    are checked, or the path of a file of trusted ones. `max_body` (bytes) bounds a body as it came and as it unpacks.
    `trust_env` takes proxies and SSL_CERT_FILE from where the machine keeps them; it never reads .netrc.
    """

    timeout: float | None = 30.0
    verify: bool | str = True
    max_body: int = 64 * MEBIBYTE
    trust_env: bool = True


DEFAULTS = HttpOptions()

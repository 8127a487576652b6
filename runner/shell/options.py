"""How this machine talks HTTP, as values: apart from `http`, so that who sets them imports no HTTP library."""

from __future__ import annotations

from collections.abc import Callable

from runner.records import Frozen
from runner.shell.address import AddressKind, kind_of
from runner.version import __version__

MEBIBYTE = 1024 * 1024
USER_AGENT = f"arazzo/{__version__}"


class ClientCertificate(Frozen):
    """Who we are in TLS: a PEM file with a certificate, and its key where that is in a file of its own.

    It is shown to `hosts` only, in lower case; to every host that asks where there are none.
    """

    file: str
    key: str | None = None
    hosts: frozenset[str] = frozenset()


class HttpOptions(Frozen):
    """Bounds and trust for one transport.

    `timeout` (seconds) holds where a request brings none of its own, None is no bound. `verify` is whether certificates
    are checked, or the path of a file of trusted ones; `insecure` are hosts (`name` or `name:port`, in lower case)
    whose certificates are not checked. `max_body` (bytes) bounds a body as it came and as it unpacks.
    `trust_env` takes proxies, NO_PROXY and SSL_CERT_FILE from where the machine keeps them; it never reads .netrc.
    `direct` passes by the proxies that the machine keeps, and takes the rest.
    `proxy` is the URL of one for every request that NO_PROXY does not exempt; it may hold a password.
    `fetched`: a document from the network says where requests go. It reaches public addresses; others reach private
    ones and this machine, too, and so does it those that the user named (`named`, as `host:port`). Both reach
    `allow_hosts` (`HOST[:PORT]` or a network). `kind_of` tells what an address is.
    """

    timeout: float | None = 30.0
    verify: bool | str = True
    max_body: int = 64 * MEBIBYTE
    trust_env: bool = True
    direct: bool = False
    client: ClientCertificate | None = None
    insecure: frozenset[str] = frozenset()
    proxy: str | None = None
    allow_hosts: tuple[str, ...] = ()
    fetched: bool = False
    named: frozenset[str] = frozenset()
    kind_of: Callable[[str], AddressKind] = kind_of
    HIDDEN = ("proxy", "kind_of")


DEFAULTS = HttpOptions()

"""Turns an address, and where the document that leads there came from, into whether it may be reached.

A document that was fetched is a stranger's: it reaches public addresses only. One of this machine reaches private
addresses and the machine itself as well. Neither reaches a link-local address, where clouds keep credentials, nor one
that is nobody's, unless the user allows it. It is the address that a connection is opened to which is judged, not the
name: a name may lead elsewhere each time it is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple, TypeVar

from runner.errors import UsageError
from runner.exchange import TransportFailure
from runner.late import late_pattern
from runner.shell.address import AddressKind, IpNetwork, carried, literal
from runner.shell.failures import FailedError
from runner.shell.options import HttpOptions
from runner.shell.wire import place_of

ANYBODY: frozenset[AddressKind] = frozenset({"public"})
NEIGHBOURS: frozenset[AddressKind] = ANYBODY | {"private", "loopback"}
REMEDY = "; allow it with "
"""What comes between a refusal and the option that lifts it."""

_PORT = late_pattern(r":[0-9]+$")
_FORM = "write HOST, HOST:PORT, or a network such as 10.0.0.0/8"
_CALLED: Mapping[AddressKind, str] = {
    "public": "a public address",
    "private": "a private address",
    "loopback": "this machine",
    "link-local": "a link-local address, where clouds keep credentials",
    "reserved": "an address that is nobody's",
}

ANYWHERE = HttpOptions(kind_of=lambda _: "public")
"""What lets every address be reached."""

Info = TypeVar("Info", bound=tuple[object, ...])
"""What `getaddrinfo` gives for an address: the last of its parts begins with it."""


class Allowance(NamedTuple):
    """What the user allows: a host by name, or the addresses of a network; at any port where there is none."""

    host: str
    network: IpNetwork | None
    port: int | None

    def covers(self, host: str, port: int, address: str) -> bool:
        """Say whether it allows a connection to a host at an address."""
        if self.port not in (None, port):
            return False
        if self.network is None:
            return self.host == host.lower().rstrip(".")
        found = ip_address(address.partition("%")[0])
        return found in self.network or carried(found) in self.network


def allowance(text: str) -> Allowance:
    """Read `HOST[:PORT]` or a network; raises UsageError."""
    if "/" in text:
        try:
            return Allowance("", ip_network(text), None)
        except ValueError as error:
            raise UsageError(f"--allow-host {text}: this is not a network", _FORM) from error
    written = f"[{text}]" if text.count(":") > 1 and "[" not in text else text
    place = place_of(f"http://{written}/")
    if isinstance(place, TransportFailure) or set(text) & set("@?#*\\"):
        raise UsageError(f"--allow-host {text}: this is not the name of a host", _FORM)
    port = place.port if _PORT.search(written) else None
    try:
        address = ip_address(place.host)
    except ValueError:
        return Allowance(place.host.rstrip("."), None, port)
    return Allowance("", ip_network(address), port)


class Reach:
    """Whom the requests of one transport may reach."""

    def __init__(self, options: HttpOptions) -> None:
        self.fetched = options.fetched
        self._kind_of = options.kind_of
        self._named = options.named
        self._allowed = tuple(map(allowance, options.allow_hosts))

    def permitted(self, host: str, port: int, found: Sequence[Info]) -> list[Info]:
        """Give those of the addresses of a host that may be reached; raises FailedError where there is none."""
        told = [(info, self.refusal(host, port, _address(info))) for info in found]
        kept = [info for info, refusal in told if refusal is None]
        if told and not kept:
            raise FailedError(TransportFailure("not-allowed", told[0][1] or ""))
        return kept

    def refusal(self, host: str, port: int, address: str) -> str | None:
        """Say why no connection to a host at an address may be opened; None where one may."""
        kind = self._kind_of(address)
        is_strange = self.fetched and f"{host.lower()}:{port}" not in self._named
        if kind in (ANYBODY if is_strange else NEIGHBOURS):
            return None
        if any(each.covers(host, port, address) for each in self._allowed):
            return None
        where = f"'{host}'" if host == address else f"'{host}' is at {address}, and that"
        who = "a document that was fetched" if is_strange and kind in NEIGHBOURS else "no document"
        way = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        may = "may not reach" if is_strange and kind in NEIGHBOURS else "may reach"
        return f"{where} is {_CALLED[kind]}, which {who} {may}{REMEDY}--allow-host {way}"

    def foreseen(self, host: str, port: int) -> str | None:
        """Say why a host may not be reached, as far as this is known without asking anybody for its address."""
        address = literal(host)
        return None if address is None else self.refusal(host, port, address)


def _address(info: tuple[object, ...]) -> str:
    where = info[-1]
    assert isinstance(where, tuple)
    return str(where[0])

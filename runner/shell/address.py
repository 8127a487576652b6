"""Turns an IP address into the kind of place that it is: who is there, as far as an address says so."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, TypeAlias

AddressKind: TypeAlias = Literal["public", "private", "loopback", "link-local", "reserved"]
IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network

METADATA = "169.254.169.254"
"""Where most clouds tell a machine its credentials."""

# The first network that has an address decides (IANA's registries of special-purpose addresses, RFC 6890).
_NETWORKS: tuple[tuple[AddressKind, str], ...] = (
    ("link-local", "169.254.0.0/16 fe80::/10"),
    # the metadata of clouds that keep it elsewhere: AWS and Google over IPv6, Alibaba, Oracle, Azure
    ("link-local", "fd00:ec2::254 fd20:ce::254 100.100.100.200 192.0.0.192 168.63.129.16"),
    ("loopback", "127.0.0.0/8 ::1 0.0.0.0 ::"),  # a connection to "this host" (0.0.0.0, ::) arrives at this machine
    ("private", "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10"),
    ("private", "100.64.0.0/10 198.18.0.0/15"),  # between a provider and its customers; measurements
    ("private", "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"),  # documentation
    ("reserved", "0.0.0.0/8 192.0.0.0/24 192.88.99.0/24 224.0.0.0/4 240.0.0.0/4"),
    ("reserved", "2001::/23"),
    ("public", "0.0.0.0/0 2000::/3"),
)
_TABLE = tuple((kind, ip_network(network)) for kind, networks in _NETWORKS for network in networks.split())

# IPv6 addresses that lead to an IPv4 address, and how far from their end it stands.
_CARRIERS = tuple(
    (ip_network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # mapped: the kernel opens an IPv4 connection (RFC 4291, 2.5.5.2)
        ("::ffff:0:0:0/96", 0),  # translated (RFC 2765)
        ("64:ff9b::/96", 0),  # NAT64 (RFC 6052)
        ("2002::/16", 80),  # 6to4 (RFC 3056)
        ("::/96", 0),  # compatible (RFC 4291, 2.5.5.1)
    )
)
_TEREDO = ip_network("2001::/32")


def kind_of(text: str) -> AddressKind:
    """Say what kind of place an address is, in any spelling that `getaddrinfo` gives; ValueError for what is none."""
    address = carried(ip_address(text))
    return next((kind for kind, network in _TABLE if address in network), "reserved")


def carried(address: IpAddress) -> IpAddress:
    """Give the IPv4 address that an IPv6 address leads to, if it leads to one."""
    if isinstance(address, IPv4Address) or address.packed[:15] == bytes(15):
        return address  # `::` and `::1` among them
    number = int(address)
    if address in _TEREDO:
        return IPv4Address(~number & 0xFFFFFFFF)  # the client's, each bit turned around (RFC 4380, 4)
    found = next((shift for network, shift in _CARRIERS if address in network), None)
    return address if found is None else IPv4Address(number >> found & 0xFFFFFFFF)


def literal(host: str) -> str | None:
    """Give the address that a host is by itself, without asking anybody: any spelling of one, and `localhost`.

    `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1 to every resolver.
    """
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"  # RFC 6761, 6.3
    if name == "metadata.google.internal":
        return METADATA
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name)) if name[:1].isdigit() else None
    except (OSError, UnicodeError):
        return None

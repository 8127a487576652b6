"""Turns a seed and what is being named into identifiers: the same ones on every run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def digest(*parts: object) -> bytes:
    """Hash the parts, each with its length before it so that no two lists of parts are alike."""
    texts = [str(part).encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join(b"%d:%b" % (len(text), text) for text in texts)).digest()


def _base32(number: int, length: int) -> str:
    return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))


def identifier(prefix: str, *parts: object) -> str:
    """Name something by a prefix and 26 characters of Crockford's base32."""
    return prefix + _base32(int.from_bytes(digest(*parts)), 26)


def timed_identifier(prefix: str, now: float, *parts: object) -> str:
    """Name something as a ULID: ten characters of time in milliseconds, sixteen of the hash."""
    return prefix + _base32(int(now * 1000), 10) + _base32(int.from_bytes(digest(*parts)), 16)


def timestamp(now: float) -> str:
    """Write a time in seconds since 1970 as RFC 3339, in milliseconds."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(stamp: str) -> float:
    """Read an RFC 3339 time as seconds since 1970."""
    return datetime.fromisoformat(stamp).timestamp()

"""Turns a response body as it came into its bytes with content codings undone (RFC 9110, 8.4), within a bound.

Not left to the HTTP library: that takes half a gzip stream for a whole one, and unpacks a bomb whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import TypeAlias


class CodingError(Exception):
    """The body is not what its Content-Encoding says."""


class TooLargeError(Exception):
    """The body is larger than the bound, or unpacks to more."""


MOST_CODINGS = 8
MOST_MEMBERS = 50_000
"""Streams that one gzip body may be made of: some 50 ms, even where all of them are empty."""

_PIECE = 16 * 1024
_GZIP = 16
"""What zlib adds to the size of a window to say that the format is gzip."""

Undo: TypeAlias = Callable[[bytes, int], bytes]


def undo(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """Undo the codings in the reverse of the order they are listed in; one that is unknown leaves the body as it came.

    Raises CodingError, or TooLargeError as soon as more than `limit` bytes have been unpacked.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",") if name.strip()]
    if not body or not all(name in CODINGS for name in names):
        return body
    if len(names) > MOST_CODINGS:
        raise CodingError(f"it has more than {MOST_CODINGS} codings")
    for name in reversed(names):
        body = CODINGS[name](body, limit)
    return body


def _gunzip(body: bytes, limit: int) -> bytes:
    """Unpack gzip, of one member or several (RFC 1952, 2.2); zeros at its end are padding."""
    unpacked, at = bytearray(), 0
    for _ in range(MOST_MEMBERS):
        stream = zlib.decompressobj(zlib.MAX_WBITS | _GZIP)
        while not stream.eof:
            # by the piece, for what a member leaves is copied, and there may be many of these
            piece = body[at : at + _PIECE]
            if not piece:
                raise CodingError("it ends too early")
            try:
                unpacked += stream.decompress(piece, limit + 1 - len(unpacked))
            except zlib.error as error:
                raise CodingError("it is damaged") from error
            if len(unpacked) > limit:
                raise TooLargeError
            at += len(piece) - len(stream.unused_data)
        if at == len(body) or (not any(body[at : at + 1]) and not body[at:].strip(b"\0")):
            return bytes(unpacked)
    raise CodingError(f"it has more than {MOST_MEMBERS} parts")


def _inflate(body: bytes, limit: int) -> bytes:
    """Unpack `deflate`, which is the zlib format (RFC 9110, 8.4.1.2), though some servers send it bare."""
    try:
        return _unpack(body, zlib.decompressobj(), limit)
    except zlib.error:
        pass
    try:
        return _unpack(body, zlib.decompressobj(-zlib.MAX_WBITS), limit)
    except zlib.error as error:
        raise CodingError("it is damaged") from error


def _unpack(body: bytes, stream: zlib._Decompress, limit: int) -> bytes:
    # one more than the bound: zero would mean "no bound", and a body of exactly `limit` bytes must reach its end
    unpacked = _bounded(stream.decompress(body, limit + 1), limit)
    if not stream.eof:
        raise CodingError("it ends too early")
    return unpacked


def _bounded(unpacked: bytes, limit: int) -> bytes:
    if len(unpacked) > limit:
        raise TooLargeError
    return unpacked


def _same(body: bytes, _limit: int) -> bytes:
    return body


CODINGS: Mapping[str, Undo] = {
    "identity": _same,
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
}

"""Turns a response body as it came into its bytes with content codings undone (RFC 9110, 8.4), within a bound.

Not left to the HTTP library: that takes half a gzip stream for a whole one, and unpacks a bomb whole.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from typing import TypeAlias


class CodingError(Exception):
    """The body is not what its Content-Encoding says."""


class TooLargeError(Exception):
    """The body is larger than the bound, or unpacks to more."""


Undo: TypeAlias = Callable[[bytes, int], bytes]


def undo(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """Undo the codings in the reverse of the order they are listed in; one that is unknown leaves the body as it came.

    Raises CodingError, or TooLargeError as soon as more than `limit` bytes have been unpacked.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",") if name.strip()]
    if not body or not all(name in CODINGS for name in names):
        return body
    for name in reversed(names):
        body = CODINGS[name](body, limit)
    return body


def _gunzip(body: bytes, limit: int) -> bytes:
    """Unpack gzip, however many members it has."""
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(body)).read(limit + 1)
    except EOFError as error:
        raise CodingError("it ends too early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise CodingError("it is damaged") from error
    return _bounded(unpacked, limit)


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

"""Turns a body into the beginning of it, which knows how long the whole was."""

from __future__ import annotations


class Beginning(bytes):
    """The first bytes of a body of `length` bytes."""

    length: int


def cut_body(body: bytes, limit: int) -> bytes:
    """Give the first `limit` bytes of a body; one that is no longer is given as it is."""
    return body if len(body) <= limit else beginning(body[:limit], whole_length(body))


def beginning(kept: bytes, length: int) -> bytes:
    """Say that these are the first bytes of a body of that length."""
    if len(kept) == length:
        return kept
    cut = Beginning(kept)
    cut.length = length
    return cut


def whole_length(body: bytes) -> int:
    """Give the number of bytes that the whole of a body had."""
    return body.length if isinstance(body, Beginning) else len(body)

"""Lets a connection of httpx end with an answer after which more came: h11 would take that for the next answer."""

from __future__ import annotations

from typing import Any

_TO_H11 = ("_httpcore_stream", "_stream", "_connection", "_h11_state")
"""From the body that httpx gives to what reads it: there is no public way there."""


def end_where_more_came(body: object) -> None:
    """Keep the connection of a body from being used again where bytes are left over (RFC 9112, 9.2)."""
    found: Any = body
    for name in _TO_H11:
        found = getattr(found, name, None)
    if found is not None and any(found.trailing_data):  # bytes, and whether the end came
        found.send_failed()  # which is how h11 is told that a connection is of no use any more

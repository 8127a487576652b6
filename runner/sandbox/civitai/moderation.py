"""Turns the marks in a text or in the bytes of a file into what moderation says of it.

The marks are `[nsfw:pg13]`, `[nsfw:r]`, `[nsfw:x]`, `[nsfw:xxx]` and `[nsfw:blocked]`; without one everything is PG.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Verdict(NamedTuple):
    """A level on the site's scale (PG 1, PG13 2, R 4, X 8, XXX 16, blocked 32), and why it is not a low one."""

    level: int = 1
    reason: str | None = None

    @property
    def is_blocked(self) -> bool:
        return self.level >= 32


SAFE = Verdict()
_MARKS: Mapping[str, Verdict] = {
    "[nsfw:pg13]": Verdict(2),
    "[nsfw:r]": Verdict(4, "mature content"),
    "[nsfw:x]": Verdict(8, "explicit content"),
    "[nsfw:xxx]": Verdict(16, "explicit content"),
    "[nsfw:blocked]": Verdict(32, "prohibited content"),
}


def judge(text: str | bytes) -> Verdict:
    """Give the strictest verdict that a mark asks for."""
    written = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    return strictest(verdict for mark, verdict in _MARKS.items() if mark.encode() in written)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the verdict of the highest level."""
    return max(verdicts, key=lambda verdict: verdict.level, default=SAFE)

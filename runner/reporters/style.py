"""Turns roles ("error", "muted") into colour and marks, or into plain text where there is none."""

from __future__ import annotations

from typing import Literal, TypeAlias

from runner.records import Frozen

Role: TypeAlias = Literal["error", "warning", "ok", "strong", "muted", "gutter", "note", "accent"]
Mark: TypeAlias = Literal["passed", "failed", "skipped", "recovered", "arrow", "from", "ellipsis", "dot"]

PALETTE: dict[Role, str] = {
    "error": "1;31",
    "warning": "1;33",
    "ok": "32",
    "strong": "1",
    "muted": "2",
    "gutter": "34",
    "note": "36",
    "accent": "36",
}
"""Select Graphic Rendition parameters (ECMA-48): the eight colours every terminal theme has made readable."""

MARKS: dict[Mark, tuple[str, str]] = {
    "passed": ("✓", "+"),
    "failed": ("✗", "x"),
    "skipped": ("○", "o"),
    "recovered": ("↷", "~"),
    "arrow": ("→", "->"),
    "from": ("←", "<-"),
    "ellipsis": ("…", "..."),
    "dot": ("·", "|"),
}
"""Each mark in Unicode and in ASCII."""


class Style(Frozen):
    """How to write for one stream; `width` is in terminal cells. Who asks for colour has decided it before."""

    color: bool = False
    unicode: bool = True
    width: int = 100

    def paint(self, text: str, role: Role | None) -> str:
        """Write text in the colour of a role."""
        if not self.color or not text or role is None:
            return text
        return f"\x1b[{PALETTE[role]}m{text}\x1b[0m"

    def mark(self, mark: Mark) -> str:
        """Give a mark that the stream can show."""
        pretty, ascii_ = MARKS[mark]
        return pretty if self.unicode else ascii_

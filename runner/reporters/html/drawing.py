"""Turns a diagnostic into the drawing that the console makes of it: the line of the document, with carets."""

from __future__ import annotations

import re

from runner.diagnostics import Diagnostic
from runner.records import replace
from runner.reporters.diagnostics import render_full
from runner.reporters.html.markup import Markup, tag, text
from runner.reporters.style import PALETTE, Style

STYLE = Style(color=True, width=110)

# All escape sequences are the style's own: those of others have been made visible before.
_PAINTED = re.compile("\x1b\\[([0-9;]+)m(.*?)\x1b\\[0m", re.DOTALL)
_ROLES = {code: role for role, code in reversed(PALETTE.items())}


def drawing(diagnostic: Diagnostic) -> Markup:
    """Draw a diagnostic at its line, without its notes."""
    drawn = render_full(replace(diagnostic, notes=()), STYLE)
    parts = []
    end = 0
    for found in _PAINTED.finditer(drawn):
        parts += [text(drawn[end : found.start()]), tag("span", found[2], class_=f"ink-{_ROLES[found[1]]}")]
        end = found.end()
    return tag("pre", *parts, text(drawn[end:]), class_="drawing", tabindex="0")

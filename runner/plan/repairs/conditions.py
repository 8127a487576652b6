"""Conditions as people write them."""

from __future__ import annotations

import re

from runner.plan.mend import Reading, Repair, Slip

_LITERAL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_BRACED = re.compile(r"\{(\$[^{}]+)\}")


def braced_operand(text: str, reading: Reading) -> Slip | None:
    """An expression in a simple condition stands in braces.

    Why: braces embed an expression in a text; in a simple condition it is an operand as it is.
    Example: `{$statusCode} == 200`.
    Instead: `$statusCode == 200`.
    """
    literals = [found.span() for found in _LITERAL.finditer(text)]
    for found in _BRACED.finditer(text):
        if not any(start < found.start() < end for start, end in literals):
            message = "an expression that stands alone takes no braces"
            return Slip(message, *found.span(), found[1], refused=True)
    return None


SIMPLE: tuple[Repair, ...] = (braced_operand,)
"""What is tried on a simple condition, in this order."""

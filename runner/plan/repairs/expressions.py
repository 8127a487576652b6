"""Runtime expressions as people write them, where they stand for a whole value."""

from __future__ import annotations

import re

from runner.expressions.grammar import read_path
from runner.plan.mend import Reading, Repair, Slip
from runner.values import join_pointer

_BODY = re.compile(r"(\$(?:request|response)\.body)([.\[].*)", re.DOTALL)


def property_path(text: str, reading: Reading) -> Slip | None:
    """A part of a value is selected by a path of names and indexes.

    Why: `.name` and `[0]` are operators of conditions; elsewhere a JSON Pointer selects a part of a value.
    Example: `$response.body.items[0].id`.
    Instead: `$response.body#/items/0/id`.
    """
    found = _BODY.fullmatch(text)
    path = read_path(found[2]) if found else None
    if not found or not path:
        return None
    message = f"'{found[2]}' is no JSON Pointer, which selects a part of a value outside of conditions"
    return Slip(message, 0, len(text), f"{found[1]}{join_pointer('#', *path)}")


EXPRESSION: tuple[Repair, ...] = (property_path,)
"""What is tried on a text that is, or has to be, one expression, in this order."""

VALUE: tuple[Repair, ...] = EXPRESSION
"""What is tried on a text that stands for a value: an expression, a template or plain text."""

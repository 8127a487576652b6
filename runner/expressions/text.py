"""Turns values into text, as they are embedded in strings."""

from __future__ import annotations

import json

from runner.text import json_text, scalar_text
from runner.values import Json


def as_text(value: Json) -> str:
    """Write a scalar as text and a structure as JSON (Runtime Expressions: embedding).

    Raise ValueError or RecursionError where a structure has no JSON text: an infinity in it, or too deep a nesting.
    """
    return json_text(value) if isinstance(value, (list, dict)) else scalar_text(value)


def plain_name(spelled: str) -> str:
    """Undo the escapes of a `name` (CHAR, taken from JSON strings): `a\\"b` names `a"b`."""
    return str(json.loads(f'"{spelled}"')) if "\\" in spelled else spelled

"""Says whether a value is nested too deeply to be handed to anything that recurses."""

from __future__ import annotations

from typing import Any

from runner.values import Json

# Validators recurse, and one written in a compiled language would take the process with it.
DEEPEST = 200

_COLLECTIONS = (dict, list)


def is_deeper(value: Json, depth: int) -> bool:
    """Say whether collections are nested deeper than `depth`; level by level, without recursion."""
    level: list[Any] = [value] if isinstance(value, _COLLECTIONS) else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _COLLECTIONS
        ]
    return bool(level)

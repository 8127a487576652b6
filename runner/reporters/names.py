"""Turns names that may come twice into names that are unique, and the same in every run: `poll`, `poll (2)`."""

from __future__ import annotations

from collections import Counter


class Names:
    """Remembers the names that were given."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """Give a name that was not given yet."""
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name} ({self._seen[name]})"

"""A cache for tests: it lasts as long as it does, and counts how it is used."""

from __future__ import annotations


class Memory:
    """`hits` are the entries that were found, `written` those that were put there."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.hits = self.written = 0

    def get(self, key: str) -> bytes | None:
        self.hits += key in self.entries
        return self.entries.get(key)

    def put(self, key: str, content: bytes) -> None:
        self.entries[key] = content
        self.written += 1

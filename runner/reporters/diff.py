"""Turns a text before and after into a unified diff, as `patch` and `git apply` read it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

NO_BREAK = "\\ No newline at end of file\n"


def unified(name: str, before: str, after: str) -> Iterator[str]:
    """Give the lines of the diff; nothing where the texts are the same."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in unified_diff(old, new, name, name):
        yield line if line.endswith("\n") else f"{line}\n{NO_BREAK}"

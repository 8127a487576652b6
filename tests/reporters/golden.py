"""Compares what a reporter wrote with what it should write; `UPDATE_GOLDEN=1` writes the files anew."""

from __future__ import annotations

import os
from pathlib import Path

CASES = Path(__file__).parent / "cases"


def agrees(name: str, text: str) -> bool:
    """Say whether a text is what the file of that name holds, and show both where it is not."""
    path = CASES / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")
    return True

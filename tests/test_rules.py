"""Each rule draws what it is about as its golden file shows: `tests/cases/rules/<rule>/`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner import api
from runner.reporters.diagnostics import render_full
from runner.reporters.style import Style

RULES = Path(__file__).parent / "cases" / "rules"
FOLDERS = sorted(folder for folder in RULES.iterdir() if folder.is_dir())


def drawn(document: Path) -> str:
    """Draw everything that is said of a document."""
    sources = api.Sources(levels={document.parent.name: "warning"})  # some say nothing unless they are asked
    told = api.check(str(document), sources).diagnostics
    return "\n\n".join(render_full(each, Style()) for each in told) + "\n"


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_what_a_rule_says_is_drawn_at_its_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    document = next(folder.glob("document.arazzo.*")).absolute()
    found = drawn(document)
    golden = folder / "expected.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert f"[{folder.name}]" in found
    assert found == golden.read_text(encoding="utf-8")

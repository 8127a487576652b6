"""Each rule draws what it is about as its golden file shows: `tests/cases/rules/<rule>/`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner import api
from runner.exchange import Fetched
from runner.levels import RuleLevel
from runner.loader.load import load
from runner.loader.parsed import DEFAULT_LIMITS
from runner.reporters.diagnostics import render_full
from runner.reporters.style import Style
from runner.rulebook import rulebook

RULES = Path(__file__).parent / "cases" / "rules"
FOLDERS = sorted(folder for folder in RULES.iterdir() if folder.is_dir())


GENERATED: Mapping[str, Callable[[], str]] = {
    "document-size": lambda: "arazzo: 1.0.1\n".ljust(DEFAULT_LIMITS.size + 1),  # too large for a file here
}


def location() -> str:
    """Give what is checked: `document.arazzo.*`, or what `document.txt` names where the document is elsewhere."""
    named = Path("document.txt")
    if named.exists():
        return named.read_text("utf-8").strip()
    return str(next(Path().glob("document.arazzo.*"), "document.arazzo.yaml"))


def drawn(rule: str, location: str) -> str:
    """Draw everything that is said of a document, without a network and without this machine's folders."""
    levels: dict[str, RuleLevel] = {rule: "warning"}  # some say nothing unless they are asked
    sources = api.Sources(offline=True, levels=levels)
    if rule == "not-an-api-description":  # said where a description is wanted by itself
        told = api.load_api_description(location, sources).diagnostics
    elif rule in GENERATED:
        told = load(location, lambda uri: Fetched(uri, GENERATED[rule]())).diagnostics
    else:
        told = api.check(location, sources).diagnostics
    text = "\n\n".join(render_full(each, Style()) for each in told) + "\n"
    return text.replace(str(RULES), "/rules")


def test_every_rule_has_a_folder_and_every_folder_is_a_rule() -> None:
    assert [folder.name for folder in FOLDERS] == list(rulebook())


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_what_a_rule_says_is_drawn_at_its_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = drawn(folder.name, location())
    golden = folder / "expected.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert f"[{folder.name}]" in found
    assert found == golden.read_text(encoding="utf-8")

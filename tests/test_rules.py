"""Each rule has a folder that shows it: `tests/cases/rules/<rule>/`.

`document.arazzo.yaml` is what somebody wrote, and `expected.txt` how everything that is said of it is drawn. Where
something of it can be fixed, `fixed.arazzo.yaml` is what `check --fix` writes, and `run.txt` is how it runs against
stand-ins for its descriptions. The document as it was written runs the same way, unless it is refused.

A fixed document passes `--strict`, unless `rest.txt` says why it cannot. `inputs.json` holds the inputs of its run, and
`no-run.txt` says why there is none. `document.txt` names the document where it is elsewhere. `UPDATE_GOLDEN=1` writes
the first three: read them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner import api
from runner.cli.fix import fix
from runner.diagnostics import Diagnostic, in_order
from runner.exchange import Fetched
from runner.loader.load import load
from runner.loader.parsed import DEFAULT_LIMITS
from runner.plan.context import Options
from runner.plan.plan import Plan
from runner.reporters.diagnostics import render_concise, render_full
from runner.reporters.style import Style
from runner.rulebook import rulebook
from tests.sandboxed import told

RULES = Path(__file__).parent / "cases" / "rules"
FOLDERS = sorted(folder for folder in RULES.iterdir() if folder.is_dir())
EACH = pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
GENERATED: Mapping[str, Callable[[], str]] = {
    "document-size": lambda: "arazzo: 1.0.1\n".ljust(DEFAULT_LIMITS.size + 1),  # too large for a file here
}


def location(folder: Path) -> str:
    """Give what is checked, from the folder: `document.arazzo.*`, or what `document.txt` names."""
    named = folder / "document.txt"
    if named.exists():
        return named.read_text("utf-8").strip()
    return next((path.name for path in folder.glob("document.arazzo.*")), "document.arazzo.yaml")


def fixed_of(folder: Path) -> Path:
    return folder / location(folder).replace("document", "fixed", 1)


def sources_of(folder: Path) -> api.Sources:
    """Check without a network, but for what is refused before there is any; some rules say nothing unless asked."""
    return api.Sources(offline=folder.name != "document-not-allowed", levels={folder.name: "warning"})


def found_in(folder: Path) -> tuple[Diagnostic, ...]:
    """Give everything that is said of a document; some rules are for what is read by itself."""
    if folder.name == "not-an-api-description":
        return api.load_api_description(location(folder), sources_of(folder)).diagnostics
    if folder.name in GENERATED:
        return load(location(folder), lambda uri: Fetched(uri, GENERATED[folder.name]())).diagnostics
    checked = api.check(location(folder), sources_of(folder), contracts=True)
    refused = api.unrunnable(checked.plan, list(checked.plan.workflows)) if checked.plan else ()
    return in_order((*checked.diagnostics, *refused))


def drawn(diagnostics: tuple[Diagnostic, ...]) -> str:
    """Draw what is said, without the folders of this machine."""
    text = "\n\n".join(render_full(each, Style()) for each in diagnostics) + "\n"
    text = re.sub(r"(?<=is outside of ).*(?=, where)", "'/rules'", text)  # the repository, if this is one
    return text.replace(str(RULES), "/rules")


def hold(golden: Path, found: str | None) -> None:
    """Compare with a golden file, or write it; None wants no such file."""
    if os.environ.get("UPDATE_GOLDEN"):
        if found is None:
            golden.unlink(missing_ok=True)
        else:
            golden.write_bytes(found.encode())
    assert (golden.read_bytes().decode() if golden.exists() else None) == found


def is_fixable(problem: Diagnostic) -> bool:
    return bool(problem.fix and problem.fix.edits)


def plan_of(document: Path) -> Plan | None:
    return api.check(str(document), api.Sources(options=Options(stand_in=True))).plan


def run(plan: Plan | None, folder: Path) -> str | None:
    if plan is None or (folder / "no-run.txt").exists():
        return None
    inputs = folder / "inputs.json"
    return told(plan, json.loads(inputs.read_text(encoding="utf-8")) if inputs.exists() else {})


def test_every_rule_has_a_folder_and_every_folder_is_a_rule() -> None:
    assert [folder.name for folder in FOLDERS] == list(rulebook())


@EACH
def test_what_a_rule_says_is_drawn_at_its_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = drawn(found_in(folder))
    hold(folder / "expected.txt", found)
    assert f"[{folder.name}]" in found


@EACH
def test_what_can_be_fixed_is_fixed_and_nothing_is_left_to_fix(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if not any(map(is_fixable, found_in(folder))):
        hold(fixed_of(folder), None)
        hold(folder / "run.txt", None)
        return
    fixed = fix(location(folder), sources_of(folder))
    left = [render_concise(problem) for problem in fixed.left]
    assert not any(map(is_fixable, fixed.left)), left
    rest = folder / "rest.txt"
    assert (rest.read_text(encoding="utf-8").strip() if rest.exists() else "") if left else not rest.exists(), left
    made = fixed.files[(folder / location(folder)).as_uri()]
    hold(fixed_of(folder), made.text)


@EACH
def test_a_document_runs_as_its_fixed_form_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if not fixed_of(folder).exists():
        return
    found = run(plan_of(fixed_of(folder)), folder)
    assert found is not None or (folder / "no-run.txt").exists(), fixed_of(folder)
    hold(folder / "run.txt", found)
    written = plan_of(folder / location(folder))
    if written is not None:  # 1.1 refuses some of what is fixed
        assert run(written, folder) == found

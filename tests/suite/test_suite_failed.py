"""What is remembered of the last suite: the cases that did not pass, and nothing that anybody could read out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.engine.events import Case, CaseFinished, CaseSkipped, Entry, Outcome
from runner.suite.failed import LastFailed


def case(name: str, document: str = "flow.yaml") -> Case:
    return Case(f"w[{name}]", document, "w", name)


def hear(memory: LastFailed, **outcomes: Outcome) -> None:
    for name, outcome in outcomes.items():
        memory.hear(Entry(0.0, CaseFinished(case(name), outcome)))


def test_what_did_not_pass_or_was_skipped_is_known_until_it_passes_and_what_was_not_selected_stays_what_it_was(
    tmp_path: Path,
) -> None:
    memory = LastFailed.read(tmp_path)
    hear(memory, a="failed", b="error", c="passed")
    memory.write()
    memory = LastFailed.read(tmp_path)
    assert [memory.holds(case(name)) for name in "abc"] == [True, True, False]
    hear(memory, a="passed", c="failed")
    memory.hear(Entry(0.0, CaseSkipped(case("d"), "interrupted")))
    memory.write()
    memory = LastFailed.read(tmp_path)
    assert [memory.holds(case(name)) for name in "abcd"] == [False, True, True, True]
    assert not memory.holds(case("b", "other.yaml"))


def test_a_suite_that_always_passed_leaves_nothing_behind(tmp_path: Path) -> None:
    memory = LastFailed.read(tmp_path)
    hear(memory, a="passed")
    memory.write()
    assert list(tmp_path.iterdir()) == []


def test_a_document_is_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    memory = LastFailed.read(tmp_path)
    monkeypatch.chdir(tmp_path)
    memory.hear(Entry(0.0, CaseFinished(case("a", "below/flow.yaml"), "failed")))
    memory.write()
    monkeypatch.chdir(tmp_path / "below")
    assert LastFailed.read(tmp_path).holds(case("a", "flow.yaml"))


def test_names_that_came_from_data_are_not_written(tmp_path: Path) -> None:
    memory = LastFailed.read(tmp_path)
    hear(memory, hunter22="failed")
    memory.write()
    assert "hunter22" not in (tmp_path / ".arazzo" / "last-failed.json").read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9, "failed": ["x"]}', '{"version": 1}', "\xff"])
def test_a_memory_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / ".arazzo").mkdir()
    (tmp_path / ".arazzo" / "last-failed.json").write_text(text, encoding="latin-1")
    memory = LastFailed.read(tmp_path)
    assert memory.known == frozenset()
    hear(memory, a="failed")
    memory.write()
    assert len(json.loads((tmp_path / ".arazzo" / "last-failed.json").read_text())["failed"]) == 1

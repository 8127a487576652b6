"""`arazzo show`: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents

STEPS = "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $statusCode == 200}]}\n"


def test_it_prints_a_table(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    shown = arazzo("show", document)
    assert shown.code == 0
    assert "1  list  GET /things  → https://things.test" in shown.out


@pytest.mark.parametrize(
    ("flag", "start"), [("--mermaid", "flowchart TD"), ("--svg", "<svg"), ("--html", "<!doctype html>")]
)
def test_it_writes_a_picture_to_stdout_or_to_a_file(tmp_path: Path, flag: str, start: str) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    printed = arazzo("show", document, flag)
    assert printed.out.startswith(start)
    written = arazzo("show", document, flag, "-o", tmp_path / "picture")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "picture").read_text(encoding="utf-8") == printed.out


def test_a_bundled_name_will_do() -> None:
    assert "civitai-vault-toggle-verify" in arazzo("show", "civitai-vault-toggle-verify").out


def test_a_document_with_errors_is_drawn_with_them(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://things.test", "  - {stepId: list, operationId: listThing}\n")
    shown = arazzo("show", document)
    assert (shown.code, shown.out) == (3, "")
    assert "did you mean 'listThings'?" in shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workflow", "none"], "there is no workflow 'none'"),
        (["-o", "api.yaml/x.svg"], "cannot be written"),
        (["--server", "nobody=https://a.test"], "nobody"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    document = documents(tmp_path, "https://things.test", STEPS)
    shown = arazzo("show", document, *arguments, cwd=tmp_path)
    assert shown.code == 2
    assert said in shown.err


def test_a_file_that_is_not_there_is_said() -> None:
    shown = arazzo("show", "nowhere.arazzo.yaml")
    assert shown.code == 3
    assert "nowhere.arazzo.yaml cannot be read" in shown.err

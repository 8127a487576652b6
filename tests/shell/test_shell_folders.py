"""Folders that are in others of the same list say nothing more of where files may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import api
from runner.loader.shelf import Shelf
from runner.shell.lookup import widest

CASES = [
    ("", ""),
    ("a", "a"),
    ("a/b a", "a"),
    ("a a/b/c a", "a"),
    ("ab a", "ab a"),
    ("b/c a b", "a b"),
]


@pytest.mark.parametrize(("folders", "expected"), CASES)
def test_only_the_widest_folders_count(folders: str, expected: str) -> None:
    assert widest(map(Path, folders.split())) == tuple(map(Path, expected.split()))


def test_documents_of_several_folders_below_the_working_directory_share_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "api.yaml").write_text("openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths: {}\n", encoding="utf-8")
    heard: list[str] = []
    sources = api.Sources(shelf=Shelf(), hear=heard.append)
    for name in ("one", "two"):
        document = tmp_path / name / "flow.arazzo.yaml"
        document.parent.mkdir()
        text = "arazzo: 1.0.1\nsourceDescriptions: [{name: api, url: ../api.yaml, type: openapi}]\n"
        document.write_text(text, encoding="utf-8")
        api.check(str(document), sources)
    assert [uri.rpartition("/")[2] for uri in heard] == ["flow.arazzo.yaml", "api.yaml", "flow.arazzo.yaml"]

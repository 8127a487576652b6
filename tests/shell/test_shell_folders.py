"""Folders that are in others of the same list say nothing more of where files may be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner import api
from runner.loader.shelf import Shelf
from runner.shell import lookup
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


def test_the_folders_around_a_document_are_walked_through_once_however_many_sources_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("x/a", "x/b", "x/.hidden", "x/node_modules"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "old.yaml").touch()
    (tmp_path / "x/old.yaml").touch()
    listed = [{"name": f"s{place}", "url": f"gone{place}.yaml"} for place in range(30)]
    sources = [*listed, {"name": "old", "url": "gone/old.yaml"}]
    document = tmp_path / "x/flow/flow.arazzo.json"
    document.parent.mkdir()
    document.write_text(json.dumps({"arazzo": "1.0.1", "sourceDescriptions": sources}), encoding="utf-8")
    walked: list[str] = []

    def scandir(folder: Path) -> Iterator[os.DirEntry[str]]:
        walked.append(str(folder))
        return os.scandir(folder)

    monkeypatch.setattr(lookup, "os", SimpleNamespace(scandir=scandir, DirEntry=os.DirEntry))
    found = api.check(str(document)).diagnostics
    assert max(map(walked.count, walked)) <= 3, "the folder, the one above it, and the one above that"
    [offered] = [each.fix.title for each in found if each.fix and "old.yaml" in each.fix.title]
    places = [str(tmp_path / "x" / place) for place in ("old.yaml", "a/old.yaml", "b/old.yaml")]
    assert [place for place in places if place in offered] == places
    assert ".hidden" not in offered


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

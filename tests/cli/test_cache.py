"""The second start of the command line says what the first one said, and whatever befalls the cache, it goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.loader.kept import LEAST
from tests.cli.process import Ended, arazzo

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX")

# A big description with what its parser, its reader and the compiler complain of.
PADDING = "".join(f"    T{number}: {{type: string, description: {'x' * 100}}}\n" for number in range(LEAST // 100))
API = f"""\
openapi: 3.0.3
info: {{title: A, version: '1'}}
info: {{title: B, version: '2'}}
servers: [{{url: 'https://a.example'}}]
paths:
  /things:
    get: {{operationId: listThings, responses: {{'200': {{$ref: 'other.yaml#/ok'}}}}}}
    post: {{operationId: listThings, responses: {{'200': {{description: ok}}}}}}
  nowhere:
    get: {{operationId: x, responses: {{'200': {{description: ok}}}}}}
components:
  schemas:
    Base: &base {{type: object}}
    More:
      <<: *base
{PADDING}"""
FLOW = """\
arazzo: 1.0.1
info: {title: F, version: '1'}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - {stepId: a, operationId: listThings, successCriteria: [{condition: $statusCode == 200}]}
  - {stepId: b, operationId: listThing}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "api.yaml").write_text(API, encoding="utf-8")
    (folder / "other.yaml").write_text(f"ok: {{description: ok, x: {'y' * LEAST}}}\n", encoding="utf-8")
    (folder / "flow.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    return folder / "flow.arazzo.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def in_home(home: Path, **more: str) -> dict[str, str]:
    names = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA")
    places = {name: str(home) if name in names[:2] else "" for name in names}
    return {**places, "ARAZZO_NO_CACHE": "", "ARAZZO_CACHE_DIR": str(home / "kept"), **more}


def check(flow: Path, home: Path, *options: str, **more: str) -> Ended:
    return arazzo("check", *options, flow.name, cwd=flow.parent, env=in_home(home, **more))


def entries(home: Path) -> set[Path]:
    return set((home / "kept").glob("*.arazzo"))


def used(kept: set[Path]) -> set[Path]:
    """Give those entries that were used since their time was set back."""
    return {path for path in kept if path.stat().st_mtime > 1}


@pytest.mark.parametrize("options", [(), ("--format", "json")], ids=["full", "json"])
def test_a_start_from_the_cache_says_what_the_first_one_said(flow: Path, home: Path, options: tuple[str, ...]) -> None:
    without = check(flow, home, "--no-cache", *options)
    first = check(flow, home, *options)
    kept = entries(home)
    for path in kept:
        os.utime(path, (1, 1))
    again = check(flow, home, *options)
    assert first == again == without
    assert len(used(kept)) == 1, "what the document came to is all that is needed"
    flow.write_text(f"{FLOW}# changed\n", encoding="utf-8")
    assert check(flow, home, *options) == first
    assert without.code == 3
    for rule in ("duplicate-key", "yaml-merge-key", "duplicate-operation-id", "malformed-openapi", "unknown-operation"):
        assert rule in again.out
    assert len(kept) == 5, "what it came to, two big descriptions, and what each of them refers to"
    assert used(kept) == kept


def test_a_changed_description_is_read_anew(flow: Path, home: Path) -> None:
    check(flow, home)
    api = flow.parent / "api.yaml"
    api.write_text(api.read_text(encoding="utf-8").replace("listThings", "listThing"), encoding="utf-8")
    assert check(flow, home) == check(flow, home, "--no-cache")


@pytest.mark.parametrize(
    ("options", "more"), [(("--no-cache",), {}), ((), {"ARAZZO_NO_CACHE": "1"}), (("--no-cache",), {"HOME": ""})]
)
def test_nothing_is_kept_where_that_is_unwanted(
    flow: Path, home: Path, options: tuple[str, ...], more: dict[str, str]
) -> None:
    check(flow, home, *options, **more)
    assert list(home.iterdir()) == []


def test_a_run_has_the_option_as_well(flow: Path, home: Path) -> None:
    arguments = ("run", flow.name)
    without = arazzo(*arguments, "--no-cache", cwd=flow.parent, env=in_home(home))
    assert list(home.iterdir()) == []
    assert arazzo(*arguments, cwd=flow.parent, env=in_home(home)) == without
    assert len(entries(home)) == 4
    assert arazzo(*arguments, cwd=flow.parent, env=in_home(home)) == without


def poisoned(home: Path) -> None:
    """Put another description in place of each, as somebody would who can write there and lacks the secret."""
    for path in entries(home):
        content = path.read_bytes()
        for good, bad in ((b"https://a.example", b"https://evil.test"), (b"T1", b"T2"), (b"listThing", b"evilThing")):
            content = content.replace(good, bad)
        path.write_bytes(content)


def cut(home: Path) -> None:
    for path in entries(home):
        path.write_bytes(path.read_bytes()[:-1])


def forgotten(home: Path) -> None:
    for secret in home.rglob("cache-secret"):
        secret.unlink()


@pytest.mark.parametrize("change", [poisoned, cut, forgotten])
def test_a_cache_that_was_tampered_with_is_made_anew(flow: Path, home: Path, change: Callable[[Path], Any]) -> None:
    first = check(flow, home)
    kept = {path: path.read_bytes() for path in entries(home)}
    change(home)
    assert check(flow, home) == first
    made = {path: path.read_bytes() for path in entries(home)}
    if change is forgotten:
        assert len(made) == len(kept)
        assert made.keys().isdisjoint(kept)
    else:
        assert made == kept
    for path in made:
        os.utime(path, (1, 1))
    assert check(flow, home) == first
    assert used(set(made))


@posix
def test_a_folder_that_others_can_write_to_is_warned_of_once_and_not_used(flow: Path, home: Path) -> None:
    first = check(flow, home)
    (home / "kept").chmod(0o777)
    again = check(flow, home)
    assert again.out == first.out
    assert again.err == (
        f"warning: parsed documents are not kept: others can write to {home / 'kept'} (try: chmod go-w)\n"
    )


NOWHERE = {"ARAZZO_CACHE_DIR": "/" + "x" * 5_000}


def broken_disk(home: Path) -> None:
    (home / "kept").write_text("in the way")


@pytest.mark.parametrize("more", [{"HOME": "", "USERPROFILE": ""}, {"HOME": "/proc/none"}, NOWHERE, {}])
def test_without_a_place_for_it_there_is_no_cache_and_no_word_of_it(
    flow: Path, home: Path, more: dict[str, str]
) -> None:
    without = check(flow, home, "--no-cache")
    if not more:
        broken_disk(home)
    assert check(flow, home, **more) == without


def test_a_run_notes_a_disk_that_fails_where_it_is_to_be_verbose(flow: Path, home: Path) -> None:
    broken_disk(home)
    quiet = arazzo("run", flow.name, cwd=flow.parent, env=in_home(home))
    verbose = arazzo("run", "-v", flow.name, cwd=flow.parent, env=in_home(home))
    assert "not kept" not in quiet.err
    assert verbose.err.count("warning: parsed documents are not kept: ") == 1


def test_the_cache_can_be_found_and_cleared(flow: Path, home: Path) -> None:
    assert arazzo("cache", "path", env=in_home(home)).out == f"{home / 'kept'}\n"
    assert arazzo("cache", "clear", env=in_home(home)).out == "0 entries removed\n"
    check(flow, home)
    assert arazzo("cache", "clear", env=in_home(home)).out == "5 entries removed\n"
    assert entries(home) == set()


@pytest.mark.parametrize("verb", ["path", "clear"])
def test_a_user_without_a_home_has_no_cache_to_find(home: Path, verb: str) -> None:
    ended = arazzo("cache", verb, env=in_home(home, HOME="", USERPROFILE="", ARAZZO_CACHE_DIR=""))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: there is no place for a cache")


def test_a_cache_that_cannot_be_cleared_says_so(home: Path) -> None:
    ended = arazzo("cache", "clear", env=in_home(home, **NOWHERE))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: the cache cannot be cleared: ")

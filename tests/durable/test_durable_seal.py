"""What is kept can be read by the holder of the key only, in its place only, and without the secrets that he keeps."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.durable.seal import Seal, key_of
from runner.durable.store import JournalError
from runner.values import Json

KEY = b"k" * 32
SECRETS = {"login": "pass word/+é", "login basic": "dXNlcjpwYXNz", "key": "abcd"}
TEXTS = st.text(st.characters(exclude_categories=()) | st.sampled_from("\ue000\ue001\ue002/abcd"), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from([*SECRETS.values(), "pass%20word%2F%2B%C3%A9"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_opened_is_what_was_sealed(value: Json) -> None:
    seal = Seal(KEY, "r", SECRETS)
    assert seal.open("here", seal.close("here", value)) == value


def test_a_secret_that_is_another_one_now_is_put_where_the_old_one_stood() -> None:
    old, new = Seal(KEY, "r", {"token": "old-token"}), Seal(KEY, "r", {"token": "new+token"})
    sealed = old.close("here", {"plain": "Bearer old-token", "query": "?t=old-token", "other": "older"})
    assert new.open("here", sealed) == {"plain": "Bearer new+token", "query": "?t=new+token", "other": "older"}


def test_a_secret_that_is_missing_is_named_and_the_others_are_not_there() -> None:
    sealed = Seal(KEY, "r", {"token": "old-token"}).close("here", "Bearer old-token")
    with pytest.raises(JournalError, match="'token', a secret that the run was given, is missing now"):
        Seal(KEY, "r").open("here", sealed)


@pytest.mark.parametrize(
    ("key", "run_id", "place"), [(b"o" * 32, "r", "here"), (KEY, "other", "here"), (KEY, "r", "there")]
)
def test_what_is_sealed_is_nothing_elsewhere(key: bytes, run_id: str, place: str) -> None:
    sealed = Seal(KEY, "r").close("here", "value")
    assert b"value" not in sealed
    with pytest.raises(JournalError, match="another key, or was tampered with"):
        Seal(key, run_id).open(place, sealed)


@pytest.mark.parametrize("change", [lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), lambda sealed: sealed[:5]])
def test_what_was_changed_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(JournalError, match="tampered with"):
        Seal(KEY, "r").open("here", change(Seal(KEY, "r").close("here", "value")))


def test_a_digest_tells_values_apart_and_is_the_runs_own() -> None:
    seal = Seal(KEY, "r")
    assert seal.digest({"a": 1, "b": 2}) == seal.digest({"b": 2, "a": 1})
    assert len({seal.digest(b"1"), seal.digest("1"), seal.digest(2), Seal(KEY, "other").digest("1")}) == 4


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    key = key_of(None, path)
    assert (len(key), key_of(None, path)) == (32, key)
    assert list(path.parent.iterdir()) == [path]
    assert sys.platform == "win32" or path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_given_needs_no_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert key_of("sixteen letters!", path) == key_of("sixteen letters!", None) != key_of("sixteen letters?", None)
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != os.getuid(), reason="modes are for POSIX")
def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with pytest.raises(JournalError, match=f"{path}, is missing"):
        key_of(None, path, must_exist=True)
    assert not path.exists()
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(JournalError, match="is no key of a journal"):
        key_of(None, path)
    path.write_bytes(KEY)
    path.chmod(0o644)
    with pytest.raises(JournalError, match="others may know the key"):
        key_of(None, path)
    with pytest.raises(JournalError, match="too short"):
        key_of("short", path)
    with pytest.raises(JournalError, match="no home folder"):
        key_of(None, None)

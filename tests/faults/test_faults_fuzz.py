"""Whatever a stranger writes or sends, in a short form: it is read or refused, in a moment, and nothing raises."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.targets import TARGETS, TOKENS, seeds
from tests.test_laws import HEADS, WORDS

CRASHES = Path(__file__).parent / "crashes"
PATIENCE = 20
"""Seconds after which what should take a moment is taken to hang. No measurement: machines are slow."""
FIELDS = [
    "\r\n", "\n", ": ", ";", "=", "Set-Cookie", "Location", "Retry-After", "Content-Length", "Content-Encoding",
    "Transfer-Encoding", "gzip", "0", "5", "\r\n\r\n", "//", "Max-Age", "Expires", "HTTP/1.1 100 X", "Digest ", ",",
]  # fmt: skip
TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
"""How much longer than in the short form, which is the same each time."""
EXAMPLES = {"document": 60, "flow": 100, "description": 60, "schema": 150, "expression": 250, "condition": 250}


@contextmanager
def promptly() -> Iterator[None]:
    """Break off what takes too long."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it took longer than {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def spelled(words: list[str]) -> st.SearchStrategy[bytes]:
    """Texts out of words that mean something, and any others."""
    texts = st.lists(st.one_of(st.sampled_from(words), st.text(max_size=3)), max_size=12).map("".join)
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass"))


def given_to(name: str) -> st.SearchStrategy[bytes]:
    """What is thrown at a target."""
    match name:
        case "expression" | "condition":
            return st.one_of(spelled([*HEADS, *WORDS]), st.sampled_from(seeds(name)), st.binary(max_size=40))
        case "schema" | "document":
            return st.one_of(spelled(TOKENS), st.binary(max_size=200), st.sampled_from(seeds(name)))
        case "answer":
            cut = st.integers(0, 200)
            parts = st.tuples(st.binary(min_size=1, max_size=1), st.sampled_from(seeds(name)), cut, spelled(FIELDS))
            return parts.map(lambda part: part[0] + part[1][1 : part[2]] + part[3] + part[1][part[2] :])
        case _:
            return st.binary(max_size=24)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_taken_or_refused(name: str) -> None:
    @settings(
        max_examples=EXAMPLES.get(name, 300) * TIMES,
        deadline=None,
        suppress_health_check=[*HealthCheck],
        database=None,
        derandomize=TIMES == 1,
    )
    @given(given_to(name))
    def holds(data: bytes) -> None:
        with promptly():
            TARGETS[name](data)

    holds()


@pytest.mark.parametrize("path", sorted(CRASHES.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_a_crash_once_is_none(path: Path) -> None:
    with promptly():
        TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_fuzzer_begins_with_is_no_crash(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)

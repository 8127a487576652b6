"""Keeps workflows that share a name of `x-mutex` apart where pytest-xdist runs them in processes of their own.

A lock does so however the tests are spread. Under `--dist loadgroup` such workflows have a group in common besides,
and so one worker: then none waits.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

import pytest

LOOK = 1.0
"""Seconds of waiting after which Ctrl-C is heard."""


def is_worker(config: pytest.Config) -> bool:
    """Say whether this process is one of several that run the tests."""
    return hasattr(config, "workerinput")


def lock_of(config: pytest.Config, name: str) -> Path:
    """Give the file that is locked for a name by the workers of one run: it lies in the folder that they share."""
    own: str | None = config.getoption("basetemp")
    folder = Path(own).parent if own else Path(tempfile.gettempdir())
    run: str = config.workerinput["testrunuid"]  # type: ignore[attr-defined] # pytest-xdist sets it
    return folder / f"arazzo-{blake2b(f'{run} {name}'.encode(), digest_size=16).hexdigest()}.lock"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Wait until nobody holds a file, and hold it.

    SQLite's is the one lock of the standard library that all systems have, and that a process which dies gives back.
    """
    with closing(sqlite3.connect(path, timeout=LOOK, isolation_level=None)) as file:
        while not _try_lock(file):
            pass
        yield


def _try_lock(file: sqlite3.Connection) -> bool:
    try:
        file.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def groups(mutexes: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Join the names that must be on one worker, because workflows have several of them."""
    joined: list[frozenset[str]] = []
    for names in filter(None, mutexes):
        touched = [each for each in joined if each & names]
        joined = [each for each in joined if not each & names]
        joined.append(names.union(*touched))
    return joined


def group_items(items: Iterable[tuple[pytest.Item, frozenset[str]]]) -> None:
    """Give each item with mutexes the group that all who share one of them are in, unless it has another."""
    pairs = [(item, names) for item, names in items if names]
    joined = groups(names for _, names in pairs)
    for item, names in pairs:
        if item.get_closest_marker("xdist_group") is None:
            (group,) = (each for each in joined if each & names)
            item.add_marker(pytest.mark.xdist_group("+".join(sorted(group))))

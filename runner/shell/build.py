"""Says which build of this program runs: what another one has found out may not be what this one would."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from runner.version import __version__

_PACKAGE: Final = Path(__file__).parent.parent
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
# They have no part in what a document means.
_BESIDE: Final = frozenset(
    {"__pycache__", "cassette", "cli", "durable", "engine", "fleet", "pytest_plugin", "reporters", "sandbox", "shell"}
)


@cache
def build() -> str:
    """Give what changes with Python, the libraries that are installed, and what of this program reads documents."""
    folders = [Path(each) for each in sys.path if Path(each).name in _INSTALLED]
    stamps = [_stamp(each) for each in (*folders, _PACKAGE) if each.is_dir()]
    if not _INSTALLED.intersection(_PACKAGE.parts):  # whoever works on it has it change without its version
        stamps += _modules(str(_PACKAGE))
    return sha256("\n".join((__version__, sys.version, *stamps)).encode()).hexdigest()


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _modules(folder: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name.endswith(".py"):
                status = entry.stat()
                yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"
            elif entry.name not in _BESIDE and entry.is_dir():
                yield from _modules(entry.path)

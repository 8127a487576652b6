"""The workflows that travel with this package: names become paths."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

SUFFIX = ".arazzo.yaml"


@cache
def home() -> Path:
    """Give the folder that holds `workflows/` and `specs/`: inside the installed package, else beside it."""
    package = Path(__file__).resolve().parent
    installed = package / "_bundled"
    return installed if installed.is_dir() else package.parent


def workflows() -> Mapping[str, Path]:
    """List the bundled workflow documents by name."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted((home() / "workflows").glob(f"*{SUFFIX}"))}


def is_name(text: str) -> bool:
    """Say whether this names a bundled document rather than a file."""
    return "/" not in text and "." not in text and text in workflows()

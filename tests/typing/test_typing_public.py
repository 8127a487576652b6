"""The public names have the types that their documentation says, under mypy's strict mode."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import runner

HERE = Path(__file__).resolve().parent
CHECKED = HERE / "public.py"


def test_the_public_names_have_their_types() -> None:
    """Check with the project's own settings: what `make check` knows of the package is not found out anew."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(CHECKED)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=HERE.parent.parent)
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr


def test_every_public_name_is_used_there() -> None:
    used = set(re.findall(r"\brunner\.(\w+)", CHECKED.read_text(encoding="utf-8")))
    assert used >= set(runner.__all__)

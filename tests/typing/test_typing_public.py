"""The public names have the types that their documentation says, under mypy's strict mode."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import runner

HERE = Path(__file__).resolve().parent
CHECKED = HERE / "public.py"


def test_the_public_names_have_their_types(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--no-error-summary"]
    command += ["--config-file", "", "--cache-dir", str(tmp_path / "cache"), "--follow-imports", "silent"]
    done = subprocess.run(
        [*command, str(CHECKED)], capture_output=True, text=True, check=False, timeout=300, cwd=HERE.parent.parent
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr


def test_every_public_name_is_used_there() -> None:
    used = set(re.findall(r"\brunner\.(\w+)", CHECKED.read_text(encoding="utf-8")))
    assert used >= set(runner.__all__)

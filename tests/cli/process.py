"""Start the real command line, as a user would."""

from __future__ import annotations

import atexit
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "runner"]
PROGRAMS = {"arazzo": COMMAND, "pytest": [sys.executable, "-m", "pytest"]}
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Pytest has the plugins that are named, and no others: these are most of what it takes to start."""

CLEAN = ("ARAZZO_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CI", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(CLEAN)} | {
        "PYTHONIOENCODING": "utf-8",
        "ARAZZO_NO_CACHE": "1",  # tests leave nothing in anybody's home
        **(extra or {}),
    }


def arazzo(*arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = "") -> Ended:
    """Run a command to its end; nothing that it says may ever be a traceback."""
    cold = any(name.startswith("PYTHON") for name in env or ())
    ended = perform(Job("arazzo", (*map(str, arguments),), cwd or Path.cwd(), environment(env), stdin, cold=cold))
    assert "Traceback" not in ended.out + ended.err, ended
    assert ended.code != 70, ended
    return ended


@dataclass(frozen=True)
class Job:
    """A command line with all that its process begins with.

    `merged` sends stderr where stdout goes, `cold` starts Python, which hears then what variables say to it.
    """

    program: str
    arguments: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdin: str = ""
    merged: bool = False
    cold: bool = False


def perform(job: Job) -> Ended:
    """Run a command to its end, in a fork of a process that has everything imported unless that is busy."""
    if job.cold or not WARM.acquire(blocking=False):
        return _cold(job)
    try:
        return _warm(job)
    finally:
        WARM.release()


def _cold(job: Job) -> Ended:
    done = subprocess.run(
        [*PROGRAMS[job.program], *job.arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if job.merged else subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=job.cwd,
        env=job.env,
        input=job.stdin,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr or "")


WARM = threading.Lock()
"""Held while the one process that has everything imported is busy."""


@cache
def _forker() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.warm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
        env=environment(),
    )
    atexit.register(process.communicate)  # which closes its input, and so ends it
    return process


def _warm(job: Job) -> Ended:
    forker = _forker()
    assert forker.stdin is not None
    assert forker.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("stdin", "stdout", "stderr")}
        files["stdin"].write_text(job.stdin, encoding="utf-8", newline="")
        files["stderr"].touch()
        said = {"program": job.program, "arguments": job.arguments, "cwd": str(job.cwd), "env": dict(job.env)}
        said |= {name: str(path) for name, path in files.items()}
        forker.stdin.write(json.dumps(said | ({"stderr": said["stdout"]} if job.merged else {})) + "\n")
        forker.stdin.flush()
        assert select.select([forker.stdout], [], [], 60)[0], "a command does not end"
        code = int(forker.stdout.readline())
        return Ended(code, *(files[name].read_text(encoding="utf-8") for name in ("stdout", "stderr")))


@contextmanager
def started(*arguments: object, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and end it if it is still there."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def on_terminal(
    *arguments: object, react: Callable[[str], str | None], cwd: Path, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command on a terminal of its own, without a screen, and give the exit code and all that was shown.

    `react` is given all that was shown so far, each time there is more, and may give what is typed then.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, cwd=cwd, start_new_session=True,
        env=environment({"DISPLAY": "", "WAYLAND_DISPLAY": "", **(env or {})}),
    )  # fmt: skip
    os.close(slave)
    shown, until = b"", time.monotonic() + 90  # no measurement: on a busy machine a start alone took half a minute
    try:
        while time.monotonic() < until:
            if not select.select([master], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
            typed = react(shown.decode("utf-8", "replace"))
            if typed is not None:
                time.sleep(0.2)  # until the echo is off
                os.write(master, typed.encode() + b"\n")
        return process.wait(30), shown.decode("utf-8", "replace")
    finally:
        process.kill()
        os.close(master)


def documents(folder: Path, server: str, steps: str, *, name: str = "flow", extra: str = "") -> Path:
    """Write a document with one API at `server` into a folder."""
    (folder / "api.yaml").write_text(
        f"""openapi: 3.0.3
info: {{title: A, version: '1'}}
servers: [{{url: '{server}'}}]
components:
  securitySchemes: {{Key: {{type: http, scheme: bearer}}}}
security: [{{Key: []}}, {{}}]
paths:
  /things:
    get: {{operationId: listThings, responses: {{'200': {{description: ok}}}}}}
    post:
      operationId: createThing
      requestBody: {{content: {{application/json: {{schema: {{}}}}}}}}
      responses: {{'201': {{description: ok}}}}
  /things/{{id}}:
    get:
      operationId: getThing
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses: {{'200': {{description: ok}}}}
""",
        encoding="utf-8",
    )
    path = folder / f"{name}.arazzo.yaml"
    path.write_text(
        "arazzo: 1.0.1\ninfo: {title: F, version: '1'}\n"
        "sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n"
        f"workflows:\n- workflowId: {name}\n{extra}  steps:\n{steps}",
        encoding="utf-8",
    )
    return path

"""Starts a Postgres of its own from Debian's binaries, in a temporary folder, and stops it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = "/usr/lib/postgresql"
NOT_HERE = "there is no Postgres here: apt-get install postgresql"


def binaries() -> Path | None:
    """Give the folder of the newest server there is."""
    found = sorted(
        (path.parent for path in Path(PLACES).glob("*/bin/postgres")),
        key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0),
    )
    if found:
        return found[-1]
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path and shutil.which("initdb") else None


@contextmanager
def cluster() -> Iterator[str]:
    """Give the URL of a database that is gone afterwards; where there are no binaries the test is skipped."""
    where = binaries()
    if where is None:
        pytest.skip(NOT_HERE)
    with tempfile.TemporaryDirectory(prefix="arazzo-pg-", ignore_cleanup_errors=True) as text:
        folder = Path(text)
        data = folder / "data"
        user = _somebody(folder)
        _do(user, where / "initdb", "-D", data, "-U", "arazzo", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c shared_buffers=32MB"
        control = (where / "pg_ctl", "-D", data, "-w", "-t", "60")
        _do(user, *control, "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://arazzo@/postgres?host={folder}"
        finally:
            _do(user, *control, "-m", "immediate", "stop")


def restart(url: str) -> None:
    """Start a cluster again that broke off whatever it was at."""
    where = binaries()
    assert where is not None
    folder = Path(url.partition("?host=")[2])
    user = _somebody(folder)
    _do(
        user,
        where / "pg_ctl",
        "-D",
        folder / "data",
        "-w",
        "-t",
        "60",
        "-m",
        "immediate",
        "-l",
        folder / "log",
        "restart",
    )


def _somebody(folder: Path) -> tuple[str, ...]:
    """Give what makes a command another user's: Postgres does not let root run it."""
    if os.geteuid() != 0:
        return ()
    name = next(each.pw_name for each in map(_known, ("postgres", "nobody")) if each is not None)
    own = pwd.getpwnam(name)
    os.chown(folder, own.pw_uid, own.pw_gid)
    return ("setpriv", f"--reuid={own.pw_uid}", f"--regid={own.pw_gid}", "--clear-groups")


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _do(user: tuple[str, ...], *command: object) -> None:
    # Its output goes to a file: a server that goes on would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        ended = subprocess.run(
            [*user, *map(str, command)], stdout=output, stderr=output, cwd="/", env={"PATH": os.environ["PATH"]}
        )
        output.seek(0)
        assert ended.returncode == 0, output.read().decode(errors="replace")

"""Tells a file by its name from what only looks like one: a pipe that nobody may write to, a device without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# What a process has open already, as a shell's `<(...)` gives it: whoever writes to it is there.
_OPEN_FOLDERS = ("/dev/fd/", "/proc/self/fd/")
_OPEN_FILES = ("/dev/stdin", os.devnull)
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def refuse_special(path: Path) -> None:
    """Raise OSError for a pipe, a device or a socket that is given by its name: to read it may take forever."""
    name = str(path.absolute())
    if name in _OPEN_FILES or name.startswith(_OPEN_FOLDERS):
        return
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # which opening it tells
    kind = next((kind for test, kind in _KINDS if test(mode)), None)
    if kind is not None:
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", name)

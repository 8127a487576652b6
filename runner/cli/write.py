"""Put the new text of a document in the place of the old one: its file is either the one or the other."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from runner.errors import UsageError
from runner.loader.text import decode_bytes, encode_like
from runner.shell.lookup import path_of
from runner.source import Source


def write_back(before: Source, text: str) -> None:
    """Write a text over the one that was read, with the encoding, the mode and the owner that its file has.

    The file behind a link is replaced, not the link. UsageError where it may not be written, or has changed since.
    """
    path = path_of(before.uri).resolve()
    try:
        content = path.read_bytes()
        if decode_bytes(content) != before.text:
            raise UsageError(f"{before.name} was changed while it was being checked", "check it again")
        if not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK):
            raise UsageError(f"{before.name} cannot be written: it is read-only")
        _replace(path, encode_like(content, text))
    except OSError as error:
        raise UsageError(f"{before.name} cannot be written: {(error.strerror or str(error)).lower()}") from error
    except UnicodeError as error:
        raise UsageError(
            f"{before.name} cannot be written: its encoding has no room for what would stand there"
        ) from error


def _replace(path: Path, content: bytes) -> None:
    status = path.stat()
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(status.st_mode & 0o7777)
        with suppress(OSError, AttributeError):  # only a privileged user gives a file away, and not on every system
            os.chown(part, status.st_uid, status.st_gid)
        os.replace(part, path)  # noqa: PTH105 - `os.replace` is the atomic one
    finally:
        part.unlink(missing_ok=True)

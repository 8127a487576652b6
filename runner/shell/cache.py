"""Keeps bytes by key in a folder of the user's, and believes only what this user has put there.

A folder that others can write to is not used. Whoever writes to it all the same (it may come from a build cache that is
shared) lacks the secret, which is elsewhere: each entry carries an HMAC over its key and its content, and what does not
fit is thrown away. No link is followed, and no entry is ever half written.
"""

from __future__ import annotations

import hmac
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from runner.late import late_pattern
from runner.shell.options import MEBIBYTE

LIMIT: Final = 512 * MEBIBYTE
"""Bytes that all entries take together; beyond, those go that were not used for longest."""

LARGEST: Final = 128 * MEBIBYTE
"""Bytes of one entry."""

_MARK: Final = b"arazzo cache 1\n"
_BYTES: Final = 32  # of the secret, and of an HMAC-SHA256
_HEAD: Final = len(_MARK) + _BYTES
_OURS = late_pattern(r"[0-9a-f]{64}\.arazzo|\.[0-9a-f]{16}\.arazzo-new")
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ: Final = os.O_RDONLY | _FLAGS | getattr(os, "O_NONBLOCK", 0)  # somebody's pipe does not hold us up
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
_ABANDONED: Final = 3600.0
"""Seconds after which nobody is still writing a file."""

# Where caches and what is to last are, by platform: a variable, a folder below the home, a folder of ours in either.
_CACHES = {
    "win32": ("LOCALAPPDATA", "AppData/Local", "arazzo/cache"),
    "darwin": ("XDG_CACHE_HOME", "Library/Caches", "arazzo"),
}
_STATE = {
    "win32": ("LOCALAPPDATA", "AppData/Local", "arazzo/state"),
    "darwin": ("XDG_STATE_HOME", "Library/Application Support", "arazzo"),
}


class Places(NamedTuple):
    """The folder of the entries, and the file of the secret, which is outside of it."""

    folder: Path
    secret: Path


def user_places(environ: Mapping[str, str], platform: str = sys.platform) -> Places | None:
    """Give where this user's cache is; nothing where the user has no home. ARAZZO_CACHE_DIR overrides the folder.

    XDG Base Directory Specification: "If an implementation encounters a relative path in any of these variables it
    should consider the path invalid and ignore it."
    """
    chosen = environ.get("ARAZZO_CACHE_DIR")
    usual = _CACHES.get(platform, ("XDG_CACHE_HOME", ".cache", "arazzo"))
    folder = Path(chosen).absolute() if chosen else _place(environ, platform, *usual)
    state = user_state(environ, platform)
    return Places(folder, state / "cache-secret") if folder and state else None


def user_state(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Give the folder for what is to last; nothing where the user has no home."""
    return _place(environ, platform, *_STATE.get(platform, ("XDG_STATE_HOME", ".local/state", "arazzo")))


def _place(environ: Mapping[str, str], platform: str, variable: str, below_home: str, ours: str) -> Path | None:
    given, home = environ.get(variable, ""), environ.get("USERPROFILE" if platform == "win32" else "HOME", "")
    if Path(given).is_absolute():
        return Path(given, ours)
    return Path(home, below_home, ours) if Path(home).is_absolute() else None


def user_cache(environ: Mapping[str, str]) -> DiskCache | None:
    """Open the cache of the user whose environment variables these are; nothing where there is no place for it."""
    places = user_places(environ)
    return DiskCache(places) if places else None


class UnsafePlaceError(Exception):
    """Why a folder is not trusted."""


class DiskCache:
    """Entries in a folder. Nothing is looked at before the first one is asked for.

    `warn` hears once of a folder that is not trusted, `note` once of a disk that fails; then there are no entries.
    """

    def __init__(
        self,
        places: Places,
        warn: Callable[[str], None] | None = None,
        note: Callable[[str], None] | None = None,
        limit: int = LIMIT,
    ) -> None:
        self.places = places
        self._warn, self._note, self._limit = warn, note, limit
        self._room = 0

    def get(self, key: str) -> bytes | None:
        """Give what was put there under a key; anything else that lies in its place is removed."""
        if self._secret is None:
            return None
        path = self._path(self._secret, key)
        try:
            content = _read(path)
            head = self._head(self._secret, key, memoryview(content)[_HEAD:])
            valid = hmac.compare_digest(content[:_HEAD], head)
        except FileNotFoundError:
            return None
        except OSError:
            valid = False
        with suppress(OSError):
            if valid:
                os.utime(path, follow_symlinks=os.utime not in os.supports_follow_symlinks)
            else:
                path.unlink()
        return content[_HEAD:] if valid else None

    def put(self, key: str, content: bytes) -> None:
        """Keep content under a key, and make room for it."""
        if self._secret is None or len(content) > min(LARGEST, self._limit) - _HEAD:
            return
        try:
            _write(self._path(self._secret, key), self._head(self._secret, key, content), content)
            self._room -= len(content) + _HEAD
            if self._room < 0:  # who keeps a thousand small entries need not count them all each time
                self._room = self._trim()
        except OSError as error:
            self._fail(error)

    def clear(self) -> int:
        """Remove every entry, and say how many there were."""
        removed = 0
        for each in list(self._entries()):
            with suppress(OSError):
                Path(each.path).unlink()
                removed += each.name.endswith(".arazzo")
        return removed

    @cached_property
    def _secret(self) -> bytes | None:
        """The secret of this user, made where there is none; None where there is no cache to be had."""
        try:
            _own_folder(self.places.folder)
            _own_folder(self.places.secret.parent)
            if secret := _secret_in(self.places.secret):
                return secret
            self.clear()  # what an unknown secret vouches for is of use to nobody
            _write(self.places.secret, os.urandom(_BYTES))
            return _read(self.places.secret, private=True)  # another process may have been faster
        except UnsafePlaceError as unsafe:
            if self._warn:
                self._warn(f"parsed documents are not kept: {unsafe}")
        except OSError as error:
            self._fail(error)
        return None

    def _fail(self, error: OSError) -> None:
        if self._note:
            self._note(f"parsed documents are not kept: {error.strerror or error}: {self.places.folder}")
        self._note = None

    def _path(self, secret: bytes, key: str) -> Path:
        """Give the file of an entry, whose name lets nobody try out what its key was made of."""
        return self.places.folder / f"{hmac.digest(secret, key.encode(), 'sha256').hex()}.arazzo"

    def _head(self, secret: bytes, key: str, content: bytes | memoryview) -> bytes:
        """Give what stands before the content of an entry: it holds for this key, this content, and this user."""
        mac = hmac.new(secret, _MARK + key.encode() + b"\n", "sha256")
        mac.update(content)
        return _MARK + mac.digest()

    def _trim(self) -> int:
        """Remove what was not used for longest, down to the limit, and what others have left half written.

        Give how many bytes may be kept before it is time to look again: others keep something, too.
        """
        entries = list[tuple[os.stat_result, str]]()
        for each in self._entries():
            with suppress(FileNotFoundError):
                entries.append((each.stat(follow_symlinks=False), each.path))
        abandoned = time.time() - _ABANDONED
        entries = [entry for entry in entries if not entry[1].endswith("-new") or entry[0].st_mtime < abandoned]
        entries.sort(key=lambda entry: entry[0].st_mtime)
        excess = sum(status.st_size for status, _ in entries) - self._limit
        for status, path in entries:
            if excess > 0 or path.endswith("-new"):
                with suppress(OSError):
                    Path(path).unlink()
                excess -= status.st_size
        return min(-excess, self._limit // 16)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """Give the files in the folder that have a name of ours; there may be others."""
        if self.places.folder.is_symlink() or not self.places.folder.is_dir():
            return
        with os.scandir(self.places.folder) as found:
            yield from (each for each in found if _OURS.fullmatch(each.name))


def _own_folder(folder: Path) -> None:
    """Make a folder that only this user can use; UnsafePlaceError where there is one that others can change."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise UnsafePlaceError(f"{folder} is a symbolic link")
    if sys.platform == "win32":
        return  # a user's folders are the user's own there
    if status.st_uid != os.geteuid():
        raise UnsafePlaceError(f"{folder} belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafePlaceError(f"others can write to {folder} (try: chmod go-w)")


def _secret_in(path: Path) -> bytes | None:
    """Read the secret; None where something else is in its place, or others may know it or have put it there."""
    with suppress(OSError, UnsafePlaceError):
        secret = _read(path, private=True)
        return secret if len(secret) == _BYTES else None
    return None


def _read(path: Path, *, private: bool = False) -> bytes:
    """Read a file that is one: OSError for a link, a pipe or a folder, and for what is too large."""
    with open(os.open(path, _READ), "rb") as file:  # noqa: PTH123 - Path.open would follow links
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise OSError(f"{path} is no file of ours")
        if private and sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
            raise UnsafePlaceError(f"others may know {path}")
        return file.read()


def _write(path: Path, *parts: bytes) -> None:
    """Write a file whole or not at all, for this user only; whatever has its name is replaced, a link too."""
    half = path.parent / f".{os.urandom(8).hex()}.arazzo-new"
    try:
        with open(os.open(half, _CREATE, 0o600), "wb") as file:  # noqa: PTH123 - Path.open knows no flags
            file.writelines(parts)
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink()
        raise

"""Turns a folder and the name of a file into the files of that name below it, as far as a look around may take."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from runner.uri import split_uri

SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
MOST_FOLDERS = 2_000
DEEPEST = 6


def path_of(uri: str) -> Path:
    """Give the path of what a `file:` URI of a document that was read names."""
    return Path(unquote(split_uri(uri).path))


def enclosing(document: Path, here: Path) -> tuple[Path, ...]:
    """Give the folders that the files which a document refers to are in: its repository, else its own and `here`."""
    folder = document.parent
    for each in (folder, *folder.parents):
        if (each / ".git").exists():
            return (each,)
    return (folder, here)


def widest(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Give, in their order, the folders that are below none of the others, each once."""
    each = tuple(dict.fromkeys(folders))
    return tuple(one for one in each if not any(other in one.parents for other in each))


class Surroundings:
    """The files around a document, as they are when they are first asked for: each folder is walked through once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def look_for(self, folder: str, name: str) -> tuple[str, ...]:
        """Give the URIs of the files of a name, those that lie higher first; none for a folder of the network.

        Hidden folders and those of installed packages are passed by. In a tree with more folders than `MOST_FOLDERS`
        the rest is not looked at.
        """
        if not folder.startswith("file:") or not name or "/" in name:
            return ()
        start = path_of(folder)
        if start == start.parent:
            return ()  # the root of the machine is nobody's project
        if start not in self._folders:
            self._folders[start] = _folders_by_name(start)
        return tuple((each / name).as_uri() for each in self._folders[start].get(name, ()))


def _folders_by_name(start: Path) -> dict[str, list[Path]]:
    """Give the folders that hold a file of a name, for all names, in the order in which they are looked through."""
    found: dict[str, list[Path]] = {}
    pending = deque([(start, 0)])
    for _ in range(MOST_FOLDERS):
        if not pending:
            break
        folder, depth = pending.popleft()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST and not _is_skipped(entry.name):
                    pending.append((folder / entry.name, depth + 1))
            elif _is_file(entry):
                found.setdefault(entry.name, []).append(folder)
    return found


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle
        return False


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in SKIPPED

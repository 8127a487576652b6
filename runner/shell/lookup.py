"""Turns a folder and the name of a file into the files of that name below it, as far as a look around may take."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
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


def look_for(folder: str, name: str) -> tuple[str, ...]:
    """Give the URIs of the files of a name, those that lie higher first; none for a folder of the network.

    Hidden folders and those of installed packages are passed by. In a tree with more folders than `MOST_FOLDERS` the
    rest is not looked at.
    """
    if not folder.startswith("file:") or not name or "/" in name:
        return ()
    start = path_of(folder)
    if start == start.parent:
        return ()  # the root of the machine is nobody's project
    return tuple(path.as_uri() for path in _files(start, name))


def _files(start: Path, name: str) -> Iterator[Path]:
    pending, looked = [(start, 0)], 0
    while pending and looked < MOST_FOLDERS:
        folder, depth = pending.pop(0)
        looked += 1
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name == name and _is_file(entry):
                yield folder / name
            elif depth < DEEPEST and entry.is_dir(follow_symlinks=False) and not _is_skipped(entry.name):
                pending.append((folder / entry.name, depth + 1))


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads in a circle
        return False


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in SKIPPED

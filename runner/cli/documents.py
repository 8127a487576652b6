"""Turn what the command line names, files, folders, patterns and bundled names, into documents to check."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from runner import bundled
from runner.errors import UsageError

STDIN = "-"
PATTERNS = ("*.arazzo.yaml", "*.arazzo.yml", "*.arazzo.json", "arazzo.yaml", "arazzo.yml", "arazzo.json")
"""How a document is named that is found in a folder."""
SUFFIXES = (".yaml", ".yml", ".json")
EXCLUDED = (".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", "__pycache__")
"""Folders that are never looked into, unless they are named themselves."""

_MAGIC = re.compile(r"[*?\[]")
_IS_ARAZZO = re.compile(rb"""(?m)^\s*(?:\{\s*)?['"]?arazzo['"]?\s*:""")


def find_documents(targets: Sequence[str], exclude: Sequence[str] = ()) -> list[str]:
    """Find the documents, each once, in the order in which they are named; UsageError for what names none."""
    if not targets:
        raise UsageError("nothing to check", "name files or directories: arazzo check workflows/")
    refuse_empty(*targets)
    found: dict[str, str] = {}
    for target in targets:
        for document in _named(target, exclude):
            found.setdefault(document if _is_elsewhere(document) else os.path.abspath(document), document)  # noqa: PTH100
    return list(found.values())


def refuse_empty(*names: str) -> None:
    """Refuse an empty name, which a path would take for the working directory: a variable of a shell was not set."""
    if not all(names):
        raise UsageError("an empty name names nothing")


def _named(target: str, exclude: Sequence[str]) -> Iterator[str]:
    path = Path(target)
    if _is_elsewhere(target):
        yield target
    elif bundled.is_name(target) and not path.exists():
        yield str(bundled.workflows()[target])
    elif path.is_dir():
        yield from _in_folder(target, exclude)
    elif _MAGIC.search(target) and not path.exists():
        yield from _matching(target, exclude)
    elif path.suffix.lower() not in ("", *SUFFIXES) and path.exists():
        raise UsageError(f"{target} is no Arazzo document", f"documents are YAML or JSON: {', '.join(SUFFIXES)}")
    else:
        yield target


def _is_elsewhere(target: str) -> bool:
    return target == STDIN or "://" in target


def _in_folder(target: str, exclude: Sequence[str]) -> Iterator[str]:
    names = (path for path in _walk(Path(target), exclude) if any(fnmatchcase(path.name, each) for each in PATTERNS))
    found = [str(path) for path in names]
    if not found:
        raise UsageError(f"there is no Arazzo document in {target}", f"they are named {', '.join(PATTERNS)}")
    yield from found


def _matching(pattern: str, exclude: Sequence[str]) -> Iterator[str]:
    """Expand a pattern that no shell has expanded; of what matches only Arazzo documents are taken."""
    parts = Path(pattern).parts
    fixed = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    base = Path(*parts[:fixed])
    wanted = re.compile(_as_regex(parts[fixed:]))
    found = [path for path in _walk(base, exclude) if wanted.fullmatch(path.relative_to(base).as_posix())]
    documents = [str(path) for path in found if path.suffix.lower() in SUFFIXES and _is_arazzo(path)]
    if not documents:
        hint = f"{len(found)} other files match" if found else "nothing matches"
        raise UsageError(f"'{pattern}' names no Arazzo document", hint)
    yield from documents


def _is_arazzo(path: Path) -> bool:
    """Say whether a file is meant as an Arazzo document: by its name, else by the field that each of them has."""
    if any(fnmatchcase(path.name, each) for each in PATTERNS):
        return True
    try:
        return bool(_IS_ARAZZO.search(path.read_bytes()))
    except OSError:
        return False


def _walk(folder: Path, exclude: Sequence[str]) -> Iterator[Path]:
    """Give the files below a folder in the order of their paths; links to other folders are not followed.

    A link that leads nowhere is given too: that it cannot be read is to be told, not passed over.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}") from error
    for entry in entries:
        path = folder / entry.name
        if _is_excluded(path, exclude):
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in EXCLUDED:
                yield from _walk(path, exclude)
        elif _is_given(entry):
            yield path


def _is_given(entry: os.DirEntry[str]) -> bool:
    """Say whether an entry is a file, or a link with nothing at its end, or nothing that anybody may look at.

    The hidden ones of those are locks that editors leave beside a file.
    """
    try:
        if entry.is_file():
            return True
    except OSError:  # a circle of links, a folder that may not be entered
        pass
    return entry.is_symlink() and not os.path.exists(entry.path) and not entry.name.startswith(".")  # noqa: PTH110


def _is_excluded(path: Path, exclude: Sequence[str]) -> bool:
    return any(fnmatchcase(path.name, each) or fnmatchcase(path.as_posix(), each.rstrip("/")) for each in exclude)


def _as_regex(parts: Sequence[str]) -> str:
    """Write the parts of a pattern as a regular expression; `**` stands for any folders."""
    *folders, last = parts
    lead = "".join("(?:[^/]+/)*" if part == "**" else _part(part) + "/" for part in folders)
    return lead + (".*" if last == "**" else _part(last))


def _part(pattern: str) -> str:
    """Write one part: `*`, `?` and `[abc]` never reach over a slash."""
    made = ""
    for found in re.finditer(r"\*+|\?|\[!?\]?[^\]/]*\]|.", pattern, re.DOTALL):
        text = found.group()
        if text.startswith("*"):
            made += "[^/]*"
        elif text == "?":
            made += "[^/]"
        elif text.startswith("[") and len(text) > 1:
            inside = text[1:-1].replace("\\", r"\\").replace("[", r"\[")
            made += f"[^/{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
        else:
            made += re.escape(text)
    return made

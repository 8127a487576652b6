"""Run again what a saved file affects, until the user has had enough.

Files are looked at several times a second: that sees every way an editor saves, on every file system, and twenty files
cost less than a watcher would. What a run has read says what it depends on, so a source that a document names since
the last save is watched from then on, and one that is missing is waited for.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from runner.cli.config import find
from runner.cli.options import ExecuteOptions
from runner.cli.terminal import Terminal
from runner.records import Mutable, field
from runner.reporters.text import count, one_line
from runner.uri import split_uri

LOOK = 0.2
"""Seconds between two looks."""

SETTLED = 2
"""Looks that must find a change alike: an editor may write in several goes."""

CLEAR = "\x1b[H\x1b[2J\x1b[3J"
"""Home, erase the screen, erase what was scrolled away (ECMA-48, and xterm's addition)."""

USAGE = 2
"""The exit code of a run that was refused for how it was asked for."""

Stamp: TypeAlias = tuple[int, int, int] | None
"""What tells a saved file from the one before: its time, its size and which file it is; None where it is not there."""


class Read(Mutable):
    """The files that a run has read, with how they were then: those of each target, and those that all depend on."""

    by_target: dict[str, dict[Path, Stamp]] = field(default_factory=dict)
    shared: dict[Path, Stamp] = field(default_factory=dict)

    def hear(self, target: str, uri: str) -> None:
        """Note what is going to be read for a target; what is on the network is not watched."""
        path = path_of(uri)
        if path is not None:
            self.by_target.setdefault(target, {}).setdefault(path, stamp(path))

    def share(self, paths: Iterable[Path]) -> None:
        """Note files that every target depends on."""
        for path in paths:
            self.shared.setdefault(path, stamp(path))

    def all(self) -> dict[Path, Stamp]:
        """Give every file with how it was when it was read first."""
        found = dict(self.shared)
        for files in self.by_target.values():
            found.update(files)
        return found

    def affected(self, changed: Iterable[Path]) -> list[str]:
        """Give the targets that depend on files; all of them where one is shared."""
        names = set(changed)
        if names & self.shared.keys():
            return list(self.by_target)
        return [target for target, files in self.by_target.items() if names & files.keys()]


Again: TypeAlias = Callable[[tuple[str, ...], Read], int]
"""Runs targets, notes what is read for them, and gives the exit code."""


def path_of(uri: str) -> Path | None:
    """Give the file behind a URI or a path; None where it is elsewhere."""
    parts = split_uri(uri)
    if parts.has_scheme("http", "https"):
        return None
    return Path(unquote(parts.path)) if parts.has_scheme("file") else Path(uri).absolute()


def stamp(path: Path) -> Stamp:
    """Look at a file. An editor that replaces it gives it another number."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def watch(targets: tuple[str, ...], terminal: Terminal, run: Again, shared: Iterable[Path] = ()) -> int:
    """Run targets now, and what is affected whenever a file is saved; give the exit code of whoever ends it."""
    affected, read, first = targets, Read(), True
    shared = tuple(shared)
    try:
        while True:
            fresh = Read()
            fresh.share(shared)
            code = run(affected, fresh)
            if code >= 128:
                return code
            _take_over(read, fresh, affected)
            if code == USAGE and first:  # a command line that is refused is not mended by saving a file
                return code
            first = False
            _say(f"{_outcome(code)}; watching {count(len(read.all()), 'file')}, Ctrl-C ends", terminal)
            changed = wait_for_change(read.all())
            affected = tuple(target for target in targets if target in read.affected(changed))
            if terminal.live:
                print(CLEAR, end="", file=terminal.out, flush=True)
            names = ", ".join(sorted(one_line(path.name) for path in changed))
            _say(f"{names} changed", terminal)
            gc.unfreeze()  # what the run before held is garbage now
            gc.collect()
    except KeyboardInterrupt:
        return 130


def depended_on(options: ExecuteOptions) -> list[Path]:
    """List the files that options name, which every run depends on."""
    named = [*options.inputs, *options.env_file, *(text.partition("=")[2] for text in options.input_file)]
    config = options.config or find(Path.cwd())
    return [Path(path) for path in (*named, config, options.scenario, *options.also_read) if path]


def wait_for_change(known: Mapping[Path, Stamp]) -> set[Path]:
    """Wait until files are not what they were, and have stayed so for a moment."""
    changed: dict[Path, Stamp] = {}
    alike = 0
    while True:
        now = {path: found for path in known if (found := stamp(path)) != known[path]}
        alike = alike + 1 if now and now == changed else 0
        changed = now
        if alike >= SETTLED:
            return set(changed)
        time.sleep(LOOK)


def _take_over(read: Read, fresh: Read, targets: Iterable[str]) -> None:
    """Know what was read now; of a document that could not be read any more, keep what it depended on before."""
    read.shared.update(fresh.shared)
    for target in targets:
        before, now = read.by_target.get(target, {}), fresh.by_target.get(target, {})
        kept = {path: stamp(path) for path in before if path not in now} if len(now) < len(before) else {}
        own = path_of(target)
        read.by_target[target] = {**({own: stamp(own)} if own and own.suffix else {}), **kept, **now}


def _outcome(code: int) -> str:
    return "passed" if code == 0 else f"exit code {code}"


def _say(text: str, terminal: Terminal) -> None:
    print(terminal.err_style.paint(f"[{time.strftime('%H:%M:%S')}] {text}", "muted"), file=terminal.err, flush=True)

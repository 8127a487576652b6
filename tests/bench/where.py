"""Tells where the time of one of our commands goes: as shares of the rooms of the package, and of the libraries.

Run as a program with PATH and ARGUMENTS, it runs the command line with ARGUMENTS under a profiler and writes what it
saw to PATH. A profiler makes many small calls look dearer than they are: the shares are a hint, not a measure.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.bench.measure import Place, Work

ROOT = Path(__file__).parents[2]
IMPORTS = ("marshal.loads", "exec", "__build_class__", "_imp.", "posix.stat")
SHOWN = 7


def shares(place: Place, work: Work) -> str:
    """Run our command of a work under the profiler, and name the dearest rooms."""
    told = place.folder / "profile"
    work.before()
    place.server.forget()
    command = [sys.executable, str(Path(__file__)), str(told), *work.commands["ours"][1:]]
    _, ended = place.run(command)
    assert ended.code == 0, ended
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, callers) in pstats.Stats(str(told)).stats.items():  # type: ignore[attr-defined]
        if file != "~":
            spent[room(file, name)] += own
        elif any(text in name for text in IMPORTS):
            spent["imports"] += own
        else:  # what is written in C belongs to who calls it
            for (caller, _, calling), (_, _, part, _) in callers.items():
                spent[room(caller, calling)] += part
    whole = sum(spent.values())
    return ", ".join(f"{name} {share / whole:.0%}" for name, share in spent.most_common(SHOWN))


def room(file: str, name: str) -> str:
    """Name what a function belongs to: a room, a library, or the imports that a start is made of."""
    if name == "<module>" or "importlib" in file:
        return "imports"
    path = Path(file)
    with suppress(ValueError):
        return "/".join(path.relative_to(ROOT / "runner").with_suffix("").parts[:2])
    parts = path.parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return path.stem if path.is_absolute() else file


def main() -> None:
    sys.path[0] = str(ROOT)
    profile = cProfile.Profile(time.thread_time)  # to wait for a reply costs nothing
    path, sys.argv[1:] = sys.argv[1], sys.argv[2:]
    try:
        profile.enable()
        from runner.cli import main as command_line

        command_line()
    finally:
        profile.disable()
        profile.dump_stats(path)


if __name__ == "__main__":
    main()

"""Turns commands into what they cost, and holds each to its work: who sends less or passes wrongly cannot win."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.server import Served

# The peak of a process begins with that of the one that started it: a small one stands between.
LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
wall = time.perf_counter() - began
scale = 2**20 if sys.platform == "darwin" else 2**10
with open(sys.argv[1], "w") as file:
    json.dump([used.ru_utime + used.ru_stime, wall, used.ru_maxrss / scale, os.waitstatus_to_exitcode(status)], file)
"""


class Cost(NamedTuple):
    """What a process and its children took: seconds of CPU and of time, and the peak of its memory in MiB."""

    cpu: float
    wall: float
    peak: float


class Ended(NamedTuple):
    code: int
    output: str


class Work(NamedTuple):
    """What tools are to do, the same for each of them, and how often what is slow is done.

    `requests` have to arrive, the last of them `last`; `right` looks at what else there is to see. `refuses` are the
    tools that have to notice replies that are wrong. `cache` is the folder where ours keeps what it has read.
    """

    name: str
    commands: Mapping[str, Sequence[str]]
    requests: int
    last: str = ""
    refuses: bool = True
    rounds: int = 100
    cache: str = "cache"
    before: Callable[[], None] = lambda: None
    right: Callable[[str, str], bool] = lambda tool, output: True


class Place(NamedTuple):
    """Where commands run: a folder, a server, and the environment of a user."""

    folder: Path
    server: Served

    def environ(self, cache: str) -> dict[str, str]:
        """Programs keep compiled modules, as they do for users, and keep no state outside of the folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ARAZZO"))}
        state = str(self.folder / "state")
        own = {"ARAZZO_CACHE_DIR": str(self.folder / cache), "XDG_STATE_HOME": state, "LOCALAPPDATA": state}
        quiet = {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "REDOCLY_TELEMETRY": "off", "NO_COLOR": "1"}
        return kept | own | quiet | {"NO_PROXY": "127.0.0.1"}

    def run(self, command: Sequence[str], cache: str = "cache") -> tuple[Cost, Ended]:
        """Run a command, and give what it cost and how it ended."""
        told = self.folder / "cost.json"
        launched = [sys.executable, "-I", "-S", "-c", LAUNCH, str(told), *command]
        done = subprocess.run(
            launched,
            cwd=self.folder,
            env=self.environ(cache),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        cpu, wall, peak, code = json.loads(told.read_text())
        return Cost(cpu, wall, peak), Ended(code, done.stdout + done.stderr)

    def perform(self, work: Work, tool: str) -> Cost:
        """Let a tool do its work, or raise AssertionError where it has not done it."""
        work.before()
        self.server.forget()
        cost, ended = self.run(work.commands[tool], work.cache)
        seen = self.server.seen()
        where = f"{tool}, {work.name}: {seen}, {ended.code}, {ended.output[-2000:]}"
        assert ended.code == 0, where
        assert (seen.requests, seen.refused) == (work.requests, 0), where
        assert not work.last or seen.last == work.last, where
        assert work.right(tool, ended.output), where
        return cost

    def notices(self, work: Work, tool: str) -> None:
        """Assert that a tool stops or fails when it is answered wrongly: criteria were read, not skipped."""
        work.before()
        self.server.forget(wrong=True)
        _, ended = self.run(work.commands[tool], work.cache)
        assert ended.code != 0 or self.server.seen().requests < work.requests, f"{tool} passes wrongly: {work.name}"


def measure(place: Place, works: Sequence[Work], rounds: int) -> dict[str, dict[str, list[Cost]]]:
    """Measure every work with every tool, in turn, for a machine is faster now and slower then."""
    costs: dict[str, dict[str, list[Cost]]] = {work.name: {tool: [] for tool in work.commands} for work in works}
    for work in works:
        if work.refuses:
            for tool in work.commands:  # which compiles and keeps what is kept from start to start
                place.notices(work, tool)
    for number in range(rounds):
        for work in works:
            for tool in work.commands if number < work.rounds else ():
                costs[work.name][tool].append(place.perform(work, tool))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return costs


def middle(costs: Sequence[Cost]) -> Cost:
    """Give the medians."""
    return Cost(*(median(values) for values in zip(*costs, strict=True)))

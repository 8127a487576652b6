"""The long forms of what the tests try, as a small table: `python -m tests.faults.soak [PART...]`.

Flows run against a server on loopback, in processes that are watched: what they hold is to be the same in the second
half of their life as in the first. Fuzzers look for what raises, for as long as they are given.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.documents import Size, write
from tests.bench.server import Served, served
from tests.faults import fuzz
from tests.faults.targets import TARGETS

ROOT = Path(__file__).parents[2]
PARTS = ("fuzz", "matrix", "flows", "fleet")
EVERY = 0.25
"""Seconds between two looks at a process."""
FEWEST = 40
"""Looks below which a life is too short to tell: its first quarter is the start."""
MEMORY, FILES, THREADS = 8.0, 4, 2
"""What may be held more at the end than half-way: mebibytes, and what comes and goes with idle connections."""
REQUESTS = 3
"""Requests of one flow."""


class Look(NamedTuple):
    """What a process held at a moment: mebibytes, descriptors, sockets among them, and threads."""

    memory: float
    files: int
    sockets: int
    threads: int


class Row(NamedTuple):
    """One line of the table; `wrong` is nothing where all is as it should be."""

    name: str
    count: str
    seconds: float
    found: str
    wrong: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults.soak", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; else all of them")
    parser.add_argument("--flows", type=int, default=100_000, help="flows that each way of running them runs")
    parser.add_argument("--rounds", type=int, default=20, help="how often every driver meets every fault")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long each target is fuzzed")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    parts = chosen.parts or PARTS
    print(f"{'what':<28}{'how many':>12}{'seconds':>9}  found")
    rows = [*_all(parts, chosen.flows, chosen.rounds, chosen.minutes)]
    return 1 if any(row.wrong for row in rows) else 0


def _all(parts: Sequence[str], flows: int, rounds: int, minutes: float) -> Iterator[Row]:
    if "flows" in parts:
        yield from map(_printed, _flows(flows))
    if "matrix" in parts:
        row = watched("faults by all drivers", f"{rounds} rounds", _loop("matrix", "-", rounds))
        yield _printed(row)
    if "fleet" in parts:
        yield _printed(tried("fleet", "tests/fleet"))
    if "fuzz" in parts:
        for name in TARGETS:
            yield _printed(fuzzed(name, max(1, round(minutes * 60))))


def _printed(row: Row) -> Row:
    print(f"{row.name:<28}{row.count:>12}{row.seconds:>9.1f}  {row.wrong or row.found}", flush=True)
    return row


def _loop(name: str, path: str, count: int) -> list[str]:
    return [sys.executable, "-m", "tests.faults.loops", name, path, str(count)]


def _flows(flows: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, served() as server:
        write(Path(folder), server.url, (), Size(1, 1))
        path = str(Path(folder, "visit.arazzo.yaml"))
        repeated = [sys.executable, "-m", "runner", "test", path, "--repeat", str(flows), "--quiet", "--pace", "0"]
        for name, command in (
            ("arazzo test --repeat", repeated),
            ("arazzo test --repeat -j 4", [*repeated, "-j", "4", "--report", f"junit={folder}/junit.xml"]),
            ("library, one by one", _loop("library", path, flows)),
            ("library, awaited, 8 at once", _loop("awaited", path, flows)),
        ):
            server.forget()
            row = watched(name, str(flows), command)
            yield row if row.wrong else row._replace(wrong=_missing(server, flows))


def _missing(server: Served, flows: int) -> str:
    """Say whether the server was asked for anything else than what so many flows ask for."""
    seen = server.seen()
    right = (seen.requests, seen.refused) == (flows * REQUESTS, 0)
    return "" if right else f"{seen.requests} requests, {seen.refused} of them refused, instead of {flows * REQUESTS}"


def watched(name: str, count: str, command: list[str]) -> Row:
    """Run a command to its end, and say what it came to hold in the second half of its life."""
    began, looks = time.monotonic(), list[Look]()
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env=_environment()) as process:
            while process.poll() is None:
                looks += look(process.pid)
                time.sleep(EVERY)
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    wrong = f"it ended with {process.returncode}: {words[-600:]}" if process.returncode else grown(looks)
    if "Traceback" in words:
        wrong = words[-600:]
    return Row(name, count, time.monotonic() - began, summary(looks), wrong)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARAZZO_")}
    return kept | {"ARAZZO_NO_CACHE": "1", "NO_PROXY": "*"}


def look(pid: int) -> list[Look]:
    """Look at a process: once, or not at all where it has just ended or the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        names = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
    figures = {
        name: value.split()[0]
        for name, _, value in (line.partition(":") for line in status.splitlines())
        if value.strip()
    }
    if "VmRSS" not in figures:
        return []
    sockets = sum(name.startswith("socket:") for name in names)
    return [Look(int(figures["VmRSS"]) / 1024, len(names), sockets, int(figures["Threads"]))]


def _halves(looks: Sequence[Look]) -> tuple[Look, Look]:
    """Give the most of each that was held in the second quarter of a life, when all has begun, and in the last."""
    quarter = len(looks) // 4
    second, last = looks[quarter : 2 * quarter], looks[-quarter:]
    return Look(*map(max, zip(*second, strict=True))), Look(*map(max, zip(*last, strict=True)))


def grown(looks: Sequence[Look]) -> str:
    """Say what a process held more and more of; a life too short to tell is none that grows."""
    if len(looks) < FEWEST:
        return ""
    before, after = _halves(looks)
    bounds = Look(MEMORY, FILES, FILES, THREADS)
    more = [
        f"{name}: {now:g} after {was:g}"
        for name, was, now, bound in zip(Look._fields, before, after, bounds, strict=True)
        if now > was + bound
    ]
    return f"it grows: {', '.join(more)}" if more else ""


def summary(looks: Sequence[Look]) -> str:
    """Tell what a process held half-way and at the end."""
    if len(looks) < FEWEST:
        return "too short to tell what it holds"
    before, after = _halves(looks)
    return (
        f"{before.memory:.1f} → {after.memory:.1f} MiB, {before.files} → {after.files} descriptors, "
        f"{before.sockets} → {after.sockets} sockets, {before.threads} → {after.threads} threads"
    )


def fuzzed(name: str, seconds: int) -> Row:
    """Fuzz a target: guided by coverage where that fuzzer is installed, else by Hypothesis, for about as long."""
    began, guided = time.monotonic(), fuzz.is_here()
    done = subprocess.run(
        [sys.executable, "-m", *(_guided(name, seconds) if guided else _by_hypothesis(name))],
        cwd=ROOT,
        env=_environment() | {"FUZZ_TIMES": str(max(2, seconds // 2))},  # some two seconds are one time
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    count = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    wrong = f"it ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}" if done.returncode else ""
    found = "nothing" if guided else "nothing, by Hypothesis alone: atheris is not installed"
    return Row(f"fuzz {name}", count[1] if count else "", time.monotonic() - began, found, wrong)


def tried(name: str, tests: str) -> Row:
    """Run tests in their long form."""
    began, environment = time.monotonic(), _environment() | {"ARAZZO_SOAK": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "-rs", tests]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    wrong = f"it ended with {done.returncode}: {done.stdout[-1500:]}" if done.returncode else ""
    *_, last = done.stdout.splitlines() or [""]
    return Row(name, "", time.monotonic() - began, last, wrong)


def _guided(name: str, seconds: int) -> list[str]:
    return ["tests.faults.fuzz", name, str(seconds)]


def _by_hypothesis(name: str) -> list[str]:
    test = f"tests/faults/test_faults_fuzz.py::test_whatever_comes_is_taken_or_refused[{name}]"
    return ["pytest", "-q", "-n0", test]


if __name__ == "__main__":
    sys.exit(main())

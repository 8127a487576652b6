"""Prints what runs cost, ours beside those of the peers that are installed: `python -m tests.bench [GROUP...]`.

CPU is that of a whole process with its children, a median of rounds in which the tools take turns; the machine is
noisy, so compare within one table only. Nothing is asserted of times, and everything of what the runs did.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import bench_check, bench_schema, where
from tests.bench.documents import Size, write
from tests.bench.measure import Place, measure
from tests.bench.peers import FOLDER, PEERS, ROOT, installed, version
from tests.bench.rows import Row, rows
from tests.bench.server import served
from tests.bench.works import CHAINS, LONG, works

TOOLS = ("ours", "Jentic", "Redocly", "Hurl", "k6")
GROUPS = ("start", "growth", "visit", "description", "schema", "check")


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; else all of them")
    parser.add_argument("--rounds", type=int, default=5, help="how often each tool does each work")
    parser.add_argument("--json", type=Path, default=FOLDER / "bench.json", help="where the figures are written")
    parser.add_argument("--where", action="store_true", help="tell where our time goes, instead of comparing")
    parser.add_argument("--alone", action="store_true", help="measure without the peers")
    chosen = parser.parse_args()
    groups = chosen.groups or list(GROUPS)
    if unknown := set(groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    if chosen.where:
        _where(groups)
        return
    peers = {} if chosen.alone else installed()
    found = _measured(groups, peers, chosen.rounds)
    _print(found)
    for peer in () if chosen.alone else PEERS:
        here = f"{version(peers[peer.name])}" if peer.name in peers else "not installed; make bench-peers would try:"
        tried = () if peer.name in peers else (" && ".join(map(" ".join, peer.install)),)
        print(f"{peer.name}: {' '.join([here, *tried])}")
    _write(chosen.json, found, peers)


def _measured(groups: Sequence[str], peers: dict[str, str], rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name, served() as server:
        place = Place(Path(name), server)
        write(place.folder, server.url, (*CHAINS, LONG), Size(1_000, 32))
        place.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "runner")])  # as an installed program is
        offered = works(peers, place.folder)
        made = rows(measure(place, [work for group in groups for work in offered.get(group, ())], rounds))
        if "schema" in groups:
            made.append(bench_schema.row())
        if "check" in groups:
            made += bench_check.rows(place)
    return made


def _where(groups: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as name, served() as server:
        place = Place(Path(name), server)
        write(place.folder, server.url, (*CHAINS, LONG), Size(1_000, 32))
        offered = works({}, place.folder)
        for work in [work for group in groups for work in offered.get(group, ())]:
            if "--jobs" in work.commands["ours"]:
                continue  # the profiler sees one thread
            print(f"{work.name:26} {where.shares(place, work)}", flush=True)


def _print(found: Sequence[Row]) -> None:
    """Print the rows: our figure, the goal, and of each other tool its figure and ours as a multiple of it."""
    others = [tool for tool in TOOLS[1:] if any(tool in row.figures for row in found)]
    print(f"{'':44}{'ours':>9}      {'goal':<22}" + "".join(f"{tool:>18}" for tool in others))
    for row in found:
        ours = row.figures["ours"]
        beside = "".join(
            f"{row.figures[tool]:9.2f} ({ours / row.figures[tool]:.2f} x)" if tool in row.figures else f"{'':18}"
            for tool in others
        )
        print(f"{row.name:44}{ours:9.3g} {row.unit:3} {'✓' if row.met else '✗'} {row.goal:<22}{beside}".rstrip())
        rest = {tool: value for tool, value in row.figures.items() if tool not in TOOLS}
        for tool, value in rest.items():
            print(f"{'':4}{tool:40}{value:9.3g} {row.unit}")


def _write(path: Path, found: Sequence[Row], peers: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {cores} cores",
        "peers": {name: version(program) for name, program in peers.items()},
        "rows": [row._asdict() | {"met": row.met} for row in found],
    }
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

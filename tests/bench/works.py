"""The works that are measured, as commands of each tool that is here."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from tests.bench.measure import Work

ARAZZO = str(Path(sys.executable).parent / "arazzo")
CHAINS = (3, 200, 1000)
LONG, REPEAT, MANY, TOGETHER = 10_000, 1_000, 4_000, 64


def works(peers: Mapping[str, str], folder: Path) -> dict[str, list[Work]]:
    """Give all works by the group they are asked for with."""
    return {
        "start": [start(), *(chain(peers, steps) for steps in CHAINS), *(first(folder, steps) for steps in CHAINS)],
        "growth": [chain({}, LONG)._replace(rounds=2)],
        "visit": visits(peers, folder),
        "description": descriptions(peers, folder),
    }


def start() -> Work:
    return Work("help", {"ours": (ARAZZO, "--help"), "an empty Python": (sys.executable, "-c", "")}, 0, refuses=False)


def chain(peers: Mapping[str, str], steps: int) -> Work:
    number = (steps + 1) // 2
    last = f"PUT /notes/{number}" if steps % 2 else f"GET /notes/{number}"
    return Work(f"chain{steps}", _runs(peers, f"chain{steps}.arazzo.yaml"), steps, last)


def first(folder: Path, steps: int) -> Work:
    """Run a chain that was never read before."""
    work = chain({}, steps)
    return work._replace(name=f"{work.name}, first", cache="first", before=_forgetting(folder, "first"))


def _forgetting(folder: Path, cache: str) -> Callable[[], None]:
    return partial(shutil.rmtree, folder / cache, ignore_errors=True)


def visits(peers: Mapping[str, str], folder: Path) -> list[Work]:
    ours = (ARAZZO, "test", "-q", "visit.arazzo.yaml", "--repeat")
    plain: dict[str, tuple[str, ...]] = {"ours": (*ours, str(REPEAT))}
    reports = {"ours": (*ours, str(REPEAT), "--report", "junit=junit.xml", "--report", "json=run.json")}
    together = {"ours": (*ours, str(REPEAT), "--jobs", str(TOGETHER))}
    if hurl := peers.get("Hurl"):
        plain["Hurl"] = (hurl, "--no-output", "--jobs", "1", "--repeat", str(REPEAT), "visit.hurl")
        reports["Hurl"] = (*plain["Hurl"], "--report-junit", "junit.xml", "--report-json", "hurl")
        together["Hurl"] = (hurl, "--no-output", "--parallel", "--jobs", str(TOGETHER), *plain["Hurl"][4:])
    if k6 := peers.get("k6"):
        plain["k6"] = (k6, "run", "--quiet", "--no-usage-report", "-u", "1", "-i", str(REPEAT), "visit.js")
        together["k6"] = (*plain["k6"][:4], "-u", str(TOGETHER), *plain["k6"][6:])
    many = Work("visit, many", {"ours": (*ours, str(MANY))}, MANY * 3, refuses=False, rounds=2)
    many_reports = Work(
        "visit with reports, many",
        {"ours": (*ours, str(MANY), *reports["ours"][6:])},
        MANY * 3,
        refuses=False,
        rounds=2,
    )
    return [
        Work("visit", plain, REPEAT * 3, "GET /books/501"),
        Work("visit with reports", reports, REPEAT * 3, before=partial(_cleared, folder), right=partial(_told, folder)),
        Work("visit together", together, REPEAT * 3),
        many,
        many_reports,
    ]


def descriptions(peers: Mapping[str, str], folder: Path) -> list[Work]:
    able = {name: path for name, path in peers.items() if name != "Redocly"}  # which overflows its stack
    commands = _runs(able, "big.arazzo.yaml")
    ours = {"ours": commands.pop("ours")}
    once = Work("description, first", ours, 1, refuses=False, rounds=3, cache="big")
    found = [
        once._replace(before=_forgetting(folder, once.cache)),
        Work("description, later", ours, 1, refuses=False, cache=once.cache),
    ]
    return [*found, Work("description, peers", commands, 1, refuses=False, rounds=1)] if commands else found


def _runs(peers: Mapping[str, str], document: str) -> dict[str, tuple[str, ...]]:
    commands: dict[str, tuple[str, ...]] = {"ours": (ARAZZO, "run", "-q", document)}
    if jentic := peers.get("Jentic"):
        quiet = (jentic, "--log-level", "ERROR")
        commands["Jentic"] = (*quiet, "execute-workflow", document, "--workflow-id", "chain")
    if redocly := peers.get("Redocly"):
        commands["Redocly"] = (redocly, "respect", document)
    return commands


def _cleared(folder: Path) -> None:
    for name in ("junit.xml", "run.json"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "hurl", ignore_errors=True)


def _told(folder: Path, tool: str, output: str) -> bool:
    """Look whether reports tell of all that ran: of steps or of flows, and of no failure."""
    suites = ElementTree.parse(folder / "junit.xml").getroot()
    cases, failures = len(suites.findall(".//testcase")), len(suites.findall(".//failure"))
    if tool != "ours":
        return cases == REPEAT and failures == 0
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return cases in (REPEAT, REPEAT * 3) and failures == 0 and told["outcome"] == "passed"

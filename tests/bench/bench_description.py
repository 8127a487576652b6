"""Measure what `arazzo check` costs with a big description: without a cache, with an empty one, and with a full one.

    python tests/bench/bench_description.py [--megabytes 10] [--rounds 5] [--json]

Each start is a process of its own, with folders of its own. `small` is the same with a description of one operation:
what a start costs in any case. CPU is that of the whole process; the machine is noisy, so compare within one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

FLOW = """\
arazzo: 1.0.1
info: {{title: Bench, version: '1'}}
sourceDescriptions: [{{name: api, url: {api}, type: openapi}}]
workflows:
- workflowId: one
  steps:
  - stepId: get
    operationId: getThing0
    parameters: [{{name: id, in: path, value: '1'}}]
    successCriteria: [{{condition: $statusCode == 200}}]
    outputs: {{name: $response.body#/name}}
"""


class Cost(NamedTuple):
    """What one process took, in seconds."""

    cpu: float
    wall: float


class Size(NamedTuple):
    """How many operations and schemas there are, and how many properties each of them has."""

    operations: int
    properties: int


def schema(number: int, size: Size) -> Iterator[str]:
    yield f"    Thing{number}:\n      type: object\n      required: [id, name]\n      properties:\n"
    yield "        id: {type: integer, format: int64}\n        name: {type: string, maxLength: 200}\n"
    for place in range(size.properties):
        yield f"        property_{place}:\n          type: string\n          nullable: true\n"
        yield f"          description: What property {place} of thing {number} is, in a sentence of usual length.\n"
        yield f"          example: https://api.example.com/things/{number}/{place}\n"
    yield f"        owner: {{$ref: '#/components/schemas/Thing{(number + 1) % size.operations}'}}\n"
    yield "        others:\n          type: array\n"
    yield f"          items: {{$ref: '#/components/schemas/Thing{(number * 7 + 3) % size.operations}'}}\n"


def path(number: int, size: Size) -> Iterator[str]:
    yield f"  /things{number}/{{id}}:\n    get:\n      operationId: getThing{number}\n      summary: Get a thing\n"
    yield "      parameters:\n      - {name: id, in: path, required: true, schema: {type: string}}\n"
    yield "      - name: per_page\n        in: query\n        schema: {type: integer, default: 30}\n"
    yield f"      responses:\n        '200':\n          description: Thing {number}\n          content:\n"
    yield "            application/json:\n              schema:\n"
    yield f"                $ref: '#/components/schemas/Thing{number}'\n"
    yield "              examples:\n                default:\n                  value:\n"
    for place in range(size.properties):
        yield f"                    property_{place}: https://api.example.com/things/{number}/{place}\n"
    yield "        '404':\n          $ref: '#/components/responses/NotFound'\n"


def description(size: Size) -> str:
    """Write an OpenAPI description: two thirds of it schemas, the rest operations with examples."""
    parts = [
        "openapi: 3.0.3\ninfo: {title: Bench, version: '1'}\nservers: [{url: 'https://api.example.com'}]\npaths:\n"
    ]
    for number in range(size.operations):
        parts += path(number, size)
    parts.append("components:\n  responses:\n    NotFound: {description: There is none}\n  schemas:\n")
    for number in range(size.operations):
        parts += schema(number, size)
    return "".join(parts)


def written(folder: Path, text: str, ending: str) -> Path:
    """Write a description and a flow that uses it."""
    folder.mkdir()
    (folder / f"api{ending}").write_text(text, encoding="utf-8")
    document = folder / "bench.arazzo.yaml"
    document.write_text(FLOW.format(api=f"api{ending}"), encoding="utf-8")
    return document


def start(document: Path, home: Path, *options: str) -> Cost:
    """Check a document in a process of its own; it has to be right."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "ARAZZO_CACHE_DIR": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
        "LOCALAPPDATA": str(home / "state"),
    }
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "runner", "check", "--format", "json", *options, str(document)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert json.loads(done.stdout) == {"diagnostics": []}, done
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def measure(big: Path, small: Path, folder: Path, rounds: int) -> dict[str, list[Cost]]:
    """Start in each way in turn, for a machine is faster now and slower then."""
    costs: dict[str, list[Cost]] = {"without": [], "first": [], "again": [], "small": []}
    start(small, folder / "warm")  # Python compiles its modules once
    for number in range(rounds):
        home = folder / f"home{number}"
        costs["without"].append(start(big, home, "--no-cache"))
        assert not home.exists(), "--no-cache leaves no trace"
        costs["first"].append(start(big, home))
        kept = {path.name: path.stat().st_ino for path in (home / "cache").iterdir()}
        costs["again"].append(start(big, home))
        assert kept == {path.name: path.stat().st_ino for path in (home / "cache").iterdir()}, "it was used"
        costs["small"].append(start(small, home))
    return costs


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--megabytes", type=float, default=10)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true", help="write the description as JSON")
    chosen = arguments.parse_args()
    text, ending = description(Size(1_000, max(1, round(chosen.megabytes * 3.2)))), ".yaml"
    if chosen.json:
        from runner.loader.text import read_text
        from runner.source import Source

        text, ending = json.dumps(read_text(Source("", "", text)).value, indent=2), ".json"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = written(folder / "small", description(Size(1, 1)), ".yaml")
        costs = measure(written(folder / "big", text, ending), small, folder, chosen.rounds)
    print(f"{len(text) / 1e6:.1f} MB of {ending[1:].upper()} in {text.count(chr(10)):,} lines, {chosen.rounds} rounds")
    whole = median(cost.cpu for cost in costs["without"])
    for what, found in costs.items():
        cpu, wall = median(cost.cpu for cost in found), median(cost.wall for cost in found)
        best = min(cost.cpu for cost in found)
        print(f"{what:8} CPU {cpu:6.3f} s (best {best:6.3f})   wall {wall:6.3f} s   {whole / cpu:5.1f} times as fast")


if __name__ == "__main__":
    main()

"""Measure how long a thousand documents take that share a few descriptions, in one process and on every core.

python tests/bench/bench_check.py [DOCUMENTS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

APIS, OPERATIONS, WORKFLOWS = 5, 200, 4
ROOT = Path(__file__).parents[2]


def api(number: int) -> dict[str, object]:
    """Make a description of ordinary size."""
    schema = {"type": "object", "properties": {f"p{each}": {"type": "string"} for each in range(20)}}
    answer = {
        "200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}
    }
    paths = {
        f"/things{each}/{{id}}": {
            "get": {
                "operationId": f"get{each}",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": answer,
            }
        }
        for each in range(OPERATIONS)
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": f"API {number}", "version": "1"},
        "servers": [{"url": f"https://api{number}.test"}],
        "paths": paths,
        "components": {"schemas": {"T": schema}},
    }


def flow(number: int) -> str:
    """Make a document of ordinary size."""
    lines = [
        "arazzo: 1.0.1",
        f"info: {{title: Flow {number}, version: '1'}}",
        "sourceDescriptions:",
        f"  - {{name: things, url: ../api{number % APIS}.json, type: openapi}}",
        "workflows:",
    ]
    for each in range(WORKFLOWS):
        lines += [
            f"  - workflowId: w{each}",
            "    inputs: {type: object, properties: {id: {type: string}}}",
            "    steps:",
        ]
        for step in range(6):
            lines += [
                f"      - stepId: s{step}",
                f"        operationId: get{(number * 7 + each * 6 + step) % OPERATIONS}",
                "        parameters: [{name: id, in: path, value: $inputs.id}]",
                "        successCriteria: [{condition: $statusCode == 200 && $response.body#/p1 != null}]",
                "        outputs: {value: $response.body#/p2}",
            ]
    return "\n".join(lines) + "\n"


def write(folder: Path, documents: int) -> None:
    for number in range(APIS):
        (folder / f"api{number}.json").write_text(json.dumps(api(number)), encoding="utf-8")
    (folder / "flows").mkdir()
    for number in range(documents):
        (folder / "flows" / f"flow{number:04}.arazzo.yaml").write_text(flow(number), encoding="utf-8")


def seconds(folder: Path, *options: str) -> float:
    """Check everything in a folder, and give how long it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "runner", "check", str(folder / "flows"), *options]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, documents)
        serial, parallel = seconds(folder, "--jobs", "1"), seconds(folder)
    print(f"one process:    {serial:6.2f} s, {documents / serial:6.0f} documents a second")
    print(f"{cores:2} cores:       {parallel:6.2f} s, {documents / parallel:6.0f} documents a second")
    print(f"parallel/serial: {parallel / serial:.2f}")


if __name__ == "__main__":
    main()

"""What reports cost beside the run that they tell of: CPU time of a suite of 2,000 cases, and peak memory as it grows.

Run as `python tests/bench/bench_reports.py`; nothing is asserted of times. Each case is a workflow of three requests
with bodies of one kilobyte that are held against a schema; one case in twenty fails. The replies come from a function
in the process, which is the least that a run can cost; `make bench ARGS=visit` has reports of runs over HTTP.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import runner
from runner import api
from runner.cli.kinds import KINDS
from runner.cli.outlets import Outlets
from runner.cli.terminal import look
from runner.engine.events import Case, CaseFinished, CaseStarted, Entry, RunFinished, RunStarted
from runner.exchange import Reply, Request, Response, Transport
from runner.plan.plan import Plan
from runner.reporters.files import FileReport
from runner.reporters.reporter import Broadcast, Reporter
from runner.shell.clock import SystemClock
from runner.shell.drive import World

CASES, FEW, ROUNDS = 2_000, 200, 10
ITEM = {"id": "a1", "name": "a lighthouse", "state": "ready", "tags": ["sea", "night"], "note": "n" * 850}
BODY = json.dumps({"item": ITEM, "count": 1}).encode()
HEADERS = (("Content-Type", "application/json"), ("Date", "Sat, 28 Nov 2026 04:43:28 GMT"), ("X-Request-Id", "f00d"))
WITHOUT = ("coverage",)  # it is a recorder of its own, and has its own bounds

SCHEMA = """{type: object, required: [item], properties: {count: {type: integer}, item: {type: object,
          required: [id, name], properties: {id: {type: string}, name: {type: string}, tags: {type: array,
          items: {type: string}}}}}}"""
API = f"""openapi: 3.0.3
info: {{title: A, version: '1'}}
servers: [{{url: 'SERVER'}}]
paths:
  /things:
    post:
      operationId: create
      requestBody: {{content: {{application/json: {{schema: {{type: object}}}}}}}}
      responses: {{'200': {{description: ok, content: {{application/json: {{schema: {SCHEMA}}}}}}}}}
  /things/{{id}}:
    get:
      operationId: get
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses: {{'200': {{description: ok, content: {{application/json: {{schema: {SCHEMA}}}}}}}}}
"""
FLOW = """arazzo: 1.0.1
info: {title: Things, version: '1'}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
  - workflowId: make
    inputs: {type: object, properties: {name: {type: string}, state: {type: string}}}
    steps:
      - stepId: create
        operationId: create
        requestBody: {contentType: application/json, payload: {name: $inputs.name, kind: tower}}
        outputs: {id: $response.body#/item/id}
      - stepId: look
        operationId: get
        parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
        successCriteria: [{condition: $statusCode == 200}, {condition: $response.body#/item/state == $inputs.state}]
        outputs: {tags: $response.body#/item/tags}
      - stepId: again
        operationId: get
        parameters: [{name: id, in: path, value: other}]
        successCriteria: [{condition: $response.body#/count == 1}]
    outputs: {id: $steps.create.outputs.id}
"""


class InProcess:
    def send(self, request: Request, timeout: float | None) -> Reply:
        return Response(200, HEADERS, BODY, "OK")


def compiled(folder: Path, server: str) -> Plan:
    (folder / "api.yaml").write_text(API.replace("SERVER", server), encoding="utf-8")
    (folder / "flow.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    return runner.compile(runner.load(str(folder / "flow.arazzo.yaml")))


def run(plan: Plan, transport: Transport, cases: int, tell: Callable[[Entry], None]) -> float:
    """Run a suite, and give the seconds of CPU that it took."""

    def inside(entry: Entry) -> None:
        if not isinstance(entry.event, RunStarted | RunFinished):
            tell(entry)

    clock = SystemClock()
    world = World(transport, clock, inside)
    began = time.process_time()
    tell(Entry(clock.now(), RunStarted("flow.arazzo.yaml", "Things", ("make",))))
    for number in range(cases):
        case = Case(f"make[{number}]", "flow.arazzo.yaml", "make", str(number))
        asked = api.ask(plan, "make", {"name": f"n{number}", "state": "ready" if number % 20 else "gone"})
        tell(Entry(clock.now(), CaseStarted(case)))
        outcome = api.run_plan(plan, [asked], world)
        tell(Entry(clock.now(), CaseFinished(case, outcome)))
    tell(Entry(clock.now(), RunFinished("failed")))
    return time.process_time() - began


def reported(plan: Plan, transport: Transport, cases: int, kinds: tuple[str, ...], folder: Path) -> float:
    """Run a suite with reports, and give the seconds of CPU that all of it took."""
    outlets = Outlets(look(), [], False, "quiet", "flow.arazzo.yaml")
    broadcast = Broadcast([FileReport(folder / f"report.{kind}", partial(_made, kind, outlets)) for kind in kinds])
    took = run(plan, transport, cases, broadcast.tell)
    began = time.process_time()
    broadcast.close()
    return took + time.process_time() - began


def _made(kind: str, outlets: Outlets, stream: object) -> Reporter:
    return KINDS[kind](stream, outlets)  # type: ignore[arg-type]


def compare(name: str, plan: Plan, transport: Transport, kinds: tuple[str, ...], folder: Path) -> None:
    """Print what each report adds to a run that is told to nobody, secrets taken out as in every run.

    The rounds of all are mixed and the best one counts, for other programs take their share of a machine.
    """
    sets: Mapping[str, tuple[str, ...]] = {"": (), **{kind: (kind,) for kind in kinds}, "all of them": kinds}
    reported(plan, transport, FEW, kinds, folder)  # everything is imported and compiled
    took = dict.fromkeys(sets, math.inf)
    for _ in range(ROUNDS):
        for title, chosen in sets.items():
            took[title] = min(took[title], reported(plan, transport, CASES // ROUNDS, chosen, folder) * ROUNDS)
    alone = took.pop("")
    print(f"{name}: {CASES} cases take {alone:.2f} s of CPU ({alone / CASES * 1000:.2f} ms each)")
    for title, each in took.items():
        print(f"  {title:12} + {each - alone:5.2f} s = {(each - alone) / alone:4.0%}")


def peak(cases: int, kinds: str) -> int:
    """Run in a process of its own, and give its peak memory in KiB."""
    done = subprocess.run(
        [sys.executable, __file__, "peak", str(cases), kinds], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def main() -> None:
    kinds = tuple(kind for kind in KINDS if kind not in WITHOUT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        match sys.argv[1:]:
            case ["peak", cases, chosen]:
                named = tuple(filter(None, chosen.split(",")))
                reported(compiled(folder, "http://h.test"), InProcess(), int(cases), named, folder)
                print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
                return
        compare("in the process", compiled(folder, "http://h.test"), InProcess(), kinds, folder)
        for chosen in ("", ",".join(kinds)):
            few, many = peak(FEW, chosen), peak(CASES, chosen)
            title = chosen or "no report"
            print(f"peak memory with {title}: {few / 1024:.1f} MiB for {FEW} cases, {many / 1024:.1f} for {CASES}")


if __name__ == "__main__":
    main()

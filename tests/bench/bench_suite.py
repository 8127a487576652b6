"""Measure what a suite costs: the peak of memory at two numbers of cases, and the time of a case.

python tests/bench/bench_suite.py [CASES] [JOBS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BODY = b'{"id": 7, "text": "' + b"x" * 4096 + b'"}'

API = """openapi: 3.0.3
info: {{title: A, version: '1'}}
servers: [{{url: 'http://127.0.0.1:{port}'}}]
paths:
  /things/{{id}}:
    get:
      operationId: getThing
      parameters: [{{name: id, in: path, required: true, schema: {{type: integer}}}}]
      responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{type: object}}}}}}}}}}
"""
FLOW = """arazzo: 1.0.1
info: {title: F, version: '1'}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: get
  inputs: {type: object, required: [id], properties: {id: {type: integer}}}
  steps:
  - stepId: s
    operationId: getThing
    parameters: [{name: id, in: path, value: $inputs.id}]
    successCriteria: [{condition: $response.body#/id == 7}]
"""


class Things(BaseHTTPRequestHandler):
    """Answers every request with the same thing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        pass


def measure(folder: Path, cases: int, jobs: str, *options: str) -> tuple[float, float]:
    """Run a suite, and give the seconds it took and the peak of its memory in MiB."""
    (folder / "rows.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(cases)))
    command = [sys.executable, "-m", "runner", "test", "flow.arazzo.yaml", "--rows", "rows.csv", "-q", "-j", jobs]
    code = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(code)\n"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *command, *options], check=True, cwd=folder, capture_output=True, text=True
    )
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, int(done.stdout.split()[-1]) / scale


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    jobs = sys.argv[2] if len(sys.argv) > 2 else "4"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Things)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "api.yaml").write_text(API.format(port=server.server_port))
        (folder / "flow.arazzo.yaml").write_text(FLOW)
        for options in ((), ("--report", "jsonl=run.jsonl")):
            for number in (cases // 10, cases):
                took, peak = measure(folder, number, jobs, *options)
                with_ = f"with {options[1].partition('=')[0]}" if options else "no report"
                print(f"{number:7} cases, {jobs} jobs, {with_:10}: {took:6.2f} s, peak {peak:5.1f} MiB")
    server.shutdown()


if __name__ == "__main__":
    main()

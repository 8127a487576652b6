"""Workers as their users start them, an API that counts what it is sent, and a document that calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.cli.process import COMMAND, arazzo, environment
from tests.shell.server import Connection, serve

SOAK = bool(os.environ.get("ARAZZO_SOAK"))
KEY = {"ARAZZO_JOURNAL_KEY": "a key that the whole fleet has"}
DEADLINE = 120.0
AUTH, PIN, TOKEN = "hush-credential", "hush-pin-", "hush-token-"


@dataclass
class Api:
    """What came in, by method and path or by the number in the body."""

    url: str
    seen: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    keys: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    authorized: set[str] = field(default_factory=set)
    polls_until_done: int = 0
    pause: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> int:
        with self.lock:
            self.times.append(time.monotonic())
            self.seen[what] += 1
            return self.seen[what]


@contextmanager
def api(**given: Any) -> Iterator[Api]:
    """Serve things that are paid for (POST), looked at (GET), and jobs that are polled."""
    made = Api("", **given)

    def behave(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            method, path = request.line.split()[:2]
            number = json.loads(request.body)["n"] if request.body else None
            time.sleep(made.pause)
            times = made.count(f"{method} {path if number is None else number}")
            if number is not None:
                made.keys[f"{method} {number}"].add(request.field("idempotency-key") or "")
            made.authorized.add(request.field("authorization") or "")
            state = "done" if times > made.polls_until_done else "busy"
            body = json.dumps({"id": number, "state": state, "token": f"{TOKEN}{path.rpartition('/')[2]}"}).encode()
            status = b"201 Created" if method == "POST" else b"200 OK"
            length = b"Content-Length: %d\r\n" % len(body)
            connection.send(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n" + length + b"\r\n" + body)

    with serve(behave) as server:
        made.url = server.url("")
        yield made


PAY = """  - stepId: pay
    operationId: pay
    requestBody: {contentType: application/json, payload: {n: $inputs.n}}
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {id: $response.body#/id, token: $response.body#/token}
"""
PAY_WITH_KEY = PAY.replace("    operationId", "    x-idempotency-key: true\n    operationId")
LOOK = """  - stepId: look
    operationId: look
    parameters: [{name: id, in: path, value: $inputs.n}]
    successCriteria: [{condition: $statusCode == 200}]
"""
POLL = """  - stepId: poll
    operationId: look
    parameters: [{name: id, in: path, value: $inputs.n}]
    successCriteria: [{condition: $response.body#/state == 'done'}]
    onFailure: [{name: again, type: retry, retryAfter: 2, retryLimit: 5}]
"""


def document(folder: Path, url: str, steps: str = PAY + LOOK, extra: str = "") -> Path:
    """Write a document whose one workflow takes a number, and a pin that nobody may see."""
    (folder / "api.yaml").write_text(
        f"""openapi: 3.0.3
info: {{title: A, version: '1'}}
servers: [{{url: '{url}'}}]
components: {{securitySchemes: {{Key: {{type: http, scheme: bearer}}}}}}
security: [{{Key: []}}]
paths:
  /things:
    post:
      operationId: pay
      requestBody: {{content: {{application/json: {{schema: {{}}}}}}}}
      responses: {{'201': {{description: ok, content: {{application/json: {{}}}}}}}}
  /things/{{id}}:
    get:
      operationId: look
      parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
      responses: {{'200': {{description: ok, content: {{application/json: {{}}}}}}}}
""",
        encoding="utf-8",
    )
    path = folder / "pay.arazzo.yaml"
    path.write_text(
        "arazzo: 1.0.1\ninfo: {title: Pay, version: '1'}\n"
        "sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n"
        f"workflows:\n- workflowId: pay\n{extra}"
        "  inputs: {type: object, properties: {n: {type: integer}, pin: {type: string, format: password}}}\n"
        f"  steps:\n{steps}",
        encoding="utf-8",
    )
    return path


def rows(folder: Path, many: int) -> Path:
    path = folder / "rows.csv"
    path.write_text("n,pin\n" + "".join(f"{number},{PIN}{number}\n" for number in range(1, many + 1)))
    return path


@dataclass
class Fleet:
    """The commands of a fleet, in a folder, with its database."""

    folder: Path
    store: str

    @property
    def environ(self) -> dict[str, str]:
        return {**KEY, "ARAZZO_STORE": self.store, "ARAZZO_AUTH_KEY": AUTH}

    def submit(self, *arguments: object) -> str:
        ended = arazzo("submit", *arguments, cwd=self.folder, env=self.environ)
        assert ended.code == 0, ended
        return ended.out.strip()

    def status(self, *arguments: object) -> Any:
        return arazzo("status", *arguments, "--format", "json", cwd=self.folder, env=self.environ).json

    def drain(self, *arguments: object, env: Mapping[str, str] | None = None) -> str:
        """Work until nothing is left, and give what was said."""
        ended = arazzo("worker", "--drain", *arguments, cwd=self.folder, env={**self.environ, **(env or {})})
        assert ended.code == 0, ended
        return ended.err

    @contextmanager
    def worker(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a worker in a process of its own; it is killed at the end where it has not ended."""
        with ExitStack() as stack:
            log = stack.enter_context((self.folder / f"worker-{time.monotonic_ns()}.log").open("wb"))
            command = [*COMMAND, "worker", "--dead-after", "2", *arguments]
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment(self.environ), stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))


@cache
def _known() -> bytes:
    """Give a database in which a worker was: a new one takes a second to find its queue."""
    with TemporaryDirectory() as text:
        fleet = Fleet(Path(text), str(Path(text, "fleet.db")))
        fleet.drain()
        return Path(fleet.store).read_bytes()


def on_sqlite(folder: Path) -> Fleet:
    """Give a fleet without a batch whose database is a file."""
    path = folder / "fleet.db"
    path.write_bytes(_known())
    return Fleet(folder, str(path))


def until(is_so: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Wait until something is so; a machine that is busy has its time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"it never came to this: {what}"
        time.sleep(0.05)

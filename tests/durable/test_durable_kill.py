"""A process is killed at every write to its journal in turn, and the run that goes on is as if it had not been.

Each effect is written before it is carried out and after: a kill before and after each of these writes is one before an
effect is written, after that, after it was sent, and after its answer was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runner.durable.sqlite import SqliteStore
from runner.durable.store import KeptRun
from tests.cli.process import Ended, arazzo
from tests.shell.server import Connection, Received, Server, answer, serve

KILLED = -9
WAITED = 12
"""The write of how long was waited, among those of what was answered."""
SECRETS = {"TOKEN": "configured-bearer-8d1f", "PW": "configured-password-77ab"}
OBTAINED = ("obtained-token-51c0e9", "obtained-cookie-3e77")

API = """
openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: 'SERVER'}]
components: {securitySchemes: {Key: {type: http, scheme: bearer}}}
security: [{Key: []}]
paths:
  /login:
    post:
      operationId: login
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object}}}}}
  /things:
    get: {operationId: list, responses: {'200': {description: ok, content: {application/json: {schema: {}}}}}}
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {}}}}}
  /things/{id}:
    get:
      operationId: get
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {}}}}}
"""
FLOW = """
arazzo: 1.0.1
info: {title: Shop, version: '1'}
sourceDescriptions: [{name: shop, url: shop.yaml, type: openapi}]
workflows:
- workflowId: buy
  inputs: {type: object, required: [pw], properties: {pw: {type: string, format: password}, what: {type: string}}}
  steps:
  - stepId: login
    operationId: login
    x-idempotency-key: true
    requestBody: {payload: {password: $inputs.pw}}
    outputs: {token: $response.body#/access_token}
  - {stepId: list, operationId: list}
  - stepId: create
    operationId: create
    KEY
    requestBody: {payload: {what: $inputs.what, token: $steps.login.outputs.token}}
    outputs: {id: $response.body#/id}
  - stepId: poll
    operationId: get
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
    successCriteria: [{condition: $response.body#/ready == true}]
    onFailure:
    - {name: again, type: retry, retryAfter: 0.02, retryLimit: 1}
    - {name: enough, type: goto, stepId: last}
  - stepId: last
    operationId: get
    parameters: [{name: id, in: path, value: last}]
    outputs: {id: $response.body#/id}
  outputs: {id: $steps.create.outputs.id, last: $steps.last.outputs.id}
"""


def shop(connection: Connection) -> None:
    """Answer alike whenever it is asked for the same."""
    while received := connection.request():
        method, path, _ = received.line.split(" ")
        cookie, body = (), {"id": path.rpartition("/")[2], "ready": False}
        if path == "/login":
            cookie, body = (f"Set-Cookie: sid={OBTAINED[1]}; Path=/",), {"access_token": OBTAINED[0]}
        elif method == "POST":
            body = {"id": "7"}
        connection.send(answer("Content-Type: application/json", *cookie, body=json.dumps(body).encode()))


class Whole(NamedTuple):
    """An undisturbed run: the requests that came in, and what was told."""

    count: int
    expected: list[Any]
    events: list[Any]
    server: Server

    @classmethod
    def of(cls, folder: Path, server: Server, *, key: bool) -> Whole:
        whole = Shop(folder / "whole", server, key).write()
        assert whole.run().code == 0
        assert len(server.received) == 6
        return cls(6, without_repetition(server.received), whole.events, server)

    def hold(self, shop: Shop, resumed: Ended, where: object) -> None:
        """Hold a run that went on against the undisturbed one."""
        assert resumed.code == 0, (where, resumed)
        assert "note: resumed run" in resumed.err
        assert without_repetition(self.server.received) == self.expected, where
        assert len(self.server.received) in (self.count, self.count + 1), where
        assert shop.events == self.events, where
        assert shop.runs[0].state == "passed"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(shop) as server:
        yield server


class Shop(NamedTuple):
    """A folder with a flow, its server, and what it takes to run it."""

    folder: Path
    server: Server
    key: bool

    def write(self) -> Shop:
        self.folder.mkdir()
        (self.folder / "shop.yaml").write_text(API.replace("SERVER", self.server.url("")))
        key = "x-idempotency-key: '{$inputs.what}-1'" if self.key else "description: without a key"
        (self.folder / "flow.yaml").write_text(FLOW.replace("KEY", key))
        return self

    def run(self, fault: str = "") -> Ended:
        arguments = (
            "-i",
            "what=lamp",
            "--input-env",
            "pw=PW",
            "--auth",
            "Key=env:TOKEN",
            "--report",
            "jsonl=run.jsonl",
        )
        return self._do(fault, "run", "flow.yaml", "--journal", "j.db", *arguments)

    def resume(self, *more: str) -> Ended:
        return self._do("", "resume", self.id, "--journal", "j.db", *more)

    @property
    def id(self) -> str:
        (found,) = self.runs
        return found.run_id

    @property
    def runs(self) -> tuple[KeptRun, ...]:
        with closing(SqliteStore(self.folder / "j.db")) as store:
            return store.runs()

    def _do(self, fault: str, *arguments: str) -> Ended:
        env = {**SECRETS, "XDG_STATE_HOME": str(self.folder / "state")}
        if fault:
            env |= {"PREPARED_BY": "tests.durable.killing", "FAULT": fault}
        return arazzo(*arguments, cwd=self.folder, env=env)

    @property
    def events(self) -> list[Any]:
        """What was told, without what is another thing in every run: times and made up keys."""
        text = (self.folder / "run.jsonl").read_text().replace(str(self.folder), "FOLDER")
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "KEY", text)
        found = [json.loads(line) for line in text.splitlines()]
        for each in found:
            each.pop("at", None)
            each.get("exchange", {}).pop("took", None)
        return found

    def leaks(self, *said: Ended) -> list[str]:
        """Name the files, and what was said, that a secret stands in."""
        files = [each for each in self.folder.rglob("*") if each.is_file()]
        texts = {each.name: each.read_bytes() for each in files}
        texts |= {f"output {number}": (each.out + each.err).encode() for number, each in enumerate(said)}
        wanted = [text.encode() for text in (*SECRETS.values(), *OBTAINED)]
        return [name for name, content in texts.items() if any(secret in content for secret in wanted)]


def asked(received: list[Received]) -> list[tuple[str, str | None, str | None, bytes]]:
    """Give what came in, with what a server knows a client and a request by."""
    return [(each.line, each.field("Cookie"), each.field("Authorization"), each.body) for each in received]


def without_repetition(received: list[Received]) -> list[Any]:
    """Leave out what came twice in a row and may: because of its method, or because of its key."""
    found: list[Any] = []
    for each, one in zip(received, asked(received), strict=True):
        may = each.line.startswith("GET") or each.field("Idempotency-Key") is not None
        if not (may and found and found[-1] == (one, each.field("Idempotency-Key"))):
            found.append((one, each.field("Idempotency-Key")))
    return [one for one, _ in found]


def test_a_run_that_was_killed_anywhere_goes_on_as_if_it_had_not_been(tmp_path: Path, server: Server) -> None:
    whole = Whole.of(tmp_path, server, key=False)
    # It is created and held, each effect is asked for and answered, and it is over.
    writes = 2 * (whole.count + 1) + 3
    unknown = []
    for number in range(1, writes + 2):
        for when in ("before", "after"):
            shop = Shop(tmp_path / f"{number}-{when}", server, key=False).write()
            server.received.clear()
            killed = shop.run(f"kill {number} {when}")
            assert killed.code == (KILLED if number <= writes else 0)
            if number > writes:
                return
            if (number, when) == (1, "before"):
                assert shop.runs == ()
                continue
            assert shop.leaks(killed) == []  # also in the log of what is not in the file itself yet
            before = len(server.received)
            resumed = shop.resume()
            if resumed.code == 2 and number < writes:
                unknown.append((number, when))
                assert "POST /things of step 'create' was sent, or was about to be" in resumed.err
                assert f"arazzo resume {shop.id} --journal {shop.folder / 'j.db'} --send-again" in resumed.err
                assert len(server.received) == before
                assert shop.runs[0].state == "unknown"
                server.received[:] = [each for each in server.received if "POST /things" not in each.line]
                resumed = shop.resume("--send-again")
            if (number, when) == (writes, "after"):
                assert "is over: passed" in resumed.err
            else:
                whole.hold(shop, resumed, (number, when))
            assert shop.leaks(killed, resumed) == []
    assert unknown == [(7, "after"), (8, "before")]  # its ask was written, and its answer was not


def test_a_request_with_a_key_is_sent_again_with_the_same_key(tmp_path: Path, server: Server) -> None:
    whole = Whole.of(tmp_path, server, key=True)
    for number, when in ((3, "after"), (4, "before"), (7, "after"), (8, "before")):
        shop = Shop(tmp_path / f"{number}-{when}", server, key=True).write()
        server.received.clear()
        assert shop.run(f"kill {number} {when}").code == KILLED
        whole.hold(shop, shop.resume(), (number, when))


def test_the_second_of_two_documents_goes_on_after_the_first(tmp_path: Path, server: Server) -> None:
    shop = Shop(tmp_path / "shop", server, key=True).write()
    (shop.folder / "more.yaml").write_text((shop.folder / "flow.yaml").read_text())
    env = {**SECRETS, "XDG_STATE_HOME": str(shop.folder / "state")}
    options = ("--journal", "j.db", "-i", "what=lamp", "--input-env", "pw=PW", "--auth", "Key=env:TOKEN")
    fault = {"PREPARED_BY": "tests.durable.killing", "FAULT": "kill 24 before"}
    killed = arazzo("run", "flow.yaml", "more.yaml", *options, cwd=shop.folder, env={**env, **fault})
    assert killed.code == KILLED
    assert len(server.received) == 10
    resumed = shop.resume("--format", "json")
    assert resumed.code == 0
    assert [each["outcome"] for each in resumed.json["workflows"]] == ["passed", "passed"]
    assert len(server.received) == 13  # one of them, whose answer was lost, once more
    keys = [each.field("Idempotency-Key") for each in server.received if "/login" in each.line]
    assert len(set(keys)) == len(keys) == 2


def test_a_full_disk_stops_the_run_and_keeps_its_truth(tmp_path: Path, server: Server) -> None:
    whole = Whole.of(tmp_path, server, key=True)
    for number in range(3, 2 * whole.count + 2):
        shop = Shop(tmp_path / str(number), server, key=True).write()
        server.received.clear()
        full = shop.run(f"full {number} always")
        assert full.code == 2
        assert "the disk is full" in full.err
        assert "Traceback" not in full.err
        sent = [each["exchange"]["sent"]["url"] for each in shop.events if each.get("event") == "Answered"]
        assert len(sent) == len(server.received)  # the reports have what the journal lacks
        if number % 2 == 0 and number != WAITED:
            assert "was sent and answered 200, and the journal does not have that" in full.err
        assert shop.events[-1]["event"] == "RunFinished"
        resumed = shop.resume()
        whole.hold(shop, resumed, number)
        assert shop.leaks(full, resumed) == []

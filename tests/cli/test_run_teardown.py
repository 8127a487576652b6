"""`arazzo run` and Ctrl-C, on the real process: what was made is deleted before it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents, started
from tests.shell.server import Behaviour, Connection, Server, answer, serve

STEPS = """
  - stepId: create
    operationId: createThing
    outputs: {id: $response.body#/id}
  - stepId: look
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
  x-finally:
  - stepId: remove
    operationId: deleteThing
    parameters: [{name: id, in: path, value: $steps.create.outputs.id}]
  - {stepId: list, operationId: listThings}
"""
DELETE = """    delete:
      operationId: deleteThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'204': {description: gone}}
"""
REPORTS = ("--report", "junit=j.xml", "--report", "json=r.json", "--report", "jsonl=r.jsonl")


def things(*silent: str) -> Behaviour:
    """A server of things that never answers requests of these methods for one thing."""

    def behave(connection: Connection) -> None:
        while received := connection.request():
            method, path, _ = received.line.split(" ")
            if path == "/things/7" and method in silent:
                connection.wait()
                return
            found = {"POST": ("201 Created", b'{"id": "7"}'), "DELETE": ("204 No Content", b"")}
            status, body = found.get(method, ("200 OK", b"{}"))
            connection.send(answer("Content-Type: application/json", status=status, body=body))

    return behave


def written(folder: Path, server: Server) -> Path:
    path = documents(folder, server.url(""), STEPS)
    with (folder / "api.yaml").open("a", encoding="utf-8") as api:
        api.write(DELETE)
    return path


def asked(server: Server) -> list[str]:
    return [received.line.removesuffix(" HTTP/1.1") for received in server.received]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    assert holds()


def interrupt(
    process: subprocess.Popen[str], server: Server, request: str, number: signal.Signals = signal.SIGINT
) -> None:
    """Press Ctrl-C, or send another signal, while this request waits for its answer."""
    until(lambda: request in asked(server))
    process.send_signal(number)


def test_after_ctrl_c_what_was_made_is_deleted_and_the_reports_say_so(tmp_path: Path) -> None:
    with serve(things("GET")) as server:
        path = written(tmp_path, server)
        with started("run", path.name, *REPORTS, cwd=tmp_path) as process:
            interrupt(process, server, "GET /things/7")
            out, err = process.communicate(timeout=20)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in out + err
    assert asked(server) == ["POST /things", "GET /things/7", "DELETE /things/7", "GET /things"]
    names = [case.get("name") for case in ET.parse(tmp_path / "j.xml").getroot().iter("testcase")]
    assert names == ["create", "look", "(teardown) remove", "(teardown) list"]
    (workflow,) = json.loads((tmp_path / "r.json").read_text())["workflows"]
    assert (workflow["error"]["kind"], workflow["teardown"]["outcome"]) == ("cancelled", "passed")
    kinds = [json.loads(line).get("event") for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert kinds[-3:] == ["TeardownFinished", "WorkflowFinished", "RunFinished"]


@pytest.mark.parametrize("verb", [("run",), ("test", "-j", "3")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once_and_leaves_nothing_half_written(
    tmp_path: Path, verb: tuple[str, ...], number: signal.Signals
) -> None:
    with serve(things("GET", "DELETE")) as server:
        path = written(tmp_path, server)
        with started(*verb, path.name, "--report", "junit=j.xml", cwd=tmp_path) as process:
            interrupt(process, server, "GET /things/7", number)
            interrupt(process, server, "DELETE /things/7", number)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number, (out, err)
    assert "Traceback" not in out + err
    assert asked(server) == ["POST /things", "GET /things/7", "DELETE /things/7"]
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("verb", [("run",), ("test", "-j", "1"), ("test", "-j", "3")], ids=" ".join)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "during", ["GET /things/7", "DELETE /things/7"], ids=["before the teardown", "in the teardown"]
)
def test_a_teardown_that_a_first_signal_meets_is_carried_out(
    tmp_path: Path, verb: tuple[str, ...], number: signal.Signals, during: str
) -> None:
    method, struck = during.split()[0], threading.Event()

    def slow(connection: Connection) -> None:
        while received := connection.request():
            asked_method, path, _ = received.line.split(" ")
            if (asked_method, path) == (method, "/things/7"):
                struck.wait(20)
                time.sleep(0.3)  # the process hears of the signal before it hears of this answer
            found = {"POST": ("201 Created", b'{"id": "7"}'), "DELETE": ("204 No Content", b"")}
            status, body = found.get(asked_method, ("200 OK", b"{}"))
            connection.send(answer("Content-Type: application/json", "Connection: close", status=status, body=body))
            return

    with serve(slow) as server:
        path = written(tmp_path, server)
        with started(*verb, path.name, *REPORTS, cwd=tmp_path) as process:
            until(lambda: during in asked(server))
            process.send_signal(number)
            struck.set()
            out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number, (out, err)
    assert asked(server)[-2:] == ["DELETE /things/7", "GET /things"]
    told = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    deleted = [each for each in told if each.get("step_id") == "remove" and each["event"] == "StepFinished"]
    assert [each["outcome"] for each in deleted] == ["passed"]
    assert ET.parse(tmp_path / "j.xml").getroot().tag == "testsuites"
    assert not [*tmp_path.glob(".*.part")]


def test_a_teardown_has_the_time_that_it_is_given(tmp_path: Path) -> None:
    with serve(things("DELETE")) as server:
        path = written(tmp_path, server)
        ended = arazzo("run", path.name, "--max-teardown", 0.3, cwd=tmp_path)
    assert ended.code == 1
    assert "teardown: step 'remove': the teardown took longer than 0.3 s" in ended.out
    assert "GET /things" not in asked(server)

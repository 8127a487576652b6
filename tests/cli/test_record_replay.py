"""`arazzo run --record` and `--replay`, against a real server that is gone when the recording is played."""

from __future__ import annotations

import base64
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.process import Ended, arazzo, documents, environment, started
from tests.shell.server import Connection, answer, serve

TOKEN = "s3cr3t/t0ken+of the-run"
SESSION = "0a1b2c3d4e5f6789session"
ISSUED = "issued-by-the-server-1234567890"

STEPS = """\
  - stepId: make
    operationId: createThing
    requestBody: {contentType: application/json, payload: {name: lamp, password: hunter2hunter2}}
    successCriteria: [{condition: $statusCode == 201}]
    outputs: {id: $response.body#/id, token: $response.body#/access_token}
  - stepId: read
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.make.outputs.id}, {name: X-Shop, in: header, value: north}]
    successCriteria: [{condition: $response.body#/state == 'done'}]
    onFailure: [{name: again, type: retry, retryAfter: 5, retryLimit: 3}]
    outputs: {echo: $response.body#/echo}
  - stepId: list
    operationId: listThings
    parameters: [{name: token, in: query, value: $steps.make.outputs.token}, {name: page, in: query, value: 2}]
"""


class Shop:
    """A server with a session, a token of its own, a redirect, and something that takes a while."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, connection: Connection) -> None:
        while received := connection.request():
            method, target, _ = received.line.split(" ")
            if method == "POST":
                body = json.dumps({"id": "t1", "access_token": ISSUED, "note": None}).encode()
                connection.send(
                    answer(
                        "Content-Type: application/json", f"Set-Cookie: sid={SESSION}", body=body, status="201 Created"
                    )
                )
            elif target.startswith("/moved"):
                connection.send(answer("Content-Type: text/plain", body="first line\nzweite Zeile: ü\n".encode()))
            elif target.startswith("/things/"):
                self.reads += 1
                state = "done" if self.reads > 2 else "waiting"
                body = json.dumps({"state": state, "echo": ISSUED}, separators=(",", ":")).encode()
                connection.send(answer("Content-Type: application/json", "Retry-After: 1", body=body))
            else:
                connection.send(answer("Location: /moved", status="302 Found"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record a run against a server that has gone since."""
    folder = tmp_path_factory.mktemp("recording")
    with serve(Shop()) as server:
        documents(folder, server.url(""), STEPS)
        ended = run(folder, "--record", "cassette", "--report", "jsonl=live.jsonl", "--pace", "0")
    assert ended.code == 0, ended
    return folder


@pytest.fixture
def recorded(recording: Path, tmp_path: Path) -> Path:
    """A copy of the recording, for a test to change."""
    return shutil.copytree(recording, tmp_path, dirs_exist_ok=True)


def run(folder: Path, *arguments: object, authorized: bool = True) -> Ended:
    auth = ("--auth", f"Key={TOKEN}") if authorized else ()
    return arazzo("run", "flow.arazzo.yaml", *auth, *arguments, cwd=folder)


def pages(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.json"))}


def events(path: Path) -> Iterator[object]:
    """What a record tells, but for times and the beginning, which says that it was replayed."""
    for line in path.read_text(encoding="utf-8").splitlines()[2:]:
        told = json.loads(re.sub(r"file:///[^\"]*/", "file:///", line))
        told.pop("at")
        if "exchange" in told:
            told["exchange"].pop("took")
        yield told


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_recording_has_a_page_for_every_exchange_that_a_person_can_read(recorded: Path) -> None:
    found = pages(recorded / "cassette")
    assert list(found) == [
        "cassette.json", "flow/list.json", "flow/make.json", "flow/read.2.json", "flow/read.3.json", "flow/read.json",
    ]  # fmt: skip
    label = json.loads(found["cassette.json"])
    assert label["documents"] == [{"document": "flow.arazzo.yaml", "title": "F", "version": "1"}]
    page = json.loads(found["flow/list.json"])
    assert [hop["response"]["status"] for hop in page["hops"]] == [302]
    assert page["response"]["body"] == {"text": ["first line\n", "zweite Zeile: ü\n"]}
    assert json.loads(found["flow/make.json"])["response"]["body"]["json"]["id"] == "t1"


def test_a_replay_tells_the_same_events_without_the_server_and_without_waiting(recorded: Path) -> None:
    ended = run(recorded, "--replay", "cassette", "--report", "jsonl=again.jsonl", "--pace", "0")
    assert ended.code == 0, ended
    assert list(events(recorded / "again.jsonl")) == list(events(recorded / "live.jsonl"))
    assert "waited 2 s" in ended.out
    assert "nothing is sent" in ended.err
    assert "not asked for" not in ended.err


def test_a_replay_needs_no_credentials(recorded: Path) -> None:
    ended = run(recorded, "--replay", "cassette", "--replay-drift", "any", authorized=False)
    assert ended.code == 0, ended
    assert "credential" not in ended.err


def test_no_secret_is_in_a_cassette_in_any_form(recorded: Path) -> None:
    text = "\n".join(pages(recorded / "cassette").values())
    for secret in (TOKEN, SESSION, ISSUED, "hunter2hunter2"):
        raw = secret.encode()
        forms = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], raw.hex()}
        forms |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
        assert [form for form in forms if form in text] == []
    assert '"access_token": "***' in text


def test_what_is_known_as_a_secret_later_leaves_the_pages_that_were_written_before(tmp_path: Path) -> None:
    steps = """\
  - {stepId: look, operationId: getThing, parameters: [{name: id, in: path, value: a}],
     outputs: {word: $response.body#/word}}
  - stepId: use
    operationId: listThings
    parameters: [{name: api_key, in: query, value: $steps.look.outputs.word}]
"""

    def behave(connection: Connection) -> None:
        while connection.request():
            connection.send(answer("Content-Type: application/json", body=b'{"word": "innocent-looking-word"}'))

    with serve(behave) as server:
        documents(tmp_path, server.url(""), steps)
        assert run(tmp_path, "--record", "cassette", authorized=False).code == 0
    assert "innocent" not in "".join(pages(tmp_path / "cassette").values())


def test_recording_once_more_changes_nothing_but_what_changed(recorded: Path) -> None:
    (recorded / "cassette/flow/gone.json").write_text((recorded / "cassette/flow/make.json").read_text())
    edit(recorded / "flow.arazzo.yaml", "value: 2", "value: 3")
    with serve(Shop()) as server:
        port = (
            json.loads((recorded / "cassette/flow/make.json").read_text())["request"]["url"].split(":")[2].split("/")[0]
        )
        for page in (recorded / "cassette/flow").glob("*.json"):  # the same server at another port
            page.write_text(page.read_text().replace(f":{port}", f":{server.port}"))
        before = {path: path.stat().st_mtime_ns for path in (recorded / "cassette/flow").iterdir()}
        edit(recorded / "api.yaml", f":{port}", f":{server.port}")
        assert run(recorded, "--record", "cassette", "--pace", "0").code == 0
    after = {path: path.stat().st_mtime_ns for path in (recorded / "cassette/flow").iterdir()}
    assert {path.name for path in after if after[path] != before[path]} == {"list.json"}
    assert {path.name for path in before.keys() - after.keys()} == {"gone.json"}


def test_a_replay_opens_no_socket(recorded: Path) -> None:
    code = (
        "import sys\n"
        "def forbid(event, arguments):\n"
        "    if event.startswith('socket.'): raise RuntimeError(event)\n"
        "sys.addaudithook(forbid)\n"
        "import runner.cli\n"
        "runner.cli.main()\n"
    )
    command = [sys.executable, "-c", code, "run", "flow.arazzo.yaml", "--replay", "cassette", "--pace", "0"]
    done = subprocess.run(command, cwd=recorded, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    done = subprocess.run(command[:5], cwd=recorded, env=environment(), capture_output=True, text=True, check=False)
    assert "RuntimeError in __main__" in done.stderr  # the guard sees what a live run does


DRIFTS = {
    "another query": ("value: 2", "value: 3", 1, "query parameter 'page' was 2, is 3"),
    "another member": ("name: lamp", "name: sofa", 1, """body at '/name' was "lamp", is "sofa\""""),
    "one member more": ("name: lamp", "size: 4, name: lamp", 1, "body at '/size' was not there, is 4"),
    "another path": ("value: $steps.make.outputs.id", "value: other", 1, "another request: url was"),
}


@pytest.mark.parametrize(("old", "new", "code", "said"), DRIFTS.values(), ids=DRIFTS.keys())
def test_a_request_that_is_not_in_the_cassette_fails_its_step_with_what_differs(
    recorded: Path, old: str, new: str, code: int, said: str
) -> None:
    edit(recorded / "flow.arazzo.yaml", old, new)
    ended = run(recorded, "--replay", "cassette", "--report", "junit=j.xml")
    assert ended.code == code, ended
    assert said in ended.out
    assert "error[replay-drift]: step" in ended.err
    assert "flow.arazzo.yaml:" in ended.err
    assert "another request" in (recorded / "j.xml").read_text()


def test_a_header_that_differs_is_a_warning_drawn_at_the_step(recorded: Path) -> None:
    edit(recorded / "flow.arazzo.yaml", "value: north", "value: south")
    ended = run(recorded, "--replay", "cassette")
    assert ended.code == 0, ended
    assert "warning[replay-drift]: step 'read': the request is not the recorded one" in ended.err
    assert "- header 'x-shop': north" in ended.err
    assert "+ header 'x-shop': south" in ended.err
    assert run(recorded, "--replay", "cassette", "--replay-drift", "any").code == 1


def test_under_none_the_place_in_the_run_is_enough(recorded: Path) -> None:
    edit(recorded / "flow.arazzo.yaml", "value: 2", "value: 3")
    ended = run(recorded, "--replay", "cassette", "--replay-drift", "none")
    assert ended.code == 0, ended
    assert "+ query parameter 'page': 3" in ended.err


def test_a_step_that_got_another_name_is_found_by_what_it_sends(recorded: Path) -> None:
    edit(recorded / "flow.arazzo.yaml", "stepId: list", "stepId: browse")
    ended = run(recorded, "--replay", "cassette", "--replay-drift", "any")
    assert ended.code == 0, ended


def test_what_was_recorded_and_not_asked_for_is_named(recorded: Path) -> None:
    text = (recorded / "flow.arazzo.yaml").read_text()
    (recorded / "flow.arazzo.yaml").write_text(text[: text.index("  - stepId: list")])
    ended = run(recorded, "--replay", "cassette")
    assert ended.code == 0, ended
    assert "1 recorded request of cassette not asked for" in ended.err
    assert "flow/list.json" in ended.err
    assert run(recorded, "--replay", "cassette", "--replay-drift", "any").code == 1


def test_another_version_of_the_document_is_told(recorded: Path) -> None:
    edit(recorded / "flow.arazzo.yaml", "info: {title: F, version: '1'}", "info: {title: F, version: '2'}")
    ended = run(recorded, "--replay", "cassette")
    assert ended.code == 0, ended
    assert "the cassette is of version 1 of flow.arazzo.yaml, which is 2 now" in ended.err


def test_a_run_that_failed_fails_alike_when_it_is_replayed(tmp_path: Path) -> None:
    steps = "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $response.body#/ok == true}]}\n"

    def behave(connection: Connection) -> None:
        while connection.request():
            connection.send(answer("Content-Type: application/json", body=b'{"ok": false}', status="418 Teapot"))

    with serve(behave) as server:
        documents(tmp_path, server.url(""), steps)
        live = run(tmp_path, "--record", "cassette", authorized=False)
    again = run(tmp_path, "--replay", "cassette", authorized=False)
    assert (live.code, again.code) == (1, 1)
    assert "is not true" in again.out


def test_a_server_that_cannot_be_reached_is_recorded_too(tmp_path: Path) -> None:
    documents(tmp_path, "http://127.0.0.1:9", "  - {stepId: list, operationId: listThings}\n")
    live = run(tmp_path, "--record", "cassette", authorized=False)
    again = run(tmp_path, "--replay", "cassette", authorized=False)
    assert (live.code, again.code) == (4, 4)
    assert "refused" in again.out


def test_a_cassette_that_cannot_be_read_is_refused_before_anything_is_told(recorded: Path) -> None:
    page = recorded / "cassette/flow/make.json"
    page.write_text(page.read_text()[:100])
    ended = run(recorded, "--replay", "cassette")
    assert ended.code == 2, ended
    assert "cassette/flow/make.json cannot be replayed: it is not JSON" in ended.err
    assert ended.out == ""


REFUSED = {
    "no cassette": (("--replay", "nowhere"), "--replay nowhere: there is no cassette"),
    "both": (("--replay", "cassette", "--record", "other"), "--replay excludes --record"),
    "a drift without a replay": (("--replay-drift", "any"), "--replay-drift is for runs with --replay"),
    "a drift that is none": (("--replay", "cassette", "--replay-drift", "some"), "one of any, request, none"),
    "a dry run": (("--dry-run", "--record", "other"), "--dry-run sends nothing to record"),
    "faults": (("--sandbox", "--fault", "drop", "--replay", "cassette"), "--fault has no effect"),
    "a folder that is another": (("--record", "."), "the folder is not empty, and no cassette"),
    "half a run": (("--record", "other", "--from-step", "read"), "--record keeps whole runs"),
    "a file": (("--record", "api.yaml"), "it is not a folder"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_contradicts_itself_is_refused(recorded: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = run(recorded, *arguments, authorized=False)
    assert ended.code == 2, ended
    assert said in ended.err


def test_a_recording_that_was_killed_can_be_replayed_and_says_so(recorded: Path) -> None:
    edit(recorded / "cassette/cassette.json", '"complete": true', '"complete": false')
    (recorded / "cassette/flow/list.json").unlink()
    (recorded / "cassette/flow/.list.json.1234.part").write_text("{")
    ended = run(recorded, "--replay", "cassette")
    assert ended.code == 1, ended
    assert "the recording of cassette did not come to its end" in ended.err
    assert "step 'list': GET /things: the cassette has no such request" in ended.out


def test_a_recording_that_ctrl_c_ended_keeps_its_pages_and_is_not_complete(tmp_path: Path) -> None:
    arrived = threading.Event()

    def behave(connection: Connection) -> None:
        connection.request()
        connection.send(answer("Content-Type: application/json", body=b"{}"))
        connection.request()
        arrived.set()
        connection.wait()

    steps = "".join(f"  - {{stepId: {name}, operationId: listThings}}\n" for name in ("one", "two"))
    with serve(behave) as server:
        documents(tmp_path, server.url(""), steps)
        with started("run", "flow.arazzo.yaml", "--record", "cassette", cwd=tmp_path) as process:
            assert arrived.wait(30)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
    found = pages(tmp_path / "cassette")
    assert found.keys() == {"cassette.json", "flow/one.json"}
    assert json.loads(found["cassette.json"])["complete"] is False


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(recorded: Path) -> None:
    ended = run(recorded, "--record", "api.yaml/below")
    assert ended.code == 2, ended

"""`arazzo replay` and `--from-step`: one step of a recorded run seen again, and a run that begins in its middle."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.process import Ended, arazzo, documents
from tests.shell.server import Connection, answer, serve

STEPS = """\
  - stepId: login
    operationId: createThing
    requestBody: {contentType: application/json, payload: {user: $inputs.user}}
    outputs: {id: $response.body#/id, token: $response.body#/access_token}
  - stepId: read
    operationId: getThing
    parameters: [{name: id, in: path, value: $steps.login.outputs.id}]
    successCriteria:
    - condition: $statusCode == 200
    - condition: $response.body#/state == 'done'
    onFailure: [{name: again, type: retry, retryAfter: 0.1, retryLimit: 1, criteria: [{condition: $statusCode < 300}]}]
    outputs: {state: $response.body#/state}
  - stepId: use
    operationId: listThings
    parameters: [{name: token, in: query, value: $steps.login.outputs.token}]
"""
INPUTS = "  inputs: {type: object, properties: {user: {type: string}, size: {type: integer, default: 1}}}\n"


class Shop:
    """A server whose things are never done."""

    def __init__(self, state: str = "waiting") -> None:
        self.state = state
        self.seen: list[str] = []

    def __call__(self, connection: Connection) -> None:
        while received := connection.request():
            self.seen.append(received.line)
            body = {"id": "t1", "access_token": "a-token-of-the-server", "state": self.state, "user": "ann"}
            created = received.line.startswith("POST")
            connection.send(
                answer(
                    "Content-Type: application/json",
                    body=json.dumps(body).encode(),
                    status="201 Created" if created else "200 OK",
                )
            )


@pytest.fixture(scope="module")
def failure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a run that failed in its second step."""
    folder = tmp_path_factory.mktemp("failure")
    with serve(Shop()) as server:
        documents(folder, server.url(""), STEPS, extra=INPUTS)
        arguments = ("-i", "user=ann", "--report", "jsonl=run.jsonl")
        ended = arazzo("run", "flow.arazzo.yaml", *arguments, cwd=folder)
    assert ended.code == 1, ended
    return folder


@pytest.fixture
def here(failure: Path, tmp_path: Path) -> Path:
    """A copy, as if the run had been made here."""
    shutil.copytree(failure, tmp_path, dirs_exist_ok=True)
    record = tmp_path / "run.jsonl"
    record.write_text(record.read_text().replace(failure.as_uri(), tmp_path.as_uri()))
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def replay(folder: Path, *arguments: object) -> Ended:
    return arazzo("replay", "run.jsonl", *arguments, cwd=folder)


def test_the_step_that_failed_is_shown_with_its_request_its_answer_and_its_operands(here: Path) -> None:
    ended = replay(here)
    assert ended.code == 1, ended
    assert "flow · read  visit 1, attempt 2 of 2" in ended.out
    assert re.search(r"^curl http://127\.0\.0\.1:\d+/things/t1 ", ended.out, re.MULTILINE)
    assert "answered 200 OK, application/json" in ended.out
    assert '✗ $response.body#/state == \'done\' ("waiting", "done")' in ended.out
    assert "--> flow.arazzo.yaml:17:18" in ended.out
    assert '"waiting" is not "done"' in ended.out
    assert "a-token-of" not in ended.out


def test_a_step_that_a_budget_ended_is_not_said_to_pass(tmp_path: Path) -> None:
    def never(connection: Connection) -> None:
        connection.request()
        connection.wait()

    with serve(never) as server:
        documents(tmp_path, server.url(""), "  - {stepId: list, operationId: listThings}\n")
        arguments = ("--max-time", "0.5", "--report", "jsonl=run.jsonl")
        assert arazzo("run", "flow.arazzo.yaml", *arguments, cwd=tmp_path).code == 4
    ended = replay(tmp_path, "--step", "list")
    assert (ended.code, ended.out.count("passes")) == (1, 0)
    assert "no response within" in ended.out
    assert "the run ended before this was judged" in ended.out


def test_a_criterion_that_was_mended_passes_without_a_network(here: Path) -> None:
    edit(here / "flow.arazzo.yaml", "== 'done'", "== 'waiting'")
    ended = replay(here)
    assert ended.code == 0, ended
    recorded, now = ended.out.split("as the document is now")
    assert "error[criterion]" in recorded
    assert "step 'read' passes" in now


def test_a_request_that_would_be_another_one_now_is_told(here: Path) -> None:
    edit(here / "flow.arazzo.yaml", "value: $steps.login.outputs.id", "value: t2")
    ended = replay(here)
    assert re.search(
        r"- url: http://127\.0\.0\.1:\d+/things/t1\n  \+ url: http://127\.0\.0\.1:\d+/things/t2", ended.out
    )


def test_without_the_document_the_record_is_what_there_is(here: Path) -> None:
    (here / "flow.arazzo.yaml").unlink()
    ended = replay(here)
    assert ended.code == 1, ended
    assert "error[criterion]" in ended.out
    assert "as the document is now" not in ended.out


def test_a_document_that_is_elsewhere_is_named(here: Path) -> None:
    (here / "moved").mkdir()
    for name in ("flow.arazzo.yaml", "api.yaml"):
        (here / name).rename(here / "moved" / name)
    edit(here / "moved/flow.arazzo.yaml", "== 'done'", "== 'waiting'")
    assert replay(here, "--document", "moved/flow.arazzo.yaml").code == 0


def test_a_document_that_is_broken_is_said_beside_what_is_on_record(here: Path) -> None:
    edit(here / "flow.arazzo.yaml", "== 'done'", "== == 'done'")
    ended = replay(here)
    assert ended.code == 1, ended
    assert "error[criterion]" in ended.out
    assert "it is not judged again: flow.arazzo.yaml cannot be run as it is now: 1 error" in ended.err
    assert replay(here, "--document", "flow.arazzo.yaml").code == 2


def test_another_step_of_the_run_is_chosen_by_its_name(here: Path) -> None:
    ended = replay(here, "--step", "login")
    assert ended.code == 0, ended
    assert "step 'login' passes" in ended.out
    assert "secrets of the answer are not on record" in ended.out
    assert "attempt 1 of 2" in replay(here, "--attempt", 1).out


REPLAY_REFUSED = {
    "an unknown step": (("--step", "raed"), "did you mean 'read'?"),
    "a step that was not reached": (("--step", "use"), "step 'use' did not run"),
    "a visit that was not": (("--visit", "4"), "there is no visit 4 of step 'read': it was entered once"),
    "an attempt that was not": (("--attempt", "3"), "there is no attempt 3: the visit had 2 attempts"),
    "another workflow": (("--step", "read", "-w", "other"), "step 'read' did not run in workflow 'other'"),
    "no document": (("--document", "nowhere.yaml"), "nowhere.yaml"),
}


@pytest.mark.parametrize(("arguments", "said"), REPLAY_REFUSED.values(), ids=REPLAY_REFUSED.keys())
def test_what_is_not_on_record_is_refused(here: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = replay(here, *arguments)
    assert ended.code == 2, ended
    assert said in ended.err


RECORDS = {
    "not there": (None, "cannot be read: No such file"),
    "empty": (b"", "this is not a run record"),
    "something else": (b'{"a": 1}\n', "this is not a run record"),
    "not text": (b'{"jsonl": 1}\n\xff\n', "it is not UTF-8"),
    "a broken line": (b'{"jsonl": 1}\n{"at": 1}\n{"at": 2}\n', "line 2 of the run record cannot be read"),
    "of another version": (b'{"jsonl": 99}\n', "of version 99"),
}


@pytest.mark.parametrize(("content", "said"), RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "run.jsonl").write_bytes(content)
    ended = replay(tmp_path)
    assert ended.code == 2, ended
    assert said in ended.err


def from_step(folder: Path, step: str, shop: Shop, *arguments: object) -> Ended:
    with serve(shop) as server:
        api = folder / "api.yaml"
        api.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{server.port}", api.read_text()))
        return arazzo("run", "flow.arazzo.yaml", "--from-step", step, "--recorded", "run.jsonl", *arguments, cwd=folder)


def test_a_run_begins_at_a_step_with_the_recorded_outputs_of_the_earlier_ones(here: Path) -> None:
    flow = here / "flow.arazzo.yaml"
    flow.write_text(flow.read_text()[: flow.read_text().index("  - stepId: use")])
    shop = Shop("done")
    ended = from_step(here, "read", shop)
    assert ended.code == 0, ended
    assert shop.seen == ["GET /things/t1 HTTP/1.1"]
    assert "it begins with what login gave in the recorded run" in ended.err


def test_the_inputs_of_the_record_are_used_and_those_given_win(here: Path) -> None:
    shop = Shop("done")
    ended = from_step(here, "login", shop, "--report", "jsonl=next.jsonl")
    assert ended.code == 0, ended
    assert '"inputs":{"user":"ann","size":1}' in (here / "next.jsonl").read_text()
    from_step(here, "login", Shop("done"), "-i", "user=bob", "--report", "jsonl=next.jsonl")
    assert '"user":"bob"' in (here / "next.jsonl").read_text()


FROM_STEP_REFUSED = {
    "an output that is a secret": ("read", "the output 'token' of step 'login' is not in run.jsonl: it is a secret"),
    "an unknown step": ("raed", "did you mean 'read'?"),
    "a step that was not reached": ("use", "step 'use' did not run"),
    "a visit that was not": ("read#7", "there is no visit 7 of step 'read'"),
    "a visit that is none": ("read#x", "write ID, or ID#2"),
}


@pytest.mark.parametrize(("step", "said"), FROM_STEP_REFUSED.values(), ids=FROM_STEP_REFUSED.keys())
def test_where_nothing_can_begin_is_refused_and_nothing_is_sent(here: Path, step: str, said: str) -> None:
    shop = Shop()
    ended = from_step(here, step, shop)
    assert ended.code == 2, ended
    assert said in ended.err
    assert shop.seen == []


def test_the_record_of_another_document_is_refused(here: Path) -> None:
    (here / "flow.arazzo.yaml").rename(here / "other.arazzo.yaml")
    ended = arazzo("run", "other.arazzo.yaml", "--from-step", "read", "--recorded", "run.jsonl", cwd=here)
    assert ended.code == 2, ended
    assert "run.jsonl is of flow.arazzo.yaml, and not of other.arazzo.yaml" in ended.err


def test_a_step_that_the_document_no_longer_has_is_refused(here: Path) -> None:
    edit(here / "flow.arazzo.yaml", "stepId: read", "stepId: reed")
    ended = arazzo("run", "flow.arazzo.yaml", "--from-step", "read", "--recorded", "run.jsonl", cwd=here)
    assert ended.code == 2, ended
    assert "workflow 'flow' has no step 'read'" in ended.err


@pytest.mark.parametrize("option", ["--from-step", "--recorded"])
def test_a_step_and_a_record_go_together(here: Path, option: str) -> None:
    ended = arazzo("run", "flow.arazzo.yaml", option, "read", cwd=here)
    assert ended.code == 2, ended
    assert "--recorded" in ended.err

"""`arazzo run` on documents of one's own, against servers that behave and servers that do not."""

from __future__ import annotations

import json
import signal
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents, started
from tests.shell.server import Behaviour, Connection, always, answer, once, refused_port, serve

LIST = "  - {stepId: list, operationId: listThings}\n"
OK = answer("Content-Type: application/json", body=b'{"ok": true}')


def never(connection: Connection) -> None:
    connection.request()
    connection.wait()


def hang_up(connection: Connection) -> None:
    connection.request()


MISBEHAVING = {
    "closes the connection": (hang_up, 4, "the server closed the connection before it answered"),
    "never answers": (never, 4, "no response within 0.5 s"),
    "talks garbage": (once(b"SSH-2.0-OpenSSH_9\r\n\r\n"), 4, ""),
    "sends half a body": (once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), 4, ""),
    "sends broken JSON": (always(answer("Content-Type: application/json", body=b"<html>oops")), 1, "is not JSON"),
    "answers 500": (always(answer(status="500 Internal Server Error", body=b"boom")), 1, "500"),
}


@pytest.mark.parametrize(("behaviour", "code", "said"), MISBEHAVING.values(), ids=MISBEHAVING.keys())
def test_a_server_that_misbehaves_gets_a_clear_message_and_the_reports_are_written(
    tmp_path: Path, behaviour: Behaviour, code: int, said: str
) -> None:
    with serve(behaviour) as server:
        steps = LIST.replace("}", ", successCriteria: [{condition: $response.body#/ok == true}]}")
        path = documents(tmp_path, server.url(""), steps)
        ended = arazzo(
            "run", path.name, "--timeout", 0.5,
            "--report", "junit=j.xml", "--report", "jsonl=r.jsonl", "--report", "json=r.json", cwd=tmp_path,
        )  # fmt: skip
    assert ended.code == code, ended
    assert said in ended.out
    assert "flow.arazzo.yaml:" in ended.out
    assert len(list(ET.parse(tmp_path / "j.xml").getroot().iter("testcase"))) == 1
    assert json.loads((tmp_path / "r.json").read_text())["outcome"] in ("failed", "error")
    assert all(json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines())


def test_an_unreachable_server_exits_4(tmp_path: Path) -> None:
    path = documents(tmp_path, f"http://127.0.0.1:{refused_port()}", LIST)
    ended = arazzo("run", path)
    assert ended.code == 4
    assert "refused" in ended.out


def test_three_mistakes_are_said_in_one_go_and_nothing_is_sent(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(
            tmp_path,
            server.url(""),
            "  - stepId: list\n"
            "    operationId: listThings\n"
            "    successCriteria: [{condition: $statusCode == == 200}]\n"
            "    onSuccess: [{name: on, type: goto, stepId: opne}]\n"
            "  - stepId: open\n"
            "    operationId: getThing\n"
            "    parameters: [{name: id, in: path, value: $steps.list.outputs.id}]\n",
        )
        ended = arazzo("run", path.name, "--report", "junit=j.xml", cwd=tmp_path)
        assert server.received == []
    assert ended.code == 3
    assert "--> flow.arazzo.yaml:9:50" in ended.err
    assert "did you mean 'open'?" in ended.err
    assert "step 'list' has no output 'id'" in ended.err
    assert "3 errors" in ended.err
    assert len(list(ET.parse(tmp_path / "j.xml").getroot().iter("error"))) == 3


def test_json_on_stdout_is_one_object_also_for_an_invalid_document(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST.replace("listThings", "listThing"))
    ended = arazzo("run", path.name, "--format", "json", cwd=tmp_path)
    assert (ended.code, ended.err) == (3, "")
    run = ended.json
    assert (run["version"], run["outcome"], run["workflows"]) == (1, "error", [])
    (problem,) = run["diagnostics"]
    assert problem == {
        "rule": "unknown-operation",
        "severity": "error",
        "message": "there is no operation 'listThing' in the source 'api'",
        "file": "flow.arazzo.yaml",
        "line": 7,
        "column": 33,
        "end_line": 7,
        "end_column": 42,
        "suggestion": "did you mean 'listThings'?",
        "fixable": False,
    }


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("broken.yaml", "arazzo: '1.0.1\n", 3, "broken.yaml:"),
        ("tabs.yaml", "arazzo: 1.0.1\ninfo:\n\ttitle: x\n", 3, "tab"),
        ("empty.yaml", "", 3, "empty"),
        ("list.yaml", "- 1\n", 3, "not an Arazzo document"),
        ("api.json", '{"openapi": "3.1.0"}', 3, "openapi description"),
        ("bad.json", '{"arazzo": ', 3, "bad.json:1"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_at_its_place(
    tmp_path: Path, name: str, text: str, code: int, said: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    ended = arazzo("run", f"./{name}", "--report", "junit=j.xml", cwd=tmp_path)
    assert ended.code == code
    assert said in ended.err
    assert list(ET.parse(tmp_path / "j.xml").getroot().iter("error"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing.arazzo.yaml"], 3, "there is no such file"),
        (["civitai-serch-models-detail"], 2, "did you mean 'civitai-search-models-detail'?"),
        ([], 2, "nothing to run"),
        (["civitai-search-models-detail", "-i", "qeury=x"], 2, "did you mean 'query'?"),
        (["civitai-search-models-detail", "-i", "query"], 2, "-i name=value"),
        (["civitai-search-models-detail", "-i", "limit=many"], 2, "limit"),
        (["civitai-search-models-detail", "-w", "nope"], 2, "there is no workflow 'nope'"),
        (["civitai-search-models-detail", "--report", "pdf=x"], 2, "junit, json, jsonl"),
        (["civitai-search-models-detail", "--server", "sit=http://127.0.0.1:9"], 2, "sources there are: site"),
        (["civitai-search-models-detail", "--server", "site=ftp://x"], 2, "not an http or https URL"),
        (["civitai-search-models-detail", "--sandbox", "--live"], 2, "excludes"),
        (["civitai-search-models-detail", "--inputs", "gone.yaml"], 2, "gone.yaml"),
        (["civitai-search-models-detail", "--input-env", "query=NOT_SET_AT_ALL"], 2, "NOT_SET_AT_ALL"),
        (["civitai-search-models-detail", "--report", "junit=/proc/nope/x.xml"], 2, "cannot be written"),
        (["civitai-search-models-detail", "--frmat", "json"], 2, "--format"),
    ],
)
def test_wrong_usage_is_refused_with_the_next_step(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    ended = arazzo("run", *arguments, cwd=tmp_path)
    assert ended.code == code, ended
    assert said in ended.err
    assert ended.out == ""


def test_inputs_are_read_as_the_schema_says(tmp_path: Path) -> None:
    schema = (
        "  inputs:\n    type: object\n    properties:\n      n: {type: integer}\n      tok: {type: string}\n"
        "      flag: {type: boolean}\n      tags: {type: array, items: {type: string}}\n      zip: {type: string}\n"
        "      file: {type: string}\n      env: {type: string}\n      both: {type: [string, 'null']}\n"
    )
    names = ["n", "tok", "flag", "tags", "zip", "file", "env", "both", "doc"]
    schema += "      doc: {type: object}\n"
    payload = ", ".join(f"{name}: $inputs.{name}" for name in names)
    steps = f"  - {{stepId: create, operationId: createThing, requestBody: {{payload: {{{payload}}}}}}}\n"
    (tmp_path / "text.txt").write_text("line\n", encoding="utf-8")
    (tmp_path / "in.yaml").write_text("doc: {a: 1}\nn: 9\nunused: 1\n", encoding="utf-8")
    with serve(always(answer(status="201 Created"))) as server:
        path = documents(tmp_path, server.url(""), steps, extra=schema)
        ended = arazzo(
            "run", path, "-i", "n=3", "-i", "tok=abc==", "-i", "flag=true", "-i", 'tags=["a","b"]', "-i", "zip=01234",
            "-i", "both=null", "--input-file", "file=text.txt", "--input-env", "env=SOME", "--inputs", "in.yaml",
            cwd=tmp_path, env={"SOME": "thing"},
        )  # fmt: skip
        (received,) = server.received
    assert ended.code == 0, ended
    assert json.loads(received.body) == {
        "n": 3, "tok": "abc==", "flag": True, "tags": ["a", "b"], "zip": "01234",
        "file": "line\n", "env": "thing", "both": None, "doc": {"a": 1},
    }  # fmt: skip
    assert "declares the input 'unused'" in ended.err


def test_inputs_come_from_standard_input_too(tmp_path: Path) -> None:
    ended = arazzo(
        "run", "civitai-search-models-detail", "--inputs", "-", "--format", "json", stdin='{"query": "zzzz"}'
    )
    assert ended.code == 0
    assert ended.json["workflows"][0]["inputs"]["query"] == "zzzz"


def test_a_credential_from_the_environment_is_sent_and_shown_nowhere(tmp_path: Path) -> None:
    secret = "s3cr3t-T0ken-value"
    with serve(always(answer("Content-Type: application/json", body=json.dumps({"you": secret}).encode()))) as server:
        steps = LIST.replace(
            "}",
            ", successCriteria: [{condition: $response.body#/you == 'nobody'}], outputs: {you: $response.body#/you}}",
        )
        path = documents(tmp_path, server.url(""), steps)
        reports = [f"--report={kind}={kind}.out" for kind in ("junit", "json", "jsonl")]
        ended = arazzo("run", path.name, "-v", *reports, cwd=tmp_path, env={"ARAZZO_AUTH_KEY": secret})
        (received,) = server.received
    assert received.field("authorization") == f"Bearer {secret}"
    assert ended.code == 1
    written = [ended.out, ended.err, *(path.read_text() for path in tmp_path.glob("*.out"))]
    assert len(written) == 5
    assert not any(secret in text for text in written)


def test_ctrl_c_ends_cleanly_with_130_and_the_reports_written(tmp_path: Path) -> None:
    with serve(never) as server:
        path = documents(tmp_path, server.url(""), LIST)
        with started("run", path.name, "--report", "junit=j.xml", cwd=tmp_path) as process:
            until = time.monotonic() + 20
            while not server.received and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in out + err
    assert list(ET.parse(tmp_path / "j.xml").getroot().iter("testcase"))


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    with started("run", "civitai-search-models-detail", "-v") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.stderr.close()
        process.wait(20)
        process.stdout = process.stderr = None
    assert "Traceback" not in err


def test_a_file_runs_live_and_a_name_on_the_sandbox(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        assert arazzo("run", path).code == 0
        assert len(server.received) == 1
        ended = arazzo("run", path, "--sandbox")
        assert len(server.received) == 1
    assert ended.code == 0
    assert f"sandbox instead of {server.url('')}" in ended.out


def test_a_source_that_moved_is_found_where_the_options_say(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        (tmp_path / "moved").mkdir()
        (tmp_path / "api.yaml").rename(tmp_path / "moved" / "api.yaml")
        missing = arazzo("run", path)
        assert missing.code == 3
        assert f"then say so with --source api={tmp_path}/moved/api.yaml" in missing.err  # offered, not taken
        assert arazzo("run", path, "--source", f"api={tmp_path}/moved/api.yaml").code == 0
        ended = arazzo("run", path, "--source-root", tmp_path / "moved")
    assert ended.code == 0
    assert "found under --source-root" in ended.err


def test_only_what_is_reached_has_to_be_runnable(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    (tmp_path / "api.yaml").write_text(
        (tmp_path / "api.yaml").read_text().replace("servers: [{url: 'http://127.0.0.1:9'}]", "servers: [{url: /v1}]")
    )
    ended = arazzo("run", path)
    assert ended.code == 3
    assert "--server api=https://" in ended.err
    assert arazzo("check", path).code == 0

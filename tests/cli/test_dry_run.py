"""`arazzo run --dry-run`: everything is checked, nothing is sent, and the requests are shown as they would leave."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.process import arazzo, documents
from tests.shell.server import always, answer, serve

OK = answer("Content-Type: application/json", body=b'{"id": "t1"}')
INPUTS = "  inputs: {properties: {name: {type: string}, password: {type: string, format: password}}}\n"
STEPS = """\
  - stepId: make
    operationId: createThing
    requestBody: {payload: {name: $inputs.name, password: $inputs.password, quote: "it's"}}
    outputs: {id: $response.body#/id}
  - stepId: get
    operationId: getThing
    parameters:
    - {name: id, in: path, value: $steps.make.outputs.id}
    - {name: Authorization, in: header, value: 'Bearer {$steps.make.outputs.id}'}
"""


def test_nothing_is_sent_and_what_would_be_is_shown(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url("/v1"), STEPS, extra=INPUTS)
        ended = arazzo("run", path.name, "--dry-run", "-i", "name=x", "-i", "password=hunter22", cwd=tmp_path,
                       env={"ARAZZO_AUTH_KEY": "t0ps3cret"})  # fmt: skip
        assert server.received == []
    assert (ended.code, ended.err) == (0, "")
    where = server.url("/v1")
    curls = [line.strip() for line in ended.out.splitlines() if line.strip().startswith("curl ")]
    assert len(curls) == 2
    assert curls[0].startswith(f"curl {where}/things -H ")
    assert "-H 'Authorization: Bearer ***'" in curls[0]
    assert '"name":"x","password":"***","quote":"it\'"\'"\'s"' in curls[0]
    assert curls[1].startswith(f"curl '{where}/things/<$steps.make.outputs.id>' ")
    assert "-H 'Authorization: Bearer <$steps.make.outputs.id>'" in curls[1]
    assert f"server      {where}  the description's first server" in ended.out
    assert "credential  ARAZZO_AUTH_KEY, from the environment" in ended.out
    assert "unknown     $steps.make.outputs.id" in ended.out
    assert ended.out.endswith("nothing was sent\n")
    assert "hunter22" not in ended.out
    assert "t0ps3cret" not in ended.out


def test_the_same_is_given_as_data(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", STEPS, extra=INPUTS)
    arguments = ["run", path.name, "--dry-run", "--format", "json", "--auth", "Key=t0ps3cret", "--insecure", "h"]
    ended = arazzo(*arguments, cwd=tmp_path)
    assert ended.code == 0
    assert "t0ps3cret" not in ended.out + ended.err
    run = ended.json
    server = {
        "source": "api",
        "url": "http://127.0.0.1:9",
        "reason": "the description's first server",
        "sandbox": False,
    }
    assert (run["version"], run["dry_run"], run["servers"]) == (1, True, [server])
    assert "the certificate of 'h' is not checked" in run["warnings"][0]
    [workflow] = run["workflows"]
    make, get = workflow["steps"]
    assert make["request"]["credentials"] == [{"name": "Key", "from": "--auth"}]
    assert get["request"]["url"] == "http://127.0.0.1:9/things/<$steps.make.outputs.id>"
    assert (get["request"]["unknown"], get["request"]["server"]) == (["$steps.make.outputs.id"], server)
    assert ["Authorization", "Bearer <$steps.make.outputs.id>"] in get["request"]["headers"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_command_sends_what_the_run_sends(tmp_path: Path) -> None:
    steps = STEPS.partition("  - stepId: get")[0].replace("password: $inputs.password, ", "")
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), steps, extra=INPUTS)
        api = tmp_path / "api.yaml"
        api.write_text(api.read_text().replace("security: [{Key: []}, {}]\n", ""))
        shown = arazzo("run", path.name, "--dry-run", "-i", "name=ü &", cwd=tmp_path).out
        [command] = [line.strip() for line in shown.splitlines() if line.strip().startswith("curl ")]
        assert arazzo("run", path.name, "-i", "name=ü &", cwd=tmp_path).code == 0
        subprocess.run([*shlex.split(command), "--noproxy", "*", "-s"], check=True, capture_output=True, timeout=20)
        ran, curled = server.received
    assert (curled.line, curled.body) == (ran.line, ran.body)
    wanted = {
        name.lower(): value for name, value in ran.fields if name.lower() not in ("accept-encoding", "connection")
    }
    assert wanted.items() <= {name.lower(): value for name, value in curled.fields}.items()


def test_what_is_wrong_is_refused_as_in_a_run(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", STEPS, extra=INPUTS)
    assert arazzo("run", path, "--dry-run", "-i", "nmae=x").code == 2
    assert arazzo("run", path, "--dry-run", "--report", "json=x", cwd=tmp_path).code == 2
    path.write_text(path.read_text().replace("operationId: getThing", "operationId: gotThing"))
    ended = arazzo("run", path, "--dry-run")
    assert (ended.code, ended.out) == (3, "")


def test_the_password_of_a_server_is_hidden(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://bob:hunter22@127.0.0.1:9", STEPS, extra=INPUTS)
    for form in ("console", "json"):
        ended = arazzo("run", path, "--dry-run", "--format", form)
        assert ended.code == 0
        assert "hunter22" not in ended.out + ended.err
        assert "http://bob:***@127.0.0.1:9" in ended.out


def test_the_sandbox_shows_what_it_stands_in_for() -> None:
    ended = arazzo("run", "civitai-image-generation-poll", "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert "server      sandbox instead of https://orchestration.civitai.com" in ended.out
    assert "Authorization: Bearer ***" in ended.out

"""`arazzo.toml`: what it may say, where it is found, and what it cannot do to whoever finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.config import Profile, RunDefaults, find, read
from runner.errors import UsageError
from tests.cli.process import arazzo, documents
from tests.shell.server import always, answer, serve

LIST = "  - {stepId: list, operationId: listThings}\n"
OK = answer("Content-Type: application/json", body=b"{}")

FULL = """
default-profile = "local"

[run]
timeout = 5
pace = 0
max-steps = 20
max-time = 1.5
max-teardown = 9
contract = "error"
strict = true
offline = true

[profile.local]
servers = { api = "http://127.0.0.1:9/v1" }
server-vars = { region = "eu", "api.port" = 8443 }
inputs = { query = "x", tags = ["a"], n = 1.5 }
auth = { bearerAuth = { env = "LOCAL_TOKEN" }, "api.key" = "env:KEY" }
source = { api = "specs/api.yaml", far = "https://h/api.yaml" }
contract = "off,body=error"
proxy = "http://proxy:3128"
cacert = "ca.pem"
"""


def parsed(folder: Path, text: str) -> object:
    (folder / "arazzo.toml").write_text(text, encoding="utf-8")
    return read(folder / "arazzo.toml", "arazzo.toml")


def test_everything_there_is_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "arazzo.toml").write_text(FULL, encoding="utf-8")
    config = read(tmp_path / "arazzo.toml", "arazzo.toml")
    assert config.default_profile == "local"
    assert config.run == RunDefaults(5.0, 0.0, 20, 1.5, 9.0, "error", True, True)
    assert config.profiles == {
        "local": Profile(
            "local",
            {"api": "http://127.0.0.1:9/v1"},
            {"region": "eu", "api.port": "8443"},
            {"query": "x", "tags": ["a"], "n": 1.5},
            {"bearerAuth": "LOCAL_TOKEN", "api.key": "KEY"},
            {"api": str(tmp_path / "specs/api.yaml"), "far": "https://h/api.yaml"},
            "off,body=error",
            "http://proxy:3128",
            str(tmp_path / "ca.pem"),
        )
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\ntimeout = \n", "arazzo.toml:2:11: it is not TOML"),
        ("[runs]\n", "arazzo.toml:1:2: there is no key 'runs'\ndid you mean 'run'?"),
        ("[run]\nstrict = true\n  time-out = 3\n", "3:3: there is no key 'time-out' in [run]\ndid you mean 'timeout'?"),
        ("[run]\nreport = 'x'\n", "2:1: there is no key 'report' in [run]"),
        ("[profile.a]\nsevers = {}\n", "2:1: there is no key 'severs' in [profile.a]\ndid you mean 'servers'?"),
        ("run.timeout = true\n", "1:1: 'timeout' is a number of seconds up to 86400 above 0"),
        ("[run]\nmax-steps = 1.5\n", "2:1: 'max-steps' is a whole number above 0"),
        ("[run]\nstrict = 1\n", "2:1: 'strict' is true or false"),
        ("[run]\ncontract = 'on'\n", "2:1: there is no contract level 'on'\nthere are off, warn, error"),
        ("[profile.a]\ncontract = 'bodi=error'\n", "2:1: there is no contract check 'bodi'\ndid you mean 'body'?"),
        ("[profile.a]\ncontract = true\n", "2:1: 'contract' is a text"),
        (
            "default-profile = 'stagin'\n[profile.staging]\n",
            "1:1: there is no profile 'stagin'\ndid you mean 'staging'?",
        ),
        ("[profile]\na = 1\n", "2:1: 'a' is a table"),
        ("[profile.a]\nservers = { api = true }\n", "2:13: 'api' is a text"),
        ("[profile.a.servers]\napi = ''\n", "2:1: 'api' is a text"),
        ("[profile.a]\ninputs = { day = 2024-01-01 }\n", "2:12: 'day' is no JSON value"),
        ("[profile.a]\nproxy = 'http://bob:hunter22@h'\n", "2:1: no password may stand in this file"),
        ("[profile.a]\nservers.api = 'http://bob:hunter22@h'\n", "2:1: no password may stand in this file"),
        ("[profile.a.auth]\nkey = 'hunter22'\n", "2:1: 'key' is not a reference, and no secret may stand"),
        ("[profile.a]\nauth = { b = 'env:B', key = { value = 'hunter22' } }\n", "2:23: 'key' is not a reference"),
        ("[profile.a.auth]\nkey = 'file:/etc/passwd'\n", "2:1: 'key' is not a reference"),
        ("[profile.a.auth]\nkey = { env = 'A', file = 'x' }\n", "2:20: there is no key 'file'"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed(tmp_path, text)
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)


def test_the_file_is_found_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "arazzo.toml").write_text("")
    assert find(inner) is None
    (tmp_path / "repo" / "arazzo.toml").write_text("")
    assert find(inner) is None, "outside of a repository only the folder itself is looked into"
    (tmp_path / "repo" / ".git").mkdir()
    assert find(inner) == tmp_path / "repo" / "arazzo.toml"
    (inner / "arazzo.toml").write_text("")
    assert find(inner) == inner / "arazzo.toml"


def test_a_profile_says_where_to_and_as_whom_and_is_announced(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, "https://production.example", LIST)
        (tmp_path / "arazzo.toml").write_text(
            f"[profile.staging]\nservers = {{ api = '{server.url('/base')}' }}\nauth.Key = 'env:STAGING_TOKEN'\n"
        )
        env = {"STAGING_TOKEN": "t0ps3cret"}
        ended = arazzo("run", path.name, "--profile", "staging", cwd=tmp_path, env=env)
        (received,) = server.received
    assert ended.code == 0, ended
    assert received.line == "GET /base/things HTTP/1.1"
    assert received.field("authorization") == "Bearer t0ps3cret"
    where = server.url("/base")
    assert f"note: profile 'staging' of arazzo.toml: api at {where}; credentials from STAGING_TOKEN" in ended.err
    assert f"  api  {where}  profile 'staging'" in ended.out
    assert "t0ps3cret" not in ended.out + ended.err


def test_a_server_of_a_source_that_there_is_not_is_told_before_requests_go_elsewhere(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    (tmp_path / "arazzo.toml").write_text(
        "[profile.p.servers]\napii = 'http://127.0.0.1:1'\nother = 'http://127.0.0.1:2'\n"
    )
    said = "profile 'p': there is no source 'apii': did you mean 'api'?"
    ended = arazzo("run", path.name, "--profile", "p", "--dry-run", cwd=tmp_path)
    assert (ended.code, f"warning: {said}" in ended.err, "'other'" in ended.err) == (0, True, False)
    strict = arazzo("run", path.name, "--profile", "p", "--strict", cwd=tmp_path)
    assert (strict.code, f"error: {said}" in strict.err, strict.out) == (2, True, "")


def test_what_is_given_by_hand_wins_over_the_profile(tmp_path: Path) -> None:
    inputs = "  inputs: {properties: {q: {type: string}, n: {type: integer}}}\n"
    steps = "  - {stepId: make, operationId: createThing, requestBody: {payload: {q: $inputs.q, n: $inputs.n}}}\n"
    with serve(always(answer(status="201 Created"))) as server:
        path = documents(tmp_path, "https://production.example", steps, extra=inputs)
        (tmp_path / "arazzo.toml").write_text(
            "default-profile = 'p'\n[profile.p]\nservers = { api = 'http://127.0.0.1:1' }\n"
            "inputs = { q = 'profile', n = 3, unused = 1 }\nauth = { Key = 'env:ARAZZO_P' }\n"
        )
        ended = arazzo(
            "run", path.name, "--server", f"api={server.url('')}", "-i", "q=hand", "--auth", "Key=by-hand",
            cwd=tmp_path, env={"ARAZZO_P": "by-profile", "ARAZZO_AUTH_KEY": "by-environment"},
        )  # fmt: skip
        (received,) = server.received
    assert ended.code == 0, ended
    assert received.body == b'{"q":"hand","n":3}'
    assert received.field("authorization") == "Bearer by-hand"
    assert "unused" not in ended.err


def test_a_file_that_was_merely_found_reads_no_foreign_variables(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    (tmp_path / "arazzo.toml").write_text("default-profile = 'p'\n[profile.p.auth]\nKey = 'env:AWS_SECRET'\n")
    env = {"AWS_SECRET": "hunter22"}
    ended = arazzo("run", path.name, cwd=tmp_path, env=env)
    assert ended.code == 2
    assert "arazzo.toml:3:1: " in ended.err
    assert "reads no variable but ARAZZO_…, and not 'AWS_SECRET'\nask for it: --profile p" in ended.err
    for asked_for in (["--profile", "p"], ["--config", "arazzo.toml"]):
        ended = arazzo("run", path.name, "--dry-run", *asked_for, cwd=tmp_path, env=env)
        assert ended.code == 0, ended
        assert "credentials from AWS_SECRET" in ended.err


def test_a_file_that_was_merely_found_has_no_say_over_documents_elsewhere(tmp_path: Path) -> None:
    strange, own = tmp_path / "strange", tmp_path / "own"
    strange.mkdir()
    own.mkdir()
    with serve(always(OK)) as mine, serve(always(OK)) as theirs:
        path = documents(own, mine.url(""), LIST)
        (strange / "arazzo.toml").write_text(
            f"default-profile = 'p'\n[profile.p]\nservers = {{ api = '{theirs.url('')}' }}\n"
        )
        ended = arazzo("run", path, cwd=strange, env={"ARAZZO_AUTH_KEY": "x"})
        assert (len(mine.received), theirs.received) == (1, [])
    assert ended.code == 0
    assert f"note: arazzo.toml is not used: '{path}' is not in its folder" in ended.err


def test_a_bundled_name_stays_on_the_sandbox_whatever_a_found_file_says(tmp_path: Path) -> None:
    (tmp_path / "arazzo.toml").write_text("default-profile = 'p'\n[profile.p]\nservers.site = 'http://127.0.0.1:1'\n")
    ended = arazzo("run", "civitai-search-models-detail", "-q", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    ended = arazzo("run", "civitai-search-models-detail", "--profile", "p", cwd=tmp_path)
    assert ended.code == 0
    assert "  site  sandbox instead of https://civitai.com/api/v1" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "staging"], "--profile staging: there is no arazzo.toml"),
        (["--config", "gone.toml"], "gone.toml: No such file"),
        (["--config", "c.toml", "--profile", "stagin"], "there is no profile 'stagin'\ndid you mean 'staging'?"),
    ],
)
def test_what_is_asked_for_and_is_not_there_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    (tmp_path / "c.toml").write_text("[profile.staging]\n")
    for command in ("run", "check"):
        ended = arazzo(command, path.name, *arguments, cwd=tmp_path)
        assert ended.code == 2
        assert said in ended.err


def test_the_defaults_of_a_run_are_taken_where_no_option_says_otherwise(tmp_path: Path) -> None:
    with serve(lambda connection: connection.wait()) as server:
        path = documents(tmp_path, server.url(""), LIST)
        (tmp_path / "arazzo.toml").write_text("[run]\ntimeout = 0.25\n")
        assert "no response within 0.25 s" in arazzo("run", path.name, cwd=tmp_path).out
        assert "no response within 0.3 s" in arazzo("run", path.name, "--timeout", "0.3", cwd=tmp_path).out

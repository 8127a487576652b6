"""`arazzo run --contract`, against a server that keeps its API description and one that does not."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

import runner
from runner.engine.policy import ContractPolicy
from tests.cli.process import arazzo
from tests.shell.server import Server, always, answer, serve

API = """\
openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'URL'}]
paths:
  /pets:
    get:
      operationId: listPets
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: array
                items:
                  type: object
                  required: [id]
                  properties:
                    id: {type: integer}
                    apiKey: {type: string, pattern: ^pk-}
"""
FLOW = """\
arazzo: 1.0.1
info: {title: Pets, version: '1'}
sourceDescriptions: [{name: pets, url: pets.openapi.yaml, type: openapi}]
workflows:
  - workflowId: shop
    steps:
      - stepId: list
        operationId: listPets
"""
SECRET = "sk-live-0123456789-" * 5
BAD = answer("Content-Type: application/json", body=json.dumps([{"id": "a1", "apiKey": SECRET}]).encode())
GOOD = answer("Content-Type: application/json", body=b'[{"id": 1, "more": true}]')


def written(folder: Path, server: Server) -> str:
    (folder / "pets.openapi.yaml").write_text(API.replace("URL", server.url("").rstrip("/")), encoding="utf-8")
    (folder / "flow.arazzo.yaml").write_text(FLOW, encoding="utf-8")
    return "flow.arazzo.yaml"


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[str]:
    with serve(always(BAD)) as server:
        yield written(tmp_path, server)


def test_by_default_a_mismatch_is_a_warning_with_both_places(tmp_path: Path, broken: str) -> None:
    ended = arazzo("run", broken, cwd=tmp_path)
    assert ended.code == 0
    assert "! contract: '/0/id' in the response body must be integer, is \"a1\"" in ended.out
    assert "--> flow.arazzo.yaml:7:17" in ended.out
    assert "::: pets.openapi.yaml:19:32" in ended.out
    assert "2 contract warnings" in ended.out


def test_under_error_the_run_fails_and_the_reports_say_so_without_secrets(tmp_path: Path, broken: str) -> None:
    reports = [f"--report={kind}={kind}.out" for kind in ("junit", "json", "jsonl")]
    ended = arazzo("run", broken, "--contract", "error", "-q", *reports, cwd=tmp_path)
    assert ended.code == 1
    assert "error[contract-body]: step 'list': '/0/id' in the response body must be integer" in ended.out
    (failure,) = ET.parse(tmp_path / "junit.out").getroot().iter("failure")
    assert failure.get("type") == "arazzo.contract"
    report = json.loads((tmp_path / "json.out").read_text())
    assert report["outcome"] == "failed"
    assert [each["pointer"].rpartition("/")[2] for each in report["workflows"][0]["steps"][0]["contract"]] == [
        "type",
        "pattern",
    ]
    texts = [ended.out, *((tmp_path / f"{kind}.out").read_text() for kind in ("junit", "json", "jsonl"))]
    assert not [text for text in texts if SECRET[:30] in text]


@pytest.mark.parametrize("options", [["off"], ["error", "body=off"], ["body=off,status=error"]])
def test_what_is_switched_off_is_not_checked(tmp_path: Path, broken: str, options: list[str]) -> None:
    ended = arazzo("run", broken, *(f"--contract={option}" for option in options), cwd=tmp_path)
    assert (ended.code, "contract" in ended.out) == (0, False)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("eror", "there is no contract level 'eror'\ndid you mean 'error'?"),
        ("headres=off", "there is no contract check 'headres'\ndid you mean 'headers'?"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(tmp_path: Path, option: str, message: str) -> None:
    with serve(always(BAD)) as server:
        ended = arazzo("run", written(tmp_path, server), "--contract", option, cwd=tmp_path)
        assert server.received == []
    assert ended.code == 2
    assert message in ended.err


def test_an_api_that_keeps_its_word_passes_under_error(tmp_path: Path) -> None:
    with serve(always(GOOD)) as server:
        ended = arazzo("run", written(tmp_path, server), "--contract", "error", cwd=tmp_path)
    assert (ended.code, "contract" in ended.out) == (0, False)


def test_python_takes_a_level_or_a_policy(tmp_path: Path) -> None:
    with serve(always(BAD)) as server:
        plan = runner.compile(runner.load(str(tmp_path / written(tmp_path, server))))
        results = [
            runner.run(plan),
            runner.run(plan, contract="error"),
            runner.run(plan, contract=ContractPolicy(body="error")),
            runner.run(plan, contract=runner.ContractPolicy(status="error")),
        ]
    assert [result.outcome for result in results] == ["passed", "failed", "failed", "passed"]
    assert results[1].problem is not None
    assert results[1].problem.kind == "contract"


def test_python_refuses_options_that_do_not_exist(tmp_path: Path) -> None:
    with serve(always(GOOD)) as server:
        plan = runner.compile(runner.load(str(tmp_path / written(tmp_path, server))))
        with pytest.raises(runner.UsageError, match="there is no contract level 'eror'"):
            runner.run(plan, contract="eror")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="there is no option 'contrct'"):
            runner.run(plan, contrct="error")  # type: ignore[call-arg]
        assert server.received == []


def test_check_says_which_schemas_nothing_can_be_compared_with(tmp_path: Path) -> None:
    (tmp_path / "pets.openapi.yaml").write_text(API.replace("URL", "https://pets.test").replace("^pk-", "(pk"))
    (tmp_path / "flow.arazzo.yaml").write_text(FLOW)
    ended = arazzo("check", "flow.arazzo.yaml", cwd=tmp_path)
    assert ended.code == 0
    assert "warning[unusable-schema]: nothing can be compared with this schema: the pattern '(pk'" in ended.out
    assert "pets.openapi.yaml:20:53" in ended.out
    assert arazzo("check", "--strict", "flow.arazzo.yaml", cwd=tmp_path).code == 3

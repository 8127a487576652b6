"""Start-up is part of the product: nothing heavy is imported to say hello."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.api import Sources
from runner.bundled import workflows
from runner.cli.prepare import check_document
from runner.version import __version__
from tests.cli.process import arazzo
from tests.shell.server import always, answer, serve

HEAVY = (
    "httpx", "httpcore", "jsonschema", "jsonschema_rs", "jsonpath_ng", "jsonpath_rfc9535", "regex", "lxml",
    "elementpath", "rich", "starlette", "uvicorn", "asyncio", "importlib.metadata",
    "sqlite3", "cryptography", "dbos", "sqlalchemy", "psycopg", "croniter",
)  # fmt: skip
ELSEWHERE = (
    "runner.sandbox.faults", "runner.sandbox.civitai.settings", "runner.reporters.junit",
    "runner.reporters.html.report", "runner.reporters.har", "runner.reporters.coverage.reach", "xml", "html", "http",
)  # fmt: skip
"""What a live run that only prints JSON has no use for."""
BY_COMMAND = {
    "--help": (*HEAVY, "yaml", "runner.plan", "runner.api"),
    "run --help": (*HEAVY, "ssl", "tomllib"),
    "check --help": (*HEAVY, "ssl", "tomllib"),
    "test --help": (*HEAVY, "ssl", "tomllib"),
    "submit --help": (*HEAVY, "ssl", "tomllib"),
    "worker --help": (*HEAVY, "ssl", "tomllib"),
    "status --help": (*HEAVY, "ssl", "tomllib"),
    "schedule add --help": (*HEAVY, "ssl", "tomllib"),
    "run civitai-search-models-detail --format json": tuple(
        name for name in HEAVY if name not in ("jsonschema_rs", "jsonpath_rfc9535")
    ),
}


@pytest.mark.parametrize(("command", "unwanted"), BY_COMMAND.items())
def test_a_command_imports_nothing_that_it_does_not_need(command: str, unwanted: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom runner.cli import main\n"
        f"sys.argv = ['arazzo', *{command.split()!r}]\n"
        "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert sorted(loaded & set(unwanted)) == []


LIVE = """
arazzo: 1.0.1
info: {title: Live, version: 1.0.0}
sourceDescriptions: [{name: pets, url: pets.yaml, type: openapi}]
workflows:
  - workflowId: one
    steps:
      - stepId: add
        operationId: add
        requestBody: {payload: {name: Bello}}
        successCriteria: [{condition: $statusCode == 201}]
        outputs: {id: $response.body#/id}
"""
PETS = """
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: SERVER}]
paths:
  /pets:
    post:
      operationId: add
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: Added, content: {application/json: {schema: {type: object}}}}}
"""


def test_a_live_run_imports_no_http_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom runner.cli import main\n"
        f"sys.argv = ['arazzo', 'run', {str(tmp_path / 'live.yaml')!r}, '--format', 'json']\n"
        "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    unwanted = {
        *HEAVY,
        *ELSEWHERE,
        "h11",
        "anyio",
        "sniffio",
        "certifi",
        "idna",
        "ssl",
        "http.client",
        "urllib.request",
    }
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    reply = answer("Content-Type: application/json", body=b'{"id": 7}', status="201 Created")
    with serve(always(reply)) as server:
        (tmp_path / "live.yaml").write_text(LIVE)
        (tmp_path / "pets.yaml").write_text(PETS.replace("SERVER", server.url("")))
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
        assert [received.line for received in server.received] == ["POST /pets HTTP/1.1"]
    assert sorted(set(done.stderr.split()) & (unwanted - {"jsonschema_rs"})) == []


READING = {"yaml", "runner.loader.load", "runner.loader.yaml", "runner.plan.compile", "runner.plan.rules", "lxml"}
"""What only a document takes that was not read before."""


def test_a_start_with_a_document_that_is_known_imports_nothing_that_reads(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom runner.cli import main\n"
        f"sys.argv = ['arazzo', 'run', {str(tmp_path / 'live.yaml')!r}]\n"
        "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    places = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "ARAZZO_CACHE_DIR")}
    environment = {**os.environ, **places, "ARAZZO_NO_CACHE": ""}
    loaded: list[set[str]] = []
    reply = answer("Content-Type: application/json", body=b'{"id": 7}', status="201 Created")
    with serve(always(reply)) as server:
        (tmp_path / "live.yaml").write_text(LIVE)
        (tmp_path / "pets.yaml").write_text(PETS.replace("SERVER", server.url("")))
        for _ in range(2):
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
            loaded.append(set(done.stderr.split()))
        assert len(server.received) == 2
    first, again = (sorted(READING & each) for each in loaded)
    assert first == sorted(READING - {"lxml"})
    assert again == []


def test_help_says_what_there_is() -> None:
    ended = arazzo("--help")
    assert ended.code == 0
    for word in ("run", "check", "list", "sandbox", "Exit codes"):
        assert word in ended.out


def test_the_version_is_printed() -> None:
    assert arazzo("--version").out == f"arazzo {__version__}\n"


def test_an_unknown_command_is_refused_with_the_nearest() -> None:
    ended = arazzo("chek")
    assert ended.code == 2
    assert "Did you mean 'check'?" in ended.err


def test_the_collector_never_looks_through_what_was_checked() -> None:
    before = gc.get_freeze_count()
    try:
        checked = check_document(str(workflows()["civitai-search-models-detail"]), Sources())
        assert checked.plan is not None
        assert gc.get_freeze_count() > before
        assert gc.isenabled()
    finally:
        gc.unfreeze()

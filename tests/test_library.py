"""The library, as a caller uses it: load, compile, run, and the same awaited."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

import runner
from runner.bundled import workflows
from runner.engine.events import Answered, Entry, StepFinished
from runner.exchange import Reply, Request
from runner.sandbox.civitai.sandbox import CivitaiSandbox
from runner.sandbox.civitai.settings import SANDBOX_TOKEN
from runner.sandbox.transport import SandboxTransport
from runner.shell.clock import VirtualClock
from tests.cli.process import documents
from tests.shell.server import always, answer, serve

SEARCH = str(workflows()["civitai-search-models-detail"])
TOKEN = runner.Credentials({"BearerAuth": SANDBOX_TOKEN})


def sandbox() -> SandboxTransport:
    clock = VirtualClock(1_800_000_000)
    return SandboxTransport(CivitaiSandbox(clock), clock)


class Awaited:
    """A transport, awaited."""

    def __init__(self, inner: SandboxTransport) -> None:
        self.inner = inner

    async def send(self, request: Request, timeout: float | None) -> Reply:
        return self.inner.send(request, timeout)


def test_a_workflow_runs_from_python() -> None:
    plan = runner.compile(runner.load(SEARCH))
    heard: list[Entry] = []
    result = runner.run(plan, inputs={"query": "juggernaut"}, credentials=TOKEN, transport=sandbox(), tell=heard.append)
    assert result.outcome == "passed"
    assert result.outputs["modelId"] == 101055
    assert tuple(heard) == result.entries


def test_the_awaited_run_tells_the_same_story() -> None:
    plan = runner.compile(runner.load(SEARCH))
    one = runner.run(plan, credentials=TOKEN, transport=sandbox())
    other = asyncio.run(runner.arun(plan, credentials=TOKEN, transport=Awaited(sandbox())))
    assert one.outputs == other.outputs
    assert [type(entry.event) for entry in one.entries] == [type(entry.event) for entry in other.entries]


def test_both_run_over_http(tmp_path: Path) -> None:
    with serve(always(answer("Content-Type: application/json", body=b"{}"))) as server:
        path = documents(tmp_path, server.url(""), "  - {stepId: list, operationId: listThings}\n")
        plan = runner.compile(runner.load(str(path)))
        results = [runner.run(plan), asyncio.run(runner.arun(plan))]
        assert len(server.received) == 2
    assert [result.outcome for result in results] == ["passed", "passed"]
    assert all(any(isinstance(entry.event, StepFinished) for entry in result.entries) for result in results)


def test_servers_and_the_network_are_chosen_from_python(tmp_path: Path) -> None:
    options = runner.HttpOptions(timeout=5, trust_env=False)
    with serve(always(answer("Content-Type: application/json", body=b"{}"))) as server:
        path = documents(tmp_path, "http://127.0.0.1:{port}", "  - {stepId: list, operationId: listThings}\n")
        variable = {"port": str(server.port)}
        plan = runner.compile(runner.load(str(path)), server_variables=variable)
        results = [runner.run(plan, transport=options), asyncio.run(runner.arun(plan, transport=options))]
        assert len(server.received) == 2
    assert [result.outcome for result in results] == ["passed", "passed"]
    with pytest.raises(runner.UsageError, match="there is no server variable 'prot'"):
        runner.compile(runner.load(str(path)), server_variables={**variable, "prot": "1"})


def test_credentials_of_the_environment_serve_as_those_that_are_given() -> None:
    plan = runner.compile(runner.load(SEARCH))
    credentials = runner.credentials_from_environment({"ARAZZO_AUTH_SITE_BEARERAUTH": "hunter22", "HOME": "/"})
    result = runner.run(plan, credentials=credentials, transport=sandbox(), redact=False)
    sent = [entry.event.exchange.sent for entry in result.entries if isinstance(entry.event, Answered)]
    assert ("Authorization", "Bearer hunter22") in sent[0].headers


def test_what_is_wrong_is_raised_as_data(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", "  - {stepId: list, operationId: listThing}\n")
    with pytest.raises(runner.DescriptionError) as caught:
        runner.compile(runner.load(str(path)))
    (problem,) = caught.value.diagnostics
    assert problem.rule == "unknown-operation"
    assert "there is no operation 'listThing'" in str(caught.value)
    with pytest.raises(runner.FetchError):
        runner.load(str(tmp_path / "gone.yaml"))
    with pytest.raises(runner.InputsError) as refused:
        runner.run(runner.compile(runner.load(SEARCH)), inputs={"limit": "many"}, transport=sandbox())
    assert "limit" in str(refused.value)
    with pytest.raises(runner.UsageError, match="there is no workflow 'nope'"):
        runner.run(runner.compile(runner.load(SEARCH)), "nope", transport=sandbox())


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, runner; print(len([name for name in sys.modules if name.startswith('runner')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 2


def test_every_public_name_is_there() -> None:
    for name in runner.__all__:
        assert getattr(runner, name) is not None
    with pytest.raises(AttributeError):
        _ = runner.nothing_of_that_name


def test_a_description_and_its_plan_go_when_nobody_holds_them() -> None:
    description = runner.load(SEARCH)
    plan = runner.compile(description)
    ghosts = [weakref.ref(each) for each in (description, *description.apis.values())]
    gc.disable()  # a big description is too dear to be looked for by the collector
    try:
        del description, plan
        assert [ghost() for ghost in ghosts] == [None, None]
    finally:
        gc.enable()


def test_a_library_keeps_a_description_only_where_it_is_told_to(tmp_path: Path) -> None:
    document = documents(tmp_path, "https://a.example", "  - {stepId: s, operationId: listThings}\n")
    api = tmp_path / "api.yaml"
    api.write_text(api.read_text(encoding="utf-8") + f"# {'x' * 70_000}\n", encoding="utf-8")
    variables = {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")}
    runner.load(str(document))
    assert not (tmp_path / "home").exists()
    first = runner.load(str(document), cache=runner.user_cache(variables))
    again = runner.load(str(document), cache=runner.user_cache(variables))
    assert len(list((tmp_path / "home").rglob("*.arazzo"))) == 2
    assert [each.root for each in again.apis.values()] == [each.root for each in first.apis.values()]

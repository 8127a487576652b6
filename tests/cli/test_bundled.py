"""The bundled flows on the real command line: in process, and over HTTP against the served sandbox."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.bundled import workflows
from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import Running
from tests.cli.process import arazzo, started

POLL = "civitai-image-generation-poll"


def check_generation(run: object) -> None:
    assert isinstance(run, dict)
    assert run["outcome"] == "passed"
    assert run["outputs"]["workflowId"].startswith("wf_")
    assert run["outputs"]["cost"] > 0
    assert run["outputs"]["blobUrl"].startswith("http")
    (workflow,) = run["workflows"]
    submit, poll = workflow["steps"]
    assert (submit["response"]["status"], submit["request"]["method"]) == (202, "POST")
    assert poll["attempts"] > 1


def test_the_generation_flow_passes_on_the_sandbox_without_a_network() -> None:
    ended = arazzo("run", POLL, "-i", "prompt=a lighthouse", "-i", "engine=sdxl", "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    check_generation(ended.json)
    assert ended.json["workflows"][0]["inputs"]["prompt"] == "a lighthouse"


def test_the_generation_flow_passes_over_http_against_the_served_sandbox() -> None:
    with Running(Settings(time_scale=10)) as server:
        ended = arazzo(
            "run", POLL, "-i", "prompt=a lighthouse", "--server", f"orchestration={server.url}", "--format", "json"
        )
    assert ended.code == 0, ended
    check_generation(ended.json)
    assert ended.json["workflows"][0]["steps"][0]["request"]["url"].startswith(server.url)


@pytest.fixture
def served() -> Iterator[str]:
    with started("sandbox", "--port", "0", "--time-scale", "100") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield re.search(r"http://\S+", line)[0]  # type: ignore[index]
        process.terminate()
        assert process.wait(10) == 0


def test_the_sandbox_command_serves_both_apis(served: str) -> None:
    ended = arazzo("run", "civitai-search-models-detail", "--server", f"site={served}/api/v1", "-q", "--format", "json")
    assert (ended.code, ended.json["outcome"]) == (0, "passed")
    assert arazzo("run", POLL, "--server", f"orchestration={served}").code == 0


@pytest.mark.parametrize("name", workflows())
def test_a_bundled_flow_passes_with_its_defaults_and_is_clean_under_strict(name: str) -> None:
    assert arazzo("run", name, "-q").code == 0
    ended = arazzo("check", name, "--strict")
    assert (ended.code, ended.err) == (0, "")
    assert "no problems" in ended.out


@pytest.mark.parametrize("name", workflows())
def test_a_bundled_flow_runs_with_the_inputs_beside_it(name: str) -> None:
    folder = workflows()[name].parent / "inputs"
    inputs = folder / f"{name}.yaml"
    # The command that comes with a picture stands in the example's first line.
    files = re.findall(r"--input-file (\w+)=workflows/inputs/(\S+)", inputs.read_text(encoding="utf-8"))
    given = [word for file, path in files for word in ("--input-file", f"{file}={folder / path}")]
    ended = arazzo("run", name, "--inputs", inputs, *given)
    assert (ended.code, ended.err) == (0, "")


def test_all_bundled_flows_run_in_one_call() -> None:
    ended = arazzo("run", *workflows(), "--format", "json")
    assert ended.code == 0
    assert [workflow["workflow_id"] for workflow in ended.json["workflows"]] == list(workflows())
    assert "outputs" not in ended.json


ROW = re.compile(r"^[✓✗] (\S+) +(passed|failed|could not finish) +([a-z][\w-]*)? +\d+ +\d+ +(\d+) ", re.MULTILINE)


def rows(table: str) -> dict[str, tuple[str, str, int]]:
    """Read the table of several flows: of each how it ended, by what, and after how many retries."""
    return {row[1]: (row[2], row[3], int(row[4])) for row in ROW.finditer(table)}


def test_seeded_faults_show_as_retries_in_the_table() -> None:
    names = [name for name in workflows() if "-oauth" not in name]
    plain = rows(arazzo("run", "-q", *names).out)
    ended = arazzo("run", "-q", *names, "--fault", "status=429,rate=0.3,seed=8")
    found = rows(ended.out)
    assert ended.code == 0, ended
    assert {name: row[:2] for name, row in found.items()} == {name: row[:2] for name, row in plain.items()}
    assert found.keys() == set(names)
    assert sum(row[2] for row in found.values()) > sum(row[2] for row in plain.values())


def test_a_submission_or_toggle_whose_reply_is_lost_is_no_success_in_the_table() -> None:
    names = (POLL, "civitai-vault-toggle-verify", "civitai-search-models-detail")
    faults = ("--fault", "drop,operation=submitWorkflow", "--fault", "status=503,operation=toggleVaultVersion")
    ended = arazzo("run", "-q", *names, *faults)
    found = rows(ended.out)
    assert ended.code == 1
    assert [found[name][:2] for name in names] == [
        ("could not finish", "outcome-unknown"),
        ("failed", "not-added"),
        ("passed", "found"),
    ]


def test_an_empty_balance_fails_at_the_submit_step_and_says_so(tmp_path: Path) -> None:
    report = tmp_path / "out" / "junit.xml"
    ended = arazzo("run", POLL, "--sandbox-balance", 0, "--report", f"junit={report}")
    assert ended.code == 1
    assert "✗ submit  POST /v2/consumer/workflows → 402" in ended.out
    suite = ET.parse(report).getroot()
    (failure,) = suite.iter("failure")
    assert not list(suite.iter("error"))
    text = failure.text or ""
    assert re.search(r"civitai-image-generation-poll\.arazzo\.yaml:\d+\n", text)
    assert "left:  402" in text
    assert "right: 200" in text
    (curl,) = [line for line in text.splitlines() if line.startswith("curl ")]
    assert "sandbox-token" not in curl
    assert "Authorization: Bearer ***" in curl


def test_the_token_of_the_sandbox_is_no_word_that_a_report_would_miss(tmp_path: Path) -> None:
    """The account is called `sandbox`, and its workflows are tagged `sandbox-demo`."""
    report = tmp_path / "run.jsonl"
    vault = arazzo("run", "civitai-vault-toggle-verify", "--report", f"jsonl={report}")
    assert 'username      "sandbox"' in vault.out
    assert "sandbox-token" not in report.read_text()
    found = arazzo("run", "civitai-workflow-query-cancel", "-i", 'tags=["sandbox-demo"]', "-v")
    assert "tags=sandbox-demo" in found.out


@pytest.mark.parametrize(("prompt", "status"), [("[fail] x", "failed"), ("[expire] x", "expired")])
def test_a_generation_that_ends_badly_is_a_failed_run(prompt: str, status: str) -> None:
    ended = arazzo("run", POLL, "-i", f"prompt={prompt}", "--format", "json")
    assert (ended.code, ended.json["outcome"]) == (1, "failed")
    assert ended.json["workflows"][0]["steps"][-1]["action"] is not None
    assert ended.json["outputs"].get("blobUrl") is None
    assert ended.json["outputs"]["status"] == status


def test_a_flow_of_minutes_ends_at_once() -> None:
    ended = arazzo("run", POLL, "-i", "prompt=[slow:50] x", "--format", "json")
    assert ended.json["outcome"] == "passed"
    assert ended.json["workflows"][0]["steps"][-1]["attempts"] > 20


def test_list_shows_the_bundled_flows() -> None:
    ended = arazzo("list")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == list(workflows())
    rows = arazzo("list", "--format", "json").json["workflows"]
    assert all(row["summary"] for row in rows)


@pytest.mark.parametrize("name", workflows())
def test_the_sandbox_keeps_every_contract(name: str) -> None:
    ended = arazzo("run", name, "--contract", "error", "-q")
    assert (ended.code, "contract" in ended.out) == (0, False), ended

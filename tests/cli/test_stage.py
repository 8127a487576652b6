"""How the sandbox begins and what goes wrong in it, said on the real command line."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cli.process import arazzo, started

SEARCH, POLL = "civitai-search-models-detail", "civitai-image-generation-poll"


def test_faults_are_retried_and_the_flow_passes() -> None:
    ended = arazzo("run", SEARCH, "--fault", "status=503,times=2", "--fault", "drop,times=1,operation=getModel")
    assert ended.code == 0
    assert "3 attempts" in ended.out
    assert "2 attempts" in ended.out


def test_the_same_seed_gives_the_same_run() -> None:
    once, again = (arazzo("run", SEARCH, "--fault", "drop,rate=0.6,seed=4") for _ in range(2))
    assert "attempts" in once.out
    assert once == again


def test_a_connection_that_is_always_dropped_is_no_answer() -> None:
    ended = arazzo("run", SEARCH, "--fault", "drop")
    assert ended.code == 4
    assert "the connection was closed without an answer: a fault that was asked for" in ended.out


@pytest.mark.parametrize("command", [("run", SEARCH), ("sandbox", "--port", "0")])
def test_a_fault_of_an_operation_that_there_is_not_is_refused(command: tuple[str, ...]) -> None:
    ended = arazzo(*command, "--fault", "drop,operation=getModl")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith("did you mean 'getModel'?\n")


@pytest.mark.parametrize(("job", "status"), [("fail", "failed"), ("expire", "expired")])
def test_a_job_that_goes_wrong_is_no_success(job: str, status: str) -> None:
    ended = arazzo("run", POLL, "--fault", f"job={job}", "--format", "json")
    assert (ended.code, ended.json["outputs"]["status"]) == (1, status)
    assert "blobUrl" not in ended.json["outputs"]


def test_a_scenario_sets_the_balance_and_the_clock(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("clock: 2020-02-02T02:02:02Z\naccounts: {sandbox: {balance: 3}}\n", encoding="utf-8")
    assert "the balance is 3 Buzz" in arazzo("run", POLL, "--scenario", scenario).out
    scenario.write_text("clock: 2020-02-02T02:02:02Z\n", encoding="utf-8")
    report = tmp_path / "report.xml"
    told = arazzo("run", POLL, "--scenario", scenario, "--format", "json", "--report", f"junit={report}")
    (job,) = told.json["outputs"]["jobs"]
    assert 'time="4.080" tests' in report.read_text(encoding="utf-8")
    assert job["startedAt"].startswith("2020-02-02T02:02:03")


@pytest.mark.parametrize("command", [("run", SEARCH), ("sandbox", "--port", "0")])
def test_what_is_wrong_with_a_scenario_is_drawn_at_its_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("clock: 2020-02-02T02:02:02Z\nbalnce: 3\n", encoding="utf-8")
    ended = arazzo(*command, "--scenario", scenario)
    assert (ended.code, ended.out) == (3, "")
    assert "s.yaml:2:1" in ended.err
    assert "did you mean 'balance'?" in ended.err


@pytest.mark.parametrize("command", [("run", SEARCH), ("sandbox", "--port", "0")])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fault", "drp"), "the fault 'drp': there is no 'drp'\ndid you mean 'drop'?"),
        (("--scenario", "not-there.yaml"), "cannot read --scenario not-there.yaml: No such file or directory"),
    ],
)
def test_what_cannot_be_meant_is_refused(command: tuple[str, ...], arguments: tuple[str, ...], message: str) -> None:
    ended = arazzo(*command, *arguments)
    assert (ended.code, ended.err) == (2, f"error: {message}\n")


@pytest.mark.parametrize("option", [("--fault", "drop"), ("--scenario", "s.yaml"), ("--live-like",)])
def test_what_is_said_of_the_sandbox_is_for_the_sandbox(option: tuple[str, ...]) -> None:
    ended = arazzo("run", SEARCH, "--live", *option)
    assert (ended.code, ended.err) == (2, f"error: {option[0]} is for runs on the sandbox\n")


def test_the_served_sandbox_takes_them_too(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("balance: 7\nlive-like: true\n", encoding="utf-8")
    arguments = ("--port", "0", "--scenario", scenario, "--balance", "9", "--fault", "status=503,times=1")
    with started("sandbox", *map(str, arguments)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2]
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer somebody"}) as client:
            assert [client.get("/api/v1/me").status_code for _ in range(2)] == [503, 200]
            assert client.get("/api/v1/me").json()["tier"] == "bronze"
            assert client.get("/__state").json()["accounts"][0]["balance"] == 9

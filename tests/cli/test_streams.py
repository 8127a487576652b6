"""What happens when nobody listens, when the disk is full, and when the process is told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, arazzo, documents, environment, started
from tests.shell.server import Connection, always, answer, serve

FLOW = "civitai-search-models-detail"
FULL = Path("/dev/full")


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in which `arazzo` is the command; nothing may end in a traceback or be called our bug."""
    command = " ".join(COMMAND)
    done = subprocess.run(
        ["sh", "-c", line.replace("arazzo", command)],
        capture_output=True, text=True, cwd=cwd, env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done
    assert "bug in" not in done.stderr, done
    return done


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("command", ["list", f"run {FLOW}", f"run {FLOW} --format json", f"check {FLOW}", "--help"])
def test_a_full_disk_behind_stdout_is_said(tmp_path: Path, command: str) -> None:
    done = shell(f"arazzo {command} > /dev/full", tmp_path)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")
def test_a_report_that_cannot_be_completed_is_named_and_stdout_stays_one_object(tmp_path: Path) -> None:
    done = shell(f"arazzo run {FLOW} --report junit=/dev/full --format json", tmp_path)
    assert done.returncode == 2
    assert "/dev/full" in done.stderr
    assert json.loads(done.stdout)["outcome"] == "passed"


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("line", ["arazzo run {} > /dev/full", "arazzo run {} --report junit=/dev/full > /dev/null"])
def test_where_nobody_can_be_told_the_exit_code_says_so_and_other_reports_are_written(
    tmp_path: Path, line: str
) -> None:
    done = shell(line.format(FLOW) + " --report json=r.json 2> /dev/full", tmp_path)
    assert done.returncode == 2
    assert json.loads((tmp_path / "r.json").read_text())["outcome"] == "passed"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_report_goes_into_a_pipe_that_has_no_name(tmp_path: Path) -> None:
    done = shell(f"arazzo run {FLOW} -q --report json=/dev/fd/3 3>&1 > /dev/null | cat", tmp_path)
    assert json.loads(done.stdout)["outcome"] == "passed"


def test_a_report_takes_the_place_of_a_link_that_leads_round(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert arazzo("run", FLOW, "--report", "json=a", cwd=tmp_path).code == 0
    assert json.loads((tmp_path / "a").read_text())["outcome"] == "passed"


def test_a_report_whose_reader_leaves_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    line = f"head -c 5 pipe > /dev/null & arazzo test {FLOW} --repeat 50 -q --report jsonl=pipe"
    done = shell(line, tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("the report pipe cannot be written: Broken pipe") == 1
    assert "50 passed" in done.stdout


def test_a_report_that_is_lost_in_the_middle_is_said_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    documents(tmp_path, "http://127.0.0.1:9", "  - {stepId: list, operationId: listThings}\n")
    reports = " ".join(f"--report {kind}={kind}.out" for kind in ("jsonl", "junit", "json", "html", "tap", "har"))
    limited = "ulimit -f 16; export PYTHONDONTWRITEBYTECODE=1"  # or Python cuts off the bytecode of all that it loads
    done = shell(f"{limited}; arazzo test --sandbox --repeat 400 -q {reports}", tmp_path)
    assert done.returncode == 2, done
    assert done.stderr.count("the report jsonl.out cannot be written") == 1
    assert "400 passed" in done.stdout
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith((".part", "jsonl.out"))]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_closed_streams_are_no_reason_to_fail(tmp_path: Path, closed: str) -> None:
    assert shell(f"arazzo run {FLOW} -q {closed}", tmp_path).returncode == 0


def test_a_reader_that_has_seen_enough_costs_no_report(tmp_path: Path) -> None:
    shell(f"arazzo run {FLOW} -v --report junit=r.xml | head -1", tmp_path)
    assert (tmp_path / "r.xml").exists()


def never(connection: Connection) -> None:
    connection.request()
    connection.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_says_what_may_have_arrived(tmp_path: Path, number: signal.Signals) -> None:
    with serve(never) as server:
        path = documents(tmp_path, server.url(""), "  - {stepId: create, operationId: createThing}\n")
        with started("run", path.name, "--format", "json", "--report", "junit=j.xml", cwd=tmp_path) as process:
            until = time.monotonic() + 20
            while not server.received and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number, (out, err)
    (step,) = json.loads(out)["workflows"][0]["steps"]
    assert step["request"]["method"] == "POST"
    assert step["error"]["kind"] == "cancelled"
    assert (tmp_path / "j.xml").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-i", "query=a", "-i", "query=b"], "given twice"),
        (["--timeout", "nan"], "86400"),
        (["--timeout", "1e300"], "86400"),
        (["--pace", "inf"], "86400"),
        (["-q", "-v"], "excludes"),
        (["--sandbox-balance", "-1"], "x>=0"),
        (["--source", "nope=x.yaml"], "sources there are: site"),
        (["--source-root", "nope"], "there is no such folder"),
        (["--server", "site=http://"], "write http://host:port/base"),
        (["--server", "site=http://127.0.0.1:99999"], "write http://host:port/base"),
        (["--server", "site=http://u:p@127.0.0.1/"], "no user, query or fragment"),
        (["--report", "junit=a.xml", "--report", "json=a.xml"], "another report has that path"),
        (["--report", "json=-"], "--format json"),
        (["-i", "limit=x"], "limit (integer)"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    ended = arazzo("run", FLOW, *arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


NAMING = [
    *(["run"], ["check"], ["check", FLOW], ["check", "--format", "json"], ["test"], ["doctor"], ["show"], ["submit"]),
    *(["schedule", "add", "x", "0 3 * * *"], ["sandbox"], ["replay"], ["report", "junit"], ["diff"], ["coverage"]),
]


@pytest.mark.parametrize("arguments", NAMING, ids=" ".join)
def test_an_empty_name_names_nothing(tmp_path: Path, arguments: list[str]) -> None:
    documents(tmp_path, "https://api.test", "  - {stepId: list, operationId: listThings}\n")
    ended = arazzo(*arguments, "", *([""] if arguments == ["diff"] else []), cwd=tmp_path)
    assert ended.code == 2
    assert "an empty name names nothing" in ended.err


@pytest.mark.parametrize("command", ["check x.yaml", "run --dry-run x.yaml", "test x.yaml", "show x.yaml", "doctor x"])
def test_a_working_directory_that_is_gone_is_said(tmp_path: Path, command: str) -> None:
    done = shell(f"mkdir gone && cd gone && rmdir ../gone && arazzo {command}", tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: the working directory is not there any more\n")


def test_what_needs_no_working_directory_does_without_one(tmp_path: Path) -> None:
    assert shell("mkdir gone && cd gone && rmdir ../gone && arazzo list", tmp_path).returncode == 0


def test_json_is_one_object_for_refused_options_too(tmp_path: Path) -> None:
    for arguments in (["run", FLOW, "--report", "foo"], ["run", "gone.yaml"], ["check"], ["check", "gone.yaml"]):
        ended = arazzo(*arguments, "--format", "json", cwd=tmp_path)
        assert ended.code in (2, 3)
        assert [problem["severity"] for problem in ended.json["diagnostics"]] == ["error"]


def test_a_missing_credential_is_said_with_the_name_that_would_supply_it(tmp_path: Path) -> None:
    with serve(always(answer())) as server:
        path = documents(tmp_path, server.url(""), "  - {stepId: list, operationId: listThings}\n")
        (tmp_path / "api.yaml").write_text(
            (tmp_path / "api.yaml").read_text().replace("[{Key: []}, {}]", "[{Key: []}]")
        )
        said = arazzo("run", path).err
        assert "'listThings' wants a credential that nobody gave; set ARAZZO_AUTH_KEY" in said
        assert (
            "ARAZZO_AUTH_KEYS belongs to no security scheme" in arazzo("run", path, env={"ARAZZO_AUTH_KEYS": "x"}).err
        )
        assert arazzo("run", path, env={"ARAZZO_AUTH_KEY": "x"}).err == ""


def test_the_sandbox_token_goes_to_no_other_api(tmp_path: Path) -> None:
    with serve(always(answer())) as server:
        path = documents(tmp_path, "https://api.example", "  - {stepId: list, operationId: listThings}\n")
        assert arazzo("run", path, "--server", f"api={server.url('')}").code == 0
        (received,) = server.received
    assert received.field("authorization") is None


def test_no_environment_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "run", FLOW, "-q"],
        capture_output=True,
        env={"PATH": os.defpath},
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done

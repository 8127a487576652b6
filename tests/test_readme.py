"""The README is true: its commands are run, and print what it shows. `UPDATE_GOLDEN=1` writes it anew."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import pytest
import yaml

from runner.sandbox.civitai.settings import Settings
from runner.sandbox.server import Running
from tests.cli.process import ALONE, Job, arazzo, environment, perform, started

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(\$ (?P<command>[^\n]+)\n)(?P<shown>.*?)```", re.DOTALL)
# What differs from run to run, although the clock of the sandbox is virtual: ids and times of day.
VARYING = re.compile(r"wf_\w+|\d{4}-\d\d-\d\d(T[\d:.]+Z)?|expires=\d+|\"traceId\":\"\w+\"")

# What a command writes or reads again: it belongs in a folder of the test.
WRITTEN = re.compile(r"(?<=[= ])(?:[\w-]+\.(?:xml|jsonl|html|db)\b|cassette/)")

SHOWN = list(BLOCK.finditer(TEXT))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def printed(command: str) -> str:
    """Run a command of the README in the project's folder, stdout and stderr together as a terminal shows them."""
    program, *arguments = shlex.split(command)
    assert program == "arazzo"
    terminal = environment({"PYTHONUNBUFFERED": "1"})  # there lines come in the order in which they are printed
    return perform(Job("arazzo", tuple(arguments), ROOT, terminal, merged=True)).out


def test_there_are_commands_to_run() -> None:
    assert len(SHOWN) >= 5


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block["command"])
def test_a_command_prints_what_the_readme_shows(block: re.Match[str]) -> None:
    found = printed(block["command"])
    if os.environ.get("UPDATE_GOLDEN"):
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(block.group(), f"```console\n{block[1]}{found}```"), encoding="utf-8")
        return
    assert VARYING.sub("…", found) == VARYING.sub("…", block["shown"])


@pytest.mark.parametrize("block", [each for each in blocks("sh") if "arazzo " in each])
def test_commands_whose_output_is_not_shown_are_good_as_they_stand(block: str, tmp_path: Path) -> None:
    """Run them in their order; servers serve until the last has ended."""
    at = ""
    with ExitStack() as servers:
        for line in block.splitlines():
            here = WRITTEN.sub(rf"{tmp_path}/\g<0>", line.replace("--port 8080", "--port 0"))
            program, *arguments = shlex.split(here.replace("127.0.0.1:8080", at).removesuffix("&"))
            assert program == "arazzo", line
            if arguments[0] == "sandbox":
                process = servers.enter_context(started(*arguments, cwd=ROOT))
                assert process.stdout is not None
                at = urlsplit(process.stdout.readline().split()[2]).netloc
            else:
                ended = arazzo(*arguments, cwd=ROOT, env={"XDG_STATE_HOME": str(tmp_path / "state")})
                assert ended.code in (0, 1), ended  # some show how a flow fails


def test_the_scenario_is_the_file_that_a_command_names() -> None:
    purse, teardown = map(yaml.safe_load, blocks("yaml"))
    assert purse == yaml.safe_load((ROOT / "examples/empty-purse.yaml").read_text(encoding="utf-8"))
    tidy = yaml.safe_load((ROOT / "examples/tidy.arazzo.yaml").read_text(encoding="utf-8"))
    assert teardown["x-finally"] == tidy["workflows"][0]["x-finally"]


def test_the_profile_is_one(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    (tmp_path / "arazzo.toml").write_text(block, encoding="utf-8")
    shutil.copy(certifi.where(), tmp_path / "staging-ca.pem")
    profile = ("--config", tmp_path / "arazzo.toml", "--profile", "staging")
    ended = arazzo("run", "civitai-search-models-detail", "--live", "--dry-run", "--format", "json", *profile)
    assert ended.code == 0, ended
    assert [used["url"] for used in ended.json["servers"]] == ["https://staging.example/api/v1"]


def test_the_python_runs_against_a_sandbox(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    served, embedded = (block for block in blocks("python") if "def test_" not in block)
    monkeypatch.chdir(ROOT)
    with Running(Settings()) as server:
        exec(served.replace("http://127.0.0.1:8080", server.url), {})
    assert capsys.readouterr().out == "passed SDXL 1.0\n"
    exec(embedded, {})
    outcome, last = capsys.readouterr().out.splitlines()
    assert outcome == "failed 1"
    assert last.startswith("✗ examples/stale.arazzo.yaml:13  step 'first-page': '/items/0/type' in the response body")


def test_the_tests_for_pytest_pass(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("python") if "def test_" in block)
    (tmp_path / "test_own.py").write_text(block, encoding="utf-8")
    (tmp_path / "pytest.ini").touch()
    (line,) = (line for text in blocks("sh") for line in text.splitlines() if line.startswith("pytest "))
    for arguments in (shlex.split(line)[1:], [str(tmp_path / "test_own.py")]):
        given = ("-p", "arazzo", "-q", "-c", str(tmp_path / "pytest.ini"), "-p", "no:cacheprovider", *arguments)
        ended = perform(Job("pytest", given, ROOT, environment(ALONE), merged=True))
        assert (ended.code, "1 passed" in ended.out) == (0, True), ended.out


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_makefile_has_what_the_readme_names(target: str) -> None:
    assert f"make {target}" in TEXT
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_every_bundled_flow_is_in_the_table() -> None:
    names = [path.name.removesuffix(".arazzo.yaml") for path in (ROOT / "workflows").glob("*.arazzo.yaml")]
    assert names
    assert all(f"| `{name}` |" in TEXT for name in names)


def test_what_links_within_the_readme_leads_to_a_heading() -> None:
    headings = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", TEXT, re.M)}
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", TEXT)
    assert {anchor for path, anchor in links if not path} <= headings
    assert all((ROOT / path).exists() for path, _ in links)

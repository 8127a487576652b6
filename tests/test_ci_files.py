"""The files for CI systems: of the shape that these want, and naming nothing that is not there; the scripts are run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from runner.cli import COMMANDS, cli
from runner.loader.text import read_text
from runner.source import Source
from tests.cli.process import documents, environment
from tests.shell.server import always, answer, serve

ROOT = Path(__file__).resolve().parent.parent
CI = ROOT / "examples" / "ci"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def read(path: Path) -> Any:
    """Read YAML as 1.2 has it, which the consumers do too: `on` is a word."""
    text = read_text(Source(path.as_uri(), path.name, path.read_text(encoding="utf-8")))
    assert text.problems == (), text.problems
    return text.value


ACTION = read(ROOT / "action.yml")
WORKFLOW = read(CI / "github-workflow.yml")
GITLAB = read(CI / ".gitlab-ci.yml")
DOCKERFILE = (CI / "Dockerfile").read_text(encoding="utf-8")


# "Metadata syntax reference" of GitHub Actions: what is required of a composite action.


def test_the_action_has_the_shape_of_a_composite_action() -> None:
    assert ACTION.keys() <= {"name", "author", "description", "inputs", "outputs", "runs", "branding"}
    assert ACTION["name"]
    assert ACTION["description"]
    assert ACTION["branding"]["color"] in {
        "white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark",
    }  # fmt: skip
    for name, each in ACTION["inputs"].items():
        assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
        assert each.keys() <= {"description", "required", "default", "deprecationMessage"}
        assert each["description"]
        assert isinstance(each["default"], str)
    for each in ACTION["outputs"].values():
        assert each.keys() == {"description", "value"}
    assert ACTION["runs"].keys() == {"using", "steps"}
    assert ACTION["runs"]["using"] == "composite"
    for step in ACTION["runs"]["steps"]:
        assert step.keys() <= {"name", "id", "if", "uses", "with", "run", "shell", "env", "working-directory"}
        assert ("run" in step) != ("uses" in step)
        assert ("run" in step) == ("shell" in step)
        assert "uses" not in step or re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step["uses"])


def test_the_action_uses_each_input_and_names_no_other() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    found = [expression for expression in EXPRESSION.findall(text) if expression]
    inputs = {each.removeprefix("inputs.") for each in found if each.startswith("inputs.")}
    assert inputs == set(ACTION["inputs"])
    steps = {step["id"] for step in ACTION["runs"]["steps"] if "id" in step}
    outputs = [each.split(".") for each in found if each.startswith("steps.")]
    assert {step for _, step, *_ in outputs} == steps
    script = script_of("run")
    assert all(f"{name}=" in script for *_, name in outputs)
    assert len(inputs) + len(outputs) == len(found)


def test_nothing_that_a_caller_writes_becomes_a_part_of_a_script() -> None:
    assert not any("${{" in step.get("run", "") for step in ACTION["runs"]["steps"])


def script_of(name: str) -> str:
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == name]
    script: str = step["run"]
    return script


class Done(NamedTuple):
    code: int
    out: str
    summary: str
    outputs: dict[str, str]


def shell(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `script.sh` in a folder, with `arazzo` on the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "script.sh"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=folder, check=False,
        timeout=120, env=environment({**variables, "PATH": path}),
    )  # fmt: skip


def act(folder: Path, **given: str) -> Done:
    """Run the script of the action as a runner does: `bash --noprofile --norc -eo pipefail`, inputs as variables."""
    inputs = {name: each["default"] for name, each in ACTION["inputs"].items()} | given
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "run"]
    variables = {name: inputs[EXPRESSION.sub(r"\1", value)[7:]] for name, value in step["env"].items()}
    (folder / "script.sh").write_text(step["run"], encoding="utf-8")
    files = {name: folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for file in files.values():
        file.unlink(missing_ok=True)  # each step has its own
    variables |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder)}
    done = shell(folder, {**variables, **{name: str(each) for name, each in files.items()}})
    summary, outputs = (each.read_text(encoding="utf-8") if each.exists() else "" for each in files.values())
    return Done(done.returncode, done.stdout, summary, dict(line.split("=", 1) for line in outputs.splitlines()))


LIST = "  - {stepId: list, operationId: listThings}\n"
HTML = always(answer("Content-Type: text/html", body=b"<b>&</b>", status="404 Not Found"))


@pytest.mark.parametrize("verb", ["run", "test"])
def test_the_action_passes_on_how_a_run_ends_with_annotations_a_summary_and_reports(tmp_path: Path, verb: str) -> None:
    with serve(HTML) as server:
        documents(tmp_path, server.url(""), LIST)
        failed = act(tmp_path, command=verb, paths="\n  flow.arazzo.yaml \n", sarif="reports/drift.sarif")
    assert failed.code == 1
    assert failed.outputs == {"exit-code": "1", "junit": "reports/arazzo.xml", "sarif": "reports/drift.sarif"}
    assert len(list(ET.parse(tmp_path / "reports/arazzo.xml").iter("failure"))) == 1
    (drift,) = json.loads((tmp_path / "reports/drift.sarif").read_text(encoding="utf-8"))["runs"]
    assert "contract-status" in {each["ruleId"] for each in drift["results"]}
    assert failed.summary.startswith("### ❌ F\n\n**1 ")
    assert failed.summary.count("###") == 1
    assert "error[criterion]" in failed.out
    assert "\n::error file=flow.arazzo.yaml,line=7,endLine=7,col=14," in failed.out


def test_the_action_shows_what_was_printed_where_no_annotations_are_wanted(tmp_path: Path) -> None:
    with serve(HTML) as server:
        documents(tmp_path, server.url(""), LIST)
        failed = act(tmp_path, command="run", paths="flow.arazzo.yaml", annotations="false")
    assert "::error" not in failed.out
    assert failed.summary.startswith("### arazzo: exit code 1\n\n<pre>\n")
    assert "error[criterion]" in failed.summary
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in failed.summary


def test_the_action_is_quiet_where_it_is_told_to_be(tmp_path: Path) -> None:
    documents(tmp_path, "https://things.example", LIST)
    passed = act(tmp_path, paths="flow.arazzo.yaml", args="--sandbox\n-q", junit="", summary="false")
    assert (passed.code, passed.summary) == (0, "")
    assert passed.outputs == {"exit-code": "0", "junit": "", "sarif": ""}


def test_the_action_checks_documents_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    documents(tmp_path, "https://things.example", "  - {stepId: list, operationId: listThing}\n")
    checked = act(tmp_path, command="check", paths="flow.arazzo.yaml", sarif="drift.sarif")
    assert (checked.code, checked.outputs) == (3, {"exit-code": "3", "junit": "", "sarif": ""})
    assert "\n::error file=flow.arazzo.yaml,line=7," in checked.out
    assert "unknown-operation" in checked.summary
    assert "::error" not in checked.summary
    hostile = act(tmp_path, command="run; touch owned", paths="$(touch owned)\n`touch owned`")
    assert hostile.code == 2
    assert "::error title=arazzo::command is test, run or check, and not 'run??touch?owned'" in hostile.out
    patient = act(tmp_path, command="run", paths="$(touch owned)\n`touch owned`", args="--sandbox $(touch owned)")
    assert patient.code == 2
    assert not (tmp_path / "owned").exists()


# "Workflow syntax for GitHub Actions", as far as the example goes.


def test_the_workflow_for_github_has_its_shape() -> None:
    assert WORKFLOW.keys() <= {"name", "on", "permissions", "env", "jobs", "concurrency", "defaults"}
    assert set(WORKFLOW["on"]) <= {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert all(len(each["cron"].split()) == 5 for each in WORKFLOW["on"]["schedule"])
    for job in WORKFLOW["jobs"].values():
        assert job.keys() <= {"name", "runs-on", "timeout-minutes", "steps", "strategy", "needs", "if", "env"}
        assert job["runs-on"]
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert step["uses"] == "./.arazzo" or re.fullmatch(r"(actions|github)/[\w/-]+@v\d+", step["uses"])
    paths = [step["with"]["path"] for step in steps_of(WORKFLOW) if "repository" in step.get("with", {})]
    assert paths == [".arazzo"]


def steps_of(workflow: Any) -> list[Any]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_workflow_for_github_gives_the_action_what_it_takes() -> None:
    ours = [step["with"] for step in steps_of(WORKFLOW) if step["uses"] == "./.arazzo"]
    assert len(ours) == 2
    for given in ours:
        assert given.keys() <= ACTION["inputs"].keys()
        check_command(given.get("command", "test"), [*shlex.split(given.get("args", "")), *given["paths"].split()])
    kept = [step["with"]["path"] for step in steps_of(WORKFLOW) if step["uses"].startswith("actions/upload")]
    assert all(ours[-1]["junit"].startswith(path) for path in kept)
    read = re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", (CI / "github-workflow.yml").read_text(encoding="utf-8"))
    named = {step["id"] for step in steps_of(WORKFLOW) if step["uses"] == "./.arazzo" and "id" in step}
    assert {step for step, _ in read} == named
    assert {output for _, output in read} <= ACTION["outputs"].keys()


# "CI/CD YAML syntax reference" of GitLab, as far as the example goes.


def test_the_pipeline_for_gitlab_has_its_shape() -> None:
    keywords = {"stages", "variables", "default", "include", "workflow", "image", "cache", "before_script"}
    jobs = {name: each for name, each in GITLAB.items() if name not in keywords}
    assert len(jobs) == 2
    assert GITLAB["default"].keys() <= {"image", "interruptible", "cache", "before_script", "retry", "timeout"}
    for job in jobs.values():
        assert job.keys() <= {"stage", "script", "parallel", "timeout", "artifacts", "rules", "needs", "variables"}
        assert job["stage"] in GITLAB["stages"]
        assert all(isinstance(line, str) for line in job["script"])
        artifacts = job.get("artifacts", {})
        assert artifacts.get("when", "on_success") in ("on_success", "on_failure", "always")
        for kind, report in artifacts.get("reports", {}).items():
            name = {"junit": "junit", "codequality": "gitlab"}[kind]
            assert any(f" {name}={report}" in line for line in job["script"])
            assert any(report.startswith(path) for path in artifacts["paths"])
    assert all(isinstance(each, str) for each in GITLAB["variables"].values())
    for line in (line for job in jobs.values() for line in job["script"]):
        program, verb, *arguments = shlex.split(line)
        assert program == "arazzo"
        check_command(verb, arguments)


def test_the_jobs_for_gitlab_run_and_leave_the_reports_that_it_is_told_of(tmp_path: Path) -> None:
    given = {"GITLAB_CI": "true", "CI": "true", "CI_PROJECT_DIR": str(tmp_path), "CI_NODE_INDEX": "1"}
    (tmp_path / "workflows").mkdir()
    with serve(HTML) as server:
        documents(tmp_path / "workflows", server.url(""), LIST)
        codes = {}
        for name in ("check-workflows", "test-workflows"):
            (tmp_path / "script.sh").write_text("\n".join(GITLAB[name]["script"]), encoding="utf-8")
            codes[name] = shell(tmp_path, given | {"CI_NODE_TOTAL": "1"}).returncode
    assert codes == {"check-workflows": 0, "test-workflows": 1}
    reports = GITLAB["test-workflows"]["artifacts"]["reports"]
    (failure,) = ET.parse(tmp_path / reports["junit"]).iter("failure")
    assert "404" in str(failure.get("message"))
    for complaint in json.loads((tmp_path / reports["codequality"]).read_text(encoding="utf-8")):
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= complaint.keys()
        assert (tmp_path / complaint["location"]["path"]).is_file()


def check_command(verb: str, arguments: list[str]) -> None:
    """Hold a command line against the options there are, and its paths against the files of this project."""
    with click.Context(cli) as context:
        command = cli.get_command(context, verb)  # type: ignore[attr-defined] # it is a group
    assert isinstance(command, click.Command)
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    words = iter(arguments)
    for word in words:
        if word.startswith("-"):
            option = options[word.partition("=")[0]]
            if isinstance(option, click.Option) and not option.is_flag and "=" not in word:
                next(words)
        else:
            assert (ROOT / word).exists(), word


# Dockerfile reference; and what the example promises: small, nobody's root, and no network when it starts.


def instructions() -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    for line in filter(None, joined.splitlines()):
        name, _, rest = line.partition(" ")
        yield name, rest


def test_the_image_is_small_runs_as_nobody_in_particular_and_starts_without_a_network() -> None:
    found = list(instructions())
    assert {name for name, _ in found} <= {"FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}
    bases = [rest.split()[0] for name, rest in found if name == "FROM"]
    assert all(re.fullmatch(r"python:\d+\.\d+-slim-\w+", base) for base in bases)
    last = len(found) - 1 - [name for name, _ in found][::-1].index("FROM")
    shipped = found[last:]
    assert not any("pip" in rest for name, rest in shipped if name == "RUN")
    assert [rest for name, rest in shipped if name == "USER"] == ["10001"]
    order = [name for name, _ in shipped]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert dict(shipped)["ENTRYPOINT"] == '["arazzo"]'
    assert dict(shipped)["CMD"] == '["--help"]'


def test_the_image_is_built_of_files_that_are_there_and_of_all_that_the_package_needs() -> None:
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and not rest.startswith("--from")]
    sources = [each for words in copied for each in words]
    assert all((ROOT / each).exists() for each in sources)
    assert {"pyproject.toml", "README.md", "LICENSE", "runner", "workflows", "specs"} <= set(sources)


def test_the_commands_in_the_comments_of_the_image_are_good() -> None:
    assert "docker build -f examples/ci/Dockerfile" in DOCKERFILE
    (command,) = re.findall(r" arazzo (run [^\n]*)$", DOCKERFILE, re.MULTILINE)
    assert command.split()[0] in COMMANDS

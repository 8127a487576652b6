"""`arazzo check`: which documents are checked, how what is found is printed, and what `--fix` writes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import arazzo, documents, on_terminal

WRONG = """\
  - stepId: list   # all of them
    operationId: listThings
    successCriteria:
    - condition: '{$statusCode} == 200'  # why not
"""
RIGHT = WRONG.replace("{$statusCode}", "$statusCode")
BROKEN = "  - {stepId: list, operationId: listThing}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with three documents in folders of their own, one of which is nobody's business."""
    for name, steps in (("good", RIGHT), ("odd", WRONG), ("node_modules", BROKEN)):
        (tmp_path / name).mkdir()
        documents(tmp_path / name, "https://things.test", steps)
    return tmp_path


def checked(*targets: object, cwd: Path, exclude: str = "") -> list[str]:
    """Give the documents that have a warning or an error, as they are shown."""
    options = ["--exclude", exclude] if exclude else []
    ended = arazzo("check", *targets, *options, "--format", "json", cwd=cwd)
    return sorted({each["file"] for each in ended.json["diagnostics"]})


ODD = "odd/flow.arazzo.yaml"
NAMED: dict[str, tuple[list[str], str, list[str]]] = {
    "a folder": (["."], "", [ODD]),
    "a pattern": (["**/*.yaml"], "", [ODD]),
    "one with a folder": (["o*/*.arazzo.*"], "", [ODD]),
    "one with a choice": (["[no]*/flow.arazzo.yaml"], "", [ODD]),
    "a folder that is left out otherwise": (["node_modules"], "", ["node_modules/flow.arazzo.yaml"]),
    "a file twice": ([ODD, "./" + ODD], "", [ODD]),
    "a file and its folder": ([ODD, "odd"], "", [ODD]),
    "all but a folder": (["."], "odd", []),
    "all but a path": (["."], "odd/*", []),
}


@pytest.mark.parametrize(("targets", "exclude", "expected"), NAMED.values(), ids=NAMED.keys())
def test_documents_are_found(folder: Path, targets: list[str], exclude: str, expected: list[str]) -> None:
    assert checked(*targets, cwd=folder, exclude=exclude) == expected


REFUSED = {
    "nothing": ([], "nothing to check"),
    "a pattern that matches nothing": (["x*/**"], "'x*/**' names no Arazzo document"),
    "one that matches other files": (["**/api.yaml"], "2 other files match"),
    "another kind of file": (["notes.md"], "notes.md is no Arazzo document"),
    "a folder without documents": (["empty"], "there is no Arazzo document in empty"),
    "standard input among files": (["-", ODD], "'-' stands alone"),
    "two wishes": (["--fix", "--diff", ODD], "--fix excludes --diff"),
    "a diff in another form": (["--diff", "--format", "json", ODD], "--diff excludes --format json"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_names_no_document_is_refused(folder: Path, arguments: list[str], message: str) -> None:
    (folder / "notes.md").write_text("# Notes\n", encoding="utf-8")
    (folder / "empty").mkdir()
    ended = arazzo("check", *arguments, cwd=folder)
    assert ended.code == 2
    assert message in ended.err


def test_an_api_description_that_is_named_gets_a_pointed_message(folder: Path) -> None:
    ended = arazzo("check", "odd/api.yaml", "--format", "concise", cwd=folder)
    assert ended.code == 3
    assert "error[not-arazzo]: this is an openapi description, not an Arazzo document" in ended.out


def test_what_is_found_is_printed_on_a_line_each(folder: Path) -> None:
    ended = arazzo("check", ".", "--format", "concise", cwd=folder)
    assert ended.out == (
        f"{ODD}:10:19: warning[braced-operand]: an expression that stands alone takes no braces\n"
        "2 documents checked: 1 warning\n"
    )
    assert arazzo("check", ".", "--strict", cwd=folder).code == 3


def test_json_holds_what_a_program_needs(folder: Path) -> None:
    assert arazzo("check", ODD, "--format", "json", cwd=folder).json == {
        "diagnostics": [
            {
                "rule": "braced-operand",
                "severity": "warning",
                "message": "an expression that stands alone takes no braces",
                "file": ODD,
                "line": 10,
                "column": 19,
                "end_line": 10,
                "end_column": 32,
                "suggestion": "write $statusCode",
                "fixable": True,
            }
        ]
    }


ANNOTATION = (
    f"::warning file={ODD},line=10,endLine=10,col=19,endColumn=32,title=braced-operand::"
    "an expression that stands alone takes no braces%0Ahelp: write $statusCode"
)


def test_github_is_given_annotations(folder: Path) -> None:
    assert arazzo("check", ".", "--format", "github", cwd=folder).out == ANNOTATION + "\n"


def test_in_githubs_ci_annotations_follow_what_a_person_reads(folder: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder.parent)}
    out = arazzo("check", ".", cwd=folder, env=env).out
    assert out.startswith("warning[braced-operand]: ")
    assert out.endswith(ANNOTATION.replace("file=", f"file={folder.name}/") + "\n")
    assert "::warning" not in arazzo("check", ".", "--format", "full", cwd=folder, env=env).out


def test_a_fix_keeps_what_it_is_not_about(folder: Path) -> None:
    path = folder / ODD
    path.chmod(0o640)
    text = path.read_text(encoding="utf-8")
    ended = arazzo("check", ".", "--fix", "--strict", cwd=folder)
    assert (ended.code, ended.out) == (0, f"{ODD}: 1 problem fixed\n2 documents checked: no problems\n")
    assert path.read_text(encoding="utf-8") == text.replace("'{$statusCode} ", "'$statusCode ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(each.name for each in path.parent.iterdir()) == ["api.yaml", "flow.arazzo.yaml"]


@pytest.mark.parametrize(
    ("encoding", "eol"), [("utf-8-sig", "\r\n"), ("utf-16", "\n"), ("utf-8", "\r\n"), ("utf-8", "\r")]
)
def test_a_fix_keeps_encoding_and_line_ends(folder: Path, encoding: str, eol: str) -> None:
    path = folder / ODD
    text = path.read_text(encoding="utf-8").replace("\n", eol)
    path.write_bytes(text.encode(encoding))
    assert arazzo("check", ODD, "--fix", cwd=folder).code == 0
    assert path.read_bytes() == text.replace("{$statusCode}", "$statusCode").encode(encoding)


@pytest.mark.parametrize(
    "target", ["nowhere.yaml", "lost.arazzo.yaml", "x" * 300], ids=["nothing", "itself", "what nobody can look at"]
)
def test_a_link_that_leads_nowhere_is_told_and_the_others_are_checked(folder: Path, target: str) -> None:
    (folder / "lost.arazzo.yaml").symlink_to(target)
    (folder / ".#flow.arazzo.yaml").symlink_to("somebody@there.1234")  # an editor is open
    ended = arazzo("check", ".", "--format", "concise", cwd=folder)
    assert ended.code == 3, ended.err
    assert "lost.arazzo.yaml:1:1: error[unreadable-document]" in ended.out
    assert "did you mean" not in ended.out.splitlines()[0]
    assert f"{ODD}:" in ended.out
    assert ".#flow" not in ended.out


def test_a_fix_goes_through_a_link(folder: Path) -> None:
    link = folder / "link.arazzo.yaml"
    link.symlink_to(ODD)
    assert arazzo("check", "link.arazzo.yaml", "--fix", "--source", "api=odd/api.yaml", cwd=folder).code == 0
    assert link.is_symlink()
    assert "'$statusCode == 200'" in (folder / ODD).read_text(encoding="utf-8")


def test_a_file_that_is_read_only_is_left_alone(folder: Path) -> None:
    path = folder / ODD
    path.chmod(0o444)
    ended = arazzo("check", ODD, "--fix", cwd=folder)
    assert ended.code == 2
    assert f"error: {ODD} cannot be written: it is read-only" in ended.err


def test_what_cannot_be_fixed_says_why_and_remains(folder: Path) -> None:
    path = folder / ODD
    text = path.read_text(encoding="utf-8")
    text = text.replace("condition: '{$statusCode} == 200'", "condition: &it '{$statusCode} == 200'")
    path.write_text(text + "    description: *it\n", encoding="utf-8")
    ended = arazzo("check", ODD, "--fix", cwd=folder)
    assert "= note: --fix leaves this as it is: an alias refers to what would change" in ended.out
    assert path.read_text(encoding="utf-8") == text + "    description: *it\n"


def test_a_diff_shows_what_a_fix_would_write_and_writes_nothing(folder: Path) -> None:
    path = folder / ODD
    before = path.read_text(encoding="utf-8")
    ended = arazzo("check", ".", "--diff", cwd=folder)
    assert ended.code == 1
    assert ended.err == "1 problem would be fixed in 1 file\n"
    assert path.read_text(encoding="utf-8") == before
    subprocess.run(["patch", "-p0"], input=ended.out, text=True, cwd=folder, check=True, capture_output=True)
    assert path.read_text(encoding="utf-8") == before.replace("{$statusCode}", "$statusCode")
    again = arazzo("check", ".", "--diff", cwd=folder)
    assert (again.code, again.out) == (0, "")


def test_what_a_fix_leaves_decides_the_exit_code(folder: Path) -> None:
    documents(folder / "odd", "https://things.test", WRONG + BROKEN.replace("list,", "more,"))
    ended = arazzo("check", ODD, "--diff", cwd=folder)
    assert ended.code == 3
    assert "error[unknown-operation]" in ended.err
    ended = arazzo("check", ODD, "--fix", cwd=folder)
    assert ended.code == 3
    assert "1 problem fixed" in ended.out
    assert "1 document checked: 1 error" in ended.out


def test_standard_input_is_a_document_in_the_working_directory(folder: Path) -> None:
    text = (folder / ODD).read_text(encoding="utf-8")
    ended = arazzo("check", "-", "--format", "concise", cwd=folder / "odd", stdin=text)
    assert ended.out.startswith("<stdin>:10:19: warning[braced-operand]")
    fixed = arazzo("check", "-", "--fix", cwd=folder / "odd", stdin=text)
    assert (fixed.code, fixed.out) == (0, text.replace("{$statusCode}", "$statusCode"))
    assert arazzo("check", "-", "--fix", cwd=folder / "odd", stdin=fixed.out).out == fixed.out


def test_a_document_that_two_others_use_is_fixed_once(folder: Path) -> None:
    main = (
        "arazzo: 1.0.1\ninfo: {title: F, version: '1'}\n"
        "sourceDescriptions: [{name: shared, url: odd/flow.arazzo.yaml, type: arazzo}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: a, workflowId: $sourceDescriptions.shared.flow}]}]\n"
    )
    for name in ("one", "two"):
        (folder / f"{name}.arazzo.yaml").write_text(main, encoding="utf-8")
    ended = arazzo("check", "one.arazzo.yaml", "two.arazzo.yaml", "--fix", "--strict", cwd=folder)
    assert (ended.code, ended.out) == (0, f"{ODD}: 1 problem fixed\n2 documents checked: no problems\n")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Give a folder with more documents than one process checks alone."""
    for number in range(40):
        steps = RIGHT if number % 3 else WRONG if number % 2 else BROKEN
        documents(tmp_path, "https://things.test", steps, name=f"flow{number}")
    return tmp_path


def test_many_documents_say_the_same_however_many_processes_check_them(many: Path) -> None:
    alone = arazzo("check", ".", "--jobs", "1", "--format", "json", cwd=many)
    together = arazzo("check", ".", "--jobs", "3", "--format", "json", cwd=many)
    assert (together.code, together.out) == (alone.code, alone.out)
    assert len(together.json["diagnostics"]) == 14


def test_many_documents_are_fixed(many: Path) -> None:
    ended = arazzo("check", ".", "--jobs", "2", "--fix", "--format", "concise", cwd=many)
    assert ended.out.count("1 problem fixed") == 7
    assert ended.out.endswith("40 documents checked: 7 errors\n")


def test_progress_is_shown_on_a_terminal_and_leaves_nothing(many: Path) -> None:
    code, shown = on_terminal("check", ".", "--jobs", "2", react=lambda _: None, cwd=many, env={"TERM": "xterm"})
    assert code == 3
    assert "checking 40/40" in shown
    assert shown.index("\033[K") > shown.rindex("checking")


def test_an_output_that_nobody_reads_to_its_end_is_no_failure(many: Path) -> None:
    ended: subprocess.CompletedProcess[Any] = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m runner check . --format json | head -1"],
        cwd=many,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (ended.stdout, ended.stderr) == ("{\n", "")


def test_sarif_is_relative_to_the_checkout(folder: Path) -> None:
    run = arazzo("check", ".", "--format", "sarif", cwd=folder).json["runs"][0]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": ODD, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 10, "startColumn": 19, "endLine": 10, "endColumn": 32}
    assert str(folder) not in json.dumps(run)

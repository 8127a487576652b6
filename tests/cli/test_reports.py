"""Every kind of report, live and made afterwards: the same text, no secret, and no more memory for more cases."""

from __future__ import annotations

import base64
import gc
import io
import json
import tracemalloc
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, quote_plus

import pytest

from runner.cli.kinds import KINDS
from runner.cli.outlets import Outlets
from runner.cli.report import UNKNOWABLE
from runner.cli.terminal import Terminal
from runner.diagnostics import Diagnostic, Fix, Rename, Rewrite
from runner.engine.events import CaseFinished, Entry
from runner.reporters import files
from runner.reporters.files import FileReport
from runner.reporters.html import report as html
from runner.reporters.jsonl import open_record
from runner.reporters.junit import JUnitForm
from runner.reporters.reporter import Broadcast, Reporter
from runner.reporters.style import Style
from tests.cli.process import Ended, arazzo, documents
from tests.reporters.story import SECRET, span, story
from tests.reporters.suite import many, suite
from tests.shell.server import always, answer, refused_port, serve

KNOWABLE = [kind for kind in KINDS if kind not in UNKNOWABLE]
FOUND = (
    Diagnostic("unknown-step", "error", "there is no step 'x'", span("stepId: pay"), fix=Fix("call it 'pay'")),
    Diagnostic(
        "misspelt", "warning", "m", span("stepId: fetch"),
        notes=("n",), fix=Fix("f", (Rename("/a", "b"), Rewrite("/c", [1, {"d": None}]))),
    ),
)  # fmt: skip


def terminal(out: io.StringIO | None = None, **environ: str) -> Terminal:
    stream = out or io.StringIO()
    return Terminal(environ, stream, io.StringIO(), Style(), Style(), live=False)


def outlets(diagnostics: Iterable[Diagnostic] = (), unit: str = "step") -> Outlets:
    found = Outlets(terminal(), [], False, "normal", "flows/pets.arazzo.yaml", tuple(diagnostics))
    found.junit_form = JUnitForm("extended", unit)  # type: ignore[arg-type]
    return found


def live(kind: str, entries: Iterable[Entry], made: Outlets) -> str:
    stream = io.StringIO()
    report = Broadcast([KINDS[kind](stream, made)])
    for entry in entries:
        report.tell(entry)
    report.close()
    return stream.getvalue()


def later(kind: str, entries: Iterable[Entry], made: Outlets) -> str:
    """Make a report of a record of the run, with nothing else known of it."""
    record = open_record(io.StringIO(live("jsonl", entries, made)))
    known = Outlets(terminal(), [], False, "normal", record.document, record.diagnostics)
    known.junit_form = made.junit_form
    return live(kind, record.entries, known)


STORIES = {"story": story(), "suite": suite(), "broken off": story()[:25], "suite broken off": suite()[:45]}


@pytest.mark.parametrize("entries", STORIES.values(), ids=STORIES.keys())
@pytest.mark.parametrize("kind", KNOWABLE)
def test_a_report_made_afterwards_is_the_one_written_live(kind: str, entries: list[Entry]) -> None:
    text = live(kind, entries, outlets())
    assert later(kind, entries, outlets()) == text
    assert text or kind == "github"


def test_so_is_that_of_workflows() -> None:
    made = outlets(unit="workflow")
    assert later("junit", suite(), made) == live("junit", suite(), made) != live("junit", suite(), outlets())


# A page draws the lines around a place as well, and a record has the place's own.
@pytest.mark.parametrize("kind", [kind for kind in KNOWABLE if kind != "html"])
def test_why_nothing_ran_is_known_afterwards_too(kind: str) -> None:
    assert later(kind, [], outlets(FOUND)) == live(kind, [], outlets(FOUND))


FORMS = {
    "as it is": SECRET,
    "percent-encoded": quote(SECRET, safe=""),
    "form-encoded": quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "escaped in JSON": json.dumps(SECRET).replace("/", "\\/").strip('"'),
    "a token": "tok-12345678",
}


@pytest.mark.parametrize("kind", KNOWABLE)
def test_no_form_of_a_secret_is_in_any_report(kind: str) -> None:
    for entries in (
        story(),
        suite(),
        list(many(12, f'{{"note": "{SECRET} {FORMS["base64"]} {FORMS["percent-encoded"]}"}}')),
    ):
        text = live(kind, entries, outlets())
        assert [name for name, form in FORMS.items() if form in text] == []


def _made(kind: str, made: Outlets, stream: TextIO) -> Reporter:
    return KINDS[kind](stream, made)


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SPOOL_LIMIT", 1024)  # so that a few cases are enough to be beyond it
    monkeypatch.setattr(html, "IN_MEMORY", 1024)
    made = outlets()
    broadcast = Broadcast([FileReport(tmp_path / kind, partial(_made, kind, made)) for kind in KNOWABLE])
    held, cases = [], 0
    tracemalloc.start()
    try:
        for entry in many(500, '{"state": "' + "x" * 1_200 + '"}'):
            broadcast.tell(entry)
            cases += isinstance(entry.event, CaseFinished)
            if cases in (200, 500) and isinstance(entry.event, CaseFinished):
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    broadcast.close()
    assert held[1] - held[0] < 40_000
    assert (tmp_path / "jsonl").stat().st_size > 1_500_000


# The commands

LIST = (
    "  - {stepId: list, operationId: listThings, outputs: {ok: $response.body#/ok}, "
    "successCriteria: [{condition: $response.body#/ok == true}]}\n"
)
OK = answer("Content-Type: application/json", body=b'{"ok": true}')
BAD = answer("Content-Type: application/json", body=b'{"ok": false}')


def recorded(folder: Path, reply: bytes, name: str = "run.jsonl", *more: object) -> Ended:
    with serve(always(reply)) as server:
        path = documents(folder, server.url(""), LIST)
        return arazzo("run", path.name, "--report", f"jsonl={name}", *more, cwd=folder)


def test_a_report_is_made_of_a_record(tmp_path: Path) -> None:
    recorded(
        tmp_path,
        BAD,
        "run.jsonl",
        "--report",
        "junit=live.xml",
        "--junit-unit",
        "workflow",
        "--junit-dialect",
        "strict",
    )
    form = ("--junit-unit", "workflow", "--junit-dialect", "strict")
    ended = arazzo("report", "junit", "run.jsonl", *form, cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (tmp_path / "live.xml").read_text(encoding="utf-8")
    assert arazzo("report", "junit", "run.jsonl", "-o", "deep/later.xml", *form, cwd=tmp_path).out == ""
    assert (tmp_path / "deep/later.xml").read_text(encoding="utf-8") == ended.out
    record = (tmp_path / "run.jsonl").read_text(encoding="utf-8")
    assert arazzo("report", "junit", "-", *form, cwd=tmp_path, stdin=record).out == ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "junti", "run.jsonl"), "there is no report 'junti'"),
        (("report", "coverage", "run.jsonl"), "a coverage report cannot be made of a run record"),
        (("report", "tap", "gone.jsonl"), "gone.jsonl cannot be read: no such file"),
        (("report", "tap", "flow.arazzo.yaml"), "flow.arazzo.yaml: this is not a run record"),
        (("diff", "run.jsonl", "gone.jsonl"), "gone.jsonl cannot be read"),
        (("report", "tap", "run.jsonl", "-o", "flow.arazzo.yaml/x"), "error: flow.arazzo.yaml/x cannot be written"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    recorded(tmp_path, OK)
    ended = arazzo(*arguments, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def lines_of(folder: Path) -> list[str]:
    return (folder / "run.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{oops\n", "line 4 of the run record cannot be read: Expecting property name"),
        ("\xff\n", "line 4 of the run record cannot be read"),
        ('{"at": 1}\n', "'event' is missing"),
        ('{"event": "RunFinished", "outcome": "passed"}\n', "'at' is missing"),
        ('{"at": 1e300, "event": "RunFinished", "outcome": "passed"}\n', "'at' is not a time"),
    ],
)
def test_a_broken_line_is_named_and_the_old_report_stays(tmp_path: Path, line: str, said: str) -> None:
    recorded(tmp_path, OK)
    kept = lines_of(tmp_path)
    kept[3] = line
    (tmp_path / "run.jsonl").write_text("".join(kept), encoding="latin-1")
    (tmp_path / "old.tap").write_text("old", encoding="utf-8")
    for arguments in (("report", "tap", "run.jsonl", "-o", "old.tap"), ("diff", "run.jsonl", "run.jsonl")):
        ended = arazzo(*arguments, cwd=tmp_path)
        assert ended.code == 2
        assert "run.jsonl: line 4" in ended.err
        assert said in ended.err
    assert (tmp_path / "old.tap").read_text(encoding="utf-8") == "old"


def test_a_record_that_was_cut_off_is_reported_as_far_as_it_goes_with_a_warning(tmp_path: Path) -> None:
    recorded(tmp_path, OK)
    kept = lines_of(tmp_path)
    path = tmp_path / "run.jsonl"
    path.write_text("".join(kept[:5])[:-10], encoding="utf-8")
    ended = arazzo("report", "tap", path.name, cwd=tmp_path)
    assert ended.code == 0
    assert "run.jsonl ends in the midst of line 5: the run was broken off there" in ended.err
    assert "not ok 1 - flow" in ended.out
    path.write_text("".join(kept[:-1]), encoding="utf-8")
    ended = arazzo("report", "tap", path.name, cwd=tmp_path)
    assert "run.jsonl has no end" in ended.err


def test_what_got_worse_fails_the_comparison(tmp_path: Path) -> None:
    recorded(tmp_path, OK, "good.jsonl")
    recorded(tmp_path, BAD, "bad.jsonl")
    worse = arazzo("diff", "good.jsonl", "bad.jsonl", cwd=tmp_path)
    assert worse.code == 1
    assert "list: output 'ok': true → false" in worse.out
    assert "passed → failed" in worse.out
    assert "1 case worse" in worse.out
    assert arazzo("diff", "bad.jsonl", "good.jsonl", cwd=tmp_path).code == 0
    assert arazzo("diff", "good.jsonl", "good.jsonl", cwd=tmp_path).out == "1 case as before\n"
    data = arazzo("diff", "good.jsonl", "bad.jsonl", "--format", "json", cwd=tmp_path)
    assert data.code == 1
    assert data.json["worse"] is True
    assert data.json["before"] == {"file": "good.jsonl", "cases": 1, "red": 0}
    assert {(each["what"], each["trend"]) for each in data.json["changes"]} >= {
        ("outcome", "worse"), ("output", "changed"),
    }  # fmt: skip


def test_a_run_that_never_began_cannot_be_compared(tmp_path: Path) -> None:
    recorded(tmp_path, OK, "good.jsonl")
    (tmp_path / "flow.arazzo.yaml").write_text("arazzo: 1.0.1\n", encoding="utf-8")
    arazzo("run", "flow.arazzo.yaml", "--report", "jsonl=none.jsonl", cwd=tmp_path)
    ended = arazzo("diff", "good.jsonl", "none.jsonl", cwd=tmp_path)
    assert ended.code == 2
    assert "none.jsonl: nothing ran" in ended.err
    assert "testsuites" in arazzo("report", "junit", "none.jsonl", cwd=tmp_path).out


def test_annotations_go_to_stdout_and_the_summary_to_where_github_reads_it(tmp_path: Path) -> None:
    step = tmp_path / "step"
    step.write_text("before\n", encoding="utf-8")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(step), "GITHUB_WORKSPACE": str(tmp_path.parent)}
    with serve(always(BAD)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        ended = arazzo("run", path.name, "--report", "github=-", cwd=tmp_path, env=env)
        plain = arazzo("run", path.name, cwd=tmp_path, env=env)
    assert f"\n::error file={tmp_path.name}/flow.arazzo.yaml,line=" in ended.out
    text = step.read_text(encoding="utf-8")
    assert text.startswith("before\n### ❌ ")
    assert text.count("###") == 1  # nobody asked for it in the second run
    assert "::error" not in plain.out


def test_two_cannot_write_to_stdout(tmp_path: Path) -> None:
    ended = arazzo("run", "civitai-search-models-detail", "--report", "github=-", "--format", "json", cwd=tmp_path)
    assert ended.code == 2
    assert "would both write to standard output" in ended.err
    assert ended.json["diagnostics"][0]["rule"] == "refused"


def test_every_kind_is_written_where_no_request_is_answered(tmp_path: Path) -> None:
    path = documents(tmp_path, f"http://127.0.0.1:{refused_port()}", LIST)
    reports = [word for kind in KINDS for word in ("--report", f"{kind}=out/{kind}")]
    assert arazzo("run", path.name, *reports, cwd=tmp_path).code == 4
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == sorted(KINDS)
    assert all((tmp_path / "out" / kind).stat().st_size for kind in KINDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "coverage"])
@pytest.mark.parametrize("entries", [[*story()], [*suite()]], ids=["a run", "a suite"])
def test_a_record_with_a_hole_is_reported_all_the_same(kind: str, entries: list[Entry]) -> None:
    first, *others = entries
    for kept in range(1, len(others), 9):
        assert live(kind, [first, *others[kept:]], outlets()) or kind == "github"  # which says nothing of what passed

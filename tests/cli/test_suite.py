"""`arazzo test` as a process: what is selected, what is said, how it ends, and what side by side changes: nothing."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.process import Ended, arazzo, documents, on_terminal, started
from tests.shell.server import Connection, always, answer, refused_port, serve

OK = answer("Content-Type: application/json", body=b'{"ok": true}')
NOWHERE = "http://127.0.0.1:9"
CALL = "steps: [{stepId: s, operationId: listThings}]"
FAILING = "steps: [{stepId: s, operationId: listThings, successCriteria: [{condition: $statusCode == 299}]}]"
WITH_INPUTS = (
    "inputs: {type: object, required: [id], properties: {"
    "id: {type: integer, maximum: 9}, key: {type: string, format: password}}}\n"
    "steps: [{stepId: s, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}]"
)


def flows(folder: Path, workflows: dict[str, str], *, server: str = NOWHERE, name: str = "flow") -> Path:
    """Write a document of several workflows, each by its id with the rest of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = documents(folder, server, "", name=name)
    text = path.read_text().partition("- workflowId")[0].replace("url: api.yaml", "url: ./api.yaml")
    for key, rest in workflows.items():
        text += f"- workflowId: {key}\n" + "".join(f"  {line}\n" for line in rest.splitlines())
    path.write_text(text)
    return path


def told(folder: Path) -> list[tuple[str, str]]:
    """Give the cases of run.jsonl, each with how it came out."""
    events = map(json.loads, (folder / "run.jsonl").read_text().splitlines())
    return [
        (event["case"]["name"], event.get("outcome", "skipped"))
        for event in events
        if event.get("event") in ("CaseFinished", "CaseSkipped")
    ]


def suite(folder: Path, *arguments: object) -> Ended:
    return arazzo("test", *arguments, "--report", "jsonl=run.jsonl", cwd=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two documents with workflows of all kinds; `helper` is called by `caller`, `list` is in both."""
    flows(
        tmp_path,
        {
            "list": f"x-tags: [smoke, quick]\n{CALL}",
            "helper": f"x-tags: [smoke]\n{CALL}",
            "caller": "steps: [{stepId: s, workflowId: helper}]",
        },
        name="one",
    )
    flows(tmp_path / "more", {"list": CALL, "last": f"x-tags: quick\n{CALL}"}, name="two")
    return tmp_path


SELECTED = {
    "everything below here that nobody else calls": ("", "two/list last one/list caller"),
    "a folder": ("more", "list last"),
    "a pattern": ("**/o*.yaml", "list caller"),
    "documents once, in the order of their names": ("more one.arazzo.yaml .", "two/list last one/list caller"),
    "a workflow of any document": ("-w list", "two/list one/list"),
    "several workflows, also called ones": ("-w helper -w last", "last helper"),
    "a tag, also of called ones": ("--tag smoke", "list helper"),
    "one of several tags": ("--tag smoke --tag quick", "last list helper"),
    "a workflow of a tag": ("--tag quick -w last", "last"),
    "the workflow at a line": ("one.arazzo.yaml:9", "helper"),
    "those at several lines": ("one.arazzo.yaml:12 one.arazzo.yaml:5", "list caller"),
    "a whole document, although a line is named too": ("one.arazzo.yaml:9 one.arazzo.yaml", "list caller"),
    "without what is left out": ("--exclude more", "list caller"),
    "every second case": ("--shard 1/2", "two/list one/list"),
    "the other ones": ("--shard 2/2", "last caller"),
    "each case several times": ("more --repeat 2", "list list_#2 last last_#2"),
}


@pytest.mark.parametrize(("arguments", "names"), SELECTED.values(), ids=SELECTED.keys())
def test_what_is_selected_is(project: Path, arguments: str, names: str) -> None:
    ended = suite(project, *arguments.split(), "--sandbox")
    assert ended.code == 0, ended
    assert told(project) == [(name.replace("_", " "), "passed") for name in names.split()]


REFUSED = {
    "an unknown workflow": ("-w lst", 2, "there is no workflow 'lst'\ndid you mean 'list'?"),
    "an unknown tag": ("--tag slow", 2, "there is no tag 'slow'\ntags there are: quick, smoke"),
    "a line without a workflow": ("one.arazzo.yaml:2", 2, "no workflow stands at one.arazzo.yaml:2"),
    "a selection of nothing": ("-w caller --tag quick", 2, "nothing is selected"),
    "an empty shard": ("more --shard 3/3", 2, "fewer cases than shards"),
    "no shard": ("--shard 3/2", 2, "write K/N"),
    "no rate": ("--rate fast", 2, "write N/s"),
    "a rate for the sandbox": ("--rate 5/s", 2, "all of these go to the sandbox"),
    "no jobs": ("--jobs 0", 2, "neither 'auto' nor a number"),
    "a folder without documents": ("empty", 2, "there is no Arazzo document in empty"),
    "a name of nothing": ("nothing", 2, "there is no file and no bundled workflow 'nothing'"),
    "no rows": ("--rows empty.jsonl", 2, "there is no row in empty.jsonl"),
    "a column that no workflow knows": ("--rows strange.csv", 2, "declares the input 'nmae'"),
    "an input that no workflow knows": ("-i x=1", 2, "there is no input 'x'"),
    "an invalid document": ("broken.yaml .", 3, "broken.yaml:"),
}


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_run_is_refused_and_the_reports_say_so(
    project: Path, arguments: str, code: int, said: str
) -> None:
    (project / "empty").mkdir()
    (project / "empty.jsonl").write_text("")
    (project / "strange.csv").write_text("nmae\nx\n")
    (project / "broken.yaml").write_text("arazzo: 1.0.1\nworkflows: 3\n")
    ended = suite(project, *arguments.split(), "--sandbox")
    assert ended.code == code, ended
    assert said in ended.err
    assert ended.out == ""


def test_one_invalid_document_is_enough_that_nothing_is_sent(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""), name="good")
        flows(tmp_path, {"list": CALL.replace("listThings", "nothing")}, server=server.url(""), name="worse")
        ended = arazzo("test", cwd=tmp_path)
        assert server.received == []
    assert ended.code == 3
    assert "worse.arazzo.yaml:6" in ended.err


def test_a_green_suite_is_a_line_for_each_document_and_a_summary(project: Path) -> None:
    ended = arazzo("test", "--sandbox", cwd=project)
    assert (ended.code, ended.err) == (0, "note: 1 warning of the documents: arazzo check draws them\n")
    assert ended.out.splitlines() == [
        "  api  sandbox instead of http://127.0.0.1:9",
        "✓ more/two.arazzo.yaml  2 passed  40 ms",
        "✓ one.arazzo.yaml  2 passed  40 ms",
        "",
        "4 passed · 4 requests · 20 ms",
    ]
    quiet = arazzo("test", "--sandbox", "--quiet", "--exclude", "more", cwd=project)
    assert quiet.out == "2 passed · 2 requests · 20 ms\n"


def test_a_failure_is_drawn_at_its_line_and_said_again_at_the_end(tmp_path: Path) -> None:
    flows(tmp_path, {"good": CALL, "bad": FAILING})
    ended = arazzo("test", "--sandbox", cwd=tmp_path)
    assert ended.code == 1
    assert "✗ bad  flow.arazzo.yaml:7" in ended.out
    assert "--> flow.arazzo.yaml:8:" in ended.out
    assert "299}]}]\n" in ended.out
    assert ended.out.splitlines()[-5:-2] == [
        "✗ flow.arazzo.yaml  1 passed, 1 failed  40 ms",
        "",
        "✗ bad  flow.arazzo.yaml:8  step 's': $statusCode == 299 is not met: it is 200",
    ]
    assert ended.out.splitlines()[-1] == "1 passed, 1 failed · 2 requests · 20 ms"


def test_verbose_shows_each_case_as_run_shows_it(tmp_path: Path) -> None:
    flows(tmp_path, {"good": CALL})
    ended = arazzo("test", "--sandbox", "--verbose", cwd=tmp_path)
    assert "    GET http://127.0.0.1:9/things → 200 OK  20 ms\n" in ended.out
    assert "✓ s  GET /things → 200" in ended.out


ROWS = "name,id,key\nalice,1,hunter2a\nbob,x,hunter2b\ncarl,2\ndora,99,hunter2d\n,,hunter2e\n"
BY_ROW = [
    ("get[alice]", "passed"),
    ("get[bob]", "error"),
    ("get[3]", "error"),
    ("get[dora]", "error"),
    ("get[5]", "passed"),
]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_each_row_is_a_case_and_a_bad_one_is_said_by_its_line(tmp_path: Path, jobs: str) -> None:
    flows(tmp_path, {"get": WITH_INPUTS})
    (tmp_path / "rows.csv").write_text(ROWS)
    ended = suite(
        tmp_path, "--sandbox", "--rows", "rows.csv", "-j", jobs, "-i", "id=3", "-v",
        "--report", "junit=j.xml", "--report", "json=r.json",
    )  # fmt: skip
    assert ended.code == 1
    assert told(tmp_path) == BY_ROW
    assert '✗ get[bob]  rows.csv:3: id: must be integer, is "x"' in ended.out
    assert "✗ get[3]  rows.csv:4: it has 2 fields, and the header 3" in ended.out
    assert "✗ get[dora]  rows.csv:5: id: must be at most 9, is 99" in ended.out
    assert "/things/1 →" in ended.out
    assert "/things/3 →" in ended.out, "an empty field leaves an input as it is given otherwise"
    every = (
        ended.out
        + ended.err
        + "".join(
            (tmp_path / name).read_text() for name in ("run.jsonl", "j.xml", "r.json", ".arazzo/last-failed.json")
        )
    )
    assert "hunter2" not in every


def test_a_row_wins_over_inputs_of_every_other_kind(tmp_path: Path) -> None:
    flows(tmp_path, {"get": WITH_INPUTS})
    (tmp_path / "arazzo.toml").write_text("default-profile = 'p'\n[profile.p.inputs]\nid = 1\n")
    (tmp_path / "inputs.yaml").write_text("id: 2\n")
    (tmp_path / "rows.jsonl").write_text('{"case": "own", "id": 4}\n{"case": "none"}\n{"case": "odd", "idd": 1}\n')
    ended = suite(tmp_path, "--sandbox", "--inputs", "inputs.yaml", "--rows", "rows.jsonl", "-v")
    assert ended.code == 1
    assert told(tmp_path) == [("get[own]", "passed"), ("get[none]", "passed"), ("get[odd]", "error")]
    assert re.findall(r"GET \S+/things/(\d)", ended.out) == ["4", "2"]
    assert "rows.jsonl:3: no workflow to be run declares the input 'idd'" in ended.out


def test_inputs_that_all_cases_lack_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    flows(tmp_path, {"list": CALL, "get": WITH_INPUTS})
    ended = suite(tmp_path, "--sandbox")
    assert ended.code == 2
    assert "the inputs of 'get' are refused\n  - id: is required" in ended.err


def test_what_failed_last_time_is_run_again_until_it_passes(tmp_path: Path) -> None:
    flows(tmp_path, {"good": CALL, "bad": FAILING, "worse": FAILING})
    assert suite(tmp_path, "--sandbox").code == 1
    assert (tmp_path / ".arazzo" / ".gitignore").read_text() == "*\n"
    flows(tmp_path, {"good": CALL, "bad": CALL, "worse": FAILING})
    assert suite(tmp_path, "--sandbox", "--rerun-failed").code == 1
    assert told(tmp_path) == [("bad", "passed"), ("worse", "failed")]
    flows(tmp_path, {"good": CALL, "bad": CALL, "worse": CALL})
    assert suite(tmp_path, "--sandbox", "--rerun-failed").code == 0
    assert told(tmp_path) == [("worse", "passed")]
    ended = suite(tmp_path, "--sandbox", "--rerun-failed")
    assert "note: of the selected cases none is known not to have passed last time: all of them run\n" in ended.err
    assert len(told(tmp_path)) == 3


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_fail_fast_leaves_the_rest_out_and_reports_it(tmp_path: Path, jobs: str) -> None:
    flows(tmp_path, {"bad": FAILING, **{f"good{number}": CALL for number in range(20)}})
    ended = suite(tmp_path, "--sandbox", "--fail-fast", "-j", jobs)
    assert ended.code == 1
    assert told(tmp_path) == [("bad", "failed"), *((f"good{number}", "skipped") for number in range(20))]
    assert "cases not run: 'bad' did not pass (--fail-fast)" in ended.out


def told_alike(folder: Path) -> list[object]:
    """Give what was told without the times."""
    events = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()[1:]]
    text = json.dumps([{key: value for key, value in event.items() if key != "at"} for event in events])
    found: list[object] = json.loads(re.sub(r'"took": [\d.e-]+', '"took": 0', text))
    return found


def test_the_results_are_the_same_in_the_same_order_with_any_number_of_jobs(tmp_path: Path) -> None:
    def uneven(connection: Connection) -> None:
        while (received := connection.request()) is not None:
            number = int(received.line.split()[1].rpartition("/")[2])
            time.sleep(0.02 * (3 - number % 4))
            connection.send(OK if number % 5 else answer(status="404 Not Found"))

    (tmp_path / "rows.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(10)))
    with serve(uneven) as server:
        flows(tmp_path, {"get": WITH_INPUTS}, server=server.url(""))
        alike = []
        for jobs in (1, 4):
            ended = suite(tmp_path, "--rows", "rows.csv", "--jobs", jobs)
            assert ended.code == 1
            out = re.sub(r"\d+(\.\d+)? (ms|s)\b", "…", ended.out)
            alike.append((out, told_alike(tmp_path), ended.err))
    assert alike[0] == alike[1]
    assert [outcome for _, outcome in told(tmp_path)] == ["failed", *["passed"] * 4] * 2


def test_each_case_on_the_sandbox_has_one_of_its_own(tmp_path: Path) -> None:
    once = arazzo("test", "civitai-vault-toggle-verify", "--repeat", 6, "--jobs", 3, cwd=tmp_path)
    assert once.code == 0, once
    assert "6 passed" in once.out


def test_each_case_has_its_own_cookies_and_the_connections_are_shared(tmp_path: Path) -> None:
    reply = answer("Set-Cookie: seen=before-now; Path=/", body=b"")
    two = "steps: [{stepId: s, operationId: listThings}, {stepId: t, operationId: listThings}]"
    with serve(always(reply)) as server:
        flows(tmp_path, {"list": two}, server=server.url(""))
        assert arazzo("test", "--repeat", 3, cwd=tmp_path).code == 0
        assert [each.field("cookie") for each in server.received] == [None, "seen=before-now"] * 3
        assert server.connections == 1


def test_workflows_that_share_a_mutex_never_overlap(tmp_path: Path) -> None:
    lock = threading.Lock()
    met = threading.Event()
    under_way: set[str] = set()
    together: list[frozenset[str]] = []

    def slow(connection: Connection) -> None:
        while (received := connection.request()) is not None:
            path = received.line.split()[1]
            with lock:
                under_way.add(path)
                together.append(frozenset(under_way))
                if len(under_way) > 1:
                    met.set()
            met.wait(10)
            time.sleep(0.1)  # to meet whom it must not
            with lock:
                under_way.discard(path)
            connection.send(OK)

    def call(key: str, mutex: str) -> str:
        step = f"{{stepId: s, operationId: getThing, parameters: [{{name: id, in: path, value: {key}}}]}}"
        return f"x-mutex: {mutex}\nsteps: [{step}]"

    with serve(slow) as server:
        mutexes = {"a": "[x]", "b": "x", "c": "[x, y]", "d": "y", "e": "z"}
        workflows = {key: call(key, mutex) for key, mutex in mutexes.items()}
        workflows["caller"] = "steps: [{stepId: s, workflowId: c}]"  # what it calls counts
        flows(tmp_path, workflows, server=server.url(""))
        assert (
            arazzo("test", "--jobs", 5, "-w", "a", "-w", "b", "-w", "d", "-w", "e", "-w", "caller", cwd=tmp_path).code
            == 0
        )
    assert not [each for each in together if len(each & {"/things/a", "/things/b", "/things/c"}) > 1]
    assert not [each for each in together if each >= {"/things/c", "/things/d"}]
    assert [each for each in together if len(each) > 1], "nothing ran side by side"


def test_a_rate_spaces_the_requests_of_all_cases_and_no_timeout_counts_the_wait(tmp_path: Path) -> None:
    moments: list[float] = []

    def note(connection: Connection) -> None:
        while connection.request() is not None:
            moments.append(time.monotonic())
            connection.send(OK)

    with serve(note) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""))
        ended = arazzo(
            "test", "--repeat", 8, "--jobs", 4, "--rate", "4/s", "--timeout", 0.5, "--max-time", 1, cwd=tmp_path
        )
    assert ended.code == 0, ended
    assert moments[-1] - moments[0] >= 7 / 4 - 0.2  # seven intervals, and a request may be noticed late


def test_nothing_answered_at_all_exits_4(tmp_path: Path) -> None:
    flows(tmp_path, {"list": CALL}, server=f"http://127.0.0.1:{refused_port()}")
    ended = arazzo("test", "--repeat", 3, "--jobs", 2, cwd=tmp_path)
    assert ended.code == 4
    assert "3 errors" in ended.out


@pytest.mark.parametrize("jobs", ["1", "3"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_middle_ends_what_runs_and_completes_every_report(
    tmp_path: Path, jobs: str, number: signal.Signals
) -> None:
    asked = threading.Semaphore(0)

    def silent(connection: Connection) -> None:
        while (received := connection.request()) is not None:
            if received.line.split()[1].endswith("/0"):
                connection.send(OK)
                continue
            asked.release()
            connection.wait()

    (tmp_path / "rows.csv").write_text("case,id\n" + "".join(f"{row},{row % 10}\n" for row in range(50)))
    with serve(silent) as server:
        flows(tmp_path, {"get": WITH_INPUTS}, server=server.url(""))
        reports = ("jsonl=run.jsonl", "junit=j.xml", "json=r.json")
        arguments = [each for report in reports for each in ("--report", report)]
        with started("test", "--rows", "rows.csv", "-j", jobs, *arguments, cwd=tmp_path) as process:
            for _ in range(int(jobs)):
                assert asked.acquire(timeout=30)
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "Traceback" not in out + err
    found = told(tmp_path)
    assert [name for name, _ in found] == [f"get[{row}]" for row in range(50)]
    assert [outcome for _, outcome in found] == ["passed", *["error"] * int(jobs), *["skipped"] * (49 - int(jobs))]
    assert f"{49 - int(jobs)} cases not run: interrupted" in out
    assert out.splitlines()[-1].startswith("1 passed, ")
    last = json.loads((tmp_path / "run.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["outcome"]) == ("RunFinished", "error")
    assert ET.parse(tmp_path / "j.xml").getroot().tag == "testsuites"
    assert json.loads((tmp_path / "r.json").read_text())["outcome"] == "error"


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    asked = threading.Semaphore(0)

    def silent(connection: Connection) -> None:
        connection.request()
        asked.release()
        connection.wait()

    with serve(silent) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""))
        with started("test", "--repeat", 4, "-j", 2, cwd=tmp_path) as process:
            for _ in range(2):
                assert asked.acquire(timeout=30)
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_terminal_shows_how_far_it_is_and_nothing_of_that_stays(tmp_path: Path) -> None:
    flows(tmp_path, {"good": CALL, "bad": FAILING, "last": CALL})
    code, shown = on_terminal("test", "--sandbox", cwd=tmp_path, react=lambda _: None)
    assert code == 1
    assert "0/3  good" in shown
    assert "2/3  1 failed  last" in shown
    assert "\x1b[1;31m✗\x1b[0m" in shown
    plain = arazzo("test", "--sandbox", cwd=tmp_path)
    assert "/3" not in plain.out
    assert "\x1b" not in plain.out
    colourful = arazzo("test", "--sandbox", "--color", "always", cwd=tmp_path)
    assert "\x1b[1;31m✗\x1b[0m" in colourful.out
    assert "\x1b" not in arazzo("test", "--sandbox", cwd=tmp_path, env={"NO_COLOR": "1"}).out


def test_json_on_stdout_is_one_object(tmp_path: Path) -> None:
    flows(tmp_path, {"good": CALL, "bad": FAILING})
    ended = arazzo("test", "--sandbox", "--format", "json", cwd=tmp_path)
    assert ended.code == 1
    assert ended.json["outcome"] == "failed"


def test_a_broken_contract_fails_its_case_under_error(tmp_path: Path) -> None:
    with serve(always(answer(status="201 Created"))) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""))
        assert arazzo("test", cwd=tmp_path).code == 0
        ended = arazzo("test", "--contract", "error", cwd=tmp_path)
    assert ended.code == 1
    assert "✗ list  flow.arazzo.yaml:5" in ended.out
    assert "error[contract-status]" in ended.out
    assert "✗ list  flow.arazzo.yaml:6  step 's': status 201 is not documented" in ended.out


@pytest.mark.parametrize("read", ["flow.arazzo.yaml", "api.yaml", "rows.csv", "arazzo.toml"])
def test_a_report_takes_the_place_of_nothing_that_is_read(tmp_path: Path, read: str) -> None:
    flows(tmp_path, {"get": WITH_INPUTS})
    (tmp_path / "rows.csv").write_text("case,id\na,1\n")
    (tmp_path / "arazzo.toml").write_text("")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert read in before
    arguments = ("--rows", "rows.csv", "--config", "arazzo.toml", "--report", f"junit=./{read}")
    ended = arazzo("test", "--sandbox", *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert f"the report {read} would overwrite what this run reads" in ended.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_each_refused_row_is_annotated_at_its_own_line(tmp_path: Path) -> None:
    flows(tmp_path, {"get": WITH_INPUTS})
    (tmp_path / "rows.csv").write_text("case,id\na,x\nb,1\nc,y\n")
    ended = arazzo("test", "--sandbox", "--rows", "rows.csv", "--report", "github=gh.txt", cwd=tmp_path)
    assert ended.code == 1
    assert re.findall(r"file=rows\.csv,line=(\d+)", (tmp_path / "gh.txt").read_text()) == ["2", "4"]


def test_a_green_suite_says_how_much_of_it_was_against_the_contract(tmp_path: Path) -> None:
    with serve(always(answer("Content-Type: text/plain", body=b"no JSON"))) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""))
        ended = arazzo("test", "--repeat", 2, cwd=tmp_path)
    assert ended.code == 0, ended
    assert ended.out.splitlines()[-1].endswith("2 exchanges against the contract")

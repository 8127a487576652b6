"""Documents as pytest's items: what is collected, how a failure is drawn, and that nothing runs by accident."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.pytest_plugin.mutexes import groups, held
from tests.cli.process import ALONE, Job, arazzo, documents, environment, perform
from tests.shell.server import Connection, always, answer, serve

LIST = "  - {stepId: list, operationId: listThings}\n"
GET = "  - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}\n"
ID = "  inputs: {type: object, required: [id], properties: {id: {type: integer}}}\n"
OK = always(answer("Content-Type: application/json", body=b"{}"))
NOT_FOUND = always(answer("Content-Type: application/json", body=b'{"why": "gone"}', status="404 Not Found"))


class Ended:
    """How a run of pytest ended."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text
        assert "Traceback" not in text, text
        assert "INTERNALERROR" not in text, text

    @property
    def counts(self) -> dict[str, int]:
        last = self.text.strip().splitlines()[-1]
        return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?|deselected)", last)}

    @property
    def nodes(self) -> list[str]:
        return [line for line in self.text.splitlines() if "::" in line and " " not in line]


def run_pytest(folder: Path, *arguments: object, env: Mapping[str, str] | None = None, cold: bool = False) -> Ended:
    """Run pytest in a process of its own, with nothing of this project's settings; `cold` is as a user starts it."""
    (folder / "pytest.ini").touch()
    named = () if cold else ("-p", "arazzo", *(("-p", "xdist") if "-n" in arguments else ()))
    given = (*named, "-p", "no:cacheprovider", *map(str, arguments))
    alone = {} if cold else ALONE
    ended = perform(Job("pytest", given, folder, environment({**alone, **(env or {})}), merged=True, cold=cold))
    return Ended(ended.code, ended.out)


def flows(tmp_path: Path, server: str = "https://things.example") -> Path:
    """Lay out a project: `flows/` has a document of two workflows, and one that is wrong."""
    folder = tmp_path / "flows"
    folder.mkdir()
    path = documents(folder, server, LIST)
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "- workflowId: again\n  x-tags: [smoke, skip]\n  steps:\n" + LIST, encoding="utf-8")
    wrong = text.replace("operationId: listThings", "operationId: listThing")
    (folder / "wrong.arazzo.yaml").write_text(wrong, encoding="utf-8")
    return folder


def test_every_workflow_is_an_item_and_a_wrong_document_one_that_fails(tmp_path: Path) -> None:
    flows(tmp_path)
    listed = run_pytest(tmp_path, "flows", "--arazzo-sandbox", "--collect-only", "-q")
    assert listed.nodes == [
        "flows/flow.arazzo.yaml::flow",
        "flows/flow.arazzo.yaml::again",
        "flows/wrong.arazzo.yaml::(document)",
    ]
    ended = run_pytest(tmp_path, "flows", "--arazzo-sandbox", "-W", "error", "--strict-markers", "--strict-config")
    assert (ended.code, ended.counts) == (1, {"failed": 1, "passed": 2})
    assert "error[unknown-operation]: there is no operation 'listThing'" in ended.text
    assert "help: did you mean 'listThings'?" in ended.text
    assert "FAILED flows/wrong.arazzo.yaml::(document) - there is no operation" in ended.text
    chosen = run_pytest(tmp_path, "flows", "--arazzo-sandbox", "-k", "again and not wrong", "-q")
    assert (chosen.code, chosen.counts) == (0, {"passed": 1, "deselected": 2})
    one = run_pytest(tmp_path, "flows/flow.arazzo.yaml::again", "--arazzo-sandbox", "-q")
    assert (one.code, one.counts) == (0, {"passed": 1})


def test_a_failure_is_drawn_as_the_console_draws_it_and_junit_has_it_too(tmp_path: Path) -> None:
    with serve(NOT_FOUND) as server:
        documents(tmp_path, server.url(""), LIST)
        plain = run_pytest(tmp_path, "flow.arazzo.yaml", "--junitxml", "report.xml")
        spread = run_pytest(tmp_path, "flow.arazzo.yaml", "-n", "1", "--junitxml", "spread.xml")
        coloured = run_pytest(tmp_path, "flow.arazzo.yaml", "--color=yes")
    for ended in (plain, spread):
        assert ended.counts == {"failed": 1}
        assert "error[criterion]: step 'list': $statusCode is 2xx or 3xx is not met: it is 404" in ended.text
        assert "--> flow.arazzo.yaml:7:14" in ended.text
        assert "= note: curl http://127.0.0.1" in ended.text
        assert "Captured requests call" in ended.text
        assert re.search(r"^GET http://127.0.0.1:\d+/things → 404 Not Found  ", ended.text, re.MULTILINE)
        assert "FAILED flow.arazzo.yaml::flow - step 'list' failed" in ended.text
    assert "\x1b[1;31merror[criterion]\x1b[0m" in coloured.text
    for name in ("report.xml", "spread.xml"):
        (case,) = ET.parse(tmp_path / name).iter("testcase")
        assert (case.get("classname"), case.get("name")) == ("flow.arazzo.yaml", "flow")
        (failure,) = case.iter("failure")
        assert str(failure.get("message")).startswith("step 'list' failed")
        assert "error[criterion]" in str(failure.text)


def test_a_bare_pytest_runs_no_document_unless_somebody_said_where(tmp_path: Path) -> None:
    with serve(OK) as server:
        documents(tmp_path, server.url(""), LIST)
        bare = run_pytest(tmp_path)
        assert (bare.code, server.received) == (5, [])
        assert "arazzo: 1 document not collected, for nobody said where to run" in bare.text
        spread = run_pytest(tmp_path, "-n", "1")
        assert (spread.code, server.received) == (5, [])
        (tmp_path / "pytest.ini").write_text("[pytest]\narazzo_sandbox = true\n", encoding="utf-8")
        assert run_pytest(tmp_path).counts == {"passed": 1}
        assert server.received == []
        assert run_pytest(tmp_path, "--arazzo-live").counts == {"passed": 1}
        assert len(server.received) == 1
    (tmp_path / "pytest.ini").write_text("[pytest]\narazzo_files =\n", encoding="utf-8")
    assert run_pytest(tmp_path, ".").code == 5


def test_servers_and_credentials_are_given_as_on_the_command_line(tmp_path: Path) -> None:
    secret = "correct-horse-battery"
    with serve(NOT_FOUND) as server:
        documents(tmp_path, "https://things.example", LIST)
        given = ("flow.arazzo.yaml", "--arazzo-server", f"api={server.url('')}")
        ended = run_pytest(tmp_path, *given, "-l", "-v", env={"ARAZZO_AUTH_KEY": secret})
        assert [each.field("authorization") for each in server.received] == [f"Bearer {secret}"]
        assert ended.counts == {"failed": 1}
        assert secret not in ended.text
    unknown = run_pytest(tmp_path, "flow.arazzo.yaml", "--arazzo-server", "ap=http://127.0.0.1:9")
    assert unknown.code == 4
    assert "--arazzo-server ap=http://127.0.0.1:9: there is no source 'ap'; sources there are: api" in unknown.text
    both = run_pytest(tmp_path, "flow.arazzo.yaml", "--arazzo-sandbox", "--arazzo-live")
    assert both.code == 2
    assert "--arazzo-sandbox excludes --arazzo-live and --arazzo-server" in both.text


def test_a_profile_gives_servers_inputs_and_limits(tmp_path: Path) -> None:
    with serve(OK) as server:
        documents(tmp_path, "https://things.example", GET, extra=ID.replace("integer", "string"))
        refused = run_pytest(tmp_path, "flow.arazzo.yaml")
        assert "error: the inputs of 'flow' are refused" in refused.text
        assert "inputs there are: id (string)" in refused.text
        profile = f'[profile.here]\nservers = {{ api = "{server.url("")}" }}\ninputs = {{ id = "7" }}\n'
        (tmp_path / "arazzo.toml").write_text(profile, encoding="utf-8")
        assert run_pytest(tmp_path, "--arazzo-profile", "here").counts == {"passed": 1}
        (tmp_path / "inputs.yaml").write_text("id: '8'\n", encoding="utf-8")
        given = ("--arazzo-profile", "here", "--arazzo-inputs", "inputs.yaml")
        assert run_pytest(tmp_path, *given).counts == {"passed": 1}
        assert [each.line.split()[1] for each in server.received] == ["/things/7", "/things/8"]
    (tmp_path / "arazzo.toml").write_text("[profile.here]\nserver = 1\n", encoding="utf-8")
    broken = run_pytest(tmp_path, "--arazzo-profile", "here")
    assert broken.code == 2
    assert "error: arazzo.toml:2:1" in broken.text


def test_a_contract_can_be_asked_for(tmp_path: Path) -> None:
    with serve(always(answer("Content-Type: application/json", body=b"{}", status="202 Accepted"))) as server:
        path = documents(tmp_path, server.url(""), LIST)
        text = path.read_text(encoding="utf-8")
        criterion = LIST.replace("}", ", successCriteria: [{condition: $statusCode < 300}]}")
        path.write_text(text.replace(LIST, criterion), encoding="utf-8")
        assert run_pytest(tmp_path, path.name).counts == {"passed": 1}
        ended = run_pytest(tmp_path, path.name, "--arazzo-contract", "error")
    assert ended.counts == {"failed": 1}
    assert "error[contract-status]" in ended.text


def test_what_failed_last_runs_again(tmp_path: Path) -> None:
    flows(tmp_path)
    cached = ("-p", "cacheprovider", "--arazzo-sandbox", "flows", "-q")
    run_pytest(tmp_path, *cached)
    again = run_pytest(tmp_path, *cached, "--lf")
    assert again.counts == {"failed": 1}
    assert "wrong.arazzo.yaml::(document)" in again.text


def test_ctrl_c_ends_a_run_in_good_order(tmp_path: Path) -> None:
    def silent(connection: Connection) -> None:
        connection.request()
        connection.wait()

    with serve(silent) as server:
        documents(tmp_path, server.url(""), LIST)
        (tmp_path / "pytest.ini").touch()
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "flow.arazzo.yaml"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, env=environment(),
        )  # fmt: skip
        until = time.monotonic() + 60
        while not server.received and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "KeyboardInterrupt" in out


def test_where_there_is_no_document_nothing_is_imported(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    (tmp_path / "notes.yaml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "import sys\ndef pytest_unconfigure():\n"
        "    print('loaded:', *sorted(each for each in sys.modules if each.split('.')[0] == 'runner'))\n",
        encoding="utf-8",
    )
    ended = run_pytest(tmp_path, ".", "-s", "-W", "error", "--arazzo-sandbox", cold=True)
    assert ended.code == 0
    assert "loaded: runner runner.pytest_plugin runner.pytest_plugin.options runner.version\n" in ended.text


TEST = """
import runner

def test_a_plan_runs_on_what_is_served(arazzo_plan, arazzo_sandbox):
    served = arazzo_sandbox("api.yaml")
    plan = arazzo_plan("flow.arazzo.yaml", servers={"api": served.url})
    over_http = runner.run(plan, credentials=served.credentials)
    in_process = runner.run(plan, credentials=served.credentials, transport=served.transport)
    assert over_http.passed, runner.render(over_http)
    assert in_process.passed, runner.render(in_process)
    assert arazzo_plan("flow.arazzo.yaml") is arazzo_plan("flow.arazzo.yaml")
    assert served.servers == {"api": served.url}

def test_civitai_is_served_with_a_state_that_both_ways_see(arazzo_plan, arazzo_sandbox):
    served = arazzo_sandbox(sandbox=runner.Sandbox(balance=77))
    plan = arazzo_plan("civitai-search-models-detail", servers={"site": served.servers["site"]})
    for transport in (served.transport, None):
        result = runner.run(plan, credentials=served.credentials, transport=transport)
        assert result.passed, runner.render(result)

def test_a_wrong_document_fails_the_test(arazzo_plan):
    arazzo_plan("wrong.arazzo.yaml")

def test_a_description_that_is_not_there_fails_the_test(arazzo_sandbox):
    arazzo_sandbox("gone.yaml")
"""


def test_fixtures_give_plans_and_stand_ins(tmp_path: Path) -> None:
    folder = flows(tmp_path)
    (folder / "test_own.py").write_text(TEST, encoding="utf-8")
    ended = run_pytest(tmp_path, "flows/test_own.py", "-W", "error")
    assert ended.counts == {"passed": 2, "failed": 2}
    assert "error[unknown-operation]: there is no operation 'listThing'" in ended.text
    assert "error[unreadable-document]" in ended.text


def test_tags_choose_workflows_and_mean_nothing_else(tmp_path: Path) -> None:
    flows(tmp_path)
    chosen = run_pytest(tmp_path, "flows", "--arazzo-sandbox", "-m", "smoke", "--strict-markers", "-W", "error")
    assert chosen.counts == {"passed": 1, "deselected": 2}
    assert run_pytest(tmp_path, "flows", "--arazzo-sandbox", "-k", "smoke").counts == {"passed": 1, "deselected": 2}


def test_every_row_is_an_item(tmp_path: Path) -> None:
    with serve(OK) as server:
        documents(tmp_path, server.url(""), GET, extra=ID)
        (tmp_path / "flow.rows.csv").write_text("name,id\nfirst,1\nsecond,2\nthird,x\n", encoding="utf-8")
        listed = run_pytest(tmp_path, "flow.arazzo.yaml", "--collect-only", "-q")
        assert listed.nodes == [f"flow.arazzo.yaml::flow[{name}]" for name in ("first", "second", "third")]
        ended = run_pytest(tmp_path, "flow.arazzo.yaml")
        assert ended.counts == {"passed": 2, "failed": 1}
        assert "error: flow.rows.csv:4: id: must be integer" in ended.text
        assert [each.line.split()[1] for each in server.received] == ["/things/1", "/things/2"]
        (tmp_path / "flow.rows.json").write_text('[{"id": 3}]', encoding="utf-8")
        both = run_pytest(tmp_path, "flow.arazzo.yaml")
        assert "flow.rows.csv and flow.rows.json are both rows for flow.arazzo.yaml" in both.text
        assert run_pytest(tmp_path, "flow.arazzo.yaml", "--arazzo-rows", "flow.rows.json").counts == {"passed": 1}


def test_names_in_rows_that_are_no_inputs_are_refused_as_by_arazzo_test(tmp_path: Path) -> None:
    with serve(OK) as server:
        documents(tmp_path, server.url(""), GET, extra=ID)
        (tmp_path / "flow.rows.csv").write_text("name,id,idd\nfirst,1,2\n", encoding="utf-8")
        said = arazzo("test", "flow.arazzo.yaml", "--rows", "flow.rows.csv", cwd=tmp_path).err.removeprefix("error: ")
        assert said.startswith("--rows flow.rows.csv: no workflow to be run declares the input 'idd'\n")
        alone = run_pytest(tmp_path, "flow.arazzo.yaml")
        assert (alone.code, said in alone.text) == (4, True), alone.text
        spread = run_pytest(tmp_path, "flow.arazzo.yaml", "-n", "1")
        assert (spread.counts, said in spread.text) == ({"failed": 1}, True), spread.text
        assert server.received == []
        (tmp_path / "flow.rows.csv").rename(tmp_path / "rows.csv")
        documents(tmp_path, server.url(""), GET.replace(".id", ".idd"), name="other",
                  extra=ID.replace("id", "idd"))  # fmt: skip
        both = run_pytest(tmp_path, "flow.arazzo.yaml", "other.arazzo.yaml", "--arazzo-rows", "rows.csv")
        assert both.counts == {"passed": 2}, both.text
        (tmp_path / "flow.rows.jsonl").write_text('{"id": 3}\n{"id": 4, "idd": 5}\n', encoding="utf-8")
        lines = run_pytest(tmp_path, "flow.arazzo.yaml")
        assert lines.counts == {"passed": 1, "failed": 1}
        assert "error: flow.rows.jsonl:2: no workflow to be run declares the input 'idd'" in lines.text
        assert [each.line.split()[1] for each in server.received] == ["/things/1", "/things/2", "/things/3"]


class Overlaps:
    """Answers after a while, and counts the requests that came in the meantime."""

    def __init__(self) -> None:
        self.under_way = 0
        self.found = 0
        self._changed = threading.Condition()

    def __call__(self, connection: Connection) -> None:
        connection.request()
        with self._changed:
            self.under_way += 1
            self.found += self.under_way > 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.under_way > 1, 1)
            self.under_way -= 1
        connection.send(answer("Content-Type: application/json", body=b"{}"))


def mutexes(folder: Path, server: str) -> Path:
    """Write a document of two workflows: one has two mutexes, the other calls what has one of them."""
    path = documents(folder, server, LIST, extra="  x-mutex: [stock, purse]\n")
    more = "- workflowId: caller\n  steps:\n  - {stepId: call, workflowId: called}\n"
    more += f"- workflowId: called\n  x-mutex: purse\n  steps:\n{LIST}"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def test_workflows_with_a_mutex_in_common_never_overlap_on_several_workers(tmp_path: Path) -> None:
    overlaps = Overlaps()
    with serve(overlaps) as server:
        ended = run_pytest(tmp_path, mutexes(tmp_path, server.url("")).name, "-n", "2", "-v")
    assert (ended.counts, len(server.received)) == ({"passed": 2}, 2), ended.text
    assert len(set(re.findall(r"^\[(gw\d)\] .* PASSED", ended.text, re.MULTILINE))) == 2
    assert overlaps.found == 0


def test_workflows_with_a_mutex_in_common_have_a_group_for_one_worker(tmp_path: Path) -> None:
    path = mutexes(tmp_path, "https://things.example")
    path.write_text(path.read_text(encoding="utf-8") + f"- workflowId: free\n  steps:\n{LIST}", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n"  # in its turn, as that of pytest-xdist
        "    print(*('group: ' + str([mark.args for mark in each.iter_markers('xdist_group')]) for each in items))\n",
        encoding="utf-8",
    )
    ended = run_pytest(tmp_path, path.name, "-n", "0", "--collect-only", "-s", "--strict-markers", "-W", "error")
    assert "group: [('purse+stock',)] group: [('purse+stock',)] group: []\n" in ended.text
    (tmp_path / "conftest.py").unlink()
    alone = run_pytest(tmp_path, path.name, "--collect-only", "-q", "--strict-markers", "-W", "error")
    assert (alone.code, len(alone.nodes)) == (0, 3)


@pytest.mark.parametrize(("given", "expected"), [
    ([], []),
    (["", "a", "b", "a"], ["a", "b"]),
    (["a", "b", "c", "ab"], ["ab", "c"]),
    (["ab", "bc", "de", "cd"], ["abcde"]),
])  # fmt: skip
def test_mutexes_that_meet_in_a_workflow_are_one_group(given: list[str], expected: list[str]) -> None:
    found = groups(map(frozenset, given))
    assert sorted("".join(sorted(each)) for each in found) == expected


def test_what_is_held_is_waited_for_and_given_back_by_a_process_that_dies(tmp_path: Path) -> None:
    path, mine = tmp_path / "lock", threading.Event()

    def hold() -> None:
        with held(path):
            mine.set()

    script = "from pathlib import Path\nfrom time import sleep\nfrom runner.pytest_plugin.mutexes import held\n"
    script += f"with held(Path({str(path)!r})):\n    print(flush=True)\n    sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        waiting = threading.Thread(target=hold)
        waiting.start()
        assert not mine.wait(0.2)
        other.kill()
    assert mine.wait(30)
    waiting.join()

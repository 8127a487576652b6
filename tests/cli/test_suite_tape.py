"""`arazzo test --record` and `--replay`, against a real server that is gone when the recording is played."""

from __future__ import annotations

import json
import re
import shutil
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.process import Ended, arazzo, started
from tests.cli.test_suite import CALL, FAILING, WITH_INPUTS, flows, told
from tests.cli.test_watch import Watched, put
from tests.shell.server import Connection, always, answer, serve

OK = answer("Content-Type: application/json", body=b'{"ok": true}')
ROWS = "case,id,key\n" + "".join(f"row {number},{number % 9},sesame-{number}\n" for number in range(12))
READ = WITH_INPUTS.replace(
    "]}]", "], outputs: {n: $response.body#/n}, successCriteria: [{condition: $response.body#/path == $inputs.id}]}]"
)


class Echo:
    """A server that counts its requests, answers those that come later sooner, and says what it was asked for."""

    def __init__(self) -> None:
        self.number = 0
        self.lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        while (received := connection.request()) is not None:
            with self.lock:
                self.number += 1
                number = self.number
            last = received.line.split()[1].rpartition("/")[2]
            body = json.dumps({"n": number, "path": int(last) if last.isdecimal() else last}).encode()
            connection.send(answer("Content-Type: application/json", body=body))


def suite(folder: Path, *arguments: object) -> Ended:
    return arazzo("test", *arguments, "--report", "jsonl=run.jsonl", cwd=folder)


def units(cassette: Path) -> list[str]:
    return sorted(path.name for path in cassette.iterdir() if path.is_dir())


def is_complete(cassette: Path) -> bool:
    found: bool = json.loads((cassette / "cassette.json").read_text())["complete"]
    return found


def story(folder: Path) -> list[object]:
    """Give what was told, but for times, the beginning, and what it took."""
    lines = (folder / "run.jsonl").read_text().splitlines()[2:]
    text = "[" + ",".join(lines) + "]"
    text = re.sub(r"file:///[^\"]*/", "file:///", text)
    found: list[object] = json.loads(re.sub(r'"(at|took)":[\d.e-]+', r'"\1":0', text))
    return found


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record a suite with rows, three cases at a time, against a server that has gone since."""
    folder = tmp_path_factory.mktemp("suite-recording")
    (folder / "rows.csv").write_text(ROWS)
    with serve(Echo()) as server:
        flows(folder, {"get": READ}, server=server.url(""))
        ended = suite(folder, "--rows", "rows.csv", "-j", 3, "--record", "cassette")
    assert ended.code == 0, ended
    shutil.copy(folder / "run.jsonl", folder / "live.jsonl")
    return folder


@pytest.fixture
def recorded(recording: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recording, tmp_path, dirs_exist_ok=True)


def test_each_case_has_a_folder_of_its_own_however_many_ran_side_by_side(recorded: Path) -> None:
    assert units(recorded / "cassette") == sorted(f"get[row {number}]" for number in range(12))
    for number in range(12):
        page = json.loads((recorded / f"cassette/get[row {number}]/s.json").read_text())
        assert page["request"]["url"].endswith(f"/things/{number % 9}")
    assert is_complete(recorded / "cassette")


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_replay_tells_the_same_without_the_server_with_any_number_of_jobs(recorded: Path, jobs: int) -> None:
    live = story(recorded)
    ended = suite(recorded, "--rows", "rows.csv", "-j", jobs, "--replay", "cassette", "--replay-drift", "any")
    assert ended.code == 0, ended
    assert story(recorded) == live
    assert "answers come from cassette: nothing is sent" in ended.err
    assert "not asked for" not in ended.err


PARTS = {
    "a shard": (("--shard", "2/4"), ["get[row 1]", "get[row 5]", "get[row 9]"]),
    "what failed": (("--rerun-failed",), [f"get[row {number}]" for number in range(12)]),
}


@pytest.mark.parametrize(("arguments", "names"), PARTS.values(), ids=PARTS.keys())
def test_a_part_of_a_suite_is_answered_from_the_recording_of_the_whole(
    recorded: Path, arguments: tuple[str, ...], names: list[str]
) -> None:
    ended = suite(recorded, "--rows", "rows.csv", *arguments, "--replay", "cassette", "--replay-drift", "any")
    assert ended.code == 0, ended
    assert told(recorded) == [(name, "passed") for name in names]


def test_shards_that_are_recorded_one_after_the_other_make_one_cassette(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    with serve(Echo()) as server:
        flows(tmp_path, {"get": READ}, server=server.url(""))
        for shard in ("1/2", "2/2"):
            assert suite(tmp_path, "--rows", "rows.csv", "--shard", shard, "--record", "cassette").code == 0
    assert suite(tmp_path, "--rows", "rows.csv", "--replay", "cassette", "--replay-drift", "any").code == 0
    assert len(told(tmp_path)) == 12


def test_each_repetition_has_its_own_recording(tmp_path: Path) -> None:
    with serve(Echo()) as server:
        flows(tmp_path, {"list": CALL}, server=server.url(""))
        assert suite(tmp_path, "--repeat", 3, "-j", 3, "--record", "cassette").code == 0
    live = story(tmp_path)
    assert units(tmp_path / "cassette") == ["list", "list #2", "list #3"]
    assert suite(tmp_path, "--repeat", 3, "--replay", "cassette").code == 0
    assert story(tmp_path) == live


def test_what_failed_last_time_fails_again_when_it_is_replayed(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        flows(tmp_path, {"good": CALL, "bad": FAILING}, server=server.url(""))
        assert suite(tmp_path, "--record", "cassette").code == 1
    assert suite(tmp_path, "--replay", "cassette", "--rerun-failed").code == 1
    assert told(tmp_path) == [("bad", "failed")]


def test_a_case_without_a_recording_fails_and_says_how_to_get_one(recorded: Path) -> None:
    with (recorded / "rows.csv").open("a") as stream:
        stream.write("new,5,sesame\n")
    ended = suite(recorded, "--rows", "rows.csv", "--replay", "cassette", "-j", 2)
    assert ended.code == 1, ended
    assert told(recorded) == [*((f"get[row {number}]", "passed") for number in range(12)), ("get[new]", "error")]
    assert "the cassette has no recording of the case 'get[new]': record it with --record cassette" in ended.out


def test_a_row_that_is_refused_is_refused_alike_when_it_is_replayed(recorded: Path) -> None:
    with (recorded / "rows.csv").open("a") as stream:
        stream.write("wrong,x,sesame\n")
    ended = suite(recorded, "--rows", "rows.csv", "--replay", "cassette")
    assert ended.code == 1, ended
    assert "get[wrong]  rows.csv:14: id: must be integer" in ended.out


def test_drift_is_told_case_by_case_in_their_order(recorded: Path) -> None:
    path = recorded / "flow.arazzo.yaml"
    path.write_text(path.read_text().replace("in: path, value: $inputs.id}", "in: path, value: 9}"))
    ended = suite(recorded, "--rows", "rows.csv", "-j", 3, "--replay", "cassette")
    assert ended.code == 1, ended
    assert {outcome for _, outcome in told(recorded)} == {"error"}
    assert "another request: url was" in ended.out
    numbers = re.findall(r"not the recorded one, in cassette/get\[row (\d+)\]", ended.err)
    assert numbers == [str(number) for number in range(12)]


def test_what_a_case_did_not_ask_for_is_told(recorded: Path) -> None:
    pages = recorded / "cassette/get[row 3]"
    shutil.copy(pages / "s.json", pages / "t.json")
    ended = suite(recorded, "--rows", "rows.csv", "--replay", "cassette")
    assert ended.code == 0, ended
    assert "1 recorded request of cassette not asked for" in ended.err
    assert "get[row 3]/t.json" in ended.err
    assert suite(recorded, "--rows", "rows.csv", "--replay", "cassette", "--replay-drift", "any").code == 1


def test_no_secret_of_any_case_is_in_the_cassette(recorded: Path) -> None:
    text = "".join(path.read_text() for path in (recorded / "cassette").rglob("*.json"))
    assert "things/" in text
    assert "sesame" not in text + " ".join(units(recorded / "cassette"))


SECRET_NAMES = {
    "of the credentials": ("--auth", "Key=tangerine"),
    "that is given to all cases": ("-i", "key=tangerine"),
    "that is given in a file": ("--input-file", "key=key.txt"),
}


@pytest.mark.parametrize("given", SECRET_NAMES.values(), ids=SECRET_NAMES.keys())
def test_a_row_whose_name_is_a_secret_is_recorded_and_replayed_by_its_number(
    tmp_path: Path, given: tuple[str, str]
) -> None:
    (tmp_path / "rows.csv").write_text("case,id\nplain,1\ntangerine,2\n")
    (tmp_path / "key.txt").write_text("tangerine")
    with serve(Echo()) as server:
        flows(tmp_path, {"get": READ}, server=server.url(""))
        ended = suite(tmp_path, "--rows", "rows.csv", "--record", "cassette", *given)
    assert ended.code == 0, ended
    assert units(tmp_path / "cassette") == ["get[!2]", "get[plain]"]
    every = "".join(path.read_text() for path in tmp_path.rglob("*.json*"))
    assert "tangerine" not in ended.out + ended.err + every
    for again in ((), given):
        replayed = suite(tmp_path, "--rows", "rows.csv", "--replay", "cassette", "--replay-drift", "any", *again)
        assert replayed.code == 0, replayed


REFUSED = {
    "both": (("--replay", "cassette", "--record", "other"), "--replay excludes --record"),
    "no cassette": (("--replay", "nowhere"), "--replay nowhere: there is no cassette"),
    "a drift without a replay": (("--replay-drift", "any"), "--replay-drift is for runs with --replay"),
    "a rate of nothing": (("--replay", "cassette", "--rate", "5/s"), "--rate has no effect"),
    "a folder that is another": (("--record", "."), "the folder is not empty, and no cassette"),
    "inputs that can be read once": (("--watch", "--inputs", "-"), "--watch reads its inputs again each time"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_contradicts_itself_is_refused(recorded: Path, arguments: tuple[str, ...], said: str) -> None:
    ended = suite(recorded, "--rows", "rows.csv", *arguments)
    assert ended.code == 2, ended
    assert said in ended.err


def test_ctrl_c_in_a_parallel_recording_leaves_whole_pages_and_a_cassette_that_says_it_is_partial(
    tmp_path: Path,
) -> None:
    asked = threading.Semaphore(0)
    silent = threading.Event()

    def behave(connection: Connection) -> None:
        while (received := connection.request()) is not None:
            if not silent.is_set() and not received.line.split()[1].endswith(("/0", "/1", "/2")):
                asked.release()
                connection.wait()
                return
            last = received.line.split()[1].rpartition("/")[2]
            connection.send(answer("Content-Type: application/json", body=json.dumps({"path": int(last)}).encode()))

    (tmp_path / "rows.csv").write_text(ROWS)
    with serve(behave) as server:
        flows(tmp_path, {"get": READ}, server=server.url(""))
        with started("test", "--rows", "rows.csv", "-j", 3, "--record", "cassette", cwd=tmp_path) as process:
            for _ in range(3):
                assert asked.acquire(timeout=30)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 130, err
        assert not is_complete(tmp_path / "cassette")
        assert units(tmp_path / "cassette") == ["get[row 0]", "get[row 1]", "get[row 2]"]
        assert not list((tmp_path / "cassette").rglob("*.part"))
        ended = suite(tmp_path, "--rows", "rows.csv", "--replay", "cassette")
        assert ended.code == 1
        assert "the recording of cassette did not come to its end" in ended.err
        assert Counter(outcome for _, outcome in told(tmp_path)) == {"passed": 3, "error": 9}
        silent.set()
        assert suite(tmp_path, "--rows", "rows.csv", "--shard", "2/2", "--record", "cassette").code == 0
        assert not is_complete(tmp_path / "cassette"), "nobody knows yet whether the others were broken off"
        assert suite(tmp_path, "--rows", "rows.csv", "-j", 3, "--record", "cassette").code == 0
        assert is_complete(tmp_path / "cassette")


def test_a_saved_file_runs_the_cases_again_that_it_affects_by_the_names_they_have_in_the_suite(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        first = flows(tmp_path, {"list": CALL, "other": CALL}, server=server.url(""), name="one")
        second = flows(tmp_path / "more", {"list": CALL}, server=server.url(""), name="two")
        (tmp_path / "rows.csv").write_text("case\na\nb\n")
        arguments = ("--rows", "rows.csv", "--report", "jsonl=run.jsonl", "--record", "cassette", "--watch")
        with started("test", ".", *arguments, cwd=tmp_path) as process:
            watched = Watched(process)
            watched.until("passed; watching 5 files")
            assert len(told(tmp_path)) == 6
            put(second, second.read_text() + "\n")
            watched.until("passed; watching 5 files")
            assert told(tmp_path) == [("two/list[a]", "passed"), ("two/list[b]", "passed")]
            text = first.read_text()
            put(first, text.replace("stepId: s", "stpId: s"))
            watched.until("exit code 3; watching 5 files")
            put(second, second.read_text() + "\n")
            watched.until("exit code 3; watching 5 files")
            put(first, text)
            watched.until("passed; watching 5 files")
            assert len(told(tmp_path)) == 6, "what was saved while nothing could be run was not forgotten"
            put(tmp_path / "rows.csv", "case\nc\n")
            watched.until("passed; watching 5 files")
            assert [name for name, _ in told(tmp_path)] == ["two/list[c]", "one/list[c]", "other[c]"]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130

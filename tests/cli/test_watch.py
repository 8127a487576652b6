"""`arazzo run --watch`: what is saved is run again, broken or not, until Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from runner.cli.terminal import Terminal
from runner.cli.watch import CLEAR, Read, path_of, watch
from runner.reporters.style import Style
from tests.cli.process import arazzo, documents, started
from tests.shell.server import always, answer, serve

OK = answer("Content-Type: application/json", body=b'{"ok": true}')
LIST = "  - {stepId: list, operationId: listThings, successCriteria: [{condition: $statusCode == 200}]}\n"


class Watched:
    """A command that watches, and what it says, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.put(line)

    def until(self, text: str) -> str:
        """Wait for a line, and give all lines since the last one that was waited for."""
        self.said = []
        while text not in "".join(self.said):
            self.said.append(self.lines.get(timeout=20))
        return "".join(self.said)


@contextmanager
def watching(folder: Path, *arguments: object) -> Iterator[Watched]:
    with started("run", *arguments, "--watch", cwd=folder) as process:
        yield Watched(process)


def put(path: Path, text: str) -> None:
    """Save as editors do that replace the file."""
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105


def test_every_saved_file_is_run_again_and_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        path = documents(tmp_path, server.url(""), LIST)
        (tmp_path / "inputs.yaml").write_text("{}")
        text = path.read_text()
        with watching(tmp_path, path.name, "--inputs", "inputs.yaml") as watched:
            watched.until("passed; watching 3 files")
            put(path, text.replace("== 200", "== 201"))
            assert "flow.arazzo.yaml changed" in watched.until("exit code 1; watching 3 files")
            put(path, text.replace("$statusCode ==", "$statusCode == =="))
            broken = watched.until("exit code 3; watching 3 files")
            assert "error[" in broken
            path.unlink()
            watched.until("exit code 3; watching 3 files")
            put(path, text)
            watched.until("passed; watching 3 files")
            put(tmp_path / "api.yaml", (tmp_path / "api.yaml").read_text().replace("title: A", "title: B"))
            assert "api.yaml changed" in watched.until("passed; watching 3 files")
            put(tmp_path / "inputs.yaml", "{name: value}")
            assert "inputs.yaml changed" in watched.until("passed; watching 3 files")
            watched.process.send_signal(signal.SIGINT)
            assert watched.process.wait(20) == 130


def test_only_the_documents_that_are_affected_run_again(tmp_path: Path) -> None:
    with serve(always(OK)) as server:
        first = documents(tmp_path, server.url(""), LIST)
        (tmp_path / "other").mkdir()
        second = documents(tmp_path / "other", server.url(""), LIST, name="second")
        with watching(tmp_path, first.name, f"other/{second.name}", "--report", "json=r.json") as watched:
            watched.until("passed; watching 4 files")
            assert len(json.loads((tmp_path / "r.json").read_text())["workflows"]) == 2
            put(second, second.read_text() + "\n")
            watched.until("passed; watching 4 files")
            workflows = json.loads((tmp_path / "r.json").read_text())["workflows"]
            watched.process.send_signal(signal.SIGINT)
            assert watched.process.wait(20) == 130
    assert [each["workflow_id"] for each in workflows] == ["second"]


def test_ctrl_c_in_the_middle_of_a_run_ends_the_watching_too(tmp_path: Path) -> None:
    arrived = threading.Event()

    def never(connection) -> None:  # type: ignore[no-untyped-def]
        connection.request()
        arrived.set()
        connection.wait()

    with serve(never) as server:
        path = documents(tmp_path, server.url(""), LIST)
        with watching(tmp_path, path.name) as watched:
            assert arrived.wait(20)
            time.sleep(0.2)
            watched.process.send_signal(signal.SIGINT)
            assert watched.process.wait(20) == 130


@pytest.mark.parametrize("live", [True, False])
def test_a_terminal_is_cleared_before_the_next_run_and_nothing_else_is(tmp_path: Path, live: bool) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text("one")
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal({}, out, err, Style(), Style(), live)
    codes = [0, 130]

    def run(targets: tuple[str, ...], read: Read) -> int:
        for target in targets:
            read.hear(target, target)
        path.write_text(f"{len(codes)} more to come")  # saved while it runs
        return codes.pop(0)

    assert watch((str(path),), terminal, run) == 130
    assert out.getvalue() == (CLEAR if live else "")
    assert "flow.yaml changed" in err.getvalue()


def test_nothing_to_watch_ends_with_what_was_said(tmp_path: Path) -> None:
    ended = arazzo("run", "--watch", cwd=tmp_path)
    assert ended.code == 2
    assert "nothing to run" in ended.err


def test_inputs_from_standard_input_cannot_be_watched(tmp_path: Path) -> None:
    path = documents(tmp_path, "http://127.0.0.1:9", LIST)
    ended = arazzo("run", path.name, "--watch", "--inputs", "-", cwd=tmp_path, stdin="{}")
    assert "standard input" in ended.err


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("file:///a/b%20c.yaml", lambda _: Path("/a/b c.yaml")),
        ("https://api.example/openapi.yaml", lambda _: None),
        ("https://[::1/openapi.yaml", lambda _: None),
        ("flow.arazzo.yaml", lambda here: here / "flow.arazzo.yaml"),
        ("//[x/flow.arazzo.yaml", lambda _: Path("//[x/flow.arazzo.yaml")),
    ],
)
def test_what_is_on_the_network_is_not_watched(uri: str, expected: Callable[[Path], Path | None]) -> None:
    assert path_of(uri) == expected(Path.cwd())


def test_a_file_that_all_depend_on_affects_all(tmp_path: Path) -> None:
    read = Read()
    read.share([tmp_path / "env"])
    read.hear("a", (tmp_path / "a").as_uri())
    read.hear("b", (tmp_path / "b").as_uri())
    assert read.affected([tmp_path / "env"]) == ["a", "b"]
    assert read.affected([tmp_path / "b"]) == ["b"]
    assert read.affected([tmp_path / "c"]) == []

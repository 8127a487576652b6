"""Reports reach their streams and files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import pytest

from runner.engine.events import (
    BodyUnreadable,
    Case,
    CaseFinished,
    CaseStarted,
    Entry,
    Problem,
    RunFinished,
    RunStarted,
    SecretsLearned,
)
from runner.reporters.files import FileReport, open_report
from runner.reporters.junit import JUnit
from runner.reporters.reporter import Broadcast
from runner.reporters.text import cells, count, cut, pad, seconds, shown, visible, width
from runner.values import ABSENT, Value

from .story import SECRET, story

END = Entry(1.0, RunFinished("passed"))


class Listener:
    def __init__(self, failure: Exception | None = None) -> None:
        self.heard: list[Entry] = []
        self.closed = False
        self.failure = failure

    def tell(self, entry: Entry) -> None:
        self.heard.append(entry)

    def close(self) -> None:
        self.closed = True
        if self.failure:
            raise self.failure


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_every_reporter_hears_the_story_without_its_secrets() -> None:
    listeners = [Listener(), Listener()]
    broadcast = Broadcast(listeners)
    for entry in story():
        broadcast.tell(entry)
    broadcast.close()
    assert listeners[0].heard == listeners[1].heard
    assert isinstance(listeners[0].heard[0].event, RunStarted)
    assert SECRET not in str(listeners[0].heard)


def test_no_reporter_hears_which_secrets_were_learned() -> None:
    listener = Listener()
    broadcast = Broadcast([listener])
    broadcast.tell(Entry(0.0, SecretsLearned(frozenset({"t0ken"}))))
    broadcast.tell(Entry(1.0, BodyUnreadable((), "after t0ken")))
    assert [entry.event for entry in listener.heard] == [BodyUnreadable((), "after ***")]


def test_a_reporter_that_fails_does_not_keep_the_others_from_closing() -> None:
    listeners = [Listener(OSError("disk full")), Listener()]
    with pytest.raises(OSError, match="disk full"):
        Broadcast(listeners).close()
    assert listeners[1].closed


def test_a_report_is_in_its_place_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "junit.xml"
    report = FileReport(path, JUnit)
    report.tell(END)
    assert not path.exists()
    report.close()
    assert path.read_text().startswith("<?xml")
    assert names(path.parent) == ["junit.xml"]


def test_the_old_report_stays_where_the_new_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    path.write_text("old")
    report = FileReport(path, lambda stream: Listener(ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        report.close()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.txt"]


def test_the_old_report_stays_where_the_new_one_is_lost_in_the_middle(tmp_path: Path) -> None:
    class Full(Listener):
        def tell(self, entry: Entry) -> None:
            raise OSError(28, "No space left on device")

    path = tmp_path / "r.txt"
    path.write_text("old")
    report = FileReport(path, lambda stream: Full())
    with pytest.raises(OSError, match="No space left"):
        report.tell(END)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["r.txt"]


def test_a_reporter_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def make(stream: TextIO) -> Listener:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        FileReport(tmp_path / "r.txt", make)
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        open_report(tmp_path / "file" / "junit.xml")
    with pytest.raises(OSError, match=tmp_path.name):
        open_report(tmp_path)


def test_a_link_keeps_pointing_at_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    report = open_report(tmp_path / "link")
    report.stream.write("new")
    report.commit()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    report = open_report(Path(os.devnull))
    report.stream.write("x")
    report.commit()
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("took", "text"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9999, "1 s"),
        (3.42, "3.4 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (7260, "2 h 1 min"),
        (-1, "0 ms"),
    ],
)
def test_a_duration_is_written_as_a_person_says_it(took: float, text: str) -> None:
    assert seconds(took) == text


@pytest.mark.parametrize(("char", "wide"), [("a", 1), ("日", 2), ("\u0301", 0), ("\u200d", 0), ("é", 1), ("😀", 2)])
def test_cells_of_a_character_are_counted(char: str, wide: int) -> None:
    assert cells(char) == wide


def test_text_is_cut_and_filled_by_cells() -> None:
    assert cut("日本語", 5) == "日本…"
    assert cut("abc", 3) == "abc"
    assert cut("abcdef", 5, "...") == "ab..."
    assert width(pad("日", 5)) == 5


def test_control_characters_are_visible_and_line_breaks_stay() -> None:
    assert visible("a\r\nb\x1b[2J\x1b[1;31m\tc\x00") == "a\nb\\x1b[2J   c\\x00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n", '"a\\n"'),
        (ABSENT, "not there"),
        (b"abc", "3 bytes"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ("x" * 50, '"' + "x" * 18 + "…"),
    ],
)
def test_a_value_is_shown_on_one_line(value: Value, text: str) -> None:
    assert shown(value, 20) == text


def test_a_number_goes_with_its_noun() -> None:
    assert (count(1, "step"), count(2, "step")) == ("1 step", "2 steps")


def test_what_is_learned_in_a_case_is_masked_in_it_and_forgotten_at_its_end() -> None:
    listener = Listener()
    broadcast = Broadcast([listener])
    broadcast.tell(Entry(0.0, RunStarted("d", "t", (), secrets=frozenset({"of-all-cases"}))))
    for number in range(1200):  # more than any redactor keeps
        case = Case(f"w[{number}]", "d", "w")
        broadcast.tell(Entry(0.0, CaseStarted(case)))
        broadcast.tell(Entry(0.0, SecretsLearned(frozenset({f"secret-{number:04}"}))))
        problem = Problem("input", f"secret-{number:04} and of-all-cases, not public-{number:04}")
        broadcast.tell(Entry(0.0, CaseFinished(case, "error", problem)))
    finished = [entry.event for entry in listener.heard if isinstance(entry.event, CaseFinished)]
    assert {event.problem and event.problem.message[:12] for event in finished} == {"*** and ***,"}

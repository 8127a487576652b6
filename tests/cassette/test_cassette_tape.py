"""What is recorded of entries: pages without secrets, each with a number of its own, and nothing left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cassette.folder import Made, case_names, read_cassette
from runner.cassette.tape import Tape, check_folder, merged
from runner.engine.events import (
    Answered,
    Case,
    CaseFinished,
    CaseStarted,
    Entry,
    Event,
    Frame,
    RunStarted,
    SecretsLearned,
)
from runner.errors import UsageError
from runner.exchange import Exchange, Reply, Request, Response, TransportFailure

MADE = (Made("flow.yaml", "F", "1"),)
JSON = (("Content-Type", "application/json"),)


def answered(step: str, body: str = "{}", *, workflow: str = "flow", reply: Reply | None = None) -> Answered:
    sent = Request("GET", f"https://api.example/{step}")
    return Answered((Frame(workflow, step, 1, 1),), Exchange(sent, reply or Response(200, JSON, body.encode())))


def record(folder: Path, *events: Event, close: bool = True) -> dict[str, str]:
    """Record events and give the pages by their names."""
    tape = Tape(folder, MADE)
    for event in events:
        tape.tell(Entry(0.0, event))
    if close:
        tape.close()
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.json")}


def test_each_secret_has_a_number_in_its_workflow(tmp_path: Path) -> None:
    pages = record(
        tmp_path,
        answered("a", '{"access_token":"one-one-one","x":"and one-one-one"}'),
        answered("b", '{"access_token":"two-two-two"}'),
        answered("c", '{"access_token":"two-two-two"}', workflow="other"),
    )
    assert '"x": "and ***1***"' in pages["flow/a.json"]
    assert '"access_token": "***2***"' in pages["flow/b.json"]
    assert '"access_token": "***1***"' in pages["other/c.json"]


def test_what_the_driver_learns_leaves_all_pages(tmp_path: Path) -> None:
    pages = record(
        tmp_path,
        RunStarted("flow.yaml", "F", ("flow",), secrets=frozenset({"given-secret"})),
        answered("a", '{"x":"given-secret","y":"later-secret","z":12345678901}'),
        answered("bytes", reply=Response(200, (), b"\xff later-secret")),
        SecretsLearned(frozenset({"later-secret", "12345678901"})),
    )
    text = "".join(pages.values())
    assert "given-secret" not in text
    assert "later-secret" not in text
    assert "12345678901" not in text
    assert read_cassette(tmp_path).units["flow"]


def test_a_recording_that_was_broken_off_keeps_its_pages_and_is_not_complete(tmp_path: Path) -> None:
    record(tmp_path, answered("a"), close=False)
    found = read_cassette(tmp_path)
    assert not found.complete
    assert [each.path.name for each in found.units["flow"]] == ["a.json"]


def test_what_nobody_knows_the_end_of_is_not_recorded(tmp_path: Path) -> None:
    pages = record(tmp_path, answered("a", reply=TransportFailure("cancelled", "interrupted")))
    assert pages.keys() == {"cassette.json"}


def test_a_case_is_recorded_by_its_name_and_replaces_only_itself(tmp_path: Path) -> None:
    one, two = Case("flow[1]", "flow.yaml", "flow", "1"), Case("flow[2]", "flow.yaml", "flow", "2")
    record(
        tmp_path, *(e for case in (one, two) for e in (CaseStarted(case), answered("a"), CaseFinished(case, "passed")))
    )
    pages = record(tmp_path, CaseStarted(two), answered("b"), CaseFinished(two, "passed"))
    assert pages.keys() == {"cassette.json", "flow[1]/a.json", "flow[2]/b.json"}


def told(case: Case, *events: Event) -> tuple[Event, ...]:
    return CaseStarted(case), *events, CaseFinished(case, "passed")


def test_a_folder_whose_name_turns_out_to_show_a_secret_is_left_for_one_by_number(tmp_path: Path) -> None:
    case = Case("flow[tangerine] #2", "flow.yaml", "flow", "tangerine", 2, number=7)
    record(tmp_path, *told(case, answered("old"), answered("a")))
    assert read_cassette(tmp_path).unit_of(case) == "flow[tangerine] #2"
    learned = SecretsLearned(frozenset({"tangerine"}))
    pages = record(tmp_path, *told(case, answered("a", '{"access_token":"one-one-one"}'), learned, answered("a")))
    assert pages.keys() == {"cassette.json", "flow[!7] #2/a.json", "flow[!7] #2/a.2.json"}
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["flow[!7] #2"]
    assert read_cassette(tmp_path).unit_of(case) == "flow[!7] #2"
    record(tmp_path, *told(case, answered("a")))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["flow[tangerine] #2"]


def test_a_name_that_anybody_can_give_is_never_the_one_by_number() -> None:
    names = [case_names(Case(f"flow[{row}]", "d", "flow", row, number=1)) for row in ("!1", "%211", "secret")]
    assert len({name for each in names for name in each[:1]} | {names[0][1]}) == 4


def test_secrets_of_any_number_of_cases_stay_out(tmp_path: Path) -> None:
    cases = [Case(f"flow[{n}]", "d", "flow", str(n), number=n) for n in range(1, 1102)]
    events = [
        event
        for n, case in enumerate(cases)
        for event in told(case, SecretsLearned(frozenset({f"sesame-{n}x"})), answered("a", f'{{"x":"sesame-{n}x"}}'))
    ]
    assert [name for name, text in record(tmp_path, *events).items() if "sesame" in text] == []


def test_what_was_broken_off_is_incomplete_until_all_of_it_is_recorded_again(tmp_path: Path) -> None:
    one, two = Case("flow[1]", "d", "flow", "1", number=1), Case("flow[2]", "d", "flow", "2", number=2)
    record(tmp_path, *told(one, answered("a")), *told(two, answered("a")), close=False)
    record(tmp_path, *told(two, answered("a")))
    assert not read_cassette(tmp_path).complete
    record(tmp_path, *told(one, answered("a")), *told(two, answered("a")))
    assert read_cassette(tmp_path).complete
    record(tmp_path, *told(two, answered("a")))
    assert read_cassette(tmp_path).complete


def test_names_that_some_file_systems_take_for_one_are_two_pages(tmp_path: Path) -> None:
    assert {"flow/Pay.json", "flow/pay.2.json"} <= record(tmp_path, answered("Pay"), answered("pay")).keys()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    assert check_folder(tmp_path) == ()
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty, and no cassette"):
        check_folder(tmp_path)


def test_documents_are_named_once_and_in_a_stable_order() -> None:
    before, now = [Made("b", "B", "1"), Made("c")], [Made("b", "B", "2"), Made("a")]
    assert merged(before, now) == (Made("a"), Made("b", "B", "2"), Made("c"))

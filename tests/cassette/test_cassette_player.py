"""What a request is answered with from a cassette: by its place in the run, then by what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cassette.folder import Made, read_cassette
from runner.cassette.player import Nowhere, Player, Strictness, read_strictness
from runner.cassette.tape import Tape
from runner.engine.events import Answered, Entry, Frame, Trail
from runner.engine.flow import Send
from runner.errors import UsageError
from runner.exchange import Exchange, Headers, Hop, Request, Response, TransportFailure
from runner.reporters.redact import Redactor
from runner.shell.clock import VirtualClock
from runner.shell.options import USER_AGENT
from runner.shell.wire import complete
from tests.shell.operations import operation


def at(step: str, attempt: int = 1, workflow: str = "flow") -> Trail:
    return (Frame(workflow, step, 1, attempt),)


def get(query: str = "", *headers: tuple[str, str]) -> Request:
    return Request("GET", f"https://api.example/things{query}", headers)


def taped(step: Trail, request: Request, body: str, took: float = 2.0, hops: tuple[Hop, ...] = ()) -> Answered:
    sent = complete(request, USER_AGENT)
    assert isinstance(sent, Request)
    return Answered(step, Exchange(sent, Response(200, (), body.encode()), took, hops))


def player(
    folder: Path, *events: Answered, strictness: Strictness = "request", secrets: tuple[str, ...] = ()
) -> Player:
    tape = Tape(folder, (Made("flow.yaml"),))
    for event in events:
        tape.tell(Entry(0.0, event))
    tape.close()
    return Player(read_cassette(folder), VirtualClock(0.0), Redactor(secrets), strictness)


def ask(played: Player, step: Trail, request: Request) -> Exchange:
    return played.answer(Send(request, operation(), 5.0, "api", step))


def body(exchange: Exchange) -> str:
    assert isinstance(exchange.reply, Response), exchange.reply
    return exchange.reply.body.decode()


def why(exchange: Exchange) -> str:
    assert isinstance(exchange.reply, TransportFailure), exchange.reply
    assert exchange.reply.kind == "unrecorded"
    return exchange.reply.message


def test_an_answer_is_found_by_its_place_and_takes_as_long_as_it_took(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("poll", 1), get(), "waiting"), taped(at("poll", 2), get(), "done"))
    assert body(ask(played, at("poll", 2), get())) == "done"
    assert body(ask(played, at("poll", 1), get())) == "waiting"
    assert played.clock.now() == 4.0
    assert (played.drifts, list(played.left())) == ([], [])


def test_a_place_that_a_run_comes_to_again_is_answered_in_turn(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("poll"), get(), "first"), taped(at("poll"), get(), "second"))
    assert [body(ask(played, at("poll"), get())) for _ in range(2)] == ["first", "second"]
    assert why(ask(played, at("poll"), get())) == "the cassette has no such request"


def test_a_request_from_another_place_is_found_by_what_it_says(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get("?x=1"), "one"), taped(at("b", workflow="other"), get("?x=2"), "two"))
    assert body(ask(played, at("renamed"), get("?x=2"))) == "two"
    assert body(ask(played, at("renamed", workflow="new"), get("?x=1"))) == "one"
    assert played.drifts == []


def test_a_page_that_another_step_took_still_answers_its_own(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get("?x=1"), "one"), taped(at("b"), get("?x=2"), "two"))
    assert body(ask(played, at("a"), get("?x=2"))) == "two"
    assert body(ask(played, at("b"), get("?x=2"))) == "two"


def test_redirects_are_played_with_what_they_led_to(tmp_path: Path) -> None:
    hop = Hop(get(), Response(302, (("Location", "/elsewhere"),)))
    played = player(tmp_path, taped(at("a"), get("?moved"), "here", hops=(hop,)))
    exchange = ask(played, at("a"), get())
    assert body(exchange) == "here"
    assert len(exchange.hops) == 1
    assert exchange.sent.url == "https://api.example/things?moved"


HEADER: Headers = (("X-Shop", "south"),)
LEVELS: dict[str, tuple[Strictness, Request, bool]] = {
    "any, header": ("any", get("?x=1", *HEADER), True),
    "any, query": ("any", get("?x=2"), True),
    "request, header": ("request", get("?x=1", *HEADER), False),
    "request, query": ("request", get("?x=2"), True),
    "none, header": ("none", get("?x=1", *HEADER), False),
    "none, query": ("none", get("?x=2"), False),
}


@pytest.mark.parametrize(("strictness", "request_", "fails"), LEVELS.values(), ids=LEVELS.keys())
def test_drift_fails_a_step_by_how_strict_a_replay_is(
    tmp_path: Path, strictness: Strictness, request_: Request, fails: bool
) -> None:
    played = player(tmp_path, taped(at("a"), get("?x=1"), "one"), strictness=strictness)
    exchange = ask(played, at("a"), request_)
    assert isinstance(exchange.reply, TransportFailure) is fails
    assert [drift.failed for drift in played.drifts] == [fails]
    assert exchange.sent.url == request_.url  # what was really asked for


def test_a_retry_of_what_has_drifted_is_held_against_the_same_page(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get("?x=1"), "one"))
    first, second = (why(ask(played, at("a", attempt), get("?x=2"))) for attempt in (1, 2))
    assert first == second == "the cassette has another request: query parameter 'x' was 1, is 2"


def test_what_is_secret_does_not_stand_in_what_is_told(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get("?x=1"), "one"), secrets=("top-secret-word",))
    assert "top-secret" not in why(ask(played, at("a"), get("?x=top-secret-word")))


def test_a_page_that_is_gone_since_it_was_read_fails_the_step(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get(), "one"))
    (tmp_path / "flow/a.json").unlink()
    assert "cannot be read" in why(ask(played, at("a"), get()))


def test_a_workflow_that_sends_nothing_leaves_all_that_was_recorded_of_it(tmp_path: Path) -> None:
    played = player(tmp_path, taped(at("a"), get(), "one"), taped(at("b", workflow="other"), get(), "two"))
    played.expect("flow")
    assert [each.at for each in played.left()] == ["flow/a[1.1]"]


def test_nothing_is_sent_anywhere() -> None:
    reply = Nowhere().send(get(), None)
    assert isinstance(reply, TransportFailure)
    assert reply.kind == "offline"


def test_a_strictness_that_is_none_is_refused() -> None:
    assert read_strictness("any") == "any"
    with pytest.raises(UsageError, match="one of any, request, none"):
        read_strictness("all")

"""What one more step costs is held, counted in calls of functions: a count does not depend on the machine."""

from __future__ import annotations

import cProfile
import gc
import pstats
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import runner
from runner import api
from runner.engine.events import Entry
from runner.exchange import Reply, Request, Response
from runner.reporters.recorder import Recorder
from runner.shell.clock import SystemClock
from runner.shell.drive import World
from tests.bench.answers import answer
from tests.bench.documents import API, chain
from tests.memory import Memory

# What a step of the chain takes today, by what is done with it, and how much more that may become. Lower them with it.
CALLS = {"compiling": 730, "recalling": 4, "running": 615, "recording": 57}
ROOM = 1.5
FEW, MANY, MORE = 4, 50, 100
HEADERS = (("Content-Type", "application/json"),)


class InProcess:
    """Answers as the benchmarks' server does, without a socket."""

    def __init__(self) -> None:
        self.requests = 0

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.requests += 1
        found = answer(request.method, urlsplit(request.url).path, "", request.body or b"")
        return Response(found.status, HEADERS, found.body)


class Counted:
    """Counts the calls of functions between its begin and its end."""

    def __enter__(self) -> Counted:
        gc.disable()  # what others have it call is none of ours
        self.profile = cProfile.Profile()
        self.profile.enable()
        return self

    def __exit__(self, *_: object) -> None:
        self.profile.disable()
        gc.enable()
        self.calls: int = pstats.Stats(self.profile).total_calls  # type: ignore[attr-defined]


def counted(folder: Path, steps: int) -> dict[str, int]:
    """Compile a chain, recall what is kept of it, run it and record what is told; give the calls that each took."""
    (folder / "library.yaml").write_text(API.replace("SERVER", "http://h.test"), encoding="utf-8")
    document = folder / f"chain{steps}.arazzo.yaml"
    document.write_text(chain(steps), encoding="utf-8")
    description = runner.load(str(document))
    with Counted() as compiling:
        plan = runner.compile(description)
    sources = api.Sources(cache=Memory())
    api.check(str(document), sources).keep()
    with Counted() as recalling:
        recalled = api.check(str(document), sources)
    assert (recalled.description, recalled.plan is None) == (None, False)
    transport, told = InProcess(), list[Entry]()
    world = World(transport, SystemClock(), told.append)
    with Counted() as running:
        outcome = api.run_plan(plan, [api.ask(plan, "chain", {})], world)
    assert (outcome, transport.requests) == ("passed", steps)
    recorder = Recorder()
    with Counted() as recording:
        for entry in told:
            recorder.tell(entry)
    found = {"compiling": compiling, "recalling": recalling, "running": running, "recording": recording}
    return {what: counting.calls for what, counting in found.items()}


def each(calls: dict[int, dict[str, int]], what: str, few: int, many: int) -> float:
    return (calls[many][what] - calls[few][what]) / (many - few)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    folder = tmp_path_factory.mktemp("chains")
    counted(folder, FEW)  # what is imported and compiled once belongs to no step
    return {steps: counted(folder, steps) for steps in (FEW, MANY, MORE)}


@pytest.mark.parametrize("what", CALLS)
def test_one_more_step_takes_no_more_calls_than_it_did_with_room_for_half_as_many(
    calls: dict[int, dict[str, int]], what: str
) -> None:
    assert each(calls, what, FEW, MANY) <= CALLS[what] * ROOM


@pytest.mark.parametrize("what", CALLS)
def test_the_second_half_of_the_steps_takes_as_many_calls_as_the_first(
    calls: dict[int, dict[str, int]], what: str
) -> None:
    first, second = each(calls, what, FEW, MANY), each(calls, what, MANY, MORE)
    assert second == pytest.approx(first, rel=0.2), what

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
from runner.shell.clock import SystemClock
from runner.shell.drive import World
from tests.bench.answers import answer
from tests.bench.documents import API, chain

# What a step of the chain takes today, to run and to compile, and how much more that may become. Lower them with it.
CALLS_OF_A_STEP, CALLS_TO_COMPILE_A_STEP, ROOM = 620, 710, 1.5
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


def counted(folder: Path, steps: int) -> tuple[int, int]:
    """Compile and run a chain, and give the calls that each of them took."""
    (folder / "library.yaml").write_text(API.replace("SERVER", "http://h.test"), encoding="utf-8")
    document = folder / f"chain{steps}.arazzo.yaml"
    document.write_text(chain(steps), encoding="utf-8")
    description = runner.load(str(document))
    with Counted() as compiling:
        plan = runner.compile(description)
    transport, told = InProcess(), list[Entry]()
    world = World(transport, SystemClock(), told.append)
    with Counted() as running:
        outcome = api.run_plan(plan, [api.ask(plan, "chain", {})], world)
    assert (outcome, transport.requests) == ("passed", steps)
    return compiling.calls, running.calls


def each(calls: dict[int, tuple[int, int]], part: int, few: int, many: int) -> float:
    return (calls[many][part] - calls[few][part]) / (many - few)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[int, int]]:
    folder = tmp_path_factory.mktemp("chains")
    counted(folder, FEW)  # what is imported and compiled once belongs to no step
    return {steps: counted(folder, steps) for steps in (FEW, MANY, MORE)}


def test_running_one_more_step_takes_no_more_calls_than_it_did_with_room_for_half_as_many(
    calls: dict[int, tuple[int, int]],
) -> None:
    assert each(calls, 1, FEW, MANY) <= CALLS_OF_A_STEP * ROOM


def test_compiling_one_more_step_takes_no_more_calls_than_it_did_with_room_for_half_as_many(
    calls: dict[int, tuple[int, int]],
) -> None:
    assert each(calls, 0, FEW, MANY) <= CALLS_TO_COMPILE_A_STEP * ROOM


@pytest.mark.parametrize(("what", "part"), [("compiling", 0), ("running", 1)])
def test_the_second_half_of_the_steps_takes_as_many_calls_as_the_first(
    calls: dict[int, tuple[int, int]], what: str, part: int
) -> None:
    first, second = each(calls, part, FEW, MANY), each(calls, part, MANY, MORE)
    assert second == pytest.approx(first, rel=0.2), what

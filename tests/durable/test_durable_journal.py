"""A flow that died is driven again: what was answered is told as it was, and the rest is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner import api
from runner.durable.journal import Journal, Lost, Parked, Unit, UnknownAnswerError
from runner.durable.seal import Seal
from runner.durable.sqlite import SqliteStore
from runner.durable.store import JournalError, KeptRun
from runner.durable.world import ajournaled, journaled
from runner.engine.asked import Asked
from runner.engine.events import Answered, Entry, StepFinished, TeardownFinished, WorkflowFinished
from runner.engine.state import Limits
from runner.exchange import Exchange, Reply, Request, TransportFailure
from runner.plan.plan import Plan
from runner.shell.clock import VirtualClock
from runner.shell.drive import AsyncWorld, World, adrive
from tests.scripted import header, plan_of, reply

BEGAN = 1000.0
KEY = b"k" * 32
LIMITS = Limits(request_timeout=None, pace=0)


class Died(BaseException):
    """The process ended here."""


@dataclass
class Life:
    """A process that works on the run: what it is answered, when it dies, and what it did."""

    store: SqliteStore
    plan: Plan
    replies: Sequence[Reply] = (reply(),)
    at: float = BEGAN
    dies_at: float = float("inf")
    dies_after: int = 1000
    lost: Lost = "refuse"
    park_after: float | None = None
    cancelled: Callable[[], bool] = lambda: False
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    told: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(self.at)
        self.now, self.monotonic = self.clock.now, self.clock.monotonic
        self.slept = 0.0

    def send(self, request: Request, timeout: float | None) -> Reply:
        self.sent.append(request)
        if len(self.sent) > self.dies_after:
            raise Died
        return self.replies[len(self.sent) - 1]

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.slept += seconds
        if self.clock.now() >= self.dies_at:
            raise Died

    @property
    def journal(self) -> Journal:
        seal = Seal(KEY, "r", self.secrets)
        unit = Unit(self.store, "r", "flow", seal)
        return Journal(unit, self.now, lost=self.lost, park_after=self.park_after)

    def run(self) -> str:
        world = World(self, self, self.told.append, cancelled=self.cancelled)
        asked = [Asked(key, self.inputs) for key in self.plan.entries]
        return api.run_plan(self.plan, asked, journaled(world, self.journal, b"seed"), LIMITS)

    async def arun(self) -> str:
        awaited = Awaited(self)
        world = ajournaled(
            AsyncWorld(awaited, awaited, self.told.append, cancelled=self.cancelled), self.journal, b"seed"
        )
        asked = [Asked(key, self.inputs) for key in self.plan.entries]
        return await adrive(api.start(self.plan, asked, LIMITS, world), world)

    def all(self, kind: type[Any]) -> list[Any]:
        return [each.event for each in self.told if isinstance(each.event, kind)]

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(each.step_id, each.outcome) for each in self.all(StepFinished)]


class Awaited:
    def __init__(self, life: Life) -> None:
        self.life, self.now, self.monotonic = life, life.now, life.monotonic

    async def send(self, request: Request, timeout: float | None) -> Reply:
        await asyncio.sleep(0)
        return self.life.send(request, timeout)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.life.sleep(seconds)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "journal.db")
    store.create(KeptRun("r", BEGAN, "flow", b""))
    yield store
    store.close()


POLL = plan_of(
    header(
        """
        - workflowId: poll
          steps:
          - stepId: get
            operationId: getThing
            parameters: [{name: id, in: path, value: a}]
            successCriteria: [{condition: $response.body#/ready == true}]
            onFailure: [{name: again, type: retry, retryAfter: 100, retryLimit: 3}]
        """
    )
)
PENDING, READY = reply(body={"ready": False}), reply(body={"ready": True})


def test_only_the_rest_of_a_wait_is_waited_for(store: SqliteStore) -> None:
    first = Life(store, POLL, [PENDING], dies_at=BEGAN + 40)
    with pytest.raises(Died):
        first.run()
    kept = store.run("r")
    assert kept is not None
    assert (kept.state, kept.wake) == ("waiting", BEGAN + 100)
    second = Life(store, POLL, [READY], at=BEGAN + 70)
    assert second.run() == "passed"
    assert second.slept == pytest.approx(30)
    assert len(second.sent) == 1
    assert [each.took for each in (exchange.exchange for exchange in second.all(Answered))] == [0.0, 0.0]


def test_a_wait_whose_time_has_come_is_over(store: SqliteStore) -> None:
    with pytest.raises(Died):
        Life(store, POLL, [PENDING], dies_at=BEGAN + 40).run()
    second = Life(store, POLL, [READY], at=BEGAN + 100_000)
    assert second.run() == "passed"
    assert second.slept == 0


def test_a_clock_that_was_set_back_holds_nothing_up_for_longer_than_was_said(store: SqliteStore) -> None:
    with pytest.raises(Died):
        Life(store, POLL, [PENDING], dies_at=BEGAN + 40).run()
    second = Life(store, POLL, [READY], at=BEGAN - 100_000)
    assert second.run() == "passed"
    assert second.slept == pytest.approx(100)


def test_what_is_told_again_happened_when_it_happened(store: SqliteStore) -> None:
    first = Life(store, POLL, [PENDING], at=BEGAN + 5, dies_at=BEGAN + 40)
    with pytest.raises(Died):
        first.run()
    second = Life(store, POLL, [READY], at=BEGAN + 5000)
    second.run()
    assert second.told[: len(first.told)] == first.told
    assert second.told[-1].at == BEGAN + 5000


def test_a_wait_that_is_too_long_holds_no_process(store: SqliteStore) -> None:
    with pytest.raises(Parked) as parked:
        Life(store, POLL, [PENDING], park_after=60).run()
    assert parked.value.wake == BEGAN + 100
    with pytest.raises(Parked):
        Life(store, POLL, at=BEGAN + 10, park_after=60).run()
    assert Life(store, POLL, [READY], at=BEGAN + 50, park_after=60).run() == "passed"


def test_an_awaited_flow_goes_on_with_what_a_blocking_one_has_kept(store: SqliteStore) -> None:
    with pytest.raises(Died):
        Life(store, POLL, [PENDING], dies_at=BEGAN + 40).run()
    second = Life(store, POLL, [PENDING], at=BEGAN + 70, dies_after=1)
    with pytest.raises(Died):
        asyncio.run(second.arun())
    third = Life(store, POLL, [READY], at=BEGAN + 500)
    assert asyncio.run(third.arun()) == "passed"
    assert len(third.sent) == 1
    assert len(third.all(Answered)) == 3


def test_somebody_may_cancel_a_run_that_waits(store: SqliteStore) -> None:
    life = Life(store, POLL, [PENDING], dies_at=BEGAN + 90)
    life.sleep = lambda seconds: (Life.sleep(life, seconds), store.cancel("r"))  # type: ignore[method-assign]
    assert life.run() == "error"
    assert life.slept < 10
    assert life.all(WorkflowFinished)[0].problem.message == "the run was cancelled"


def two(second: str = "value: b", first: str = "operationId: createThing") -> Plan:
    return plan_of(
        header(
            f"""
            - workflowId: two
              inputs: {{type: object, properties: {{pw: {{type: string, format: password}}, id: {{type: string}}}}}}
              steps:
              - stepId: one
                {first}
                outputs: {{token: $response.body#/access_token}}
                onFailure: [{{name: look, type: goto, stepId: two}}]
              - stepId: two
                operationId: getThing
                parameters: [{{name: id, in: path, {second}}}]
            """
        )
    )


def test_a_request_that_is_another_one_now_is_refused_and_nothing_more_is_sent(store: SqliteStore) -> None:
    plan = two("value: $inputs.id")
    with pytest.raises(Died):
        Life(store, plan, [reply(201)], dies_after=1, inputs={"id": "b"}).run()
    changed = Life(store, plan, inputs={"id": "c"})
    with pytest.raises(
        JournalError, match=r"GET /things/\{id\} of step 'two' is not the request that was sent before: url was"
    ):
        changed.run()
    assert changed.sent == []
    assert changed.steps == [("one", "passed"), ("two", "error")]
    shown = Life(store, plan, inputs={"id": "b"}, secrets={"input pw": "b-secret"})
    shown.replies = [reply()]
    assert shown.run() == "passed"


def test_a_difference_in_what_is_secret_is_not_shown(store: SqliteStore) -> None:
    plan = two("value: $inputs.pw")
    with pytest.raises(Died):
        Life(store, plan, [reply(201)], dies_after=1, inputs={"pw": "hunter22"}, secrets={"input pw": "hunter22"}).run()
    changed = Life(store, plan, inputs={"pw": "12345678"}, secrets={"input other": "12345678"})
    with pytest.raises(JournalError, match="'input pw', a secret that the run was given, is missing now"):
        changed.run()


@pytest.mark.parametrize("lost", ["refuse", "send", "fail"])
def test_a_request_that_may_have_arrived_waits_for_a_word(store: SqliteStore, lost: Lost) -> None:
    with pytest.raises(Died):
        Life(store, two(), dies_after=0).run()
    second = Life(store, two(), [reply(201), reply()], lost=lost)
    if lost == "refuse":
        with pytest.raises(UnknownAnswerError, match="nobody knows whether it arrived") as unknown:
            second.run()
        assert "--send-again" in unknown.value.hint
        (told,) = second.all(Answered)
        assert "it may have arrived" in told.exchange.reply.message
        assert second.sent == []
        return
    assert second.run() == "passed"
    assert [each.method for each in second.sent] == (["POST", "GET"] if lost == "send" else ["GET"])
    outcome = "passed" if lost == "send" else "error"
    assert second.steps == [("one", outcome), ("two", "passed")]
    third = Life(store, two())
    assert third.run() == "passed"
    assert third.sent == []
    assert third.steps == second.steps


@pytest.mark.parametrize("method", ["getThing", "deleteThing"])
def test_what_is_idempotent_is_sent_again(store: SqliteStore, method: str) -> None:
    plan = two(first=f"operationId: {method}\n                parameters: [{{name: id, in: path, value: x}}]")
    with pytest.raises(Died):
        Life(store, plan, dies_after=0).run()
    second = Life(store, plan, [reply(), reply()])
    assert second.run() == "passed"
    assert len(second.sent) == 2


def test_a_key_is_the_same_when_a_request_is_sent_again(store: SqliteStore) -> None:
    plan = two(first="operationId: createThing\n                x-idempotency-key: true")
    first = Life(store, plan, dies_after=0)
    with pytest.raises(Died):
        first.run()
    second = Life(store, plan, [reply(201), reply()])
    assert second.run() == "passed"
    keys = [dict(each.headers)["Idempotency-Key"] for each in (first.sent[0], second.sent[0])]
    assert keys[0] == keys[1]


TORN = plan_of(
    header(
        """
        - workflowId: torn
          steps:
          - {stepId: one, operationId: createThing}
          - {stepId: two, operationId: listThings}
          x-finally:
          - {stepId: remove, operationId: deleteThing, parameters: [{name: id, in: path, value: a}]}
          - {stepId: look, operationId: listThings}
        """
    )
)


def test_a_flow_that_may_not_go_on_is_not_torn_down_either(store: SqliteStore) -> None:
    with pytest.raises(Died):
        Life(store, TORN, dies_after=0).run()
    stopped = Life(store, TORN)
    with pytest.raises(UnknownAnswerError):
        stopped.run()
    assert stopped.sent == []
    assert stopped.steps == [("one", "error"), ("remove", "error"), ("look", "error")]
    assert not stopped.journal.is_torn_down()
    awaited = Life(store, TORN)
    with pytest.raises(UnknownAnswerError):
        asyncio.run(awaited.arun())
    assert (awaited.sent, awaited.steps) == ([], stopped.steps)
    again = Life(store, TORN, [reply(201), reply(), reply(204), reply()], lost="send")
    assert again.run() == "passed"
    assert [each.method for each in again.sent] == ["POST", "GET", "DELETE", "GET"]


def test_a_run_that_the_user_ended_between_two_effects_goes_on_where_nothing_was_torn_down(store: SqliteStore) -> None:
    first = Life(store, two(), [reply(201)])
    first.cancelled = lambda: len(first.sent) == 1
    assert first.run() == "error"
    assert first.journal.is_torn_down() is False
    second = Life(store, two(), [reply()])
    assert second.run() == "passed"
    assert len(second.sent) == 1


def test_a_teardown_that_died_goes_on_and_what_was_broken_off_stays_so(store: SqliteStore) -> None:
    first = Life(store, TORN, [reply(201), reply(204)], dies_after=2)
    first.cancelled = lambda: len(first.sent) >= 1
    with pytest.raises(Died):
        first.run()
    assert [each.method for each in first.sent] == ["POST", "DELETE", "GET"]
    second = Life(store, TORN, [reply()])
    assert second.run() == "error"
    assert [each.method for each in second.sent] == ["GET"]
    assert second.steps == [("one", "passed"), ("two", "error"), ("remove", "passed"), ("look", "passed")]
    assert second.all(TeardownFinished)[0].outcome == "passed"
    assert second.journal.is_torn_down()


def test_a_request_that_the_user_broke_off_is_told_again_as_broken_off(store: SqliteStore) -> None:
    first = Life(store, TORN, [reply(201), reply(204), reply()])
    send = first.send

    def interrupted(request: Request, timeout: float | None) -> Reply:
        if len(first.sent) == 1 and request.url.endswith("/things"):
            raise KeyboardInterrupt
        return send(request, timeout)

    first.send = interrupted  # type: ignore[method-assign]
    assert first.run() == "error"
    second = Life(store, TORN)
    assert second.run() == "error"
    assert second.sent == []
    assert second.steps == first.steps
    broken = [each.exchange for each in second.all(Answered)]
    assert isinstance(broken[1], Exchange)
    assert isinstance(broken[1].reply, TransportFailure)
    assert broken[1].reply.kind == "cancelled"

"""Runs that share their credentials obtain a token once: step by step, in threads, in tasks, and in both at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from runner.engine.events import Entry, RunFinished, RunStarted, SecretsLearned
from runner.engine.flow import Flow, Send
from runner.exchange import Exchange, Reply, Request, Response, TransportFailure, header
from runner.shell.auth import Credentials
from runner.shell.auth.keyring import Got, Shelf
from runner.shell.clock import AsyncVirtualClock, VirtualClock
from runner.shell.deliver import Session, acarry, carry, deliver
from runner.shell.drive import AsyncWorld, World, adrive, drive
from runner.shell.effects import Arrival, Await, Dispatch, Enter, Steps, dispatched
from tests.shell.authorizing import START, Script, token
from tests.shell.operations import operation

TOKEN_URL = "https://idp.example/token"
SECURED = operation([["O"]], {"O": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": TOKEN_URL}}}})
SEND = Send(Request("GET", "https://api.example/"), SECURED, 5.0)
RUNS = 8
GONE = TransportFailure("closed", "gone")


def credentials() -> Credentials:
    return Credentials({"O_CLIENT_ID": "a", "O_CLIENT_SECRET": "b"})


# Step by step


def making(_: str | None) -> Steps[str | TransportFailure]:
    """Make a value of the reply to a request."""
    arrival = yield from dispatched(Request("GET", "https://x/"), None)
    return arrival.reply if isinstance(arrival.reply, TransportFailure) else arrival.reply.reason


def wanting(shelf: Shelf[str], failures: int = 1) -> Steps[Got[str] | TransportFailure]:
    return shelf.get("key", lambda value: value != "bad", making, failures)


def came(reply: Reply) -> Arrival:
    return Arrival(reply, 0.1)


def end(steps: Steps[Got[str] | TransportFailure], answer: Arrival | None) -> Got[str] | TransportFailure:
    with pytest.raises(StopIteration) as stop:
        steps.send(answer)
    result: Got[str] | TransportFailure = stop.value.value
    return result


@pytest.mark.parametrize(("reply", "expected"), [(Response(200, reason="good"), Got("good", True)), (GONE, GONE)])
def test_who_comes_first_makes_it_and_the_others_take_what_comes(
    reply: Reply, expected: Got[str] | TransportFailure
) -> None:
    shelf: Shelf[str] = Shelf()
    first, second = wanting(shelf), wanting(shelf)
    assert isinstance(next(first), Dispatch)
    assert isinstance(next(second), Await)
    assert end(first, came(reply)) == expected
    assert end(second, None) == expected


def test_where_others_may_ask_once_more_one_of_those_who_wait_does_so_and_not_each_of_them() -> None:
    shelf: Shelf[str] = Shelf()
    first, second, third, fourth = (wanting(shelf, failures=2) for _ in range(4))
    assert [type(next(each)) for each in (first, second, third, fourth)] == [Dispatch, Await, Await, Await]
    assert end(first, came(GONE)) == GONE
    assert [type(each.send(None)) for each in (second, third)] == [Dispatch, Await]
    assert end(second, came(Response(200, reason="good"))) == Got("good", True)
    assert end(third, None) == Got("good", True)
    assert end(fourth, None) == Got("good", False)


def test_who_has_seen_two_failures_of_others_has_failed_too() -> None:
    shelf: Shelf[str] = Shelf()
    first, second, third = (wanting(shelf, failures=2) for _ in range(3))
    for each in (first, second, third):
        next(each)
    end(first, came(GONE))
    assert [type(each.send(None)) for each in (second, third)] == [Dispatch, Await]
    assert end(second, came(GONE)) == GONE
    assert end(third, None) == GONE


def test_who_comes_first_and_is_stopped_leaves_it_to_the_next() -> None:
    shelf: Shelf[str] = Shelf()
    first, second, third = wanting(shelf), wanting(shelf), wanting(shelf)
    assert [type(next(each)) for each in (first, second, third)] == [Dispatch, Await, Await]
    first.close()
    assert [type(each.send(None)) for each in (second, third)] == [Dispatch, Await]
    assert end(second, came(Response(200, reason="good"))) == Got("good", True)
    assert end(third, None) == Got("good", True)


def test_nobody_waits_for_ever() -> None:
    shelf: Shelf[str] = Shelf()
    first, second = wanting(shelf), wanting(shelf)
    next(first)
    next(second)
    late = end(second, None)
    assert late == TransportFailure("credentials", "another run has been asking for a token for too long")
    first.close()


def test_a_good_value_is_kept_and_a_bad_one_or_a_failure_is_not() -> None:
    shelf: Shelf[str] = Shelf()
    for reply, expected in ((GONE, GONE), (Response(200, reason="bad"), Got("bad", True))):
        one = wanting(shelf)
        next(one)
        assert end(one, came(reply)) == expected
    one = wanting(shelf)
    next(one)
    end(one, came(Response(200, reason="good")))
    assert end(wanting(shelf), None) == Got("good", False)


def test_a_value_that_somebody_replaced_is_not_amended() -> None:
    shelf: Shelf[str] = Shelf()
    one = wanting(shelf)
    next(one)
    end(one, came(Response(200, reason="good")))
    shelf.amend("key", "another", "bad")
    assert end(wanting(shelf), None) == Got("good", False)
    shelf.amend("key", "good", "bad")
    again = wanting(shelf)
    assert isinstance(next(again), Dispatch)
    again.close()


def test_two_runs_whose_token_is_refused_get_one_new_token() -> None:
    shared, script = credentials(), Script()
    script.deliver(SECURED, shared, [token("t1"), Response(200)])
    one, two = (deliver(SEND, Script().session(shared)) for _ in range(2))
    for each in (one, two):
        assert isinstance(next(each), Dispatch)
    for each in (one, two):
        after = each.send(came(Response(401)))
        assert isinstance(after, Dispatch if each is one else Await)
    onward = one.send(came(token("t2")))
    assert isinstance(onward, Dispatch)
    assert header(onward.request.headers, "authorization") == "Bearer t2"
    also = two.send(None)
    assert isinstance(also, Dispatch)
    assert header(also.request.headers, "authorization") == "Bearer t2"
    one.close()
    two.close()


# Where requests are held back


class Door:
    """A gate at which each request waits for a minute, unless it leaves at once; it notes what came."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.noted: list[Enter] = []

    def enter(self, url: str, at_once: bool) -> None:
        self.noted.append(Enter(url, at_once))
        self.clock.sleep(0 if at_once else 60)


class ShortLived:
    """An authorization server whose tokens live for 50 seconds, and an API that takes no other."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock

    def send(self, request: Request, timeout: float | None) -> Reply:
        now = self.clock.now()
        if request.url == TOKEN_URL:
            return token(str(now), expires_in=50)
        issued = float((header(request.headers, "authorization") or "").removeprefix("Bearer "))
        return Response(200 if now <= issued + 50 else 401)


LET_IN, TOKEN_AT_ONCE, AT_ONCE = Enter(SEND.request.url), Enter(TOKEN_URL, at_once=True), Enter(SEND.request.url, True)


def test_a_request_gets_its_token_when_it_is_let_in_and_not_before() -> None:
    clock, shared = VirtualClock(START), credentials()
    door, session = Door(clock), Session(clock.now, shared, gated=True)
    exchanges = [carry(deliver(SEND, session), ShortLived(clock), clock, gate=door) for _ in range(3)]
    assert [(exchange.reply, exchange.took) for exchange in exchanges] == [(Response(200), 0.0)] * 3
    assert door.noted == [LET_IN, TOKEN_AT_ONCE] * 3


def test_those_that_waited_for_one_token_are_let_in_anew_and_do_not_leave_together() -> None:
    session = Session(lambda: START, credentials(), gated=True)
    first, second = (deliver(SEND, session) for _ in range(2))
    assert [next(first), first.send(None)] == [LET_IN, TOKEN_AT_ONCE]
    assert isinstance(first.send(None), Dispatch)
    assert next(second) == LET_IN
    assert isinstance(second.send(None), Await)
    assert isinstance(first.send(came(token("t1"))), Dispatch)
    assert second.send(None) == LET_IN
    onward = second.send(None)
    assert isinstance(onward, Dispatch)
    assert header(onward.request.headers, "authorization") == "Bearer t1"
    first.close()
    second.close()


def test_what_is_sent_again_with_a_new_token_leaves_at_once() -> None:
    session = Session(lambda: START, credentials(), gated=True)
    door, clock = Door(VirtualClock(START)), VirtualClock(START)
    replies = iter([token("t1"), Response(200), Response(401), token("t2"), Response(200)])

    class Scripted:
        def send(self, request: Request, timeout: float | None) -> Reply:
            return next(replies)

    for _ in range(2):
        assert carry(deliver(SEND, session), Scripted(), clock, gate=door).reply == Response(200)
    assert door.noted == [LET_IN, TOKEN_AT_ONCE, LET_IN, TOKEN_AT_ONCE, AT_ONCE]


def test_where_nobody_holds_requests_back_none_asks_to_be_let_in() -> None:
    steps = deliver(SEND, Session(lambda: START, credentials()))
    assert isinstance(next(steps), Dispatch)
    assert isinstance(steps.send(came(token("t1"))), Dispatch)
    steps.close()


# In threads, in tasks


@dataclass
class Servers:
    """An authorization server that holds its answer back until `go`, and an API; a transport of both kinds."""

    asked: int = 0
    used: list[str | None] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: Request, timeout: float | None) -> Reply:
        if request.url == TOKEN_URL:
            with self.lock:
                self.asked += 1
            assert self.go.wait(10)
            return token("t1", expires_in=60)
        with self.lock:
            self.used.append(header(request.headers, "authorization"))
        return Response(200)


class AwaitedServers:
    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    async def send(self, request: Request, timeout: float | None) -> Reply:
        if request.url == TOKEN_URL:
            return await asyncio.to_thread(self.servers.send, request, timeout)
        return self.servers.send(request, timeout)


class Counting(VirtualClock):
    """A clock that lets the servers go once so many threads have come to wait."""

    def __init__(self, servers: Servers, waiting: int) -> None:
        super().__init__(START)
        self._servers, self._waiting = servers, waiting
        self._threads: set[int] = set()

    def sleep(self, seconds: float) -> None:
        self._threads.add(threading.get_ident())
        if len(self._threads) == self._waiting:
            self._servers.go.set()
        super().sleep(seconds)


def test_many_threads_ask_once() -> None:
    shared, servers = credentials(), Servers()
    clock = Counting(servers, RUNS - 1)

    def one(_: int) -> Exchange:
        return carry(deliver(SEND, Script().session(shared)), servers, clock)

    with ThreadPoolExecutor(RUNS) as pool:
        exchanges = list(pool.map(one, range(RUNS)))
    assert (servers.asked, servers.used) == (1, ["Bearer t1"] * RUNS)
    assert {exchange.reply for exchange in exchanges} == {Response(200)}


async def settled() -> None:
    """Let every task come as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def atask(shared: Credentials, servers: Servers) -> asyncio.Task[Exchange]:
    clock = AsyncVirtualClock(VirtualClock(START))
    return asyncio.create_task(acarry(deliver(SEND, Script().session(shared)), AwaitedServers(servers), clock))


def test_many_tasks_ask_once() -> None:
    shared, servers = credentials(), Servers()

    async def run() -> None:
        tasks = [atask(shared, servers) for _ in range(RUNS)]
        await settled()
        servers.go.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert (servers.asked, servers.used) == (1, ["Bearer t1"] * RUNS)


def test_a_task_that_is_cancelled_leaves_asking_to_another_and_no_other_to_wait() -> None:
    shared, servers = credentials(), Servers()

    async def run() -> None:
        first, second, third = (atask(shared, servers) for _ in range(3))
        await settled()
        for each in (first, third):
            each.cancel()
        await settled()
        servers.go.set()
        await second
        for each in (first, third):
            with pytest.raises(asyncio.CancelledError):
                await each

    asyncio.run(run())
    assert (servers.asked, servers.used) == (2, ["Bearer t1"])


def test_tasks_wait_for_what_a_thread_is_asking() -> None:
    shared, servers = credentials(), Servers()

    async def run() -> None:
        thread = asyncio.create_task(
            asyncio.to_thread(carry, deliver(SEND, Script().session(shared)), servers, VirtualClock(START))
        )
        while not servers.asked:
            await asyncio.sleep(0.001)
        tasks = [atask(shared, servers) for _ in range(RUNS - 1)]
        await settled()
        servers.go.set()
        await asyncio.gather(thread, *tasks)

    asyncio.run(run())
    assert (servers.asked, servers.used) == (1, ["Bearer t1"] * RUNS)


# What a run tells of it


def twice() -> Flow:
    yield RunStarted("doc", "title", ("w",))
    yield SEND
    yield SEND
    yield RunFinished("passed")
    return "passed"


class Awaited:
    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    async def send(self, request: Request, timeout: float | None) -> Reply:
        return self.servers.send(request, timeout)


def synchronous(shared: Credentials, servers: Servers, tell: Callable[[Entry], None]) -> None:
    drive(twice(), World(servers, VirtualClock(START), tell, shared))


def asynchronous(shared: Credentials, servers: Servers, tell: Callable[[Entry], None]) -> None:
    world = AsyncWorld(Awaited(servers), AsyncVirtualClock(VirtualClock(START)), tell, shared)
    asyncio.run(adrive(twice(), world))


@pytest.mark.parametrize("run", [synchronous, asynchronous])
def test_every_run_that_uses_a_token_tells_its_listeners_once(
    run: Callable[[Credentials, Servers, Callable[[Entry], None]], None],
) -> None:
    shared, servers = credentials(), Servers()
    servers.go.set()
    for _ in range(2):
        told: list[Entry] = []
        run(shared, servers, told.append)
        assert [entry.event for entry in told][1:-1] == [SecretsLearned(frozenset({"t1"}))]
    assert (servers.asked, len(servers.used)) == (1, 4)
    assert "t1" not in repr(told)

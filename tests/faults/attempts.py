"""One attempt at a server that misbehaves, by one driver: for the tests, and for as many more as a soak wants."""

from __future__ import annotations

from runner.engine.events import Entry
from runner.shell.options import HttpOptions
from tests.faults.drivers import DRIVERS, ending
from tests.faults.flows import Told, flow, told
from tests.faults.rude import FAULTS, MOST, rude
from tests.shell.server import serve

OPTIONS = HttpOptions(trust_env=False, max_body=MOST)


def try_out(fault: str, driver: str) -> None:
    """Let a server do to a flow what the table says, and hold the flow to what it shall say."""
    behaviour, kind, said, timeout = FAULTS[fault]
    with serve(rude(behaviour)) as server:
        plan = flow(server.url(""), server.url(""), timeout)
        result = ending(lambda: DRIVERS[driver](plan, OPTIONS))
    says(result.entries, kind, said)


def says(entries: tuple[Entry, ...], kind: str, said: str) -> None:
    """Hold a run to what its first step shall say, and its second to have passed."""
    first, second = told(entries)
    assert (first.kind, first.message[: len(said)]) == (kind, said)
    assert (bool(first.problem), len(first.problem) < 200) == (bool(kind), True)
    assert second == Told("fine")

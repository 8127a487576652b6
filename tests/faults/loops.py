"""The processes that a soak watches: `python -m tests.faults.loops library|awaited|matrix WHAT COUNT`."""

from __future__ import annotations

import asyncio
import sys

from runner import api
from runner.engine.state import Limits
from runner.library import arun, run_workflows
from runner.plan.plan import Plan
from runner.shell.options import HttpOptions
from tests.faults.attempts import try_out
from tests.faults.drivers import DRIVERS
from tests.faults.rude import FAULTS

QUICK, OPTIONS = Limits(pace=0), HttpOptions(trust_env=False)


def plan_at(path: str) -> Plan:
    plan = api.check(path).plan
    assert plan is not None, path
    return plan


def library(path: str, flows: int) -> None:
    """Run a document again and again, as a program does that has it as a part."""
    plan = plan_at(path)
    for _ in range(flows):
        assert run_workflows(plan, transport=OPTIONS, limits=QUICK).passed


def awaited(path: str, flows: int, at_once: int = 8) -> None:
    """Do the same, a few flows side by side."""
    plan = plan_at(path)

    async def one(count: int) -> None:
        for _ in range(count):
            assert (await arun(plan, transport=OPTIONS, limits=QUICK)).passed

    async def all_of_them() -> None:
        share, rest = divmod(flows, at_once)
        await asyncio.gather(*(one(share + (number < rest)) for number in range(at_once)))

    asyncio.run(all_of_them())


def matrix(_path: str, rounds: int) -> None:
    """Let every driver meet every fault, so many times."""
    for _ in range(rounds):
        for fault in FAULTS:
            for driver in DRIVERS:
                try_out(fault, driver)


LOOPS = {"library": library, "awaited": awaited, "matrix": matrix}

if __name__ == "__main__":
    LOOPS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))

"""Turns a world into one in which a journal stands between the flow and everything else."""

from __future__ import annotations

from collections.abc import Callable

from runner.durable.journal import Journal
from runner.exchange import AsyncClock, Clock
from runner.records import replace
from runner.shell.drive import AsyncWorld, World


class _Times:
    """A clock that gives the time of the journal, and is the given one where somebody waits."""

    def __init__(self, now: Callable[[], float], inner: Clock) -> None:
        self.now, self.monotonic, self.sleep = now, inner.monotonic, inner.sleep


class _AsyncTimes:
    def __init__(self, now: Callable[[], float], inner: AsyncClock) -> None:
        self.now, self.monotonic, self.sleep = now, inner.monotonic, inner.sleep


def journaled(world: World, journal: Journal, seed: bytes) -> World:
    """Let a journal keep what happens in a world; `seed` is what the idempotency keys of its run are made of."""
    journal.tell, journal.wished = world.tell, world.cancelled
    return replace(
        world,
        clock=_Times(journal.now, world.clock),
        tell=journal.hear,
        cancelled=journal.cancelled,
        around=journal.around,
        jar=journal.jar,
        seed=seed,
    )


def ajournaled(world: AsyncWorld, journal: Journal, seed: bytes) -> AsyncWorld:
    """`journaled`, for a world that is awaited."""
    journal.tell, journal.wished = world.tell, world.cancelled
    return replace(
        world,
        clock=_AsyncTimes(journal.now, world.clock),
        tell=journal.hear,
        cancelled=journal.cancelled,
        around=journal.aaround,
        jar=journal.jar,
        seed=seed,
    )

"""Turns a world into one in which a journal stands between the flow and everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from runner.durable.journal import Journal
from runner.exchange import AsyncClock, Clock
from runner.records import replace
from runner.shell.drive import AsyncWorld, World

W = TypeVar("W", World, AsyncWorld)


class _Times:
    """A clock that gives the time of the journal, and is the given one where somebody waits."""

    def __init__(self, now: Callable[[], float], inner: Clock) -> None:
        self.now, self.monotonic, self.sleep = now, inner.monotonic, inner.sleep


class _AsyncTimes:
    def __init__(self, now: Callable[[], float], inner: AsyncClock) -> None:
        self.now, self.monotonic, self.sleep = now, inner.monotonic, inner.sleep


def journaled(world: World, journal: Journal, seed: bytes) -> World:
    """Let a journal keep what happens in a world; `seed` is what the idempotency keys of the flow are made of."""
    kept = _kept(world, journal, seed)
    return replace(kept, clock=_Times(journal.now, world.clock), around=journal.around)


def ajournaled(world: AsyncWorld, journal: Journal, seed: bytes) -> AsyncWorld:
    """`journaled`, for a world that is awaited."""
    kept = _kept(world, journal, seed)
    return replace(kept, clock=_AsyncTimes(journal.now, world.clock), around=journal.aaround)


def _kept(world: W, journal: Journal, seed: bytes) -> W:
    journal.tell, journal.wished = world.tell, world.cancelled
    return replace(world, tell=journal.hear, cancelled=journal.cancelled, jar=journal.jar, seed=seed)

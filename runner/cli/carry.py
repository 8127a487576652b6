"""Turns a batch into the way its rows are carried out on this machine: as cases of a suite, each with its journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from runner.cli.begin import Begun, begin, secrets_of
from runner.cli.credentials import Variables, wanted
from runner.cli.fleet import with_defaults
from runner.cli.journal import named_secrets
from runner.cli.lanes import Lanes
from runner.cli.outlets import Outlets
from runner.cli.profile import Setting
from runner.cli.terminal import Terminal
from runner.cli.test import Suite, SuiteOptions
from runner.cli.world import Ready
from runner.durable.journal import Journal, Unit, UnknownAnswerError
from runner.durable.seal import Seal
from runner.durable.world import journaled
from runner.engine.events import CaseFinished, CaseStarted, Entry, Problem, SecretsLearned
from runner.engine.flow import Answer, Effect, Send, Wait
from runner.errors import UsageError
from runner.exchange import Transport
from runner.fleet.batches import Batch
from runner.fleet.cases import check_probe, place, read, seal_of
from runner.fleet.database import Database
from runner.fleet.effects import RowStore
from runner.fleet.passing import Carried, Released
from runner.fleet.rates import Lights, Paced, Traffic
from runner.fleet.rows import MOST_ORPHANED, Claim
from runner.records import Frozen, field, replace
from runner.reporters.jsonl import JsonLines
from runner.reporters.redact import Redactor
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.turn import Turn
from runner.shell.worker import Worker
from runner.suite.cases import Shard, Subject, Task, subjects
from runner.suite.rows import Rows


class Site(Frozen):
    """What a worker has: its name, the database, the key, its own options, and whether it is to end.

    A wait of more than `long_wait` seconds sends a row away.
    """

    owner: str
    database: Database
    secret: bytes
    options: Mapping[str, Any]
    terminal: Terminal
    stopping: Callable[[], bool]
    long_wait: float
    selecting: threading.local = field(default_factory=threading.local)
    HIDDEN = ("secret", "options", "terminal", "selecting")

    def worker(self) -> Worker:
        """Give this thread what applies costly selectors for it; its process ends with this one."""
        if not hasattr(self.selecting, "worker"):
            self.selecting.worker = Worker()
        worker: Worker = self.selecting.worker
        return worker


class Work(Frozen):
    """A batch that can be run here."""

    site: Site
    batch: Batch
    begun: Begun
    lanes: Lanes
    found: tuple[Subject, ...]
    seal: Seal
    HIDDEN = ("seal",)

    def carry(self, claim: Claim) -> Carried:
        """Carry out a row, or raise what says that it goes on another time."""
        task = read(claim.number, self.seal.open(place(claim.number), claim.sealed), self.found)
        entries: list[Entry] = []
        if claim.orphaned >= MOST_ORPHANED:
            entries.append(Entry(time.time(), CaseStarted(task.case)))
            return self._given_up(task, entries, f"{claim.orphaned} times it was left in the middle")
        try:
            outcome = self.lanes.perform(self.site.worker(), task, entries.append, partial(self._journaled, claim))
        except UnknownAnswerError as error:
            return self._given_up(task, entries, error.message)
        if outcome != "passed" and claim.attempt <= self.batch.settings["retries"]:
            return Carried(outcome, "", may_repeat=True)
        return Carried(outcome, self._told(entries))

    def _given_up(self, task: Task, entries: list[Entry], why: str) -> Carried:
        """End a row that nobody may go on with, however often rows are repeated."""
        entries.append(Entry(time.time(), CaseFinished(task.case, "error", Problem("transport", why, task.case.span))))
        return Carried("error", self._told(entries))

    def _journaled(self, claim: Claim, world: World) -> World:
        """Let a journal in the database stand between a row and the world."""
        site = self.site
        unit = Unit(RowStore(site.database, claim, site.owner), claim.batch, claim.unit, self.seal)
        journal = Journal(unit, time.time, park_after=site.long_wait)
        kept = journaled(world, journal, self.seal.digest(claim.unit).encode())
        return replace(kept, around=Until(site.stopping, journal, world.transport).around)

    def _told(self, entries: list[Entry]) -> str:
        """Write the record of a row; whatever is secret anywhere in it is known before its first line is written."""
        redactor = Redactor(secrets_of(self.begun.equipped))
        for entry in entries:
            redactor.redact(entry)
        stream = StringIO()
        lines = JsonLines(stream)
        for entry in entries:
            if not isinstance(entry.event, SecretsLearned):
                lines.tell(redactor.redact(entry))
        return stream.getvalue()


class Until(Frozen):
    """Answers the effects of a row until the worker is to end: then nothing is kept of the next one any more."""

    stopping: Callable[[], bool]
    journal: Journal
    transport: Transport

    def around(self, effect: Effect, carry_out: Callable[[Effect], Answer]) -> Answer:
        """Answer an effect as the journal does, or raise Released."""
        if self.stopping() or not self._has_turn(effect):
            raise Released
        return self.journal.around(effect, partial(self._carried, carry_out))

    def _has_turn(self, effect: Effect) -> bool:
        """Wait for the turn of a request that is going to be sent; False where the worker is to end meanwhile."""
        if not isinstance(effect, Send) or self.journal.is_replaying or not isinstance(self.transport, Paced):
            return True
        return self.transport.await_turn(effect.request.url, self.stopping)

    def _carried(self, carry_out: Callable[[Effect], Answer], effect: Effect) -> Answer:
        if isinstance(effect, Wait) and self.stopping():
            raise Released
        return carry_out(effect)


@contextmanager
def prepared(site: Site, batch: Batch) -> Iterator[Work]:
    """Make a batch ready to be run here, or raise an ArazzoError: a document is wrong, or a secret is missing."""
    settings = batch.settings
    check_probe(site.secret, settings["sealed"], settings["probe"])
    outlets = Outlets(site.terminal, [], False, "quiet", batch.title, texts=batch.texts)
    options = _options(site, settings)
    suite = Suite(options, {settings["location"]: ()}, _NO_ROWS, Shard(), None)

    def ready(options: SuiteOptions, setting: Setting, variables: Variables, outlets: Outlets) -> list[Ready]:
        own = replace(setting.profile, inputs={**setting.profile.inputs, **settings["values"]})
        return suite.ready(options, replace(setting, profile=own), variables, outlets)

    begun = begin(options, [settings["location"]], outlets, ready)
    if missing := wanted([each for each, _ in begun.equipped], begun.wallet):
        raise UsageError(missing[0].advice(begun.wallet))
    seal = seal_of(site.secret, settings["sealed"], named_secrets(begun.equipped))
    lights = Lights(site.database, Traffic(settings["intervals"], settings["many"]))
    with ExitStack() as stack:
        lanes = Lanes(
            begun, suite.given, suite.declared, Interrupt(), time.time(), pace=lights.transport, turn=Turn(kept=False)
        )
        opened = stack.enter_context(lanes.opened())
        found = subjects([(each.plan, each.keys) for each, _ in begun.equipped])
        yield Work(site, batch, begun, opened, found, seal)


_NO_ROWS = Rows(Path("rows"), lambda: iter(()))


def _options(site: Site, settings: Mapping[str, Any]) -> SuiteOptions:
    """Join what was submitted and what is this worker's own."""
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in settings["options"].items()}
    own = {name: value for name, value in site.options.items() if value}
    texts = tuple(f"{name}={value}" for name, value in settings["texts_given"].items())
    return with_defaults(
        **{
            **given,
            **own,
            "targets": (settings["location"],),
            "input_": texts,
            "source": tuple(settings["source"]),
            "source_root": tuple(settings["source_root"]),
            "sandbox": settings["sandbox"],
            "offline": True,
            "no_cache": True,
            "no_input": True,
        }
    )

"""`arazzo worker`: run the rows of batches that were submitted, beside other workers, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from runner.cli.fleet import opened, some_options, store_option
from runner.cli.help import Sectioned
from runner.cli.options import Seconds
from runner.cli.terminal import look
from runner.errors import ArazzoError
from runner.records import Mutable, field

if TYPE_CHECKING:
    from types import FrameType

    from runner.cli.carry import Site, Work
    from runner.fleet.batches import Batches
    from runner.fleet.engine import Engine
    from runner.fleet.passing import Carry
    from runner.fleet.schedules import Schedules
    from runner.fleet.workers import Workers

OWN = (
    "config", "profile", "cacert", "insecure", "proxy", "input_env", "input_file", "auth", "env_file", "cert", "key",
    "color",
)  # fmt: skip
"""The options of a run that are a worker's: secrets, and how it reaches the network."""
BEATS: Final = 6
"""How often a worker says that it is alive in the time after which it is taken for dead."""
ENLIST: Final = 5.0
"""Seconds from one look at whether each chunk of a batch is going to be passed over to the next one."""
AGAIN: Final = 60.0
"""Seconds after which a batch that cannot be run here is looked at again."""


@click.command("worker", cls=Sectioned)
@click.option("-j", "--jobs", type=click.IntRange(1, 512), default=8, metavar="N", help="Rows side by side (8).")
@click.option("--drain", is_flag=True, help="End once nothing is left to do, instead of waiting for more.")
@click.option(
    "--dead-after",
    type=Seconds(0.5),
    default=30.0,
    metavar="S",
    help="Seconds of silence after which others take over this one's work (30).",
)
@click.option(
    "--long-wait",
    type=Seconds(positive=True),
    default=60.0,
    metavar="S",
    help="A row that waits longer is put away until then (60).",
)
@store_option
@some_options(OWN)
def command(jobs: int, drain: bool, dead_after: float, long_wait: float, store: str | None, **options: Any) -> None:
    """Run the rows of batches that were submitted, beside other workers.

    Give it the secrets that the workflows take, as to arazzo run. Ctrl-C or SIGTERM lets each row come to where another
    worker can go on, and a second one ends at once. What a worker that dies was at is taken over by the others.

    \b
    Try:  arazzo worker --drain
          ARAZZO_STORE=postgresql://db.internal/fleet arazzo worker --jobs 50 --profile live
    """
    from runner.cli.prepare import say_error

    terminal = look(options["color"])
    try:
        with opened(store, terminal) as database, _Stop() as stop:
            from runner.cli.carry import Site
            from runner.cli.journal import journal_key

            site = Site(_name(), database, journal_key(terminal.environ), options, terminal, stop.is_wanted, long_wait)
            left = Shift(site, jobs, drain, dead_after, stop).work()
            code = 128 + stop.number if stop.number else 2 if left else 0
    except ArazzoError as error:
        say_error(terminal, error)
        code = error.exit_code
    _end(code)


def _end(code: int) -> NoReturn:
    """Exit, also where a thread of the queue waits for what another worker has taken over: it would wait on."""
    own = threading.main_thread()
    if any(each is not own and not each.daemon for each in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _name() -> str:
    """Name this worker as no other one was ever named."""
    import secrets
    import socket

    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"


class _Stop:
    """Ctrl-C and SIGTERM: the first one is a wish, the second one ends the process where it stands."""

    def __init__(self) -> None:
        self.number = 0
        self._wanted = threading.Event()
        self._previous: dict[int, Any] = {}

    def is_wanted(self) -> bool:
        return self._wanted.is_set()

    def want(self) -> None:
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        self._wanted.wait(seconds)

    def __enter__(self) -> _Stop:
        self._previous = {each: signal.signal(each, self._struck) for each in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def _struck(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            os._exit(128 + number)
        self.number = number
        self._wanted.set()


class Shift(Mutable):
    """What a worker does from its beginning to its end."""

    site: Site
    jobs: int
    drain: bool
    dead_after: float
    stop: _Stop
    _works: dict[str, tuple[ExitStack, Work]] = field(default_factory=dict)
    _refused: dict[str, tuple[float, ArazzoError]] = field(default_factory=dict)
    _enlisted: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _voice: threading.Lock = field(default_factory=threading.Lock)
    HIDDEN = ("_works", "_lock", "_voice")

    def work(self) -> frozenset[str]:
        """Work until told to stop, under `drain` until nothing is left to do; give the batches that cannot run here."""
        from runner.fleet.batches import Batches
        from runner.fleet.engine import Engine
        from runner.fleet.schedules import Schedules
        from runner.fleet.workers import Workers

        site = self.site
        workers = Workers(site.database, site.owner, _place(), self.dead_after)
        batches, schedules = Batches(site.database), Schedules(site.database)
        with self._lanes() as look:
            queue = Engine(site.database.url, site.owner, look)
            workers.beat()
            with self._beating(workers), queue as engine:
                self._say(f"{site.owner} is at work, with {self.jobs} rows side by side")
                try:
                    while not self.stop.is_wanted():
                        left = self._looked_around(engine, batches, schedules, workers)
                        if self.drain and left <= self._refused.keys():
                            break
                        self.stop.wait(min(self.dead_after / BEATS, 0.2 if self.drain else 1.0))
                finally:
                    self.stop.want()
            workers.leave()
        for stack, _ in self._works.values():
            stack.close()
        return frozenset(self._refused)

    @contextmanager
    def _lanes(self) -> Iterator[Callable[[str, int], float | None]]:
        """Open the threads in which rows are run, and give how a chunk is passed over."""
        from concurrent.futures import ThreadPoolExecutor

        from runner.fleet.passing import Passes
        from runner.fleet.rows import Rows
        from runner.suite.schedule import STACK

        threading.stack_size(STACK)
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="row") as pool:
            rows = Rows(self.site.database, self.site.owner)
            yield Passes(rows, pool, self._work, self._warn, self.stop.is_wanted, self.site.long_wait).look

    @contextmanager
    def _beating(self, workers: Workers) -> Iterator[None]:
        """Say in a thread of its own that this worker is alive, for as long as it is."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self.dead_after / BEATS):
                try:
                    workers.beat()
                except ArazzoError as error:
                    self._warn(str(error))

        thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _looked_around(
        self, engine: Engine, batches: Batches, schedules: Schedules, workers: Workers
    ) -> frozenset[str]:
        """Do what any worker may do for all of them; give the batches of which something is left to do."""
        try:
            for name in schedules.make_due():
                self._say(f"it is time for '{name}'")
            for dead in workers.dead():
                if taken := engine.take_over(dead):
                    self._say(f"{dead} is dead: {taken} of its chunks are taken over")
                else:
                    workers.swept(dead)
            unfinished = batches.unfinished()
            for batch in unfinished:
                if time.monotonic() > self._enlisted.get(batch, 0.0) + ENLIST:
                    engine.enlist(batch, batches.open_chunks(batch))
                    self._enlisted[batch] = time.monotonic()
        except ArazzoError as error:
            self._warn(str(error))
            return frozenset({""})
        self._forget({each for each in self._works if each not in unfinished and not batches.is_running(each)})
        self._allow(self._refused.keys() - set(unfinished))
        return frozenset(unfinished)

    def _work(self, batch: str) -> Carry:
        """Give how rows of a batch are carried out here, prepared once; where that fails it is tried again later."""
        with self._lock:
            at, error = self._refused.get(batch, (0.0, None))
            if error is not None and time.monotonic() < at + AGAIN:
                raise error
            if batch not in self._works:
                try:
                    self._works[batch] = self._prepared(batch)
                    self._refused.pop(batch, None)
                except ArazzoError as error:
                    self._refused[batch] = time.monotonic(), error
                    raise
            return self._works[batch][1].carry

    def _prepared(self, batch: str) -> tuple[ExitStack, Work]:
        from runner.cli.carry import prepared
        from runner.fleet.batches import Batches

        kept, stack = Batches(self.site.database).read(batch), ExitStack()
        work = stack.enter_context(prepared(self.site, kept))
        self._say(f"batch '{batch}': {kept.title}")
        return stack, work

    def _forget(self, over: Iterable[str]) -> None:
        """Let go of batches of which nothing is left to do."""
        with self._lock:
            for batch in over:
                self._works.pop(batch)[0].close()

    def _allow(self, over: Iterable[str]) -> None:
        """Forget why batches could not be run here."""
        with self._lock:
            for batch in over:
                self._refused.pop(batch, None)

    def _say(self, text: str) -> None:
        terminal = self.site.terminal
        with self._voice:
            print(terminal.err_style.paint("worker:", "note"), text, file=terminal.err, flush=True)

    def _warn(self, text: str) -> None:
        """Warn of something, once."""
        with self._voice:
            if text not in self._told:
                self._told.add(text)
                self.site.terminal.warn(text)


def _place() -> str:
    import socket

    return socket.gethostname()

"""`arazzo test`: run the workflows of many documents as one suite, each with its rows of data, and say what failed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import click

from runner import bundled
from runner.cli.asking import ask, check_columns, declared_by
from runner.cli.begin import Begun, begin, keeps_bounds, open_outlets, secrets_of
from runner.cli.config import find
from runner.cli.credentials import Variables
from runner.cli.documents import find_documents
from runner.cli.help import Sectioned
from runner.cli.inputs import Given
from runner.cli.lanes import Lanes
from runner.cli.many import cores
from runner.cli.options import TapedOptions, execute_options, tape_options
from runner.cli.outlets import Outlets, Verbosity, report_paths
from runner.cli.prepare import Wanted, prepare, put_away, refuse_contradictions, say_error, stage_given
from runner.cli.profile import Setting
from runner.cli.tape import Replay, recorder_of, refuse_tape, replay_of
from runner.cli.terminal import Terminal, look
from runner.cli.watch import Read, depended_on, watch
from runner.cli.world import Ready, Venue
from runner.engine.asked import Asked
from runner.engine.events import CaseSkipped, Entry
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.plan.secrets import secret_names
from runner.records import Mutable, replace
from runner.reporters.reporter import Reporter
from runner.shell.interrupt import Interrupt
from runner.shell.turn import Turn
from runner.suite.cases import Selection, Shard, Task, cases, subjects, tasks
from runner.suite.failed import LastFailed
from runner.suite.rate import Bucket, read_rate
from runner.suite.rows import Rows, open_rows
from runner.suite.schedule import Schedule

_LINE = re.compile(r"(.+):([1-9]\d*)")


class SuiteOptions(TapedOptions):
    """What was said on the command line, as click gives it."""

    workflow: tuple[str, ...]
    tag: tuple[str, ...]
    exclude: tuple[str, ...]
    rerun_failed: bool
    shard: str | None
    repeat: int
    rows: str | None
    jobs: int
    rate: str | None
    fail_fast: bool

    @property
    def also_read(self) -> tuple[str | None, ...]:
        return (self.rows,)


class Jobs(click.ParamType):  # type: ignore[type-arg] # it takes a parameter in newer releases only
    """A number of jobs; `auto` is one for each core."""

    name = "jobs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto":
            return cores()
        if not str(value).isdecimal() or not 1 <= int(value) <= MOST_JOBS:
            self.fail(f"{value!r} is neither 'auto' nor a number from 1 to {MOST_JOBS}", param, ctx)
        return int(value)


MOST_JOBS = 512
REFUSED = (2, 3)
"""The exit codes of a suite of which no case has run."""

NOTHING = Given({}, {}, {})


@click.command("test", cls=Sectioned)
@click.argument("targets", nargs=-1, metavar="[FILE|DIR|GLOB|FILE:LINE|NAME]...")
@click.option("-w", "--workflow", multiple=True, metavar="ID", help="Only workflows of this name.")
@click.option("--tag", multiple=True, metavar="TAG", help="Only workflows that have this among their x-tags.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, by name or path.")
@click.option("--rerun-failed", is_flag=True, help="Only what did not pass, or was skipped, last time; else all.")
@click.option("--shard", metavar="K/N", help="Only every Nth case, beginning with number K: 2/5.")
@click.option("--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Run each case so many times.")
@click.option("--rows", metavar="FILE", help="Run each workflow with each row of a CSV, JSON, JSONL or YAML file.")
@click.option("-j", "--jobs", type=Jobs(), default=1, metavar="N|auto", help="Cases that may run side by side (1).")
@click.option("--rate", metavar="N/s", help="Requests that may leave in a second (N/m: a minute), all cases together.")
@click.option("--fail-fast", is_flag=True, help="Begin no other case once one has not passed.")
@tape_options
@execute_options
def command(**options: Any) -> None:
    """Run the workflows of many documents as a test suite: one case for each workflow, or for each with each row.

    A directory is searched for *.arazzo.yaml and the like, as `arazzo check` does; without a name this is the current
    one. FILE.yaml:LINE is the workflow that stands there. What other workflows call is run only where -w, --tag or a
    line asks for it.

    \b
    Try:  arazzo test workflows/ --jobs auto --report junit=report.xml
          arazzo test checkout.arazzo.yaml --rows customers.csv --rate 10/s
    """
    chosen, terminal = SuiteOptions(**options), look(options["color"])
    sys.exit(watched(chosen, terminal) if chosen.watch else run(chosen, terminal))


def watched(options: SuiteOptions, terminal: Terminal) -> int:
    """Run the cases again that a saved file affects, and give the exit code.

    Every document is read again each time, for only all of them together say what each case is called.
    """
    try:
        documents = tuple(find_targets(options.targets, options.exclude))
    except ArazzoError:
        return run(options, terminal)
    pending: set[str] = set()

    def again(some: tuple[str, ...], read: Read) -> int:
        pending.update(some)
        code = run(options, terminal, read, frozenset(pending))
        if code not in REFUSED:
            pending.clear()
        return code

    return watch(documents, terminal, again, depended_on(options))


def run(options: SuiteOptions, terminal: Terminal, read: Read | None = None, only: frozenset[str] | None = None) -> int:
    """Do what the command line says and give the exit code.

    `read` notes what that depends on; `only` the cases of these documents are run, of all where it is None.
    """
    verbosity: Verbosity = "quiet" if options.quiet else "verbose" if options.verbose else "normal"
    outlets = Outlets(terminal, [], options.format == "json", verbosity, ", ".join(options.targets), read=read)
    outlets.terse = not options.verbose
    options = replace(options, offline=options.offline or options.is_replayed)
    try:
        outlets.reports = report_paths(options.report)
        suite = Suite.of(options, only)
        begun = begin(options, list(suite.found), outlets, suite.ready)
        memory = LastFailed.read(project(options))
        every = suite.selected(begun, memory, outlets)
        if next(every(), None) is None:
            raise UsageError("nothing is selected", suite.nothing())
        plans = [ready.plan for ready, _ in begun.equipped]
        suite.replay = replay_of(options, plans, secrets_of(begun.equipped), outlets)
        outlets.recorder = recorder_of(options, plans)
        outlets.console = _console(every)
        outlets.in_brief = not options.verbose and not terminal.live
        open_outlets(begun, options, outlets)
    except ArazzoError as error:
        if not isinstance(error, DescriptionError):
            say_error(terminal, error)
        return outlets.refuse(error)
    code = start(suite, begun, every(), memory, outlets)
    put_away(outlets)
    if suite.replay is not None and code < 128 and suite.replay.tell_drift(terminal):
        code = code or 1
    return code or (0 if keeps_bounds(begun, options, outlets) else 1)


def _console(every: Callable[[], Iterator[Task]]) -> Callable[[TextIO, Outlets], Reporter]:
    def made(stream: TextIO, outlets: Outlets) -> Reporter:
        from runner.reporters.suite import SuiteConsole

        live = outlets.terminal.live and outlets.verbosity != "quiet"
        total = sum(1 for _ in every()) if live else 0
        return SuiteConsole(
            stream,
            outlets.terminal.out_style,
            verbosity=outlets.verbosity,
            live=live,
            total=total,
            counted=lambda: (outlets.sent, outlets.mismatched),
        )

    return made


def project(options: SuiteOptions) -> Path:
    """Give the folder of arazzo.toml, else the current one."""
    here = Path.cwd()
    config = here / options.config if options.config else find(here)
    return config.parent if config else here


class Suite(Mutable):
    """What is tested: documents, each with the lines that were named, the rows, and what is given besides them.

    `declared` are the inputs of all that is selected, None where any may be given. Of documents that are not among
    `only` no case is run.
    """

    options: SuiteOptions
    found: Mapping[str, tuple[int, ...]]
    rows: Rows | None
    shard: Shard
    interval: float | None
    only: frozenset[str] | None = None
    given: Given = NOTHING
    declared: frozenset[str] | None = None
    replay: Replay | None = None

    @classmethod
    def of(cls, options: SuiteOptions, only: frozenset[str] | None = None) -> Suite:
        """Find the documents and open the rows."""
        refuse_contradictions(options)
        refuse_tape(options, [*stage_given(options), *(["--rate"] if options.rate else ())])
        return cls(
            options,
            find_targets(options.targets, options.exclude),
            None if options.rows is None else open_rows(options.rows),
            Shard() if options.shard is None else Shard.read(options.shard),
            None if options.rate is None else read_rate(options.rate),
            only,
        )

    def ready(self, options: SuiteOptions, setting: Setting, variables: Variables, outlets: Outlets) -> list[Ready]:
        """Check every document, and what is given for all cases; the inputs of a row are read in its turn."""
        selection = Selection(options.workflow, options.tag)

        def choose(plans: Sequence[Plan]) -> list[tuple[str, ...]]:
            named = zip(plans, self.found.values(), strict=True)
            chosen = [selection.keys(plan, lines) for plan, lines in named]
            selection.check(plans, chosen)
            return chosen

        wanted = Wanted(list(self.found), choose)
        chosen, self.given = prepare(options, setting, variables, outlets, wanted)
        if self.interval is not None and all(each.venue.sandbox for each in chosen):
            raise UsageError("--rate is for requests that leave this process, and all of these go to the sandbox")
        if self.rows is not None:
            self.declared = declared_by((each.plan, each.keys) for each in chosen)
            check_columns(self.rows, self.declared)
            self.rows = self.rows.hiding(
                name for each in chosen for key in each.keys for name in secret_names(each.plan, key)
            )
            return [
                Ready(each.plan, tuple(Asked(key, {}, self.given.plain) for key in each.keys), each.venue)
                for each in chosen
            ]
        return [
            Ready(each.plan, tuple(ask(each.plan, key, self.given) for key in each.keys), each.venue) for each in chosen
        ]

    def selected(self, begun: Begun, memory: LastFailed, outlets: Outlets) -> Callable[[], Iterator[Task]]:
        """Give the tasks, as often as they are asked for."""
        found = subjects([(ready.plan, ready.keys) for ready, _ in begun.equipped])
        if self.only is not None:
            wanted = {Venue.of(name, sandbox=False, live=False, servers={}).location for name in self.only}
            found = tuple(each for each in found if begun.equipped[each.home][0].venue.location in wanted)
        every = partial(cases, found, self.rows, self.options.repeat)
        if not self.options.rerun_failed:
            return lambda: tasks(every(), self.shard)
        if any(memory.holds(case) for _, case, _ in every()):
            return lambda: tasks(every(), self.shard, memory.holds)
        outlets.note("of the selected cases none is known not to have passed last time: all of them run")
        return lambda: tasks(every(), self.shard)

    def nothing(self) -> str:
        """Say why no case is selected although there are workflows."""
        if self.only is not None:
            return "what was saved affects no case"
        if self.options.shard:
            return f"there are fewer cases than shards: --shard {self.options.shard}"
        return f"there is no row in {self.options.rows}"


def find_targets(targets: Sequence[str], exclude: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Find the documents, each once, with the lines that are named of it; none stands for the whole document."""
    found: dict[str, tuple[int, ...]] = {}
    known: dict[str, str] = {}
    for target in targets or (".",):
        at = None if "://" in target or Path(target).exists() else _LINE.fullmatch(target)
        name, lines = (at[1], (int(at[2]),)) if at else (target, ())
        is_bundled = bundled.is_name(name) and not Path(name).exists()
        for document in [name] if is_bundled else find_documents([name], exclude):
            same = known.setdefault(document if "://" in document else os.path.abspath(document), document)  # noqa: PTH100
            is_whole = not lines or found.get(same) == ()
            found[same] = () if is_whole else (*found.get(same, ()), *lines)
    return found


def start(suite: Suite, begun: Begun, selected: Iterator[Task], memory: LastFailed, outlets: Outlets) -> int:
    """Run the cases until all are done, or the user has had enough."""

    def tell(entry: Entry) -> None:
        memory.hear(entry)
        if suite.replay is not None:
            suite.replay.hear(entry.event)
        outlets.tell(entry)

    def skip(task: Task, reason: str) -> Entry:
        return Entry(outlets.last_at, CaseSkipped(task.case, reason))

    bucket = None if suite.interval is None else Bucket(suite.interval)
    with Interrupt() as interrupt:
        turn, at = Turn(kept=suite.options.jobs > 1), outlets.last_at
        shared = Lanes(begun, suite.given, suite.declared, interrupt, at, bucket, suite.replay, turn=turn)
        with shared.opened() as lanes:
            schedule = Schedule(selected, lanes.lane, skip, tell, suite.options.jobs)
            schedule.fail_fast, schedule.cancelled = suite.options.fail_fast, interrupt.cancelled
            schedule.turn = turn
            schedule.run()
        if interrupt.number:
            outlets.outcome = "error"  # what was not begun could not be found out
        code = outlets.finish(interrupt.number)
    with suppress(OSError):  # a folder that nobody may write to has no memory
        memory.write()
    return code

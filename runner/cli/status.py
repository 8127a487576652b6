"""`arazzo status`: how far batches are, who is at work, and, of one that is done, its report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from runner.cli.fleet import fail, opened, some_options, store_option
from runner.cli.help import Sectioned
from runner.cli.terminal import Terminal, look
from runner.errors import ArazzoError, UsageError

if TYPE_CHECKING:
    from runner.engine.events import Entry
    from runner.fleet.batches import Batches, Progress
    from runner.fleet.database import Database
    from runner.fleet.workers import Seen
    from runner.reporters.junit_form import JUnitForm


@click.command("status", cls=Sectioned)
@click.argument("name", required=False, metavar="[BATCH]")
@click.option("--wait", is_flag=True, help="Wait until the batch is done.")
@click.option("--cancel", is_flag=True, help="Let no more of the batch be done.")
@store_option
@some_options(["report", "junit_dialect", "junit_unit", "format", "color"])
def command(name: str | None, wait: bool, cancel: bool, store: str | None, **options: Any) -> None:
    """Say how far the batches are that were submitted, and who is at work.

    Of one batch that is done or cancelled, reports are written as arazzo test writes them; it exits with 1 where a row
    did not pass, or was cancelled.

    \b
    Try:  arazzo status
          arazzo status NAME --wait --report junit=report.xml --report html=report.html
    """
    terminal = look(options["color"])
    try:
        if not name and (wait or cancel or options["report"]):
            said = "--wait" if wait else "--cancel" if cancel else "--report"
            raise UsageError(f"{said} is for one batch", f"arazzo status BATCH {said}")
        with opened(store, terminal, is_there=True) as database:
            sys.exit(
                _one(name, database, terminal, wait, cancel, options) if name else _all(database, terminal, options)
            )
    except ArazzoError as error:
        fail(terminal, error)


def _all(database: Database, terminal: Terminal, options: dict[str, Any]) -> int:
    from runner.fleet.batches import Batches
    from runner.fleet.workers import seen

    found, workers = Batches(database).all(), seen(database)
    if options["format"] == "json":
        print(json.dumps({"version": 1, "batches": [_data(each) for each in found],
                          "workers": [_of_worker(each) for each in workers]}))  # fmt: skip
        return 0
    for each in found:
        print(_line(each))
    if not found:
        print("no batch was submitted", file=terminal.err)
    for worker in workers:
        state = "at work" if worker.left > 0 else f"dead for {-worker.left:.0f} s"
        print(f"worker {worker.id}: {state}")
    return 0


def _one(name: str, database: Database, terminal: Terminal, wait: bool, cancel: bool, options: dict[str, Any]) -> int:
    from runner.cli.outlets import report_paths
    from runner.fleet.batches import Batches
    from runner.reporters.junit_form import JUnitForm

    batches = Batches(database)
    report_paths(options["report"])  # which refuses what is none
    if cancel:
        batches.cancel(name)
    progress = batches.progress(name)
    while wait and progress.is_going:
        time.sleep(0.5)
        progress = batches.progress(name)
    if options["report"]:
        if progress.is_going:
            raise UsageError(f"batch '{name}' is not done: {counts(progress)}", "--wait waits for it")
        form = JUnitForm(options["junit_dialect"], options["junit_unit"])
        _report(batches, progress, terminal, options["report"], form)
    if options["format"] == "json":
        print(json.dumps({"version": 1, **_data(progress)}))
    else:
        print(_line(progress))
    cut_short = progress.state == "cancelled" and progress.done < progress.rows and not cancel
    return 1 if cut_short or progress.done > progress.outcomes.get("passed", 0) else 0


def _line(progress: Progress) -> str:
    return f"{progress.id}: {counts(progress)} ({progress.title})"


def counts(progress: Progress) -> str:
    """Say of how many rows what came of them."""
    parts = [f"{progress.done} of {progress.rows} rows"]
    parts += [f"{number} {outcome}" for outcome, number in progress.outcomes.items()]
    parts += [f"{progress.running} running"] if progress.running else []
    parts += [f"{progress.waiting} waiting"] if progress.waiting else []
    parts += ["cancelled"] if progress.state == "cancelled" else []
    return ", ".join(parts)


def _data(progress: Progress) -> dict[str, Any]:
    return {
        "batch": progress.id,
        "title": progress.title,
        "state": progress.state,
        "created": progress.created,
        "rows": progress.rows,
        "done": progress.done,
        "running": progress.running,
        "waiting": progress.waiting,
        "outcomes": dict(progress.outcomes),
    }


def _of_worker(worker: Seen) -> dict[str, Any]:
    return {"worker": worker.id, "place": worker.place, "alive": worker.left > 0}


def _report(batches: Batches, progress: Progress, terminal: Terminal, reports: Sequence[str], form: JUnitForm) -> None:
    """Tell reports what came of all rows, as one run."""
    from runner.cli.outlets import Outlets, report_paths
    from runner.reporters.jsonl import open_record
    from runner.reporters.reporter import Broadcast

    head = open_record(StringIO(batches.read(progress.id).told))
    outlets = Outlets(terminal, report_paths(reports), False, "normal", head.document, head.diagnostics)
    outlets.junit_form = form
    broadcast = Broadcast(outlets.open(console=False))
    for entry in _entries(batches, progress, head.entries):
        broadcast.tell(entry)
    broadcast.close()


def _entries(batches: Batches, progress: Progress, head: Iterator[Entry]) -> Iterator[Entry]:
    from runner.engine.events import Entry, Outcome, RunFinished
    from runner.engine.run import SEVERITY
    from runner.reporters.jsonl import read_jsonl

    worst: Outcome = "passed" if progress.done == progress.rows else "error"  # the rest was cancelled
    last = progress.created
    yield from head
    for each in batches.outcomes(progress.id):
        worst = max(worst, each.outcome, key=SEVERITY.__getitem__)
        for entry in read_jsonl(StringIO(each.entries)):
            last = max(last, entry.at)
            yield entry
    yield Entry(last, RunFinished(worst))

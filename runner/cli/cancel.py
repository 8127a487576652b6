"""`arazzo cancel`: end a run that a journal keeps, in good order, or mark one that no process is at work on."""

from __future__ import annotations

import sys
import time
from contextlib import closing

import click

from runner.cli.journal import kept_run, open_journal
from runner.cli.options import journal_option
from runner.cli.prepare import say_error
from runner.cli.terminal import look
from runner.durable.sqlite import SqliteStore
from runner.durable.store import OVER
from runner.errors import ArazzoError, UsageError


@click.command("cancel")
@click.argument("run_id", metavar="RUN")
@journal_option
def command(run_id: str, journal: str | None) -> None:
    """End a run that is kept in a journal.

    A process that is at work on it ends it as Ctrl-C would, with its teardown (x-finally) and its reports, before its
    next request or soon after it began to wait. Where there is none, the run is marked, and is not resumed any more
    unless --even-cancelled says so.
    """
    terminal = look()
    try:
        with closing(open_journal(journal, terminal, must_exist=True)) as store:
            print(cancel(store, run_id), file=terminal.out)
    except ArazzoError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)


def cancel(store: SqliteStore, run_id: str) -> str:
    """End a run, and say what comes of it."""
    run = kept_run(store, run_id)
    if run.state in OVER:
        raise UsageError(f"run {run.run_id} is over: {run.state}")
    with store.claim(run.run_id) as is_free:
        if is_free:
            store.change(run.run_id, "cancelled", time.time())
            return f"run {run.run_id} is cancelled"
    store.cancel(run.run_id)
    return f"run {run.run_id} ends before its next request"

"""`arazzo resume`: go on with a run whose process has ended, from the answers that it had."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from runner.cli.help import Sectioned
from runner.cli.journal import Resumed, journal_key, kept_run, open_journal, read_begins
from runner.cli.options import REPORT, journal_option
from runner.cli.prepare import say_error
from runner.cli.remaining import refuse_missing, restored
from runner.cli.run import RunOptions, run
from runner.cli.terminal import Terminal, look
from runner.durable.journal import Lost
from runner.durable.sqlite import SqliteStore
from runner.durable.store import OVER, KeptRun
from runner.errors import ArazzoError, UsageError


@click.command("resume", cls=Sectioned)
@click.argument("run_id", metavar="RUN")
@journal_option
@click.option("--send-again", is_flag=True, help="Send a request once more of which nobody knows whether it arrived.")
@click.option("--take-as-failed", is_flag=True, help="Let the step of such a request fail, as if no answer had come.")
@click.option("--even-cancelled", is_flag=True, help="Go on with a run that was cancelled.")
@click.option("-i", "--input", "input_", multiple=True, metavar="NAME=VALUE", help="A secret input, given again.")
@click.option("--auth", multiple=True, metavar="NAME=VALUE", help="A credential, given again.")
@click.option("--env-file", multiple=True, metavar="FILE", help="Variables for what the environment does not have.")
@click.option("--proxy", metavar="URL", help="Send through a proxy, whose password was not kept.")
@click.option("--no-input", is_flag=True, help="Never ask for a credential that is missing.")
@click.option("--report", multiple=True, metavar="KIND=PATH", help=f"{REPORT} In place of those of the run.")
@click.option("--format", type=click.Choice(["console", "json"]), help="What to print on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print failures and the summary only.")
@click.option("-v", "--verbose", is_flag=True, help="Print every request, criterion and output.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(run_id: str, journal: str | None, **options: Any) -> None:
    """Go on with a run that `arazzo run --journal` keeps, in the folder and with the options that it began with.

    What was answered is not sent again, and reports are of the whole run. Secrets are not in the journal: they are read
    again from where they were, and those of the command line are given again. A run of which a document, an input or a
    server has changed is refused.

    \b
    Try:  arazzo runs
          arazzo resume 3f9a
          arazzo resume 3f9a --auth shopToken=env:TOKEN
    """
    terminal = look(options["color"])
    try:
        sys.exit(resume(run_id, journal, options, terminal))
    except ArazzoError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)


def resume(run_id: str, journal: str | None, options: Mapping[str, Any], terminal: Terminal) -> int:
    """Begin a run again where it can go on, and give the exit code."""
    changes = anchored({name: value for name, value in options.items() if name not in _OWN})
    if options["send_again"] and options["take_as_failed"]:
        raise UsageError("--send-again excludes --take-as-failed")
    store = open_journal(journal, terminal, must_exist=True)
    kept = kept_run(store, run_id)
    refuse_ended(store, kept, even_cancelled=options["even_cancelled"])
    key = journal_key(terminal.environ, must_exist=True)
    begins = read_begins(kept, key)
    refuse_missing(begins.omitted, changes)
    try:
        os.chdir(begins.folder)
    except OSError as error:
        raise UsageError(f"the run began in {begins.folder}, and that is not there: {error.strerror}") from error
    again = restored(RunOptions, begins.options, changes)
    lost: Lost = "send" if options["send_again"] else "fail" if options["take_as_failed"] else "refuse"
    return run(again, terminal, resumed=Resumed(store, kept, begins, key, lost))


def anchored(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Let the paths that are said now be below the folder that they are said in, not below that of the run."""

    def below(text: str, sign: str) -> str:
        head, found, path = text.partition(sign)
        return f"{head}{found}{Path(path).absolute()}" if found and path != "-" else text

    return {
        **changes,
        "env_file": tuple(str(Path(text).absolute()) for text in changes["env_file"]),
        "auth": tuple(below(text, "=file:") for text in changes["auth"]),
        "report": tuple(below(text, "=") for text in changes["report"]),
    }


_OWN = ("send_again", "take_as_failed", "even_cancelled")


def refuse_ended(store: SqliteStore, kept: KeptRun, *, even_cancelled: bool) -> None:
    """Refuse a run that is over, and one that somebody has cancelled or is at work on."""
    if kept.is_held:
        raise UsageError(
            f"another process is at work on run {kept.run_id}", f"end it: arazzo cancel {kept.run_id}{store.option}"
        )
    if kept.state == "cancelled" or kept.is_cancelling:
        if not even_cancelled:
            raise UsageError(f"run {kept.run_id} was cancelled", "go on with it all the same: --even-cancelled")
        store.change(kept.run_id, "cancelled", time.time())  # which ends the wish
    elif kept.state in OVER:
        raise UsageError(f"run {kept.run_id} is over: {kept.state}", "begin another one: arazzo run")

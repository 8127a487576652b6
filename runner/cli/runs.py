"""`arazzo runs`: the runs that a journal keeps, how each stands, and what it did last."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import click

from runner.cli.journal import kept_run, open_journal
from runner.cli.options import journal_option
from runner.cli.prepare import say_error
from runner.cli.terminal import Terminal, look
from runner.durable.sqlite import SqliteStore
from runner.durable.store import OVER, KeptRun, Store
from runner.errors import ArazzoError, UsageError
from runner.reporters.text import count, one_line


@click.command("runs")
@journal_option
@click.option("--forget", multiple=True, metavar="RUN|over", help="Remove a run, or all that are over.")
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
def command(journal: str | None, forget: tuple[str, ...], form: str) -> None:
    """List the runs that `arazzo run --journal` keeps, the latest first.

    \b
    Try:  arazzo runs
          arazzo resume RUN
          arazzo runs --forget over
    """
    terminal = look()
    try:
        with closing(open_journal(journal, terminal, must_exist=True)) as store:
            for run in forgotten(store, forget):
                store.forget(run.run_id)
            tell(store, store.runs(), form, terminal)
    except ArazzoError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)


def forgotten(store: SqliteStore, names: Sequence[str]) -> list[KeptRun]:
    """Find the runs that are to be removed; one that a process is at work on stays."""
    found = [each for each in store.runs() if each.state in OVER] if "over" in names else []
    found += [kept_run(store, name) for name in names if name != "over"]
    for run in found:
        if run.is_held:
            raise UsageError(
                f"a process is at work on run {run.run_id}", f"end it first: arazzo cancel {run.run_id}{store.option}"
            )
    return found


def tell(store: SqliteStore, runs: Sequence[KeptRun], form: str, terminal: Terminal) -> None:
    """Print the runs."""
    rows = [row(store, run) for run in runs]
    if form == "json":
        print(json.dumps({"version": 1, "runs": rows}, ensure_ascii=False), file=terminal.out)
        return
    width = max((len(str(each["stands"])) for each in rows), default=0)
    for each in rows:
        last = f"  {terminal.out_style.mark('dot')} {one_line(str(each['last']))}" if each["last"] else ""
        last += f" until {_short(each['wake'])}" if each["wake"] else ""
        began = _short(each["began"])
        print(
            f"{each['run']}  {began}  {each['stands']:<{width}}  {one_line(str(each['what']))}{last}", file=terminal.out
        )
    if terminal.live:
        print(
            f"\n{count(len(rows), 'run')}; go on with one that is not over: arazzo resume RUN{store.option}",
            file=terminal.err,
        )


def _short(at: str) -> str:
    return at[:19].replace("T", " ")


def row(store: Store, run: KeptRun) -> dict[str, Any]:
    """Give what is shown of a run; times are UTC."""
    last = store.last(run.run_id)
    return {
        "run": run.run_id,
        "began": written(run.began),
        "changed": written(run.changed),
        "stands": stands(run),
        "wake": None if run.wake is None else written(run.wake),
        "is_held": run.is_held,
        "what": run.shown,
        "last": last.shown if last else None,
    }


def stands(run: KeptRun) -> str:
    """Say how a run stands: one whose process has died says itself that it runs."""
    if run.state in ("running", "waiting") and not run.is_held:
        return "broken off"
    return "ending" if run.is_cancelling and run.is_held else run.state


def written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

"""`arazzo diff`: say what changed between two runs, and fail where something got worse."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from runner.cli.prepare import say_error
from runner.cli.records import opened
from runner.cli.terminal import ColorChoice, Terminal, look
from runner.errors import ArazzoError, UsageError
from runner.reporters.compare import Change, Told, Trend, compare, told
from runner.reporters.style import Role, Style
from runner.reporters.text import count, one_line

VERSION = 1
"""Of the JSON format; it changes when a reader would have to."""

_WORDS = {"worse": "worse", "better": "better", "changed": "not as before"}


@click.command("diff")
@click.argument("before", metavar="BEFORE.jsonl")
@click.argument("after", metavar="AFTER.jsonl")
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="What to print.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(before: str, after: str, form: str, color: ColorChoice) -> None:
    """Compare what two runs wrote with --report jsonl=FILE: outcomes, statuses, outputs, broken contracts.

    Durations are told only where they more than doubled or halved, and by more than a second.

    Exit code 0: nothing got worse; 1: a case fails that did not, or an API breaks its contract in a new way.

    \b
    Try:  arazzo diff main.jsonl branch.jsonl
    """
    terminal = look(color)
    try:
        runs = [read(file, terminal) for file in (before, after)]
    except ArazzoError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    changes = list(compare(*runs))
    if form == "json":
        print(json.dumps(as_json((before, after), runs, changes), indent=2))
    else:
        for line in lines(changes, runs, terminal.out_style):
            print(line)
    sys.exit(1 if any(change.trend == "worse" for change in changes) else 0)


def read(file: str, terminal: Terminal) -> Told:
    """Read a run record; one in which nothing ran cannot be compared."""
    with opened(file, terminal) as record:
        found = told(record.entries)
    if not found.cases:
        raise UsageError(f"{file}: nothing ran, so there is nothing to compare")
    return found


def as_json(files: tuple[str, str], runs: Sequence[Told], changes: Sequence[Change]) -> dict[str, object]:
    """Give all changes as data."""
    heads = [{"file": file, "cases": len(run.cases), "red": run.red} for file, run in zip(files, runs, strict=True)]
    return {
        "version": VERSION,
        "worse": any(change.trend == "worse" for change in changes),
        "before": heads[0],
        "after": heads[1],
        "changes": [{name: value or None for name, value in change._asdict().items()} for change in changes],
    }


def lines(changes: Sequence[Change], runs: Sequence[Told], style: Style) -> Iterator[str]:
    """Draw the changes under the names of their cases, and count what they come to."""
    case = ""
    for change in changes:
        if change.case and change.case != case:
            yield style.paint(one_line(change.case), "strong")
        case = change.case
        indent = "  " if change.case else ""
        yield indent + style.paint(_sentence(change, style), _role(change.trend))
    if changes:
        yield ""
    yield _verdict(changes, runs)


def _sentence(change: Change, style: Style) -> str:
    arrow = style.mark("arrow")
    step = f"{one_line(change.step)}: " if change.step else ""
    before, after = change.before, change.after
    match change.what:
        case "case":
            return f"new: {after}" if after else f"gone: was {before}"
        case "outcome":
            return f"{step}{before or 'not reached'} {arrow} {after or 'not reached'}"
        case "status":
            return f"{step}answered {before or 'nothing'} {arrow} {after or 'nothing'}"
        case "output":
            return f"{step}output '{one_line(change.name)}': {before or 'not there'} {arrow} {after or 'not there'}"
        case "duration":
            return f"{step}took {before} {arrow} {after}"
        case "contract":
            severity = f"{before or 'kept'} {arrow} {after or 'kept'}"
            return f"contract {severity}: {one_line(change.name)}"


def _role(trend: Trend) -> Role | None:
    return "error" if trend == "worse" else "ok" if trend == "better" else None


def _verdict(changes: Sequence[Change], runs: Sequence[Told]) -> str:
    """Count cases by the worst of what is said of them."""
    order: tuple[Trend, ...] = ("worse", "better", "changed")
    by_case: dict[str, Trend] = {}
    for trend in reversed(order):
        by_case |= {change.case: trend for change in changes if change.case and change.trend == trend}
    trends = Counter(by_case.values())
    same = sum(name not in by_case for name in runs[1].cases)
    parts = [f"{count(trends[trend], 'case')} {_WORDS[trend]}" for trend in order if trends[trend]]
    parts += [f"{count(same, 'case')} as before"] if same else []
    contracts = Counter(change.trend for change in changes if change.what == "contract")
    parts += [f"{count(contracts[trend], 'contract')} {_WORDS[trend]}" for trend in order if contracts[trend]]
    return ", ".join(parts)

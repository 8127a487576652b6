"""`arazzo report`: make any report from the record that a run has left, as the run itself would have written it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from runner.cli.kinds import KINDS, Make
from runner.cli.options import junit_options
from runner.cli.outlets import Outlets
from runner.cli.prepare import say_error
from runner.cli.records import opened
from runner.cli.terminal import ColorChoice, look
from runner.diagnostics import did_you_mean
from runner.errors import ArazzoError, UsageError
from runner.reporters.files import FileReport
from runner.reporters.jsonl import RecordedRun
from runner.reporters.junit_form import Dialect, JUnitForm, Unit
from runner.reporters.reporter import Reporter

UNKNOWABLE = {"coverage": "what there is to reach stands in the API descriptions; runs write it themselves, "
              "with --report coverage=PATH"}  # fmt: skip
"""The kinds that a record is not enough for, and why."""


@click.command("report")
@click.argument("kind", metavar="KIND")
@click.argument("file", metavar="RUN.jsonl")
@click.option("-o", "--output", metavar="PATH", help="Where to write it, instead of standard output.")
@junit_options
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(
    kind: str, file: str, output: str | None, junit_dialect: Dialect, junit_unit: Unit, color: ColorChoice
) -> None:
    """Make a report from what a run wrote with --report jsonl=RUN.jsonl ('-': standard input).

    KIND is one of those that --report knows: junit, json, tap, har, github, summary, gitlab, sarif.

    \b
    Try:  arazzo report junit run.jsonl -o report.xml
          arazzo report summary run.jsonl >> "$GITHUB_STEP_SUMMARY"
    """
    terminal = look(color)
    try:
        make = maker(kind)
        with opened(file, terminal) as record:
            outlets = Outlets(terminal, [], False, "normal", record.document, record.diagnostics)
            outlets.junit_form = JUnitForm(junit_dialect, junit_unit)
            write(record, make, outlets, output)
    except ArazzoError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)


def maker(kind: str) -> Make:
    """Give how a kind of report is made."""
    if kind in UNKNOWABLE:
        raise UsageError(f"a {kind} report cannot be made of a run record", UNKNOWABLE[kind])
    if kind not in KINDS:
        names = [name for name in KINDS if name not in UNKNOWABLE]
        meant = did_you_mean(kind, names)
        raise UsageError(f"there is no report '{kind}'", meant.title if meant else f"there are {', '.join(names)}")
    return KINDS[kind]


def write(record: RecordedRun, make: Make, outlets: Outlets, output: str | None) -> None:
    """Tell a report all that is recorded; a file is left as it was where the record turns out to be broken."""
    if output is None or output == "-":
        tell(record, make(outlets.terminal.out, outlets))
        return
    try:
        report = FileReport(Path(output), partial(_made, make, outlets))
        try:
            tell(record, report)
        except BaseException:
            report.discard()
            raise
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror or error}") from error


def tell(record: RecordedRun, report: Reporter) -> None:
    for entry in record.entries:
        report.tell(entry)
    report.close()


def _made(make: Make, outlets: Outlets, stream: object) -> Reporter:
    return make(stream, outlets)  # type: ignore[arg-type]

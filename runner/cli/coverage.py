"""`arazzo coverage`: add up what several runs reached of API descriptions; and the bounds that are set for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from runner.cli.documents import refuse_empty
from runner.cli.options import MIN_COVERAGE
from runner.cli.prepare import say_error
from runner.cli.terminal import ColorChoice, Terminal, look
from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.exchange import parse_json
from runner.openapi.inventory import Inventory, Kind
from runner.plan.plan import Plan
from runner.reporters.coverage.html import page
from runner.reporters.coverage.json import CoverageError, coverage_json, coverage_of
from runner.reporters.coverage.reach import PLURALS, CoverageRecorder, DescriptionCoverage, merged, total
from runner.reporters.coverage.table import table
from runner.reporters.files import open_report
from runner.text import json_text, number_text


@click.command("coverage")
@click.argument("files", nargs=-1, metavar="FILE...", required=True)
@click.option("--min-coverage", multiple=True, metavar="[KIND=]PERCENT", help=MIN_COVERAGE)
@click.option("--html", metavar="PATH", help="Write a page.")
@click.option("--json", "json_path", metavar="PATH", help="Write the sum as JSON.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(
    files: tuple[str, ...], min_coverage: tuple[str, ...], html: str | None, json_path: str | None, color: ColorChoice
) -> None:
    """Add up coverage that runs wrote with --report coverage=FILE.json, by the names of the descriptions.

    Exit code 0: every bound is kept; 1: one is not.
    """
    terminal = look(color)
    try:
        bounds = read_bounds(min_coverage)
        refuse_empty(*files)
        coverage = merged(each for file in files for each in read(file))
        for path, text in ((html, page), (json_path, _json)):
            if path is not None:
                write(path, text(coverage))
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    for line in table(coverage, terminal.out_style):
        print(line)
    sys.exit(0 if keeps(coverage, bounds, terminal) else 1)


def _json(coverage: Sequence[DescriptionCoverage]) -> str:
    return json_text(coverage_json(coverage)) + "\n"


def read(file: str) -> tuple[DescriptionCoverage, ...]:
    """Read a coverage report."""
    try:
        return coverage_of(parse_json(Path(file).read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from error
    except CoverageError as error:
        raise UsageError(f"{file} is no coverage report: {error}") from error
    except ValueError as error:  # not UTF-8, or not JSON
        raise UsageError(
            f"{file} is no coverage report: {error}", "runs write one with --report coverage=FILE.json"
        ) from error


def write(path: str, text: str) -> None:
    """Write a file that is either the old one or complete."""
    if path == "-":
        raise UsageError("'-' is no file", "the table is printed on standard output")
    try:
        file = open_report(Path(path))
        file.stream.write(text)
        file.commit()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


def read_bounds(texts: Sequence[str]) -> Mapping[Kind, float]:
    """Read `--min-coverage` options: a share of the operations, or of a kind that is named."""
    bounds: dict[Kind, float] = {}
    for text in texts:
        name, sign, share = text.rpartition("=")
        kind = _kind(name if sign else PLURALS["operation"])
        try:
            percent = float(share.removesuffix("%"))
        except ValueError:
            percent = -1.0
        if not 0 <= percent <= 100:
            raise UsageError(f"--min-coverage {text}: '{share}' is not a share from 0 to 100")
        if kind in bounds:
            raise UsageError(f"--min-coverage {text}: the share of {PLURALS[kind]} is given twice")
        bounds[kind] = percent
    return bounds


def _kind(name: str) -> Kind:
    found = next((kind for kind, plural in PLURALS.items() if name in (kind, plural)), None)
    if found is None:
        meant = did_you_mean(name, PLURALS.values())
        hint = meant.title if meant else f"there are {', '.join(PLURALS.values())}"
        raise UsageError(f"--min-coverage: there are no '{name}' in a description", hint)
    return found


def inventories(plans: Sequence[Plan]) -> Mapping[str, Inventory]:
    """Give what there is to reach of all descriptions that documents name."""
    return {uri: Inventory(api) for plan in plans for uri, api in plan.apis.items()}


def keeps(coverage: Sequence[DescriptionCoverage], bounds: Mapping[Kind, float], terminal: Terminal) -> bool:
    """Say whether all bounds are kept, and which are not."""
    broken = list(_broken(coverage, bounds))
    for text in broken:
        print(terminal.err_style.paint("error:", "error"), text, file=terminal.err)
    return not broken


def _broken(coverage: Sequence[DescriptionCoverage], bounds: Mapping[Kind, float]) -> Iterator[str]:
    for kind, percent in bounds.items():
        reached = total(coverage, kind)
        if not reached.keeps(percent):
            share = f"{reached.number} of {reached.of} {PLURALS[kind]} ({reached.percent:.1f} %)"
            yield f"coverage is too low: {share} were reached, and {number_text(percent)} % are asked for"


def tell(recorder: CoverageRecorder, bounds: Mapping[Kind, float], terminal: Terminal, *, drawn: bool) -> bool:
    """Draw the coverage of a run, if that is wanted, and say whether its bounds are kept."""
    coverage = recorder.coverage()
    if drawn:
        print(file=terminal.out)
        for line in table(coverage, terminal.out_style):
            print(line, file=terminal.out)
    return keeps(coverage, bounds, terminal)

"""`arazzo check`: say what is wrong with documents, without running them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runner import api, bundled
from runner.cli.cache import cache_of
from runner.cli.help import Sectioned
from runner.cli.options import WhereOptions, where_options
from runner.cli.outlets import as_diagnostic
from runner.cli.places import check_names, sources_of
from runner.cli.prepare import check_document, say_error
from runner.cli.profile import setting_of
from runner.cli.terminal import Terminal, look
from runner.diagnostics import Diagnostic, in_order
from runner.errors import DescriptionError, UsageError
from runner.plan.contracts import check_contracts
from runner.reporters.diagnostics import render_full, summary
from runner.reporters.json import diagnostic_json

PATTERNS = ("*.arazzo.yaml", "*.arazzo.yml", "*.arazzo.json", "arazzo.yaml", "arazzo.yml", "arazzo.json")


@click.command("check", cls=Sectioned)
@click.argument("targets", nargs=-1, metavar="FILE|DIR...")
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@where_options
@click.option(
    "--format", "form", type=click.Choice(["full", "json"]), default="full", help="How to print what is found."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(targets: tuple[str, ...], strict: bool, form: str, color: str, **where: Any) -> None:
    """Check Arazzo documents against the specification and their API descriptions.

    A directory is searched for *.arazzo.yaml, *.arazzo.json and the like. Exit code 0: no errors; 3: there are some.
    """
    terminal = look(color)  # type: ignore[arg-type]
    try:
        options = WhereOptions(**where)
        setting = setting_of(options.config, options.profile, targets, Path.cwd())
        for note in setting.notes:
            print(terminal.err_style.paint("note:", "note"), note, file=terminal.err)
        sources = sources_of(options, setting)
        sources = replace(sources, cache=cache_of(terminal, options.no_cache))
        files = list(documents(targets))
        found = check(files, sources, options)
    except UsageError as error:
        say_error(terminal, error)
        if form == "json":
            show((as_diagnostic(error, ""),), (), "json", terminal)
        sys.exit(error.exit_code)
    if strict or setting.run.strict:
        found = tuple(replace(problem, severity="error") for problem in found)
    show(found, files, form, terminal)
    errors = any(problem.severity == "error" for problem in found)
    sys.exit(DescriptionError(found).exit_code if errors else 0)


def documents(targets: Sequence[str]) -> Iterator[str]:
    """Find the documents that the arguments name."""
    if not targets:
        raise UsageError("nothing to check", "name files or directories: arazzo check workflows/")
    for target in targets:
        if bundled.is_name(target) and not Path(target).exists():
            yield str(bundled.workflows()[target])
        elif Path(target).is_dir():
            found = sorted({path for pattern in PATTERNS for path in Path(target).rglob(pattern)})
            if not found:
                raise UsageError(f"there is no Arazzo document in {target}", f"they are named {', '.join(PATTERNS)}")
            yield from map(str, found)
        else:
            yield target


def check(files: Sequence[str], sources: api.Sources, options: WhereOptions) -> tuple[Diagnostic, ...]:
    """Check each file, and that what is said of sources and server variables fits one of them."""
    checked = [check_document(file, sources) for file in files]
    plans = [each.plan for each in checked if each.plan is not None]
    if len(plans) == len(checked):
        check_names(plans, sources, options)
    contracts = (problem for plan in plans for problem in check_contracts(plan))
    return in_order((*(problem for each in checked for problem in each.diagnostics), *contracts))


def show(found: Sequence[Diagnostic], files: Sequence[str], form: str, terminal: Terminal) -> None:
    """Print the result: it is what was asked for, so it goes to stdout."""
    if form == "json":
        print(json.dumps({"diagnostics": [diagnostic_json(each) for each in found]}, ensure_ascii=False, indent=2))
        return
    style = terminal.out_style
    for diagnostic in found:
        print(render_full(diagnostic, style) + "\n")
    checked = f"{len(files)} document{'s' if len(files) != 1 else ''} checked"
    verdict = summary(found) if found else style.paint("no problems", "ok")
    print(f"{checked}: {verdict}")

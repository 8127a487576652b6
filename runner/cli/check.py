"""`arazzo check`: say what is wrong with documents, without running them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from runner import api, bundled
from runner.cli.cache import NO_CACHE, cache_of
from runner.cli.outlets import as_diagnostic
from runner.cli.prepare import check_document, say_error, sources_of
from runner.cli.terminal import Terminal, look
from runner.diagnostics import Diagnostic, in_order
from runner.errors import DescriptionError, UsageError
from runner.reporters.diagnostics import render_full, summary
from runner.reporters.json import diagnostic_json

PATTERNS = ("*.arazzo.yaml", "*.arazzo.yml", "*.arazzo.json", "arazzo.yaml", "arazzo.yml", "arazzo.json")


@click.command("check")
@click.argument("targets", nargs=-1, metavar="FILE|DIR...")
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@click.option("--source", multiple=True, metavar="NAME=PATH", help="Where a source description really is.")
@click.option("--source-root", multiple=True, metavar="DIR", help="A second base for relative source URLs.")
@click.option("--offline", is_flag=True, help="Fetch no description from the network.")
@click.option("--no-cache", is_flag=True, help=NO_CACHE)
@click.option(
    "--format", "form", type=click.Choice(["full", "json"]), default="full", help="How to print what is found."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(
    targets: tuple[str, ...],
    strict: bool,
    source: tuple[str, ...],
    source_root: tuple[str, ...],
    offline: bool,
    no_cache: bool,
    **output: str,
) -> None:
    """Check Arazzo documents against the specification and their API descriptions.

    A directory is searched for *.arazzo.yaml, *.arazzo.json and the like. Exit code 0: no errors; 3: there are some.
    """
    terminal = look(output["color"])  # type: ignore[arg-type]
    try:
        sources = replace(sources_of(source, source_root, {}, offline), cache=cache_of(terminal, no_cache))
        files = list(documents(targets))
        found = check(files, sources)
    except UsageError as error:
        say_error(terminal, error)
        if output["form"] == "json":
            show((as_diagnostic(error, ""),), (), "json", terminal)
        sys.exit(error.exit_code)
    if strict:
        found = tuple(replace(problem, severity="error") for problem in found)
    show(found, files, output["form"], terminal)
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


def check(files: Sequence[str], sources: api.Sources) -> tuple[Diagnostic, ...]:
    """Check each file."""
    return in_order(problem for file in files for problem in check_document(file, sources).diagnostics)


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

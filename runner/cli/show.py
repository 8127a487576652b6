"""`arazzo show`: what a document comes to, as a table or a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runner import api, bundled
from runner.cli.cache import cache_of
from runner.cli.coverage import write
from runner.cli.documents import refuse_empty
from runner.cli.help import Sectioned
from runner.cli.options import WhereOptions, where_options
from runner.cli.places import check_names, sources_of
from runner.cli.prepare import check_document, say_error
from runner.cli.profile import setting_of
from runner.cli.terminal import Terminal, look
from runner.diagnostics import Diagnostic
from runner.errors import DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.records import replace
from runner.reporters.chart.chart import Chart, charts
from runner.reporters.diagnostics import render_full, summary


@click.command("show", cls=Sectioned)
@click.argument("target", metavar="FILE|NAME")
@click.option("--workflow", metavar="ID", help="Show this workflow and those that it reaches, and no other.")
@click.option("--mermaid", "form", flag_value="mermaid", help="Write a Mermaid flowchart, for Markdown.")
@click.option("--svg", "form", flag_value="svg", help="Write an SVG picture.")
@click.option("--html", "form", flag_value="html", help="Write a page with the picture and every value.")
@click.option("--output", "-o", metavar="PATH", help="Write to a file instead of standard output.")
@where_options
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(target: str, workflow: str | None, form: str | None, output: str | None, color: str, **where: Any) -> None:
    """Show what a document comes to: its steps, where each value comes from, and how a run goes on after each step.

    Nothing is sent. Exit code 0: it could be shown; 3: it has errors.
    """
    terminal = look(color)  # type: ignore[arg-type]
    try:
        plan = _plan(target, WhereOptions(**where), terminal)
        keys = api.choose(plan, workflow) if workflow else [key for key in plan.workflows if "#" not in key]
        text = _drawn(charts(plan, keys), form or "table", plan.title, terminal, to_file=output is not None)
        if output is None:
            print(text, end="")
        else:
            write(output, text)
            print(f"{output} written", file=terminal.err)
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    except DescriptionError as error:
        _draw(error.diagnostics, terminal)
        sys.exit(error.exit_code)


def _plan(target: str, options: WhereOptions, terminal: Terminal) -> Plan:
    """Compile the document; what is only a warning is counted, `arazzo check` draws it."""
    refuse_empty(target)
    location = str(bundled.workflows()[target]) if bundled.is_name(target) and not Path(target).exists() else target
    setting = setting_of(options.config, options.profile, (target,), Path.cwd())
    sources = sources_of(options, setting)
    checked = check_document(location, replace(sources, cache=cache_of(terminal, options.no_cache)))
    if checked.plan is None:
        raise DescriptionError(checked.errors)
    check_names([checked.plan], sources, options)
    if checked.diagnostics:
        print(f"{summary(checked.diagnostics)}: arazzo check {target} says more", file=terminal.err)
    return checked.plan


def _drawn(found: Sequence[Chart], form: str, title: str, terminal: Terminal, *, to_file: bool) -> str:
    match form:
        case "mermaid":
            from runner.reporters.chart.mermaid import mermaid

            return mermaid(found)
        case "svg":
            from runner.reporters.chart.svg import svg

            return svg(found)
        case "html":
            from runner.reporters.chart.html import page

            return page(found, title)
        case _:
            from runner.reporters.chart.table import table

            style = replace(terminal.out_style, color=False) if to_file else terminal.out_style
            return "".join(f"{line}\n" for line in table(found, style))


def _draw(diagnostics: Sequence[Diagnostic], terminal: Terminal) -> None:
    for diagnostic in diagnostics:
        print(render_full(diagnostic, terminal.err_style) + "\n", file=terminal.err)
    print(summary(diagnostics), file=terminal.err)

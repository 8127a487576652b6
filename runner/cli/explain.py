"""`arazzo explain`: what a rule checks, why, and what to write instead."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from runner.cli.prepare import say_error
from runner.cli.terminal import ColorChoice, look
from runner.diagnostics import did_you_mean
from runner.errors import UsageError
from runner.reporters.style import Style
from runner.reporters.text import pad, wrapped
from runner.rulebook import Rule, rulebook


@click.command("explain")
@click.argument("rule", required=False, metavar="[RULE]")
@click.option("--format", "form", type=click.Choice(["console", "json"]), default="console", help="How to print it.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(rule: str | None, form: str, color: ColorChoice) -> None:
    """Explain a rule, by the name that stands in brackets behind 'error' or 'warning'; without one, list them all."""
    terminal = look(color)
    try:
        chosen = [_find(rule)] if rule is not None else list(rulebook().values())
    except UsageError as error:
        say_error(terminal, error)
        sys.exit(error.exit_code)
    if form == "json":
        rows = [
            {"rule": each.name, "repair": each.is_repair, "about": each.about, "why": each.why,
             "example": each.example, "instead": each.instead}
            for each in chosen
        ]  # fmt: skip
        print(json.dumps(rows[0] if rule is not None else rows, ensure_ascii=False, indent=2))
        return
    for line in _page(chosen[0], terminal.out_style) if rule is not None else _list(chosen, terminal.out_style):
        print(line)


def _find(name: str) -> Rule:
    known = rulebook()
    given = name.strip().strip("[]").lower().replace("_", "-")
    for lead in ("error[", "warning["):
        given = given.removeprefix(lead)
    if given not in known:
        meant = did_you_mean(given, known)
        raise UsageError(f"there is no rule '{name}'", meant.title if meant else "arazzo explain lists them all")
    return known[given]


def _page(rule: Rule, style: Style) -> Iterator[str]:
    yield style.paint(rule.name, "strong") + (style.paint("  repair", "muted") if rule.is_repair else "")
    yield from wrapped(rule.about, style.width)
    for head, text in (("Why", rule.why), ("Example", rule.example), ("Instead", rule.instead)):
        yield ""
        yield style.paint(head, "muted")
        yield from (f"  {line}" for line in wrapped(text, style.width - 2))
    if rule.is_repair:
        yield ""
        yield "It is understood, with a warning. `arazzo check --fix` writes what it means; --strict refuses it."


def _list(rules: list[Rule], style: Style) -> Iterator[str]:
    room = max(len(each.name) for each in rules)
    for rule in rules:
        yield f"{style.paint(pad(rule.name, room), 'strong')}  {rule.about}"

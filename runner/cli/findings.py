"""Print what a check found, in the format that is asked for: it is what was asked for, so it goes to stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from runner.cli.checkout import Checkout
from runner.cli.terminal import Terminal
from runner.diagnostics import Diagnostic
from runner.records import Frozen
from runner.reporters.diagnostics import render_concise, render_full, summary
from runner.reporters.github import workflow_commands
from runner.reporters.json import diagnostic_json
from runner.reporters.sarif import sarif_log
from runner.reporters.text import count


class Found(Frozen):
    """What is to be said of how many documents."""

    problems: Sequence[Diagnostic]
    documents: int


def print_found(found: Found, form: str | None, terminal: Terminal) -> None:
    """Print in a format; without one in full, and in GitHub's CI as annotations, too."""
    _PRINT[form or "full"](found, terminal)
    if form is None and terminal.environ.get("GITHUB_ACTIONS") == "true":
        _github(found, terminal)


def print_refusal(problem: Diagnostic, form: str | None, terminal: Terminal) -> None:
    """Print why nothing was checked, for a program that reads stdout; a person has read it on stderr."""
    if form in ("json", "sarif"):
        _PRINT[form](Found((problem,), 0), terminal)


def _full(found: Found, terminal: Terminal) -> None:
    for problem in found.problems:
        print(render_full(problem, terminal.out_style) + "\n")
    _verdict(found, terminal)


def _concise(found: Found, terminal: Terminal) -> None:
    for problem in found.problems:
        print(render_concise(problem))
    _verdict(found, terminal)


def _verdict(found: Found, terminal: Terminal) -> None:
    verdict = summary(found.problems) if found.problems else terminal.out_style.paint("no problems", "ok")
    print(f"{count(found.documents, 'document')} checked: {verdict}")


def _json(found: Found, _: Terminal) -> None:
    _dump({"diagnostics": [diagnostic_json(problem) for problem in found.problems]})


def _github(found: Found, terminal: Terminal) -> None:
    for line in workflow_commands(found.problems, Checkout.of(terminal.environ).path):
        print(line)


def _sarif(found: Found, terminal: Terminal) -> None:
    from runner.rulebook import rulebook  # reads the explanation of every rule

    _dump(sarif_log(found.problems, rulebook(), Checkout.of(terminal.environ).address))


def _dump(data: object) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


_PRINT: Mapping[str, Callable[[Found, Terminal], None]] = {
    "full": _full,
    "concise": _concise,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
FORMATS = tuple(_PRINT)

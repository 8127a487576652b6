"""`arazzo check`: say what is wrong with documents, without running them, and write what was meant into them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from runner import api
from runner.cli.cache import cache_of
from runner.cli.documents import STDIN, find_documents
from runner.cli.findings import FORMATS, Found, print_found, print_refusal
from runner.cli.fix import Rewritten, fix_each
from runner.cli.help import Sectioned
from runner.cli.many import FEWEST, Recipe, check_each, check_in_processes, cores
from runner.cli.options import WhereOptions, where_options
from runner.cli.outlets import as_diagnostic
from runner.cli.places import check_names, sources_of
from runner.cli.prepare import say_error
from runner.cli.profile import Setting, setting_of
from runner.cli.terminal import ColorChoice, Terminal, look
from runner.cli.write import write_back
from runner.diagnostics import Diagnostic, in_order
from runner.errors import DescriptionError, UsageError
from runner.loader.text import decode_bytes
from runner.records import replace
from runner.reporters.diagnostics import render_full
from runner.reporters.diff import unified
from runner.reporters.text import count

STDIN_NAME = "<stdin>"
WOULD_CHANGE = 1
"""The exit code of --diff where there is a difference."""


class CheckOptions(WhereOptions):
    """What was said on the command line, as click gives it."""

    targets: tuple[str, ...]
    strict: bool
    fix: bool
    diff: bool
    exclude: tuple[str, ...]
    jobs: int | None
    form: str | None
    color: ColorChoice


@click.command("check", cls=Sectioned)
@click.argument("targets", nargs=-1, metavar="FILE|DIR|GLOB|-...")
@click.option("--strict", is_flag=True, help="Let warnings fail the check too.")
@click.option("--fix", is_flag=True, help="Write what was meant into the documents, where that is certain.")
@click.option("--diff", is_flag=True, help="Show what --fix would write, and write nothing.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, by name or path.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to check with (one a core).")
@where_options
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print what is found (full).")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(**options: Any) -> None:
    """Check Arazzo documents against the specification and their API descriptions.

    A directory is searched for *.arazzo.yaml, *.arazzo.json and the like; a quoted pattern such as 'flows/**/*.yaml' is
    expanded; - is standard input. In GitHub's CI problems are annotated, too.

    --fix writes repairs into the files, comments and layout stay; of standard input it prints the new text. Exit code
    0: no errors are left; 3: there are some (4: only that remote documents were not fetched); 1: --diff has a
    difference to show.
    """
    chosen = CheckOptions(**options)
    terminal = look(options["color"])
    try:
        code = run(chosen, terminal)
    except UsageError as error:
        say_error(terminal, error)
        print_refusal(as_diagnostic(error, ""), chosen.form, terminal)
        code = error.exit_code
    sys.exit(code)


def run(options: CheckOptions, terminal: Terminal) -> int:
    """Do what the command line says and give the exit code."""
    refuse_contradictions(options)
    setting = setting_of(options.config, options.profile, options.targets, Path.cwd())
    for note in setting.notes:
        print(terminal.err_style.paint("note:", "note"), note, file=terminal.err)
    files = find_documents(options.targets, options.exclude)
    sources = replace(sources_of(options, setting), cache=cache_of(terminal, options.no_cache))
    files, sources = with_stdin(files, sources)
    found = check(files, sources, options, setting, terminal)
    strict = options.strict or setting.run.strict
    if not (options.fix or options.diff):
        every = in_order(each for problems in found for each in problems)
        return tell(_judged(every, strict), files, options, terminal)
    left, changed = fix_each(files, sources, found)
    left = _judged(left, strict)
    if options.diff:
        return show_diff(changed, left, terminal)
    if STDIN in options.targets:
        return give_stdin(changed, sources, left, terminal)
    failed = write_all(changed.values(), options, terminal)
    return tell(left, files, options, terminal) or failed


def _judged(found: Sequence[Diagnostic], strict: bool) -> tuple[Diagnostic, ...]:
    """Let warnings fail the check too, where that is asked for."""
    return tuple(replace(problem, severity="error") if strict else problem for problem in found)


def tell(found: Sequence[Diagnostic], files: Sequence[str], options: CheckOptions, terminal: Terminal) -> int:
    print_found(Found(found, len(files)), options.form, terminal)
    return code_of(found)


def code_of(found: Sequence[Diagnostic]) -> int:
    errors = any(problem.severity == "error" for problem in found)
    return DescriptionError(tuple(found)).exit_code if errors else 0


def write_all(changed: Iterable[Rewritten], options: CheckOptions, terminal: Terminal) -> int:
    """Write each file, and say so; give the exit code of what could not be written."""
    code = 0
    for each in changed:
        try:
            write_back(each.before, each.text)
        except UsageError as error:
            say_error(terminal, error)
            code = error.exit_code
        else:
            said = terminal.out if options.form in (None, "full", "concise") else terminal.err
            print(f"{each.before.name}: {count(each.fixes, 'problem')} fixed", file=said)
    return code


def show_diff(changed: Mapping[str, Rewritten], left: Sequence[Diagnostic], terminal: Terminal) -> int:
    """Print what would be written; what would be left is said on stderr."""
    for each in changed.values():
        for line in unified(each.before.name, each.before.text, each.text):
            print(line, end="")
    fixes = sum(each.fixes for each in changed.values())
    draw(left, terminal)
    print(f"{count(fixes, 'problem')} would be fixed in {count(len(changed), 'file')}", file=terminal.err)
    return code_of(left) or (WOULD_CHANGE if changed else 0)


def give_stdin(
    changed: Mapping[str, Rewritten], sources: api.Sources, left: Sequence[Diagnostic], terminal: Terminal
) -> int:
    """Print the new text of standard input, changed or not; what is left is said on stderr."""
    uri = api.to_uri(STDIN_NAME, Path.cwd())
    print(changed[uri].text if uri in changed else sources.texts[uri], end="")
    draw(left, terminal)
    return code_of(left)


def draw(found: Sequence[Diagnostic], terminal: Terminal) -> None:
    for problem in found:
        print(render_full(problem, terminal.err_style) + "\n", file=terminal.err)


def refuse_contradictions(options: CheckOptions) -> None:
    if options.fix and options.diff:
        raise UsageError("--fix excludes --diff, which writes nothing")
    if options.diff and options.form not in (None, "full", "concise"):
        raise UsageError(f"--diff excludes --format {options.form}: it prints a diff")
    if STDIN in options.targets and len(options.targets) > 1:
        raise UsageError("'-' stands alone: standard input is one document")


def with_stdin(files: list[str], sources: api.Sources) -> tuple[list[str], api.Sources]:
    """Read standard input as a document in the working directory, where that is asked for."""
    if files != [STDIN]:
        return files, sources
    try:
        text = decode_bytes(sys.stdin.buffer.read())
    except ValueError as error:
        raise UsageError(f"standard input cannot be read: {error}") from error
    return [STDIN_NAME], replace(sources, texts={**sources.texts, api.to_uri(STDIN_NAME, Path.cwd()): text})


def check(
    files: Sequence[str], sources: api.Sources, options: CheckOptions, setting: Setting, terminal: Terminal
) -> list[tuple[Diagnostic, ...]]:
    """Check each file, and that what is said of sources and server variables fits one of them."""
    named = bool(options.server or options.source or sources.options.server_variables)
    jobs = 1 if named else min(options.jobs or cores(), len(files))  # all plans together show whether a name is known
    with progress(len(files), terminal) as told:
        if jobs > 1 and (options.jobs or len(files) >= FEWEST):
            return list(check_in_processes(files, Recipe(options, setting), jobs, told))
        checked: list[api.Checked] = []
        for each in check_each(files, sources, plans=named):
            checked.append(each if named else api.Checked(None, each.diagnostics))
            told(len(checked))
    plans = [each.plan for each in checked if each.plan is not None]
    if len(plans) == len(checked):
        check_names(plans, sources, options)
    return [each.diagnostics for each in checked]


@contextmanager
def progress(total: int, terminal: Terminal) -> Iterator[Callable[[int], None]]:
    """Count on a terminal how many documents are done; nothing of it stays."""
    shown = terminal.err_live and total >= FEWEST

    def told(done: int) -> None:
        if shown:
            print(f"\rchecking {done}/{total}", end="", file=terminal.err, flush=True)

    try:
        yield told
    finally:
        if shown:
            print("\r\033[K", end="", file=terminal.err, flush=True)

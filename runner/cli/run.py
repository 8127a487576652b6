"""`arazzo run`: check everything first, then run it, and tell every reporter the same story."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import click

from runner import api
from runner.cli.inputs import Given, collect, extra_names, unknown_names, values_for
from runner.cli.outlets import Outlets, Verbosity, report_paths
from runner.cli.terminal import Terminal, look
from runner.cli.world import SandboxSettings, Venue, open_world
from runner.diagnostics import Diagnostic
from runner.engine.run import Asked
from runner.engine.state import Limits
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.reporters.diagnostics import render_full, summary
from runner.shell.auth import from_environment as credentials
from runner.shell.clock import VirtualClock


@dataclass(frozen=True)
class RunOptions:
    """What was said on the command line, as click gives it."""

    targets: tuple[str, ...]
    workflow: str | None
    input_: tuple[str, ...]
    inputs: tuple[str, ...]
    input_env: tuple[str, ...]
    input_file: tuple[str, ...]
    server: tuple[str, ...]
    sandbox: bool
    live: bool
    sandbox_balance: int | None
    source: tuple[str, ...]
    source_root: tuple[str, ...]
    offline: bool
    timeout: float | None
    pace: float
    max_steps: int
    max_time: float | None
    report: tuple[str, ...]
    format: str
    quiet: bool
    verbose: bool
    color: str


class Ready(NamedTuple):
    """A document that can be run: its plan, the workflows asked for, and where their requests go."""

    plan: Plan
    asked: tuple[Asked, ...]
    venue: Venue


@click.command("run")
@click.argument("targets", nargs=-1, metavar="FILE|NAME...")
@click.option("-w", "--workflow", metavar="ID", help="Run this workflow; else all that no other in the file calls.")
@click.option("-i", "--input", "input_", multiple=True, metavar="NAME=VALUE", help="An input; read as its schema says.")
@click.option("--inputs", multiple=True, metavar="FILE|-", help="Inputs from a YAML or JSON file.")
@click.option("--input-env", multiple=True, metavar="NAME=VAR", help="An input from an environment variable.")
@click.option("--input-file", multiple=True, metavar="NAME=PATH", help="An input whose value is the text of a file.")
@click.option("--server", multiple=True, metavar="NAME=URL", help="The base URL of a source; implies --live.")
@click.option("--sandbox", is_flag=True, help="Send to the embedded sandbox (the default for a bundled name).")
@click.option("--live", is_flag=True, help="Send to the real servers (the default for a file).")
@click.option("--sandbox-balance", type=int, metavar="BUZZ", help="What each account of the sandbox starts with.")
@click.option("--source", multiple=True, metavar="NAME=PATH", help="Where a source description really is.")
@click.option("--source-root", multiple=True, metavar="DIR", help="A second base for relative source URLs.")
@click.option("--offline", is_flag=True, help="Fetch no description from the network.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds for one request (30)."
)
@click.option(
    "--pace", type=click.FloatRange(min=0), default=1.0, metavar="S", help="First pause before a repetition (1)."
)
@click.option(
    "--max-steps", type=click.IntRange(min=1), default=10_000, metavar="N", help="Steps one run may take (10000)."
)
@click.option("--max-time", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds one run may take.")
@click.option("--report", multiple=True, metavar="KIND=PATH", help="Write a report: junit, json or jsonl.")
@click.option("--format", type=click.Choice(["console", "json"]), default="console", help="What to print on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Print failures and the summary only.")
@click.option("-v", "--verbose", is_flag=True, help="Print every request, criterion and output.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(**options: Any) -> None:
    """Run the workflows of Arazzo documents.

    A bundled NAME (see `arazzo list`) runs on the embedded sandbox, without network and account, unless --live or
    --server says otherwise. A FILE runs against the servers of its descriptions unless --sandbox is given.

    Credentials for live runs come from the environment: ARAZZO_AUTH_<SCHEME>, after the security scheme's name.

    \b
    Try:  arazzo run civitai-image-generation-poll -i prompt='a lighthouse'
          arazzo run flow.arazzo.yaml -w checkout --inputs inputs.yaml --report junit=report.xml
    """
    chosen = RunOptions(**options)
    terminal = look(options["color"])
    sys.exit(run(chosen, terminal))


def run(options: RunOptions, terminal: Terminal) -> int:
    """Do what the command line says and give the exit code."""
    verbosity: Verbosity = "quiet" if options.quiet else "verbose" if options.verbose else "normal"
    document = options.targets[0] if options.targets else ""
    try:
        reports = report_paths(options.report)
        outlets = Outlets(terminal, reports, options.format == "json", verbosity, document)
    except UsageError as error:
        say_error(terminal, error)
        return error.exit_code
    try:
        return start(prepare(options, terminal, outlets), options, outlets)
    except ArazzoError as error:
        if not isinstance(error, DescriptionError):
            say_error(terminal, error)
        return outlets.refuse(error)


def say_error(terminal: Terminal, error: ArazzoError) -> None:
    print(terminal.err_style.paint("error:", "error"), error, file=terminal.err)


def prepare(options: RunOptions, terminal: Terminal, outlets: Outlets) -> list[Ready]:
    """Check every document and every input before anything is sent."""
    if not options.targets:
        raise UsageError("nothing to run", "name a file, or a bundled workflow from: arazzo list")
    if options.sandbox and (options.live or options.server):
        raise UsageError("--sandbox excludes --live and --server")
    given = collect(options.input_, options.input_env, options.input_file, options.inputs, terminal.environ)
    servers = dict(pairs(options.server, "--server name=url"))
    venues = [Venue.of(target, options.sandbox, options.live, servers) for target in options.targets]
    plans = check_all(venues, options, servers, terminal, outlets)
    keys = [api.choose(plan, options.workflow) for plan in plans]
    declared = [plan.workflows[key].inputs for plan, chosen in zip(plans, keys, strict=True) for key in chosen]
    unknown_names(given, declared)
    for name in extra_names(given, declared):
        outlets.warn(f"no workflow to be run declares the input '{name}'; it is ignored")
    if options.sandbox_balance is not None and not any(venue.sandbox for venue in venues):
        raise UsageError("--sandbox-balance is for runs on the sandbox")
    ready = []
    for plan, chosen, venue in zip(plans, keys, venues, strict=True):
        reasons = api.unrunnable(plan, chosen)
        if reasons:
            report_diagnostics(reasons, terminal, outlets)
            raise DescriptionError(reasons)
        ready.append(Ready(plan, ask_all(plan, chosen, given), venue))
    return ready


def ask_all(plan: Plan, keys: Iterable[str], given: Given) -> tuple[Asked, ...]:
    return tuple(api.ask(plan, key, values_for(given, plan.workflows[key].inputs)) for key in keys)


def check_all(
    venues: list[Venue], options: RunOptions, servers: dict[str, str], terminal: Terminal, outlets: Outlets
) -> list[Plan]:
    """Compile every document; all of them are reported before one is refused."""
    sources = api.Sources(
        overrides=dict(pairs(options.source, "--source name=path")),
        roots=options.source_root,
        servers=servers,
        offline=options.offline,
    )
    checked = [api.check(venue.location, sources) for venue in venues]
    diagnostics = tuple(problem for each in checked for problem in each.diagnostics)
    report_diagnostics(diagnostics, terminal, outlets)
    plans = [each.plan for each in checked if each.plan is not None]
    if len(plans) < len(checked):
        raise DescriptionError(diagnostics)
    check_servers(servers, plans)
    return plans


def check_servers(servers: dict[str, str], plans: list[Plan]) -> None:
    known = sorted({name for plan in plans for name, _ in plan.sources})
    for name, url in servers.items():
        if name not in known:
            raise UsageError(f"--server {name}: there is no source '{name}'", f"sources there are: {', '.join(known)}")
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"--server {name}: '{url}' is not an http or https URL")


def report_diagnostics(diagnostics: Iterable[Diagnostic], terminal: Terminal, outlets: Outlets) -> None:
    """Draw diagnostics on stderr, unless stdout carries them as JSON, and give them to the reports."""
    found = tuple(diagnostics)
    outlets.diagnose(found)
    if not found or outlets.is_json:
        return
    for diagnostic in found:
        print(render_full(diagnostic, terminal.err_style), file=terminal.err)
    print(summary(found), file=terminal.err)


def pairs(texts: Iterable[str], form: str) -> Iterable[tuple[str, str]]:
    """Split `name=value` options."""
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise UsageError(f"'{text}' is not of the form {form}")
        yield name, value


def start(ready: list[Ready], options: RunOptions, outlets: Outlets) -> int:
    """Run the documents one after the other, until the user has had enough."""
    limits = Limits(
        steps=options.max_steps,
        wall=options.max_time,
        request_timeout=options.timeout or 30.0,
        pace=options.pace,
    )
    environ = outlets.terminal.environ
    sandbox = SandboxSettings(VirtualClock(time.time()), options.sandbox_balance)
    outlets.begin([(each.plan, each.asked) for each in ready], credentials(environ).secrets, sandbox.clock.now())
    for each in ready:
        if outlets.cancelled:
            break
        with open_world(each.venue, environ, sandbox, outlets.tell) as world:
            api.run_plan(each.plan, each.asked, world, limits)
    return outlets.finish()

"""`arazzo run`: check everything first, then run it, and tell every reporter the same story."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from runner import api
from runner.cli.cache import NO_CACHE
from runner.cli.credentials import advise, credentials_of
from runner.cli.outlets import Outlets, Verbosity, report_paths
from runner.cli.prepare import Ready, RunOptions, Seconds, prepare, say_error
from runner.cli.terminal import Terminal, look
from runner.cli.world import SandboxSettings, open_world
from runner.engine.policy import read_policy
from runner.engine.state import Limits
from runner.errors import ArazzoError, DescriptionError
from runner.shell.clock import VirtualClock
from runner.shell.interrupt import Interrupt


@click.command("run")
@click.argument("targets", nargs=-1, metavar="FILE|NAME...")
@click.option("-w", "--workflow", metavar="ID", help="Run this workflow; else all that no other in the file calls.")
@click.option("-i", "--input", "input_", multiple=True, metavar="NAME=VALUE", help="An input; read as its schema says.")
@click.option("--inputs", multiple=True, metavar="FILE|-", help="Inputs from a YAML or JSON file.")
@click.option("--input-env", multiple=True, metavar="NAME=VAR", help="An input from an environment variable.")
@click.option("--input-file", multiple=True, metavar="NAME=PATH", help="An input from a file: its text, or its bytes.")
@click.option("--server", multiple=True, metavar="NAME=URL", help="The base URL of a source; implies --live.")
@click.option("--sandbox", is_flag=True, help="Send to the embedded sandbox (the default for a bundled name).")
@click.option("--live", is_flag=True, help="Send to the real servers (the default for a file).")
@click.option(
    "--sandbox-balance",
    type=click.IntRange(min=0),
    metavar="BUZZ",
    help="What each account of the sandbox starts with.",
)
@click.option("--source", multiple=True, metavar="NAME=PATH", help="Where a source description really is.")
@click.option("--source-root", multiple=True, metavar="DIR", help="A second base for relative source URLs.")
@click.option("--offline", is_flag=True, help="Fetch no description from the network.")
@click.option("--no-cache", is_flag=True, help=NO_CACHE)
@click.option("--timeout", type=Seconds(positive=True), metavar="S", help="Seconds for one request (30).")
@click.option("--pace", type=Seconds(), default=1.0, metavar="S", help="First pause before a repetition (1).")
@click.option(
    "--max-steps", type=click.IntRange(min=1), default=10_000, metavar="N", help="Steps one run may take (10000)."
)
@click.option("--max-time", type=Seconds(positive=True), metavar="S", help="Seconds one run may take.")
@click.option(
    "--contract",
    multiple=True,
    metavar="LEVEL",
    help="What a reply that breaks its API description is: off, warn (default) or error; of one check: body=error.",
)
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
    outlets = Outlets(terminal, [], options.format == "json", verbosity, document)
    try:
        outlets.reports = report_paths(options.report)
        limits = limits_of(options)
        ready = prepare(options, terminal, outlets)
        open_outlets(ready, outlets)
    except ArazzoError as error:
        if not isinstance(error, DescriptionError):
            say_error(terminal, error)
        return outlets.refuse(error)
    return start(ready, options, limits, outlets)


def limits_of(options: RunOptions) -> Limits:
    """Give the budgets of a run, and how closely it holds APIs to their contracts."""
    return Limits(
        steps=options.max_steps,
        wall=options.max_time,
        request_timeout=options.timeout or 30.0,
        pace=options.pace,
        contract=read_policy(options.contract),
    )


def open_outlets(ready: list[Ready], outlets: Outlets) -> None:
    """Open the reports, and say which credentials are missing."""
    secrets: frozenset[str] = frozenset()
    for each in ready:
        credentials = credentials_of(each.plan, each.venue, outlets.terminal.environ)
        secrets |= credentials.secrets
        for advice in advise(each.plan, [asked.key for asked in each.asked], each.venue, credentials):
            outlets.warn(advice)
    outlets.begin([(each.plan, each.asked) for each in ready], secrets, time.time())


def start(ready: list[Ready], options: RunOptions, limits: Limits, outlets: Outlets) -> int:
    """Run the documents one after the other, until the user has had enough."""
    sandbox = SandboxSettings(VirtualClock(outlets.last_at), options.sandbox_balance)
    with Interrupt() as interrupt:
        for each in ready:
            if interrupt.cancelled():
                break
            credentials = credentials_of(each.plan, each.venue, outlets.terminal.environ)
            with open_world(each.venue, credentials, sandbox, interrupt, outlets.tell) as world:
                api.run_plan(each.plan, each.asked, world, limits)
        return outlets.finish(interrupt.number)

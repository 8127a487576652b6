"""`arazzo run`: check everything first, then run it, and tell every reporter the same story."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from runner import api
from runner.cli.config import Profile, find
from runner.cli.consent import keyring_of
from runner.cli.coverage import MIN_COVERAGE, inventories, read_bounds, tell
from runner.cli.credentials import (
    Secret,
    Variables,
    Wallet,
    Want,
    credentials_of,
    gather,
    proxy_secrets,
    strays,
    unproven,
    wanted,
)
from runner.cli.dotenv import read_env_files
from runner.cli.dryrun import dry_run
from runner.cli.help import Sectioned
from runner.cli.options import tape_options, where_options
from runner.cli.outlets import Outlets, Verbosity, report_paths
from runner.cli.places import slips
from runner.cli.prepare import RunOptions, Seconds, draw_all, prepare, say_error, stage_given
from runner.cli.profile import Setting, setting_of
from runner.cli.stage import Stage, check_faults, read_stage, stage_options, stands_in
from runner.cli.tape import Replay, recorder_of, refuse_tape, replay_of
from runner.cli.terminal import Terminal, look
from runner.cli.watch import Read, watch
from runner.cli.world import Ready, SandboxSettings, open_world, places
from runner.engine.asked import secret_inputs
from runner.engine.policy import read_policy
from runner.engine.state import Limits
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.reporters.coverage.reach import CoverageRecorder
from runner.shell.auth import Credentials, foresee
from runner.shell.clock import VirtualClock
from runner.shell.interrupt import Interrupt

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings

Equipped: TypeAlias = tuple[Ready, Credentials]
"""A document that can be run, and what its requests are authorized with."""


@click.command("run", cls=Sectioned)
@click.argument("targets", nargs=-1, metavar="FILE|NAME...")
@click.option("-w", "--workflow", metavar="ID", help="Run this workflow; else all that no other in the file calls.")
@click.option("--strict", is_flag=True, help="Let what is warned of before the run stop it.")
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing, print the requests as curl.")
@where_options
@click.option("-i", "--input", "input_", multiple=True, metavar="NAME=VALUE", help="An input; read as its schema says.")
@click.option("--inputs", multiple=True, metavar="FILE|-", help="Inputs from a YAML or JSON file.")
@click.option("--input-env", multiple=True, metavar="NAME=VAR", help="An input from an environment variable.")
@click.option("--input-file", multiple=True, metavar="NAME=PATH", help="An input from a file: its text, or its bytes.")
@click.option("--sandbox", is_flag=True, help="Send to the embedded sandbox (the default for a bundled name).")
@click.option("--live", is_flag=True, help="Send to the real servers (the default for a file).")
@click.option(
    "--sandbox-balance",
    type=click.IntRange(min=0),
    metavar="BUZZ",
    help="What each account of the sandbox starts with.",
)
@stage_options
@click.option(
    "--auth", multiple=True, metavar="NAME=VALUE", help="A credential; VALUE may be env:VARIABLE or file:PATH."
)
@click.option("--env-file", multiple=True, metavar="FILE", help="Variables for what the environment does not have.")
@click.option("--no-input", is_flag=True, help="Never ask for a credential that is missing.")
@click.option("--cert", metavar="FILE[:KEY]", help="A client certificate, shown to the APIs that are called.")
@click.option("--key", metavar="FILE", help="The key of --cert, where it is in a file of its own.")
@click.option("--timeout", type=Seconds(positive=True), metavar="S", help="Seconds for one request (30).")
@click.option("--pace", type=Seconds(), metavar="S", help="First pause before a repetition (1).")
@click.option("--max-steps", type=click.IntRange(min=1), metavar="N", help="Steps one run may take (10000).")
@click.option("--max-time", type=Seconds(positive=True), metavar="S", help="Seconds one run may take.")
@click.option(
    "--contract",
    multiple=True,
    metavar="LEVEL",
    help="What a reply that breaks its API description is: off, warn (default) or error; of one check: body=error.",
)
@click.option("--from-step", metavar="ID[#VISIT]", help="Begin at this step, with what --recorded gave before it.")
@click.option("--recorded", metavar="RUN.jsonl", help="The record of a run: what --report jsonl=RUN.jsonl has written.")
@click.option("--watch", is_flag=True, help="Run again whatever a saved file affects; Ctrl-C ends.")
@tape_options
@click.option("--coverage", is_flag=True, help="Print what was reached of each API description.")
@click.option("--min-coverage", multiple=True, metavar="[KIND=]PERCENT", help=MIN_COVERAGE)
@click.option("--report", multiple=True, metavar="KIND=PATH", help="Write a report: junit, json, jsonl or coverage.")
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

    Credentials for live runs go by the name of the security scheme: --auth NAME=VALUE, else ARAZZO_AUTH_<NAME> in the
    environment or an --env-file, else what the profile in arazzo.toml names. A scheme's parts follow it: login.username
    and login.password, login.client_id and login.client_secret; a source may go before it: shop.login.

    \b
    Try:  arazzo run civitai-image-generation-poll -i prompt='a lighthouse'
          arazzo run flow.arazzo.yaml -w checkout --inputs inputs.yaml --report junit=report.xml
    """
    chosen = RunOptions(**options)
    terminal = look(options["color"])
    if not chosen.watch:
        sys.exit(run(chosen, terminal))
    read = [*chosen.inputs, *chosen.env_file, *(text.partition("=")[2] for text in chosen.input_file)]
    others = [chosen.config, chosen.scenario, chosen.recorded]
    found = find(Path.cwd())
    shared = [*map(Path, read), *(Path(path) for path in others if path), *([found] if found else ())]
    sys.exit(
        watch(chosen.targets, terminal, lambda some, read: run(replace(chosen, targets=some), terminal, read), shared)
    )


def run(options: RunOptions, terminal: Terminal, read: Read | None = None) -> int:
    """Do what the command line says and give the exit code; `read` notes what that depends on."""
    verbosity: Verbosity = "quiet" if options.quiet else "verbose" if options.verbose else "normal"
    document = options.targets[0] if options.targets else ""
    outlets = Outlets(terminal, [], options.format == "json", verbosity, document, read=read)
    try:
        outlets.reports = report_paths(options.report)
        setting = setting_of(options.config, options.profile, options.targets, Path.cwd())
        for note in setting.notes:
            outlets.note(note)
        options = with_defaults(options, setting)
        refuse_tape(options, stage_given(options))
        limits, bounds = limits_of(options), read_bounds(options.min_coverage)
        variables = Variables(terminal.environ, read_env_files(options.env_file))
        ready = prepare(options, setting, variables, outlets)
        asks = not (options.no_input or options.dry_run or options.replay)
        keyring = keyring_of(terminal, asks=asks)
        wallet = gather(options.auth, variables, setting.profile)
        wallet = replace(wallet, keyring=keyring, certificate=options.cert is not None)
        advise(options, outlets)
        if options.replay is None:
            wallet = complete(ready, wallet, setting.profile, options, outlets)
        equipped = [(each, credentials_of(each.plan, each.venue, wallet)) for each in ready]
        for each, credentials in equipped:
            foresee(each.plan, each.keys, credentials)
        stage = stage_of(options, ready, outlets)
        if options.dry_run:
            return dry_run(ready, wallet, outlets)
        if options.coverage or bounds or any(text.startswith("coverage=") for text in options.report):
            outlets.covered = CoverageRecorder(inventories([each.plan for each in ready]))
        plans = [each.plan for each in ready]
        replay = replay_of(options, plans, secrets_of(equipped), outlets)
        outlets.recorder = recorder_of(options, plans)
        open_outlets(equipped, stage, outlets)
    except ArazzoError as error:
        if not isinstance(error, DescriptionError):
            say_error(terminal, error)
        return outlets.refuse(error)
    code = start(equipped, limits, stage, outlets, replay)
    if replay is not None and code < 128 and replay.tell_drift(terminal):
        code = code or 1
    kept = tell(outlets.covered, bounds, terminal, drawn=options.coverage and not outlets.is_json)
    return code or (0 if kept else 1)


def limits_of(options: RunOptions) -> Limits:
    """Give the budgets of a run, and how closely it holds APIs to their contracts."""
    return Limits(
        steps=options.max_steps or 10_000,
        wall=options.max_time,
        request_timeout=options.timeout or 30.0,
        pace=1.0 if options.pace is None else options.pace,
        contract=read_policy(options.contract),
    )


def with_defaults(options: RunOptions, setting: Setting) -> RunOptions:
    """Fill in what the command line leaves open; a contract that it gives for single checks changes the given one."""
    defaults = setting.run
    contract = setting.profile.contract or defaults.contract
    return replace(
        options,
        strict=options.strict or defaults.strict,
        timeout=options.timeout if options.timeout is not None else defaults.timeout,
        pace=options.pace if options.pace is not None else defaults.pace,
        max_steps=options.max_steps if options.max_steps is not None else defaults.max_steps,
        max_time=options.max_time if options.max_time is not None else defaults.max_time,
        contract=(contract, *options.contract) if contract else options.contract,
        offline=options.offline or options.replay is not None,
    )


def advise(options: RunOptions, outlets: Outlets) -> None:
    """Warn of hosts that are not checked."""
    for host in options.insecure:
        outlets.distrust(f"the certificate of '{host}' is not checked (--insecure): anybody may answer in its name")


def complete(ready: Sequence[Ready], wallet: Wallet, profile: Profile, options: RunOptions, outlets: Outlets) -> Wallet:
    """Say which credentials are missing and which names belong nowhere; on a terminal, ask for the missing ones."""
    for advice in strays(ready, wallet):
        outlets.warn(advice)
    wants = wanted(ready, wallet)
    if wants and outlets.terminal.asks and not (options.no_input or options.dry_run):
        wallet = ask(wants, wallet, outlets.terminal)
        wants = wanted(ready, wallet)
    texts = [*slips([each.plan for each in ready], profile), *(want.advice(wallet) for want in wants)]
    texts += unproven(ready) if options.cert is None else ()
    if texts and options.strict:
        raise UsageError(texts[0], "\n".join(texts[1:]))
    for text in texts:
        outlets.distrust(text)
    return wallet


def ask(wants: Sequence[Want], wallet: Wallet, terminal: Terminal) -> Wallet:
    """Ask for each missing credential without showing what is typed; an empty answer skips it."""
    from getpass import getpass

    found = dict(wallet.secrets)
    for want in wants:
        for key in want.ways[0]:
            name = want.names[key]
            try:
                value = getpass(f"{name}, for '{want.operation}' (empty: none): ", stream=terminal.err)
            except EOFError:
                return replace(wallet, secrets=found)
            if not value:
                break
            found[key] = Secret(value, name, "the terminal")
    return replace(wallet, secrets=found)


def stage_of(options: RunOptions, ready: Sequence[Ready], outlets: Outlets) -> Stage:
    """Give how the sandbox begins; what is said of it and could have no effect is refused."""
    settings = read_stage(
        options.scenario, options.fault, options.live_like, lambda problems: draw_all(problems, outlets)
    )
    refuse_strays(options, settings, [each.plan for each in ready if each.venue.sandbox])
    if options.sandbox_balance is not None:
        settings = replace(settings, balance=options.sandbox_balance)
    return Stage(settings, options.seed)


def refuse_strays(options: RunOptions, settings: Settings, plans: Sequence[Plan]) -> None:
    """Refuse what is said of stand-ins that none of the plans, which run on the sandbox, has."""
    is_civitai = {stands_in(server) for plan in plans for server, _ in places(plan)}
    if is_civitai == {False}:
        said = {
            "--scenario": options.scenario is not None,
            "--live-like": options.live_like,
            "--sandbox-balance": options.sandbox_balance is not None,
        }
        for name in (name for name, given in said.items() if given):
            raise UsageError(f"{name} is for the stand-ins of Civitai's APIs, and nothing to be run calls one")
        check_faults(settings.faults, [api for plan in plans for api in plan.apis.values()])
    if options.seed is not None and is_civitai == {True}:
        raise UsageError("--seed is for APIs of which there is no more than a description: Civitai's have a stand-in")


def open_outlets(equipped: Sequence[Equipped], stage: Stage, outlets: Outlets) -> None:
    """Open the reports, by the clock of a scenario where every run has it; what is secret is known from now on."""
    ready = [each for each, _ in equipped]
    start = stage.settings.start if all(each.venue.sandbox for each in ready) else None
    outlets.begin(ready, secrets_of(equipped) | proxy_secrets(ready), time.time() if start is None else start)


def secrets_of(equipped: Sequence[Equipped]) -> frozenset[str]:
    """Give what no report may show of the credentials and the inputs."""
    given = [credentials.secrets for _, credentials in equipped]
    return frozenset[str]().union(*given, *(secret_inputs(each.plan, each.asked) for each, _ in equipped))


def start(
    equipped: Sequence[Equipped], limits: Limits, stage: Stage, outlets: Outlets, replay: Replay | None = None
) -> int:
    """Run the documents one after the other, until the user has had enough."""
    settings = stage.settings
    began = outlets.last_at if settings.start is None else settings.start
    sandbox = SandboxSettings(VirtualClock(began), settings, stage.seed)
    with Interrupt() as interrupt:
        for each, credentials in equipped:
            if interrupt.cancelled():
                break
            opened = (
                open_world(each, credentials, sandbox, interrupt, outlets.tell)
                if replay is None
                else replay.world(each, sandbox.clock, interrupt, outlets.tell)
            )
            with opened as world:
                api.run_plan(each.plan, each.asked, world, limits)
        return outlets.finish(interrupt.number)

"""Turn what was said on the command line into what a run begins with: budgets, credentials, stage and reports."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from runner.cli.budgets import contract_of, limits_of
from runner.cli.config import Profile
from runner.cli.consent import keyring_of
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
from runner.cli.options import ExecuteOptions
from runner.cli.outlets import Outlets
from runner.cli.places import slips
from runner.cli.prepare import draw_all
from runner.cli.profile import Setting, setting_of
from runner.cli.stage import Stage, check_faults, read_stage, stands_in
from runner.cli.terminal import Terminal
from runner.cli.watch import depended_on
from runner.cli.world import Ready, SandboxSettings, places
from runner.engine.asked import secret_inputs
from runner.engine.state import Limits
from runner.errors import UsageError
from runner.openapi.inventory import Kind
from runner.plan.plan import Plan
from runner.records import Frozen, replace
from runner.reporters.junit_form import JUnitForm
from runner.shell.auth import Credentials, foresee
from runner.shell.clock import VirtualClock
from runner.shell.lookup import path_of

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings

E = TypeVar("E", bound=ExecuteOptions)
Equipped: TypeAlias = tuple[Ready, Credentials]
"""A document that can be run, and what its requests are authorized with."""


class Begun(Frozen):
    """Everything that is settled before the first request."""

    equipped: Sequence[Equipped]
    wallet: Wallet
    limits: Limits
    bounds: Mapping[Kind, float]
    stage: Stage


def begin(
    options: E, names: Sequence[str], outlets: Outlets, prepare: Callable[[E, Setting, Variables, Outlets], list[Ready]]
) -> Begun:
    """Settle it, or raise an ArazzoError; `names` are what the documents are named by, `prepare` checks them."""
    outlets.junit_form = JUnitForm(options.junit_dialect, options.junit_unit)
    refuse_overwriting([*map(Path, names), *depended_on(options)], outlets)
    setting = setting_of(options.config, options.profile, names, Path.cwd())
    for note in setting.notes:
        outlets.note(note)
    options = with_defaults(options, setting)
    limits, bounds = limits_of(options, options.contract), bounds_of(options.min_coverage)
    variables = Variables(outlets.terminal.environ, read_env_files(options.env_file))
    ready = prepare(options, setting, variables, outlets)
    wallet = gather(options.auth, variables, setting.profile)
    keyring = keyring_of(outlets.terminal, asks=options.may_ask)
    wallet = replace(wallet, keyring=keyring, certificate=options.cert is not None)
    advise(options, outlets)
    if not options.is_replayed:
        wallet = complete(ready, wallet, setting.profile, options, outlets)
    equipped = [(each, credentials_of(each.plan, each.venue, wallet)) for each in ready]
    for each, credentials in equipped:
        foresee(each.plan, each.keys, credentials)
    return Begun(equipped, wallet, limits, bounds, stage_of(options, ready, outlets))


def bounds_of(texts: Sequence[str]) -> Mapping[Kind, float]:
    """Read how much of the descriptions has to be reached."""
    if not texts:
        return {}
    from runner.cli.coverage import read_bounds

    return read_bounds(texts)


def with_defaults(options: E, setting: Setting) -> E:
    """Fill in what the command line leaves open; a contract that it gives for single checks changes the given one."""
    defaults = setting.run
    return replace(
        options,
        strict=options.strict or defaults.strict,
        timeout=options.timeout if options.timeout is not None else defaults.timeout,
        pace=options.pace if options.pace is not None else defaults.pace,
        max_steps=options.max_steps if options.max_steps is not None else defaults.max_steps,
        max_time=options.max_time if options.max_time is not None else defaults.max_time,
        max_teardown=options.max_teardown if options.max_teardown is not None else defaults.max_teardown,
        contract=contract_of(setting, options.contract),
    )


def advise(options: ExecuteOptions, outlets: Outlets) -> None:
    """Warn of hosts that are not checked."""
    for host in options.insecure:
        outlets.distrust(f"the certificate of '{host}' is not checked (--insecure): anybody may answer in its name")


def complete(
    ready: Sequence[Ready], wallet: Wallet, profile: Profile, options: ExecuteOptions, outlets: Outlets
) -> Wallet:
    """Say which credentials are missing and which names belong nowhere; on a terminal, ask for the missing ones."""
    for advice in strays(ready, wallet):
        outlets.warn(advice)
    wants = wanted(ready, wallet)
    if wants and outlets.terminal.asks and options.may_ask:
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


def stage_of(options: ExecuteOptions, ready: Sequence[Ready], outlets: Outlets) -> Stage:
    """Give how the sandbox begins; what is said of it and could have no effect is refused."""
    if not any(each.venue.sandbox for each in ready) and not said_of_sandbox(options):
        return Stage(None, options.seed)
    settings = read_stage(
        options.scenario, options.fault, options.live_like, lambda problems: draw_all(problems, outlets)
    )
    refuse_strays(options, settings, [each.plan for each in ready if each.venue.sandbox])
    if options.sandbox_balance is not None:
        settings = replace(settings, balance=options.sandbox_balance)
    return Stage(settings, options.seed)


def said_of_sandbox(options: ExecuteOptions) -> bool:
    """Say whether anything is said of how the sandbox begins."""
    given = (options.scenario, options.sandbox_balance, options.seed)
    return options.live_like or bool(options.fault) or any(each is not None for each in given)


def refuse_strays(options: ExecuteOptions, settings: Settings, plans: Sequence[Plan]) -> None:
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
    apis = [api for plan in plans for api in plan.apis.values()]
    check_faults(settings.faults if apis else (), apis, has_jobs=is_civitai != {False})
    if options.seed is not None and is_civitai == {True}:
        raise UsageError("--seed is for APIs of which there is no more than a description: Civitai's have a stand-in")


def open_outlets(begun: Begun, options: ExecuteOptions, outlets: Outlets, began: float | None = None) -> None:
    """Open the reports, by the clock of a scenario where every run has it; what is secret is known from now on.

    `began` is when it began, where that was not now.
    """
    ready = [each for each, _ in begun.equipped]
    refuse_overwriting(_documents(ready), outlets)
    if options.coverage or begun.bounds or any(text.startswith("coverage=") for text in options.report):
        from runner.cli.coverage import inventories
        from runner.reporters.coverage.reach import CoverageRecorder

        outlets.reach = CoverageRecorder(inventories([each.plan for each in ready]))
    secrets = secrets_of(begun.equipped)
    start = begun.stage.start if all(each.venue.sandbox for each in ready) else None
    outlets.begin(ready, secrets | proxy_secrets(ready), began or (time.time() if start is None else start))


def refuse_overwriting(read: Iterable[Path], outlets: Outlets) -> None:
    """Refuse a report that would take the place of something that this run reads."""
    taken = set(map(os.path.realpath, read))
    over = [path for _, path in outlets.reports if os.path.realpath(path) in taken]
    if over:
        outlets.reports = []  # what is refused is reported, too
        raise UsageError(f"the report {over[0]} would overwrite what this run reads", "give it a path of its own")


def _documents(ready: Iterable[Ready]) -> Iterator[Path]:
    """Give the files of the documents that are run, and of the descriptions of their sources."""
    for plan in (each.plan for each in ready):
        uris = [workflow.span.source.uri for workflow in plan.workflows.values() if workflow.span]
        uris += [api.uri for api in plan.apis.values()]
        yield from (path_of(uri) for uri in uris if uri.startswith("file:"))


def keeps_bounds(begun: Begun, options: ExecuteOptions, outlets: Outlets) -> bool:
    """Draw what was reached of the descriptions, if that is wanted, and say whether it is as much as it has to be."""
    if outlets.reach is None:
        return True
    from runner.cli.coverage import tell

    drawn = options.coverage and not outlets.is_json
    return tell(outlets.reach, begun.bounds, outlets.terminal, drawn=drawn)


def secrets_of(equipped: Sequence[Equipped]) -> frozenset[str]:
    """Give what no report may show of the credentials and the inputs."""
    given = [credentials.secrets for _, credentials in equipped]
    return frozenset[str]().union(*given, *(secret_inputs(each.plan, each.asked) for each, _ in equipped))


def sandbox_of(stage: Stage, at: float) -> SandboxSettings:
    """Give a sandbox as the stage says, with a clock of its own that begins at `at` where the stage has no start."""
    return SandboxSettings(VirtualClock(at if stage.start is None else stage.start), stage)

"""Check everything that a run needs, documents, inputs and options, before anything is sent."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click

from runner import api
from runner.cli.cache import cache_of
from runner.cli.credentials import Variables
from runner.cli.inputs import Given, collect, describe, extra_names, unknown_names, values_for
from runner.cli.options import WhereOptions
from runner.cli.outlets import Outlets
from runner.cli.places import certificate, check_names, shown_to, sources_of
from runner.cli.profile import Setting
from runner.cli.resume import beginning
from runner.cli.terminal import Terminal
from runner.cli.world import Ready, Venue
from runner.diagnostics import Diagnostic
from runner.engine.asked import Asked
from runner.errors import ArazzoError, DescriptionError, InputsError, UsageError
from runner.loader.parsed import without_collecting
from runner.plan.plan import Plan
from runner.reporters.diagnostics import render_full, summary
from runner.values import InputValue

DAY = 86_400.0


class Seconds(click.ParamType):  # type: ignore[type-arg] # it takes a parameter in newer releases only
    """A number of seconds up to a day, more than `least` or equal to it."""

    name = "seconds"

    def __init__(self, least: float = 0.0, *, positive: bool = False) -> None:
        self.least, self.positive = least, positive

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not math.isfinite(number) or number > DAY or number < self.least or (self.positive and number == 0):
            self.fail(
                f"{value} is not between {'above ' if self.positive else ''}{self.least:g} and {DAY:g}", param, ctx
            )
        return number


@dataclass(frozen=True)
class RunOptions(WhereOptions):
    """What was said on the command line, as click gives it."""

    targets: tuple[str, ...]
    workflow: str | None
    strict: bool
    dry_run: bool
    input_: tuple[str, ...]
    inputs: tuple[str, ...]
    input_env: tuple[str, ...]
    input_file: tuple[str, ...]
    sandbox: bool
    live: bool
    sandbox_balance: int | None
    scenario: str | None
    fault: tuple[str, ...]
    live_like: bool
    seed: str | None
    auth: tuple[str, ...] = field(repr=False)
    env_file: tuple[str, ...]
    no_input: bool
    cert: str | None
    key: str | None
    timeout: float | None
    pace: float | None
    max_steps: int | None
    max_time: float | None
    contract: tuple[str, ...]
    coverage: bool
    min_coverage: tuple[str, ...]
    watch: bool
    from_step: str | None
    recorded: str | None
    record: str | None
    replay: str | None
    replay_drift: str | None
    report: tuple[str, ...]
    format: str
    quiet: bool
    verbose: bool
    color: str


def say_error(terminal: Terminal, error: ArazzoError) -> None:
    print(terminal.err_style.paint("error:", "error"), error, file=terminal.err)


def prepare(options: RunOptions, setting: Setting, variables: Variables, outlets: Outlets) -> list[Ready]:
    """Check every document and every input before anything is sent."""
    refuse_contradictions(options)
    given = collect(options.input_, options.input_env, options.input_file, options.inputs, variables.merged)
    client = certificate(options.cert, options.key)
    sources = sources_of(options, setting)
    live = options.live or bool(options.server)
    venues = [Venue.of(target, options.sandbox, live, sources.options.servers) for target in options.targets]
    if not any(venue.sandbox for venue in venues):
        refuse_stage(options)
    plans, keys = check_all(venues, sources, options, outlets)
    begun = beginning(options, plans, given)
    if begun is not None:
        given, keys = begun.given, [(begun.found.key,)]
        outlets.note(begun.note)
    declared = [
        workflow.inputs
        for plan, chosen in zip(plans, keys, strict=True)
        for key in chosen
        for workflow in (plan.workflows[key], *plan.dependencies(key))
    ]
    unknown_names(given, declared)
    for name in extra_names(given, declared):
        message = f"no workflow to be run declares the input '{name}'"
        if options.strict:
            raise UsageError(message, "leave it out, or run without --strict")
        outlets.warn(f"{message}; it is ignored")
    http = replace(sources.http, client=shown_to(client, plans)) if client else sources.http
    given = given._replace(values={**setting.profile.inputs, **given.values})
    given = given._replace(values={name: value for name, value in given.values.items() if name not in given.texts})
    ready = [
        Ready(plan, ask_all(plan, chosen, given), replace(venue, http=http))
        for plan, chosen, venue in zip(plans, keys, venues, strict=True)
    ]
    return ready if begun is None else [begun.of(each) for each in ready]


def stage_given(options: RunOptions) -> list[str]:
    """Name the options that were given of the sandbox."""
    said = {
        "--sandbox-balance": options.sandbox_balance is not None,
        "--scenario": options.scenario is not None,
        "--fault": bool(options.fault),
        "--live-like": options.live_like,
        "--seed": options.seed is not None,
    }
    return [name for name, given in said.items() if given]


def refuse_stage(options: RunOptions) -> None:
    """Refuse what is said of the sandbox where no document runs on it."""
    for name in stage_given(options):
        raise UsageError(f"{name} is for runs on the sandbox")


def refuse_contradictions(options: RunOptions) -> None:
    if not options.targets:
        raise UsageError("nothing to run", "name a file, or a bundled workflow from: arazzo list")
    if options.sandbox and (options.live or options.server):
        raise UsageError("--sandbox excludes --live and --server")
    if options.quiet and options.verbose:
        raise UsageError("--quiet excludes --verbose")
    if options.watch and "-" in options.inputs:
        raise UsageError("--watch reads its inputs again each time, and standard input can be read once")
    if options.record is not None and options.from_step is not None:
        raise UsageError("--record keeps whole runs: --from-step excludes it")
    if options.dry_run and options.from_step is not None:
        raise UsageError("--dry-run shows a document from its beginning: --from-step has no effect")
    if options.dry_run and options.report:
        raise UsageError("--dry-run sends nothing that a report could be made of", "--format json prints it as data")


def ask_all(plan: Plan, keys: Iterable[str], given: Given) -> tuple[Asked, ...]:
    asked = []
    for key in keys:
        inputs = plan.workflows[key].inputs
        values: dict[str, InputValue] = {}
        for workflow in (*plan.dependencies(key), plan.workflows[key]):
            values.update(values_for(given, workflow.inputs))
        try:
            asked.append(api.ask(plan, key, values))
        except InputsError as error:
            raise InputsError(error.message, f"inputs there are: {describe(inputs)}", error.problems) from error
    return tuple(asked)


def check_all(
    venues: Sequence[Venue], sources: api.Sources, options: RunOptions, outlets: Outlets
) -> tuple[list[Plan], list[tuple[str, ...]]]:
    """Compile every document and choose its workflows; everything that is wrong is drawn before one is refused."""
    cache = cache_of(outlets.terminal, options.no_cache, options.verbose)
    sources = replace(sources, cache=cache)
    checked = [
        check_document(venue.location, outlets.heard(target, _at(venue, sources)))
        for target, venue in zip(options.targets, venues, strict=True)
    ]
    found = [problem for each in checked for problem in each.diagnostics]
    plans = [each.plan for each in checked if each.plan is not None]
    keys: list[tuple[str, ...]] = []
    if len(plans) == len(checked):
        check_names(plans, sources, options)
        keys = [api.choose(plan, options.workflow) for plan in plans]
        reasons = [reason for plan, key in zip(plans, keys, strict=True) for reason in api.unrunnable(plan, key)]
        found = [*reasons, *(problem for problem in found if not _said(problem, reasons))]
    if options.strict:
        found = [replace(problem, severity="error") for problem in found]
    draw_all(found, outlets)
    if any(problem.severity == "error" for problem in found):
        raise DescriptionError(tuple(found))
    return plans, keys


def check_document(location: str, sources: api.Sources) -> api.Checked:
    """Read and compile a document. A big one is no garbage: the collector is told never to look through it."""
    with without_collecting():
        checked = api.check(location, sources)
        gc.freeze()
    return checked


def _at(venue: Venue, sources: api.Sources) -> api.Sources:
    """Leave out the servers of a profile where the sandbox stands in for those of the description, or for none."""
    if not venue.sandbox:
        return sources
    return replace(sources, options=replace(sources.options, servers={}, stand_in=True))


def _said(problem: Diagnostic, reasons: Iterable[Diagnostic]) -> bool:
    return any(problem.rule == reason.rule and problem.span == reason.span for reason in reasons)


def draw_all(diagnostics: Iterable[Diagnostic], outlets: Outlets) -> None:
    """Draw diagnostics on stderr, unless stdout carries them as JSON, and give them to the reports."""
    found = tuple(diagnostics)
    outlets.diagnose(found)
    if not found or outlets.is_json:
        return
    terminal = outlets.terminal
    for diagnostic in outlets.diagnostics:
        print(render_full(diagnostic, terminal.err_style) + "\n", file=terminal.err)
    print(summary(found), file=terminal.err)

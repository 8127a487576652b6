"""Check everything that a run needs, documents, inputs and options, before anything is sent."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click

from runner import api
from runner.cli.cache import cache_of
from runner.cli.inputs import Given, collect, describe, extra_names, unknown_names, values_for
from runner.cli.outlets import Outlets
from runner.cli.terminal import Terminal
from runner.cli.world import Venue
from runner.diagnostics import Diagnostic
from runner.engine.run import Asked
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
    no_cache: bool
    timeout: float | None
    pace: float
    max_steps: int
    max_time: float | None
    contract: tuple[str, ...]
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


def say_error(terminal: Terminal, error: ArazzoError) -> None:
    print(terminal.err_style.paint("error:", "error"), error, file=terminal.err)


def prepare(options: RunOptions, terminal: Terminal, outlets: Outlets) -> list[Ready]:
    """Check every document and every input before anything is sent."""
    refuse_contradictions(options)
    given = collect(options.input_, options.input_env, options.input_file, options.inputs, terminal.environ)
    servers = dict(pairs(options.server, "--server name=url"))
    venues = [Venue.of(target, options.sandbox, options.live, servers) for target in options.targets]
    if options.sandbox_balance is not None and not any(venue.sandbox for venue in venues):
        raise UsageError("--sandbox-balance is for runs on the sandbox")
    for name, url in servers.items():
        check_server(name, url)
    plans, keys = check_all(venues, options, terminal, outlets)
    known_sources(plans, [*servers, *dict(pairs(options.source, "--source name=path"))])
    declared = [
        workflow.inputs
        for plan, chosen in zip(plans, keys, strict=True)
        for key in chosen
        for workflow in (plan.workflows[key], *plan.dependencies(key))
    ]
    unknown_names(given, declared)
    for name in extra_names(given, declared):
        outlets.warn(f"no workflow to be run declares the input '{name}'; it is ignored")
    return [
        Ready(plan, ask_all(plan, chosen, given), venue)
        for plan, chosen, venue in zip(plans, keys, venues, strict=True)
    ]


def refuse_contradictions(options: RunOptions) -> None:
    if not options.targets:
        raise UsageError("nothing to run", "name a file, or a bundled workflow from: arazzo list")
    if options.sandbox and (options.live or options.server):
        raise UsageError("--sandbox excludes --live and --server")
    if options.quiet and options.verbose:
        raise UsageError("--quiet excludes --verbose")


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
    venues: Sequence[Venue], options: RunOptions, terminal: Terminal, outlets: Outlets
) -> tuple[list[Plan], list[tuple[str, ...]]]:
    """Compile every document and choose its workflows; everything that is wrong is drawn before one is refused."""
    sources = sources_of(options.source, options.source_root, dict(pairs(options.server, "")), options.offline)
    sources = replace(sources, cache=cache_of(terminal, options.no_cache, options.verbose))
    checked = [check_document(venue.location, sources) for venue in venues]
    found = [problem for each in checked for problem in each.diagnostics]
    plans = [each.plan for each in checked if each.plan is not None]
    keys: list[tuple[str, ...]] = []
    if len(plans) == len(checked):
        keys = [api.choose(plan, options.workflow) for plan in plans]
        reasons = [reason for plan, key in zip(plans, keys, strict=True) for reason in api.unrunnable(plan, key)]
        found = [*reasons, *(problem for problem in found if not _said(problem, reasons))]
    draw_all(found, terminal, outlets)
    if any(problem.severity == "error" for problem in found):
        raise DescriptionError(tuple(found))
    return plans, keys


def check_document(location: str, sources: api.Sources) -> api.Checked:
    """Read and compile a document. A big one is no garbage: the collector is told never to look through it."""
    with without_collecting():
        checked = api.check(location, sources)
        gc.freeze()
    return checked


def _said(problem: Diagnostic, reasons: Iterable[Diagnostic]) -> bool:
    return any(problem.rule == reason.rule and problem.span == reason.span for reason in reasons)


def sources_of(overrides: Sequence[str], roots: Sequence[str], servers: dict[str, str], offline: bool) -> api.Sources:
    """Read the options that say where descriptions are."""
    for root in roots:
        if "://" not in root and not Path(root).is_dir():
            raise UsageError(f"--source-root {root}: there is no such folder")
    return api.Sources(dict(pairs(overrides, "--source name=path")), tuple(roots), servers, offline)


def known_sources(plans: Sequence[Plan], given: Iterable[str]) -> None:
    """Refuse options for a source that no document has."""
    known = sorted({name for plan in plans for name, _ in plan.sources})
    for name in given:
        if name not in known:
            raise UsageError(f"there is no source '{name}'", f"sources there are: {', '.join(known)}")


def check_server(name: str, url: str) -> None:
    """Refuse what cannot be a base URL."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"--server {name}: '{url}' is not an http or https URL", "write http://host:port/base")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise UsageError(f"--server {name}: a base URL has no user, query or fragment")


def draw_all(diagnostics: Iterable[Diagnostic], terminal: Terminal, outlets: Outlets) -> None:
    """Draw diagnostics on stderr, unless stdout carries them as JSON, and give them to the reports."""
    found = tuple(diagnostics)
    outlets.diagnose(found)
    if not found or outlets.is_json:
        return
    for diagnostic in outlets.diagnostics:
        print(render_full(diagnostic, terminal.err_style) + "\n", file=terminal.err)
    print(summary(found), file=terminal.err)


def pairs(texts: Iterable[str], form: str) -> Iterable[tuple[str, str]]:
    """Split `name=value` options; a name may be given once."""
    seen = set()
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise UsageError(f"'{text}' is not of the form {form}")
        if name in seen:
            raise UsageError(f"'{name}' is given twice: {form}")
        seen.add(name)
        yield name, value

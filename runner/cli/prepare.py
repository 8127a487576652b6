"""Check everything that a run needs, documents, inputs and options, before anything is sent."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence

from runner import api
from runner.cli.asking import inputs_of
from runner.cli.cache import cache_of
from runner.cli.credentials import Variables
from runner.cli.inputs import Given, collect, extra_names, unknown_names
from runner.cli.options import ExecuteOptions
from runner.cli.outlets import Outlets
from runner.cli.places import certificate, check_names, refuse_unreachable, shown_to, sources_of
from runner.cli.profile import Setting
from runner.cli.resume import Beginning
from runner.cli.terminal import Terminal
from runner.cli.world import Venue
from runner.diagnostics import Diagnostic
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.loader.parsed import without_collecting
from runner.loader.shelf import Shelf
from runner.plan.plan import Plan
from runner.records import Frozen, replace
from runner.reporters.diagnostics import render_full, summary


def say_error(terminal: Terminal, error: ArazzoError) -> None:
    print(terminal.err_style.paint("error:", "error"), api.shown(str(error)), file=terminal.err)


class Wanted(Frozen):
    """What is to be run: documents by what names them, and the keys of the workflows to choose of each plan.

    `begin` says where a run begins that does not begin at its beginning.
    """

    documents: Sequence[str]
    choose: Callable[[Sequence[Plan]], list[tuple[str, ...]]]
    begin: Callable[[Sequence[Plan], Given], Beginning | None] | None = None


class Chosen(Frozen):
    """A document that was checked, with the workflows that were chosen of it and where their requests go."""

    plan: Plan
    keys: tuple[str, ...]
    venue: Venue


def prepare(
    options: ExecuteOptions, setting: Setting, variables: Variables, outlets: Outlets, wanted: Wanted
) -> tuple[list[Chosen], Given]:
    """Check every document before anything is sent, and read the inputs that are given for their workflows."""
    given = collect(options.input_, options.input_env, options.input_file, options.inputs, variables.merged)
    client = certificate(options.cert, options.key)
    sources = sources_of(options, setting)
    live = options.live or bool(options.server)
    venues = [Venue.of(name, options.sandbox, live, sources.options.servers) for name in wanted.documents]
    if not any(venue.sandbox for venue in venues):
        refuse_stage(options)
    plans, keys = check_all(venues, sources, options, outlets, wanted)
    begun = wanted.begin(plans, given) if wanted.begin else None
    if begun is not None:
        given, keys = begun.given, [(begun.found.key,)]
        outlets.note(begun.note)
    declared = [
        inputs for plan, chosen in zip(plans, keys, strict=True) for key in chosen for inputs in inputs_of(plan, key)
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
    found = [
        Chosen(plan, chosen, replace(venue, http=api.judged(http, plan.document)))
        for plan, chosen, venue in zip(plans, keys, venues, strict=True)
        if chosen
    ]
    for each in found if not options.is_replayed else ():
        if not each.venue.sandbox:
            refuse_unreachable(each.plan, each.keys, http)
    return found, given


def stage_given(options: ExecuteOptions) -> list[str]:
    """Name the options that were given of the sandbox."""
    said = {
        "--sandbox-balance": options.sandbox_balance is not None,
        "--scenario": options.scenario is not None,
        "--fault": bool(options.fault),
        "--live-like": options.live_like,
        "--seed": options.seed is not None,
    }
    return [name for name, given in said.items() if given]


def refuse_stage(options: ExecuteOptions) -> None:
    """Refuse what is said of the sandbox where no document runs on it."""
    for name in stage_given(options):
        raise UsageError(f"{name} is for runs on the sandbox")


def refuse_contradictions(options: ExecuteOptions) -> None:
    if options.sandbox and (options.live or options.server):
        raise UsageError("--sandbox excludes --live and --server")
    if options.quiet and options.verbose:
        raise UsageError("--quiet excludes --verbose")


def check_all(
    venues: Sequence[Venue], sources: api.Sources, options: ExecuteOptions, outlets: Outlets, wanted: Wanted
) -> tuple[list[Plan], list[tuple[str, ...]]]:
    """Compile every document and choose its workflows; everything that is wrong is drawn before one is refused."""
    cache = cache_of(outlets.terminal, options.no_cache, options.verbose)
    is_shared = len(venues) > 1 and outlets.read is None  # who watches has to know what each one reads
    sources = replace(sources, cache=cache, shelf=Shelf() if is_shared else None)
    checked = [
        check_document(venue.location, outlets.heard(name, _at(venue, sources)))
        for name, venue in zip(wanted.documents, venues, strict=True)
    ]
    outlets.keeps += [each.keep for each in checked]
    found = [problem for each in checked for problem in each.diagnostics]
    plans = [each.plan for each in checked if each.plan is not None]
    keys: list[tuple[str, ...]] = []
    if len(plans) == len(checked):
        check_names(plans, sources, options)
        keys = wanted.choose(plans)
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


def put_away(outlets: Outlets) -> None:
    """Keep what the documents came to, now that it is known what a run needs of them."""
    with without_collecting():
        for keep in outlets.keeps:
            keep()


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
    if outlets.terse and all(problem.severity != "error" for problem in found):
        outlets.note(f"{summary(found)} of the documents: arazzo check draws them")
        return
    for diagnostic in outlets.diagnostics:
        print(render_full(diagnostic, terminal.err_style) + "\n", file=terminal.err)
    print(summary(found), file=terminal.err)

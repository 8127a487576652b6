"""`arazzo replay`: see one attempt of a run again, and whether the document as it is now would take its answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from runner import api
from runner.cassette.again import Again, find_step, judge_again
from runner.cassette.told import Told, Wanted, attempt_of
from runner.cli.cache import cache_of
from runner.cli.documents import refuse_empty
from runner.cli.help import Sectioned
from runner.cli.options import WhereOptions, where_options
from runner.cli.places import sources_of
from runner.cli.prepare import say_error
from runner.cli.profile import setting_of
from runner.cli.terminal import Terminal, look
from runner.engine.events import (
    AttemptFinished,
    CriterionChecked,
    Entry,
    Event,
    Problem,
    StepFinished,
)
from runner.errors import ArazzoError, UsageError
from runner.exchange import Exchange, Response
from runner.plan.plan import Plan
from runner.records import replace
from runner.reporters.curl import curl
from runner.reporters.diagnostics import render_full, summary
from runner.reporters.evidence import diagnose, headline, response_excerpt
from runner.reporters.jsonl import BODY_LIMIT
from runner.reporters.lines import criterion_line
from runner.reporters.recorder import Recorder
from runner.reporters.redact import Redactor
from runner.reporters.secret_values import PLACEHOLDER
from runner.reporters.style import Style
from runner.reporters.text import one_line, visible
from runner.shell.worker import Worker
from runner.uri import split_uri

SHOWN = 16 * 1024
"""Bytes of a response body that are shown."""


class ReplayOptions(WhereOptions):
    """What was said on the command line, as click gives it."""

    record: str
    step: str | None
    workflow: str | None
    case: str | None
    visit: int | None
    attempt: int | None
    document: str | None
    color: str


@click.command("replay", cls=Sectioned)
@click.argument("record", metavar="RUN.jsonl")
@click.option("--step", metavar="ID", help="The step to see; else the one that failed.")
@click.option("-w", "--workflow", metavar="ID", help="The workflow that the step is in, where several have one.")
@click.option("--case", metavar="NAME", help="The case of a suite that the step ran for.")
@click.option("--visit", type=click.IntRange(min=1), metavar="N", help="The Nth time the step was entered.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The Nth try of that visit (the last one).")
@click.option("--document", metavar="FILE", help="The document, where it is not where it was.")
@where_options
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour (NO_COLOR works too)."
)
def command(**options: Any) -> None:
    """See one step of a run again: its request, its answer, and what was made of it.

    RUN.jsonl is what --report jsonl=RUN.jsonl has written. Where the document is still there, the recorded answer is
    judged by it as it is now, so that a criterion can be mended without sending anything. The exit code says whether
    the step passes: by the document as it is now, or else by the record.

    \b
    Try:  arazzo run flow.arazzo.yaml --report jsonl=run.jsonl
          arazzo replay run.jsonl
          arazzo replay run.jsonl --step pay --attempt 1
    """
    terminal = look(options["color"])
    try:
        code = replay(ReplayOptions(**options), terminal)
    except ArazzoError as error:
        say_error(terminal, error)
        code = error.exit_code
    sys.exit(code)


def replay(options: ReplayOptions, terminal: Terminal) -> int:
    """Show an attempt and judge it again; give the exit code."""
    refuse_empty(options.record)
    record = Path(options.record)
    wanted = Wanted(options.step, options.workflow, options.case, options.visit, options.attempt)
    told, attempts = attempt_of(record, wanted)
    exchange = told.answered.exchange if told.answered else None
    out, style = terminal.out, terminal.out_style
    for line in shown(told, attempts, options.record, style):
        print(line, file=out)
    if exchange is None:
        return int(told.failed)
    try:
        plan = current(options, told, terminal)
        if plan is None:
            return int(told.failed)
        refuse_partial(exchange)
        find_step(plan, told.workflow.workflow_id, told.started.step_id)
        with Worker() as worker:
            again = judge_again(plan, told, exchange, worker.apply)
    except UsageError as error:
        if options.document is not None:
            raise
        terminal.warn(f"it is not judged again: {error}")
        return int(told.failed)
    for line in judged(plan, told, again, style):
        print(line, file=out)
    return int(again.problem is not None)


def refuse_partial(exchange: Exchange) -> None:
    """Refuse to judge by half a body."""
    if isinstance(exchange.reply, Response) and len(exchange.reply.body) > BODY_LIMIT - 4:
        raise UsageError("the record has the first part of the response body only")


def current(options: ReplayOptions, told: Told, terminal: Terminal) -> Plan | None:
    """Read the document as it is now, without the network; None where it is not there."""
    location = options.document or place_of(told)
    if location is None:
        return None
    setting = setting_of(options.config, options.profile, [location], Path.cwd())
    sources = sources_of(replace(options, offline=True), setting)
    checked = api.check(location, replace(sources, cache=cache_of(terminal, options.no_cache, False)))
    if checked.plan is None:
        for diagnostic in checked.errors:
            print(render_full(diagnostic, terminal.err_style) + "\n", file=terminal.err)
        name = api.display_name(api.to_uri(location, Path.cwd()), Path.cwd())
        raise UsageError(f"{name} cannot be run as it is now: {summary(checked.errors)}")
    return checked.plan


def place_of(told: Told) -> str | None:
    """Find the document of a workflow where it was, or by its name from here."""
    if told.workflow.span is None:
        return None
    source = told.workflow.span.source
    parts = split_uri(source.uri)
    places = [unquote(parts.path)] if parts.has_scheme("file") else []
    return next((place for place in (*places, source.name) if place and Path(place).is_file()), None)


def shown(told: Told, attempts: int, record: str, style: Style) -> Iterator[str]:
    """Say what was sent and what came back, and what was made of it."""
    where = [f"visit {told.visit}", f"attempt {told.attempt} of {attempts}"]
    where = [f"case {told.case}", *where] if told.case else where
    name = f"{one_line(told.workflow.workflow_id)} {style.mark('dot')} {one_line(told.started.step_id)}"
    yield f"{style.paint(name, 'strong')}  {style.paint(', '.join(where) + f', in {record}', 'muted')}"
    if told.answered is not None:
        exchange = told.answered.exchange
        yield ""
        yield visible(curl(exchange.sent))
        yield from whole(exchange).split("\n")
    if any(isinstance(event, AttemptFinished) for event in told.events):
        yield from verdict(told, told.events, style)
    else:
        yield "\n  " + style.paint("the run ended before this was judged", "muted")


def whole(exchange: Exchange) -> str:
    """Write a response with as much of its body as a person may want to read."""
    reply = exchange.reply
    excerpt = response_excerpt(exchange)
    if not isinstance(reply, Response) or not reply.body:
        return excerpt
    head = excerpt.split("\n")[0]
    try:
        text = reply.body[:SHOWN].decode("utf-8", "ignore" if len(reply.body) > SHOWN else "strict")
    except UnicodeDecodeError:
        return excerpt
    rest = f"\n({len(reply.body) - SHOWN} more bytes)" if len(reply.body) > SHOWN else ""
    return excerpt if "\0" in text else f"{head}\n{visible(text)}{rest}"


def judged(plan: Plan, told: Told, again: Again, style: Style) -> Iterator[str]:
    """Say what the answer comes to by the document as it is now."""
    yield ""
    yield f"{style.paint('as the document is now', 'strong')}  {style.paint(one_line(plan.document), 'muted')}"
    for difference in again.drift:
        yield from (f"  {visible(line)}" for line in difference.lines)
    answered = told.answered
    if answered is not None and PLACEHOLDER.encode() in getattr(answered.exchange.reply, "body", b""):
        yield "  " + style.paint(f"secrets of the answer are not on record: {PLACEHOLDER} stands for them", "muted")
    yield from verdict(told, again.events, style, again.problem)


def verdict(told: Told, events: Sequence[Event], style: Style, problem: Problem | None = None) -> Iterator[str]:
    """Write the criteria with their operands, and draw what was not met at its line."""
    redactor, recorder = Redactor(), Recorder()
    ended = next((event for event in events if isinstance(event, AttemptFinished)), None)
    problem = problem or (ended.problem if ended else None)
    yield ""
    for event in (told.workflow, told.started, *([told.answered] if told.answered else ()), *events):
        entry = redactor.redact(Entry(0.0, event))
        recorder.tell(entry)
        if isinstance(entry.event, CriterionChecked):
            yield criterion_line(entry.event, style, "  ")
    step = recorder.step
    assert step is not None
    if problem is None:
        yield f"  {style.paint(style.mark('passed'), 'ok')} step '{one_line(step.step_id)}' passes"
        return
    finished = redactor.redact(
        Entry(0.0, StepFinished(told.started.trail, step.step_id, problem.outcome, {}, 1, problem))
    )
    assert isinstance(finished.event, StepFinished)
    hidden = finished.event.problem or problem
    diagnostic = diagnose(step, hidden)
    yield ""
    drawn = render_full(replace(diagnostic, notes=()), style) if diagnostic else headline(step, hidden)
    yield from drawn.split("\n")

"""`arazzo run`: check everything first, then run it, and tell every reporter the same story."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runner import api, bundled
from runner.cli.asking import ask
from runner.cli.begin import Begun, begin, keeps_bounds, open_outlets, sandbox_of, secrets_of
from runner.cli.credentials import Variables
from runner.cli.help import Sectioned
from runner.cli.inputs import Given
from runner.cli.options import TapedOptions, execute_options, journal_options, tape_options
from runner.cli.outlets import Outlets, Verbosity, report_paths
from runner.cli.prepare import Wanted, prepare, put_away, refuse_contradictions, say_error, stage_given
from runner.cli.profile import Setting
from runner.cli.resume import Beginning, beginning
from runner.cli.tape import Replay, recorder_of, refuse_tape, replay_of, replayed
from runner.cli.terminal import Terminal, look
from runner.cli.watch import Read, depended_on, watch
from runner.cli.world import Ready, open_world
from runner.durable.store import JournalError
from runner.errors import ArazzoError, DescriptionError, UsageError
from runner.plan.plan import Plan
from runner.records import replace
from runner.shell.interrupt import Interrupt

if TYPE_CHECKING:
    from runner.cli.journal import Keeping, Noted, Resumed


class RunOptions(TapedOptions):
    """What was said on the command line, as click gives it."""

    workflow: str | None
    dry_run: bool
    from_step: str | None
    recorded: str | None
    journal: str | None

    @property
    def also_read(self) -> tuple[str | None, ...]:
        return (self.recorded,)

    @property
    def may_ask(self) -> bool:
        return not (self.no_input or self.replay or self.dry_run)


@click.command("run", cls=Sectioned)
@click.argument("targets", nargs=-1, metavar="FILE|NAME...")
@click.option("-w", "--workflow", metavar="ID", help="Run this workflow; else all that no other in the file calls.")
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing, print the requests as curl.")
@click.option("--from-step", metavar="ID[#VISIT]", help="Begin at this step, with what --recorded gave before it.")
@click.option("--recorded", metavar="RUN.jsonl", help="The record of a run: what --report jsonl=RUN.jsonl has written.")
@journal_options
@tape_options
@execute_options
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
    chosen = _told_apart(RunOptions(**options))
    terminal = look(options["color"])
    sys.exit(watched(chosen, terminal) if chosen.watch else run(chosen, terminal))


def _told_apart(options: RunOptions) -> RunOptions:
    """Take a document behind a `--journal` that names no file for what it is."""
    said = options.journal or ""
    if Path(said).suffix not in (".yaml", ".yml", ".json") and not bundled.is_name(said):
        return options
    return replace(options, journal="", targets=(said, *options.targets))


def watched(options: RunOptions, terminal: Terminal) -> int:
    """Run again whatever a saved file affects, and give the exit code."""
    return watch(
        options.targets,
        terminal,
        lambda some, read: run(replace(options, targets=some), terminal, read),
        depended_on(options),
    )


def run(options: RunOptions, terminal: Terminal, read: Read | None = None, resumed: Resumed | None = None) -> int:
    """Do what the command line says and give the exit code; `read` notes what that depends on.

    `resumed` is a run that goes on.
    """
    verbosity: Verbosity = "quiet" if options.quiet else "verbose" if options.verbose else "normal"
    document = options.targets[0] if options.targets else ""
    outlets = Outlets(terminal, [], options.format == "json", verbosity, document, read=read)
    options = replace(options, offline=options.offline or options.is_replayed)
    noted: Noted | None = None
    if options.journal is not None:
        from runner.cli.journal import Noted

        noted = Noted()
        outlets.note_text = noted.note
    keeping: Keeping | None = None
    with ExitStack() as held:
        try:
            outlets.reports = report_paths(options.report)
            begun = begin(options, options.targets, outlets, ready_for)
            if options.dry_run:
                from runner.cli.dryrun import dry_run

                return dry_run([each for each, _ in begun.equipped], begun.wallet, outlets)
            plans = [each.plan for each, _ in begun.equipped]
            replay = replay_of(options, plans, secrets_of(begun.equipped), outlets)
            outlets.recorder = recorder_of(options, plans)
            keeping = keeping_of(options, begun, noted, resumed, outlets)
            if keeping is not None:
                held.enter_context(keeping.held())
            open_outlets(begun, options, outlets, keeping.began if keeping else None)
        except ArazzoError as error:
            if keeping is not None and resumed is None:
                keeping.give_up()
            if not isinstance(error, DescriptionError):
                say_error(terminal, error)
            return outlets.refuse(error)
        code = start(begun, outlets, replay, keeping)
    put_away(outlets)
    if replay is not None and code < 128 and replay.tell_drift(terminal):
        code = code or 1
    return code or (0 if keeps_bounds(begun, options, outlets) else 1)


def ready_for(options: RunOptions, setting: Setting, variables: Variables, outlets: Outlets) -> list[Ready]:
    """Check every document and every input before anything is sent."""
    refuse_contradictions(options)
    if not options.targets:
        raise UsageError("nothing to run", "name a file, or a bundled workflow from: arazzo list")
    if options.dry_run and options.report:
        raise UsageError("--dry-run sends nothing that a report could be made of", "--format json prints it as data")
    if options.record is not None and options.from_step is not None:
        raise UsageError("--record keeps whole runs: --from-step excludes it")
    if options.dry_run and (options.record or options.replay):
        raise UsageError(f"--dry-run sends nothing to {'record' if options.record else 'replay'}")
    if options.dry_run and options.from_step is not None:
        raise UsageError("--dry-run shows a document from its beginning: --from-step has no effect")
    refuse_tape(options, stage_given(options))
    refuse_journal(options)
    begins: list[Beginning] = []

    def begin_at(plans: Sequence[Plan], given: Given) -> Beginning | None:
        found = beginning(options, plans, given)
        begins.extend((found,) if found else ())
        return found

    def choose(plans: Sequence[Plan]) -> list[tuple[str, ...]]:
        return [api.choose(plan, options.workflow) for plan in plans]

    chosen, given = prepare(options, setting, variables, outlets, Wanted(options.targets, choose, begin_at))
    ready = [Ready(each.plan, tuple(ask(each.plan, key, given) for key in each.keys), each.venue) for each in chosen]
    return [begins[0].of(each) for each in ready] if begins else ready


def refuse_journal(options: RunOptions) -> None:
    """Refuse to keep what is no run of its own, or could not begin again."""
    others = {"--dry-run": options.dry_run, "--replay": options.replay, "--watch": options.watch}
    for name, given in {**others, "--from-step": options.from_step}.items():
        if options.journal is not None and given:
            raise UsageError(f"--journal keeps whole runs that send: {name} excludes it")


def keeping_of(
    options: RunOptions, begun: Begun, noted: Noted | None, resumed: Resumed | None, outlets: Outlets
) -> Keeping | None:
    """Begin to keep a run, or go on with that; None where nobody wants it."""
    if noted is None or options.journal is None:
        return None
    from runner.cli.journal import keep, take_up

    if resumed is not None:
        return take_up(begun, noted.documents, resumed, outlets)
    from runner.cli.remaining import refuse_unkept, remaining

    refuse_unkept(options, begun)
    return keep(begun, noted.documents, remaining(options, begun), outlets, options.journal)


def start(begun: Begun, outlets: Outlets, replay: Replay | None, keeping: Keeping | None) -> int:
    """Run the documents one after the other, until the user has had enough."""
    try:
        return run_all(begun, outlets, replay, keeping)
    except JournalError as error:
        assert keeping is not None
        return keeping.break_off(error, outlets)


def run_all(begun: Begun, outlets: Outlets, replay: Replay | None, keeping: Keeping | None) -> int:
    sandbox = sandbox_of(begun.stage, outlets.last_at)
    player = replay.player() if replay is not None else None
    with Interrupt() as interrupt:
        for each, credentials in begun.equipped:
            if interrupt.cancelled():
                break
            opened = (
                open_world(each, credentials, sandbox, interrupt, outlets.tell)
                if player is None
                else replayed(player, each, sandbox.clock, interrupt, outlets.tell)
            )
            with opened as world:
                api.run_plan(each.plan, each.asked, keeping.world(world, each) if keeping else world, begun.limits)
            if keeping is not None and keeping.is_cancelled:
                break
        return keeping.finish(outlets, interrupt.number) if keeping else outlets.finish(interrupt.number)

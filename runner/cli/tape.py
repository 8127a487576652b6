"""Record the exchanges of a run into a cassette, or answer it from one and say where it has drifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from runner.cassette.folder import Made, changed, read_cassette
from runner.cassette.player import Drift, Nowhere, Player, read_strictness
from runner.cassette.tape import Tape, check_folder, merged
from runner.cli.outlets import Outlets
from runner.cli.terminal import Terminal
from runner.cli.world import Ready, Tell
from runner.diagnostics import Diagnostic, Severity
from runner.errors import UsageError
from runner.plan.plan import Plan
from runner.records import Frozen
from runner.reporters.diagnostics import render_full
from runner.reporters.redact import Redactor
from runner.reporters.text import count, one_line
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.worker import Worker
from runner.source import Span

MOST_LEFT = 10
"""Exchanges that were not asked for and are named."""


class TapeOptions(Protocol):
    """What was said on the command line of recording and replaying."""

    @property
    def record(self) -> str | None: ...
    @property
    def replay(self) -> str | None: ...
    @property
    def replay_drift(self) -> str | None: ...
    @property
    def dry_run(self) -> bool: ...


class Replay(Frozen):
    """A cassette that answers a run, all its documents one after the other."""

    player: Player
    plans: Sequence[Plan]
    HIDDEN = ("plans",)

    @contextmanager
    def world(self, ready: Ready, clock: VirtualClock, interrupt: Interrupt, tell: Tell) -> Iterator[World]:
        """Open a world in which nothing is sent and waiting takes no time."""
        self.player.clock = clock
        for asked in ready.asked:
            self.player.expect(ready.plan.workflows[asked.key].workflow_id)
        with Worker() as worker:
            yield World(
                Nowhere(),
                interrupt.clock(clock),
                tell,
                cancelled=interrupt.cancelled,
                apply=worker.apply,
                recorded=self.player.answer,
            )

    def tell_drift(self, terminal: Terminal) -> bool:
        """Say where the run is not the recorded one, each difference at its step; say whether that fails the run."""
        drifts, folder = self.player.drifts, self.player.cassette.folder
        drawn = (drift_diagnostic(self.plans, drift) for drift in drifts)
        for diagnostic in dict.fromkeys(each for each in drawn if each):  # those of retries are alike
            print("\n" + render_full(diagnostic, terminal.err_style), file=terminal.err)
        if any(drift.failed for drift in drifts):  # what comes after it was never asked for
            return True
        left = list(self.player.left())
        if left:
            terminal.warn(f"{count(len(left), 'recorded request')} of {folder} not asked for:")
            for each in left[:MOST_LEFT]:
                sent = one_line(f"{each.method} {each.url}")
                print(f"  {sent}  {each.path.relative_to(folder)}", file=terminal.err)
            if len(left) > MOST_LEFT:
                print(f"  and {len(left) - MOST_LEFT} more", file=terminal.err)
        return bool(left) and self.player.strictness == "any"


def drift_diagnostic(plans: Sequence[Plan], drift: Drift) -> Diagnostic | None:
    """Draw a drift at its step as a small diff; None for a request that is like nothing in the cassette."""
    if not drift.found:
        return None
    frame = drift.trail[-1]
    span = step_span(plans, frame.workflow_id, str(frame.step_id))
    message = f"step '{frame.step_id}': the request is not the recorded one, in {drift.path}"
    diff = "\n".join(line for each in drift.found for line in each.lines)
    severity: Severity = "error" if drift.failed else "warning"
    return Diagnostic("replay-drift", severity, message, span, notes=(diff,)) if span else None


def step_span(plans: Sequence[Plan], workflow_id: str, step_id: str) -> Span | None:
    """Find the place of a step in its document."""
    workflows = (workflow for plan in plans for workflow in plan.workflows.values())
    steps = (step for each in workflows if each.workflow_id == workflow_id for step in each.all_steps)
    return next((step.span for step in steps if step.step_id == step_id), None)


def refuse_tape(options: TapeOptions, senders: Sequence[str]) -> None:
    """Refuse what contradicts recording or replaying; `senders` are the options given of how requests are answered."""
    if options.record is not None and options.replay is not None:
        raise UsageError("--replay excludes --record", "what is replayed is in the folder already")
    if options.dry_run and (options.record or options.replay):
        raise UsageError(f"--dry-run sends nothing to {'record' if options.record else 'replay'}")
    if options.replay is None:
        if options.replay_drift is not None:
            raise UsageError("--replay-drift is for runs with --replay")
    elif senders:
        raise UsageError(f"--replay answers from the cassette: {senders[0]} has no effect")


def recorder_of(options: TapeOptions, plans: Sequence[Plan]) -> partial[Tape] | None:
    """Give what makes the recorder of a run; a folder that is something else is refused."""
    if options.record is None:
        return None
    folder = Path(options.record)
    return partial(Tape, folder, merged(check_folder(folder), map(made_by, plans)))


def replay_of(options: TapeOptions, plans: Sequence[Plan], secrets: frozenset[str], outlets: Outlets) -> Replay | None:
    """Read the cassette that a run is answered from, all of it, and say where it is of other documents."""
    if options.replay is None:
        return None
    cassette = read_cassette(Path(options.replay))
    outlets.note(f"answers come from {options.replay}: nothing is sent")
    outlets.warnings.append(f"every answer was replayed from {options.replay}")
    if not cassette.complete:
        outlets.distrust(f"the recording of {options.replay} did not come to its end")
    for text in changed(cassette, [made_by(plan) for plan in plans]):
        outlets.distrust(text)
    strictness = read_strictness(options.replay_drift or "request")
    return Replay(Player(cassette, VirtualClock(0.0), Redactor(secrets), strictness), plans)


def made_by(plan: Plan) -> Made:
    """Name a document; of one elsewhere on this machine only its file, for a cassette may travel."""
    name = Path(plan.document).name if Path(plan.document).is_absolute() else plan.document
    return Made(name, plan.title, plan.version)

"""Record the exchanges of a run into a cassette, or answer it from one and say where it has drifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.cli.options import TapedOptions
from runner.cli.outlets import Outlets
from runner.cli.terminal import Terminal
from runner.cli.world import Ready, Tell
from runner.diagnostics import Diagnostic, Severity
from runner.engine.events import Case, CaseFinished, CaseSkipped, Event
from runner.errors import UsageError
from runner.expressions.selectors.compiled import Apply
from runner.plan.plan import Plan
from runner.records import Frozen, field
from runner.reporters.diagnostics import render_full
from runner.reporters.redact import Redactor
from runner.reporters.text import count, one_line
from runner.shell.clock import VirtualClock
from runner.shell.drive import World
from runner.shell.interrupt import Interrupt
from runner.shell.worker import Worker
from runner.source import Span

if TYPE_CHECKING:
    from runner.cassette.folder import Cassette, Made, Recorded
    from runner.cassette.player import Drift, Player, Strictness
    from runner.cassette.tape import Tape

MOST_DRAWN = 50
"""Drifts that are drawn."""

MOST_LEFT = 10
"""Exchanges that were not asked for and are named."""


class Replay(Frozen):
    """A cassette that answers a run, or a suite, in which each case has a player of its own.

    `secrets` are those that all requests may have.
    """

    cassette: Cassette
    strictness: Strictness
    secrets: frozenset[str]
    plans: Sequence[Plan]
    _playing: dict[str, Player] = field(default_factory=dict)
    _played: list[Player] = field(default_factory=list)
    HIDDEN = ("secrets", "plans", "_playing", "_played")

    def player(self, case: Case | None = None, secrets: frozenset[str] = frozenset()) -> Player:
        """Give what answers a run or a case, which knows some secrets more."""
        from runner.cassette.player import Player  # late: most runs have nothing to do with a cassette

        redactor = Redactor(self.secrets | secrets)
        player = Player(self.cassette, VirtualClock(0.0), redactor, self.strictness, case)
        if case is None:
            self._played.append(player)
        else:
            self._playing[case.name] = player
        return player

    def hear(self, event: Event) -> None:
        """Hear how a suite goes on: what is told of a case that ran counts, in the order in which it is told."""
        if not isinstance(event, CaseFinished | CaseSkipped):
            return
        player = self._playing.pop(event.case.name, None)
        if player is not None and isinstance(event, CaseFinished) and (player.drifts or any(player.left())):
            self._played.append(player)

    def tell_drift(self, terminal: Terminal) -> bool:
        """Say where the run is not the recorded one, each difference at its step; say whether that fails the run."""
        drifts = [drift for player in self._played for drift in player.drifts]
        drawn = (drift_diagnostic(self.plans, drift) for drift in drifts)
        found = list(dict.fromkeys(each for each in drawn if each))  # those of retries are alike
        for diagnostic in found[:MOST_DRAWN]:
            print("\n" + render_full(diagnostic, terminal.err_style), file=terminal.err)
        if len(found) > MOST_DRAWN:
            print(f"\nand {count(len(found) - MOST_DRAWN, 'request')} more that drifted", file=terminal.err)
        left = [each for player in self._played if not _failed(player) for each in player.left()]
        self._tell_left(left, terminal)
        return any(map(_failed, self._played)) or (bool(left) and self.strictness == "any")

    def _tell_left(self, left: Sequence[Recorded], terminal: Terminal) -> None:
        folder = self.cassette.folder
        if left:
            terminal.warn(f"{count(len(left), 'recorded request')} of {folder} not asked for:")
        for each in left[:MOST_LEFT]:
            sent = one_line(f"{each.method} {each.url}")
            print(f"  {sent}  {each.path.relative_to(folder)}", file=terminal.err)
        if len(left) > MOST_LEFT:
            print(f"  and {len(left) - MOST_LEFT} more", file=terminal.err)


def _failed(player: Player) -> bool:
    """Say whether a drift has failed a step: what comes after it was never asked for."""
    return any(drift.failed for drift in player.drifts)


@contextmanager
def replayed(player: Player, ready: Ready, clock: VirtualClock, interrupt: Interrupt, tell: Tell) -> Iterator[World]:
    """Open the world of a document that is answered from a cassette."""
    with Worker() as worker:
        yield played(player, ready, clock, interrupt, tell, worker.apply)


def played(player: Player, ready: Ready, clock: VirtualClock, interrupt: Interrupt, tell: Tell, apply: Apply) -> World:
    """Give a world in which nothing is sent and waiting takes no time."""
    from runner.cassette.player import Nowhere

    player.clock = clock
    for asked in ready.asked:
        player.expect(ready.plan.workflows[asked.key].workflow_id)
    return World(
        Nowhere(),
        interrupt.clock(clock),
        tell,
        cancelled=interrupt.cancelled,
        apply=apply,
        around=player.around,
    )


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


def refuse_tape(options: TapedOptions, senders: Sequence[str]) -> None:
    """Refuse what contradicts recording, replaying or watching; `senders` are the options given of who answers."""
    if options.watch and "-" in options.inputs:
        raise UsageError("--watch reads its inputs again each time, and standard input can be read once")
    if options.record is not None and options.replay is not None:
        raise UsageError("--replay excludes --record", "what is replayed is in the folder already")
    if options.replay is None:
        if options.replay_drift is not None:
            raise UsageError("--replay-drift is for runs with --replay")
    elif senders:
        raise UsageError(f"--replay answers from the cassette: {senders[0]} has no effect")


def recorder_of(options: TapedOptions, plans: Sequence[Plan]) -> partial[Tape] | None:
    """Give what makes the recorder of a run; a folder that is something else is refused."""
    if options.record is None:
        return None
    from runner.cassette.tape import Tape, check_folder, merged

    folder = Path(options.record)
    return partial(Tape, folder, merged(check_folder(folder), map(made_by, plans)))


def replay_of(options: TapedOptions, plans: Sequence[Plan], secrets: frozenset[str], outlets: Outlets) -> Replay | None:
    """Read the cassette that a run is answered from, all of it, and say where it is of other documents."""
    if options.replay is None:
        return None
    from runner.cassette.folder import changed, read_cassette
    from runner.cassette.player import read_strictness

    cassette = read_cassette(Path(options.replay))
    outlets.note(f"answers come from {options.replay}: nothing is sent")
    outlets.warnings.append(f"every answer was replayed from {options.replay}")
    if not cassette.complete:
        outlets.distrust(f"the recording of {options.replay} did not come to its end")
    for text in changed(cassette, [made_by(plan) for plan in plans]):
        outlets.distrust(text)
    return Replay(cassette, read_strictness(options.replay_drift or "request"), secrets, plans)


def made_by(plan: Plan) -> Made:
    """Name a document; of one elsewhere on this machine only its file, for a cassette may travel."""
    from runner.cassette.folder import Made

    name = Path(plan.document).name if Path(plan.document).is_absolute() else plan.document
    return Made(name, plan.title, plan.version)

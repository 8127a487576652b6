"""Begin a run at a step, with what a recorded one gave for the steps before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from runner.cli.inputs import Given
from runner.cli.world import Ready
from runner.errors import UsageError
from runner.plan.plan import Plan
from runner.records import Frozen, replace
from runner.values import Json

if TYPE_CHECKING:
    from runner.cassette.resume import Resumed


class FromStepOptions(Protocol):
    """What was said on the command line of beginning in the middle."""

    @property
    def from_step(self) -> str | None: ...
    @property
    def recorded(self) -> str | None: ...
    @property
    def workflow(self) -> str | None: ...


class Beginning(Frozen):
    """Where a run begins that does not begin at its beginning."""

    found: Resumed
    given: Given
    HIDDEN = ("given",)

    @property
    def note(self) -> str:
        """Say what is taken from the record."""
        earlier = ", ".join(self.found.earlier) or "no step"
        return f"it begins with what {earlier} gave in the recorded run"

    def of(self, ready: Ready) -> Ready:
        """Let the workflow begin there."""
        return replace(ready, asked=tuple(replace(each, start=self.found.start) for each in ready.asked))


def beginning(options: FromStepOptions, plans: Sequence[Plan], given: Given) -> Beginning | None:
    """Read where a run begins, with the inputs of the record where no others are given."""
    if options.from_step is None:
        if options.recorded is not None:
            raise UsageError("--recorded is for runs with --from-step", "or see one step: arazzo replay RUN.jsonl")
        return None
    if options.recorded is None:
        raise UsageError("--from-step needs what came before", "give the record of a run: --recorded run.jsonl")
    if len(plans) != 1:
        raise UsageError("--from-step begins in one document", f"{len(plans)} are given")
    names = frozenset((*given.texts, *given.values, *given.files))
    from runner.cassette.resume import resume  # late: most runs begin at their beginning

    found = resume(plans[0], options.workflow, options.from_step, Path(options.recorded), names)
    recorded: dict[str, Json] = {
        name: value for name, value in found.inputs.items() if name not in names and not isinstance(value, bytes)
    }
    return Beginning(found, given._replace(values={**recorded, **given.values}))

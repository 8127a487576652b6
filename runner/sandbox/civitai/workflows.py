"""Turns a submission into a workflow whose status is a function of the time it is looked at.

    created ──► unassigned ──► preparing ──► processing ──► succeeded | failed | expired | canceled
              0        1/6 · duration  1/3 · duration    duration, or what the prompt says

The steps of a workflow run side by side. The first one that ends badly ends the workflow with it, and what still
runs then is canceled, as it is when the user cancels.

A prompt may steer the outcome: `[fail]` and `[expire]` end so, `[fail:no_provider_available]` for a reason, `[stall]`
never leaves processing, `[slow:60]` takes 60 seconds, `[empty]` succeeds and delivers nothing. What moderation blocks
fails as `blocked`, but for a moderation step, whose result says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

from runner.records import Frozen, replace
from runner.sandbox.civitai.recipes import RECIPES, Input, Recipe
from runner.sandbox.ids import identifier, timed_identifier

Status: TypeAlias = Literal["unassigned", "preparing", "processing", "succeeded", "failed", "expired", "canceled"]
STATUSES: tuple[Status, ...] = get_args(Status)

_FAIL = re.compile(r"\[fail(?::([a-z_]{1,40}))?\]")
_SLOW = re.compile(r"\[slow:([0-9]{1,9}(?:\.[0-9]{1,9})?)\]")


class StepRequest(Frozen):
    """A step as submitted; `steering` are marks beside those of its prompt."""

    name: str
    kind: str
    given: Input
    steering: str = ""

    @property
    def price(self) -> int:
        return RECIPES[self.kind].price(self.given)


class Step(Frozen):
    """A step of a workflow: when it would end by itself, how and why; the ids of its one job and of its products."""

    name: str
    kind: str
    given: Input
    ends: float
    outcome: Status
    job_id: str
    blob_ids: tuple[str, ...]
    reason: str | None = None

    @property
    def recipe(self) -> Recipe:
        return RECIPES[self.kind]


class Workflow(Frozen):
    """A workflow; times in seconds since 1970, money in Buzz. `price` was asked for, `charged` was taken and kept."""

    id: str
    sequence: int
    created: float
    prepares: float
    starts: float
    tags: tuple[str, ...]
    price: int
    charged: int
    steps: tuple[Step, ...]
    canceled: float | None = None

    @property
    def end(self) -> tuple[float, Status]:
        """Say when the workflow ends, and how; infinity when it never does."""
        if self.canceled is not None:
            return self.canceled, "canceled"
        bad = [(step.ends, step.outcome) for step in self.steps if step.outcome != "succeeded"]
        return min(bad) if bad else (max(step.ends for step in self.steps), "succeeded")

    def status(self, now: float) -> Status:
        """Give the status at a time."""
        ended, outcome = self.end
        return outcome if now >= ended else self._phase(now)

    def step_status(self, step: Step, now: float) -> Status:
        """Give the status of one of the steps at a time."""
        ended, _ = self.end
        if now < min(step.ends, ended):
            return self._phase(now)
        return step.outcome if step.ends <= ended else "canceled"

    def started(self, now: float) -> float | None:
        """Give the time at which processing began, if it has by now and was not canceled before."""
        return self.starts if self.starts <= min(now, self.end[0]) else None

    def completed(self, now: float, step: Step | None = None) -> float | None:
        """Give the time at which the workflow, or one of its steps, ended, if it has by now."""
        ended = self.end[0] if step is None else min(step.ends, self.end[0])
        return ended if ended <= now else None

    def is_over(self, now: float) -> bool:
        return self.end[0] <= now

    def cancel(self, now: float) -> Workflow:
        """Cancel a workflow that is not over. What was charged is given back unless processing has begun."""
        return replace(self, canceled=now, charged=self.charged if now >= self.starts else 0)

    def _phase(self, now: float) -> Status:
        if now >= self.starts:
            return "processing"
        return "preparing" if now >= self.prepares else "unassigned"


class Moment(Frozen):
    """Where and when a workflow is created: what its ids are made of, and how long its kind takes."""

    owner: str
    sequence: int
    now: float
    duration: float


def begin(moment: Moment, steps: Sequence[StepRequest], tags: Sequence[str], *, free: bool = False) -> Workflow:
    """Create a workflow; a free one has a price and charges nothing."""
    price = sum(step.price for step in steps)
    return Workflow(
        id=timed_identifier("wf_", moment.now, moment.owner, "workflow", moment.sequence),
        sequence=moment.sequence,
        created=moment.now,
        prepares=moment.now + moment.duration / 6,
        starts=moment.now + moment.duration / 3,
        tags=tuple(tags),
        price=price,
        charged=0 if free else price,
        steps=tuple(_step(moment, index, step) for index, step in enumerate(steps)),
    )


def _step(moment: Moment, index: int, asked: StepRequest) -> Step:
    name = (moment.owner, moment.sequence, index)
    marks = asked.given.prompt + asked.steering
    lasts = _lasting(marks, moment.duration)
    outcome, reason = _outcome(marks, asked)
    quantity = 0 if "[empty]" in marks else asked.given.quantity
    return Step(
        name=asked.name,
        kind=asked.kind,
        given=asked.given,
        ends=moment.now + max(lasts, moment.duration / 3),
        outcome=outcome,
        job_id=identifier("job_", "job", *name),
        blob_ids=tuple(identifier("blob_", "blob", *name, number) for number in range(quantity)),
        reason=reason,
    )


def _lasting(marks: str, duration: float) -> float:
    """Read how long a step takes."""
    slow = _SLOW.search(marks)
    return math.inf if "[stall]" in marks else float(slow[1]) if slow else duration


def _outcome(marks: str, asked: StepRequest) -> tuple[Status, str | None]:
    """Read how a step ends, and why where it does not succeed and there is a reason."""
    if asked.given.verdict.is_blocked and asked.kind != "moderation":
        return "failed", "blocked"
    if failed := _FAIL.search(marks):
        return "failed", failed[1]
    return ("expired", "expired") if "[expire]" in marks else ("succeeded", None)

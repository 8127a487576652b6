"""What comes next after an attempt of a step: the only place that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Literal, TypeAlias, final

from runner.plan.plan import Action, Target
from runner.records import Frozen


class Continue(Frozen):
    """The next step in order, or the end of the workflow."""


class End(Frozen):
    """The workflow ends."""

    passed: bool


class Goto(Frozen):
    """A step of the same workflow comes next."""

    step: int


class Transfer(Frozen):
    """Another workflow takes over for good."""

    target: Target


@final
class Retry(Frozen):
    """The step is tried again: after `delay` seconds, or at its own pace where None, and after the reference ran."""

    delay: float | None
    reason: Literal["retry", "retry-after"]
    step: int | None
    workflow: Target | None


Settled: TypeAlias = Continue | End | Goto | Transfer
Next: TypeAlias = Settled | Retry


def candidates(
    actions: Sequence[Action], retries: Mapping[int, int], excluded: Set[int]
) -> Iterator[tuple[int, Action]]:
    """Give the actions that may be taken, in order: a retry whose limit is spent makes room for those after it.

    "The `retryLimit` MUST be exhausted prior to executing subsequent failure actions" (Failure Action Object).
    """
    for index, action in enumerate(actions):
        if index in excluded:
            continue
        if action.type == "retry" and retries.get(index, 0) >= action.retry_limit:
            continue
        yield index, action


def decide(passed: bool, action: Action | None, retry_after: float | None, *, in_teardown: bool = False) -> Next:
    """Decide from the outcome of an attempt, the first action whose criteria hold, and the reply's Retry-After.

    In a teardown a step that fails does not stop the next one.
    """
    if action is None:
        return Continue() if passed or in_teardown else End(passed=False)
    match action.type:
        case "end":
            return End(passed)
        case "goto":
            return Transfer(action.workflow) if action.workflow else Goto(action.step or 0)
        case "retry":
            # "if an HTTP Retry-After response header was returned … it SHOULD overrule this particular field value"
            if retry_after is not None:
                return Retry(retry_after, "retry-after", action.step, action.workflow)
            return Retry(action.retry_after, "retry", action.step, action.workflow)

"""Turns what a run tells into what the step that is sending now hopes of its reply.

A stand-in has several replies, and a step is written for one of them: `201` rather than `200` where that is what its
success criteria say, a job that is done rather than one that a flow would ask for without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.criteria.check import Criterion, check
from runner.engine.events import Event, StepFinished, StepStarted
from runner.exchange import Response
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import Apply, apply
from runner.openapi.document import ApiDescription, Operation
from runner.openapi.parts import is_status_key
from runner.plan.plan import Action, OperationCall, Plan, StepPlan
from runner.records import Frozen, Mutable, field
from runner.sandbox.generic.wanted import Member, is_of_response, may_pass, members, statuses
from runner.source import Span


class Hope(Frozen):
    """What is hoped of the reply of one operation.

    `criteria` are to pass. Of each of `avoided` one is to fail: these are the actions that lead back, and a flow is to
    come to its end.
    """

    api: ApiDescription | None = None
    pointer: str = ""
    criteria: tuple[Criterion, ...] = ()
    avoided: tuple[tuple[Criterion, ...], ...] = ()
    apply: Apply = apply

    def about(self, api: ApiDescription, operation: Operation) -> Hope:
        """Give what is hoped of an operation: nothing of another one, as where a redirect leads."""
        return self if self.api is api and self.pointer == operation.pointer else NOTHING

    def status(self, operation: Operation, usual: int) -> int:
        """Give a status that is declared and may pass: the usual one if it does; or else the usual one all the same."""
        possible = (usual, *_declared(operation), *self._named(operation))
        return next((each for each in possible if all(may_pass(one, each) for one in self.criteria)), usual)

    def _named(self, operation: Operation) -> Iterator[int]:
        """Give the statuses that criteria name and that a range or `default` declares."""
        named = (status for each in self.criteria for status in statuses(each))
        yield from (each for each in named if operation.declares(each) or "default" in operation.responses)

    def accepts(self, response: Response) -> bool:
        """Say whether a reply is as it is hoped."""
        scope = Scope(response=response, apply=self.apply)
        wanted = (check(each, scope).passed for each in self.criteria if is_of_response(each))
        refused = (all(check(each, scope).passed for each in criteria) for criteria in self.avoided)
        return all(wanted) and not any(refused)

    @property
    def members(self) -> list[Member]:
        """Give values of places in the body that would make it so."""
        against = [each for criteria in self.avoided for one in criteria for each in members(one, holds=False)]
        return [*against, *(each for one in self.criteria for each in members(one, holds=True))]


NOTHING = Hope()


def _declared(operation: Operation) -> list[int]:
    """Give the statuses that are declared by number, those of success first."""
    numbers = [int(key) for key in operation.responses if is_status_key(key) and key.isdigit()]
    return sorted((each for each in numbers if each >= 200), key=lambda status: status >= 300)


def hope_of(step: StepPlan, index: int, apply: Apply = apply) -> Hope:
    """Give what a step, the one at this index of its workflow, hopes of its reply."""
    if not isinstance(step.call, OperationCall):
        return NOTHING
    return Hope(
        step.call.contract.api,
        step.call.operation.pointer,
        tuple(each.criterion for each in step.criteria),
        tuple(_criteria(each) for each in step.on_success if _leads_back(each, index)),
        apply,
    )


def _criteria(action: Action) -> tuple[Criterion, ...]:
    return tuple(each.criterion for each in action.criteria)


def _leads_back(action: Action, index: int) -> bool:
    """Say whether an action goes to its own step or an earlier one, and the response alone decides about it."""
    is_back = action.type == "goto" and action.step is not None and action.step <= index
    return is_back and bool(action.criteria) and all(map(is_of_response, _criteria(action)))


class Hopes(Mutable):
    """Hears what happens in a run, and so knows which step is sending."""

    by_step: Mapping[Span, Hope]
    _entered: list[Hope] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, apply: Apply = apply) -> Hopes:
        """Give what the steps of a plan hope for; selectors are applied by `apply`."""
        steps = [pair for workflow in plan.workflows.values() for pair in enumerate(workflow.steps)]
        return cls({step.span: hope_of(step, index, apply) for index, step in steps})

    def hear(self, event: Event) -> None:
        """Notice that a step is entered or left."""
        match event:
            case StepStarted(span=span):
                self._entered.append(NOTHING if span is None else self.by_step.get(span, NOTHING))
            case StepFinished() if self._entered:
                self._entered.pop()
            case _:
                pass

    def now(self) -> Hope:
        """Give what the step hopes for that was entered last and not left."""
        return self._entered[-1] if self._entered else NOTHING

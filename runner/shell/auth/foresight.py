"""Turns the operations that a run can call into what is known of their credentials before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.errors import UsageError
from runner.plan.plan import OperationCall, Plan
from runner.shell.auth.credentials import Credentials
from runner.shell.auth.offers import Claim, Unusable, offers
from runner.shell.auth.slots import Slot
from runner.shell.auth.wish import Wish
from runner.shell.wire import origin


def foresee(plan: Plan, keys: Iterable[str], credentials: Credentials) -> None:
    """Let the keyring know every token that a run of these workflows will wish for: a user is asked for all at once.

    Raise UsageError where what was given cannot be sent.
    """
    refused: dict[str, None] = {}
    for call in calls(plan, keys) if credentials.values or credentials.by_origin else ():
        claim = Claim(call.operation, credentials, call.source, call.server)
        found = offers(claim, supplied(call), origin(call.server))
        if isinstance(found, Unusable):
            refused[found.message] = None
        else:
            credentials.keyring.foreseen.update(offer for offer in found if isinstance(offer, Wish))
    if refused:
        first, *others = refused
        raise UsageError(first, "\n".join(others))


def calls(plan: Plan, keys: Iterable[str]) -> Iterator[OperationCall]:
    """Give the operations that a run of these workflows can call."""
    for workflow in plan.reachable(*keys):
        yield from (step.call for step in workflow.all_steps if isinstance(step.call, OperationCall))


def supplied(call: OperationCall) -> frozenset[Slot]:
    """Give the places of a request that the step itself fills."""
    return frozenset(
        Slot(p.parameter.location, p.parameter.name.lower() if p.parameter.location == "header" else p.parameter.name)
        for p in call.parameters
        if p.parameter.location in ("header", "query", "cookie")
    )

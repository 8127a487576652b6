"""Turns the operations that runs will call into all that a user is to agree to: once, and not step by step."""

from __future__ import annotations

from collections.abc import Iterable

from runner.plan.plan import OperationCall, Plan
from runner.shell.auth.credentials import Credentials
from runner.shell.auth.offers import Claim, offers
from runner.shell.auth.slots import Slot
from runner.shell.auth.wish import Wish
from runner.shell.wire import origin


def foresee(plan: Plan, keys: Iterable[str], credentials: Credentials) -> None:
    """Let the keyring know every token that a run of these workflows will wish for, where there is somebody to ask."""
    if credentials.keyring.show is None:
        return
    for workflow in plan.reachable(*keys):
        for step in workflow.steps:
            if isinstance(step.call, OperationCall):
                credentials.keyring.foreseen.update(_wishes(step.call, credentials))


def _wishes(call: OperationCall, credentials: Credentials) -> list[Wish]:
    found = offers(Claim(call.operation, credentials, call.source, call.server), supplied(call), origin(call.server))
    return [offer for offer in found if isinstance(offer, Wish)] if isinstance(found, tuple) else []


def supplied(call: OperationCall) -> frozenset[Slot]:
    """Give the places of a request that the step itself fills."""
    return frozenset(
        Slot(p.parameter.location, p.parameter.name.lower() if p.parameter.location == "header" else p.parameter.name)
        for p in call.parameters
        if p.parameter.location in ("header", "query", "cookie")
    )

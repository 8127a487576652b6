"""Turns the operations that a plan calls into what is wrong with the schemas that their contracts are made of."""

from __future__ import annotations

from collections.abc import Iterator

from runner.diagnostics import Diagnostic
from runner.plan.plan import OperationCall, Plan
from runner.plan.rules.calls import unusable_schema


def check_contracts(plan: Plan) -> Iterator[Diagnostic]:
    """Warn of schemas that mean nothing; a run says the same of those that it comes to.

    All of them are compiled for it, which in a large description takes its time.
    """
    calls = [step.call for workflow in plan.workflows.values() for step in workflow.steps]
    for call in calls:
        if isinstance(call, OperationCall):
            for address, why in call.contract.unusable_schemas():
                yield unusable_schema(why, call.contract.api.short_span(address))

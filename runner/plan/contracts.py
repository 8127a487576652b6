"""Turns the operations that a plan calls into what is wrong with the schemas that their contracts are made of."""

from __future__ import annotations

from collections.abc import Iterator

from runner.diagnostics import Diagnostic
from runner.plan.plan import OperationCall, Plan


def check_contracts(plan: Plan) -> tuple[Diagnostic, ...]:
    """Warn of schemas that mean nothing; a run says the same of those that it comes to.

    All of them are compiled for it, which in a large description takes its time.
    """
    return tuple(_unusable(plan))


def _unusable(plan: Plan) -> Iterator[Diagnostic]:
    calls = [step.call for workflow in plan.workflows.values() for step in workflow.all_steps]
    for call in calls:
        if isinstance(call, OperationCall):
            for address, why in call.contract.unusable_schemas():
                span = call.contract.api.short_span(address)
                message = f"nothing can be compared with this schema: {why}"
                yield Diagnostic("unusable-schema", "warning", message, span)

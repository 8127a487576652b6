"""Turns an exchange, and the operation it was meant for, into the one event that says where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.diagnostics import Severity
from runner.engine.events import Breach, ContractChecked, Problem, Trail
from runner.engine.policy import ContractPolicy
from runner.engine.request import Built
from runner.exchange import Exchange, Response, header
from runner.openapi.contract import Compared
from runner.openapi.mismatch import Mismatch
from runner.plan.plan import OperationCall
from runner.source import Span
from runner.values import ABSENT


def check_contract(
    policy: ContractPolicy, call: OperationCall, built: Built, exchange: Exchange, trail: Trail
) -> ContractChecked | None:
    """Compare what was sent and what came back with the description; None where the policy wants no check.

    Without a response only the request is compared, and None is given where nothing is wrong with that.
    """
    checks = policy.checks
    if not checks:
        return None
    compared = Compared(None, None)
    if isinstance(exchange.reply, Response):
        compared = call.contract.check_response(exchange.sent.method, exchange.reply, checks)
    breaches = [*_breaches(policy, call, compared.mismatches, None)] if compared.mismatches else []
    if "request" in checks:
        breaches = [*_request(policy, call, built), *breaches]
    if not breaches and not isinstance(exchange.reply, Response):
        return None
    return ContractChecked(trail, compared.response, compared.media_type, tuple(breaches))


def _request(policy: ContractPolicy, call: OperationCall, built: Built) -> Iterator[Breach]:
    for bound in call.parameters:
        value = built.values.get((bound.parameter.location, bound.parameter.name), ABSENT)
        if found := call.contract.check_parameter(bound.parameter, value):
            yield from _breaches(policy, call, found, bound.span)
    content_type = header(built.request.headers, "content-type") if call.operation.request_body else None
    if found := call.contract.check_request_body(built.body, content_type):
        yield from _breaches(policy, call, found, call.body.span if call.body else None)


def _breaches(
    policy: ContractPolicy, call: OperationCall, mismatches: Iterable[Mismatch], span: Span | None
) -> Iterator[Breach]:
    for mismatch in mismatches:
        severity: Severity = "error" if policy.level(mismatch.check) == "error" else "warning"
        declared = call.contract.api.short_span(mismatch.address) if mismatch.address else None
        yield Breach(severity, mismatch, span, declared)


def broken_contracts(checked: ContractChecked, step_id: str, span: Span) -> Iterator[Problem]:
    """Give what fails a run at its end."""
    for breach in checked.breaches:
        if breach.severity == "error":
            message = f"step '{step_id}': {breach.mismatch.statement}"
            yield Problem("contract", message, breach.span or span)

"""Turns a request and the operation it means into what it says, or into a list of all that is wrong with it.

The checks are those of contracts (`openapi.contract`), so that what is refused here is warned of there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.exchange import Request, header
from runner.openapi.contract import Contract
from runner.openapi.deserialize import retyped
from runner.openapi.document import ApiDescription, Operation, Parameter
from runner.openapi.mismatch import Mismatch
from runner.openapi.schemas import Types
from runner.records import Frozen
from runner.sandbox.generic.arguments import NotJson, Sent, read_argument
from runner.sandbox.generic.bodies import json_of, read_body
from runner.sandbox.generic.problems import Refusal, refused_request, told
from runner.schema import SchemaProblem
from runner.values import ABSENT, Absent, Json, Value, resolve_pointer

_LAST = re.compile(r"/\{\+?([^{}/]+)\}/?$")


class Said(Frozen):
    """What a request says under names: its path parameters, and the members of its body.

    `called` is the parameter that the path ends with, and its value: it says which thing is meant, if no `id` does.
    """

    path: dict[str, Json]
    body: dict[str, Json]
    called: tuple[str, Json] | None = None

    @property
    def names(self) -> dict[str, Json]:
        """All of it; the path wins."""
        return {**self.body, **self.path}


def check_request(api: ApiDescription, operation: Operation, request: Request, sent: Sent, *, strict: bool) -> Said:
    """Read what a request says; unless it is not `strict` raise a Refusal with all that is wrong with it."""
    contract = Contract(operation, api)
    # A parameter of the path that its template has no place for can be in no request.
    possible = [each for each in operation.parameters if each.location != "path" or each.name in sent.path]
    read = {each: _argument(contract, each, sent) for each in possible}
    errors = [error for _, found in read.values() for error in found]
    status = _status(operation, errors)
    try:
        body = read_body(api, operation, request)
        of_body = [told(each) for each in _of_body(contract, body, request)]
    except Refusal as refusal:
        if strict and not refusal.errors:
            raise
        body, of_body, status = ABSENT, list(refusal.errors), refusal.status
    if strict and (errors or of_body):
        raise refused_request(status, operation.title, [*errors, *of_body])
    path = {
        each.name: value
        for each, (value, _) in read.items()
        if each.location == "path" and not isinstance(value, Absent)
    }
    members = json_of(body)
    last = _LAST.search(operation.path)
    called = (last[1], path[last[1]]) if last and last[1] in path and "id" not in path else None
    return Said(path, members if isinstance(members, dict) else {}, called)


def _status(operation: Operation, of_parameters: Sequence[object]) -> int:
    """Give 400; but 422 where that is what the operation declares, and 400 is not, and only the body is at fault."""
    if "422" in operation.responses and ("400" not in operation.responses or not of_parameters):
        return 422
    return 400


def _of_body(contract: Contract, body: Value, request: Request) -> tuple[Mismatch, ...]:
    if request.method in ("HEAD", "OPTIONS"):
        return ()
    return contract.check_request_body(body, header(request.headers, "content-type"))


def _argument(contract: Contract, parameter: Parameter, sent: Sent) -> tuple[Json | Absent, list[dict[str, Json]]]:
    """Read a parameter as the first of its readings that fits, else say what is wrong with the first."""
    types = _types(contract, parameter)
    place: dict[str, Json] = {"parameter": parameter.name, "in": parameter.location}
    others = frozenset(each.name for each in contract.operation.parameters if each.location == parameter.location)
    try:
        read = read_argument(parameter, sent, types, others)
    except NotJson as problem:
        return ABSENT, [{"detail": str(problem), **place}]
    if read and read[0] == "" and _may_be_empty(contract.api, parameter):
        return ABSENT, []
    possible: list[Json | Absent] = [*read] or [ABSENT]
    found = [(each, contract.check_parameter(parameter, each)) for each in possible]
    value, mismatches = next((each for each in found if not each[1]), found[0])
    typed = value if isinstance(value, Absent) else retyped(value, types)
    return typed, [told(each, **place) for each in mismatches]


def _types(contract: Contract, parameter: Parameter) -> Types:
    address = parameter.schema
    found = address and contract.api.schemas.at(address.uri, address.pointer, "request")
    return (lambda _: frozenset()) if found is None or isinstance(found, SchemaProblem) else found.types


def _may_be_empty(api: ApiDescription, parameter: Parameter) -> bool:
    """Say whether a query parameter may come without a value (`allowEmptyValue`)."""
    return resolve_pointer(dict(api.root), f"{parameter.pointer}/allowEmptyValue") is True

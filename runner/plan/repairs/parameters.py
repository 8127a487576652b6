"""Parameters of an operation as people write them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from runner.arazzo.document import Parameter as Written
from runner.openapi.document import Location, Operation
from runner.openapi.url import template_variables
from runner.values import Json

# What people call a parameter that is the whole body, as it was in Swagger 2.0.
_WHOLE = frozenset({"body", "payload", "requestbody", "request_body", "data", "json"})


def locations_of(operation: Operation, name: str) -> tuple[Location, ...]:
    """Give the places where an operation declares a parameter of a name."""
    if name in template_variables(operation.path):
        return ("path",)
    found = (
        each.location
        for each in operation.parameters
        if each.name == name or (each.location == "header" and each.name.lower() == name.lower())
    )
    return tuple(dict.fromkeys(found))


def wrong_location(operation: Operation, written: Written, given: Collection[tuple[str, str]]) -> Location | None:
    """A parameter goes where the operation does not have it, and it has one of this name elsewhere.

    Why: the API would not see it; it is sent to the one place where the API declares it.
    Example: `{name: petId, in: query, value: 7}` for `/pets/{petId}`.
    Instead: `{name: petId, in: path, value: 7}`.
    """
    found = locations_of(operation, written.name)
    if len(found) != 1 or written.location == found[0] or (found[0], written.name.lower()) in given:
        return None
    return found[0]


def body_parameter(operation: Operation, given: Sequence[Written], members: Collection[str]) -> Json | None:
    """Members of the request body are written as parameters.

    Why: the parameters of Arazzo go to the path, the query, a header or a cookie; a body is a `requestBody`.
    Example: `parameters: [{name: title, in: body, value: Emma}]`.
    Instead: `requestBody: {payload: {title: Emma}}`.
    """
    names = [each.name for each in given]
    if operation.request_body is None or len(set(names)) < len(names) or not all(names):
        return None
    if len(given) == 1 and names[0].casefold() in _WHOLE and names[0] not in members:
        return given[0].value
    return {each.name: each.value for each in given} if not members or set(names) <= set(members) else None

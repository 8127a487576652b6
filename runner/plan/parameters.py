"""Turn the parameters of a step, as people write them, into those that the operation has, and a request body."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.arazzo.document import Parameter as Written
from runner.arazzo.document import RequestBody, Step
from runner.diagnostics import Add, Edit, Fix, Remove, Rewrite
from runner.openapi.document import ApiDescription, Location, Operation, Parameter
from runner.openapi.media import choose_content_type
from runner.openapi.references import Documents, Node, Resolver, UnresolvedReference
from runner.plan.context import Context
from runner.plan.mend import repaired, rule_name
from runner.plan.repairs.parameters import body_parameter, wrong_location
from runner.plan.rules import calls
from runner.records import Frozen, replace
from runner.values import ABSENT, Absent, Json, join_pointer, resolve_pointer

MOST_MEMBERS = 1000
_OF_A_STEP = re.compile(r"/workflows/\d+/(?:steps|x-finally)/\d+/parameters/\d+")


def with_locations(ctx: Context, operation: Operation, parameters: Sequence[Written]) -> list[Written]:
    """Give the parameters with those that stand in the wrong place moved to where the operation declares them."""
    given = {(each.location or "", each.name.lower()) for each in parameters}
    found = []
    for written in parameters:
        meant = wrong_location(operation, written, given) if written.location not in (None, "body") else None
        meant = meant if meant is not None and _is_own(ctx, written) else None
        if meant is not None:
            pointer = f"{written.pointer}/in"
            fix = Fix(f"write in: {meant}", (Rewrite(pointer, meant),))
            message = f"{operation.title} has '{written.name}' in its {meant}, not in its {written.location}"
            span = ctx.value(pointer)
            ctx.report(repaired(ctx, rule_name(wrong_location), message, span, fix, refused=True))
            given.add((meant, written.name.lower()))
        found.append(replace(written, location=meant) if meant else written)
    return found


def declared(operation: Operation, name: str, location: Location) -> Parameter | None:
    """Find the parameter of an operation; the names of headers are the same in either case."""
    fold = str.lower if location == "header" else str
    return next(
        (each for each in operation.parameters if each.location == location and fold(each.name) == fold(name)), None
    )


def add_location(ctx: Context, written: Written, location: Location) -> Fix:
    """Offer to say where a parameter goes; one that several steps share is left to its author."""
    edits = (Add(written.pointer, "in", location, "name"),) if _is_own(ctx, written) else ()
    return Fix(f"add in: {location}", edits)


def _is_own(ctx: Context, written: Written) -> bool:
    """Say whether a parameter is written in the step that it belongs to: what is shared is left alone."""
    is_written = resolve_pointer(ctx.arazzo.document.root, f"{written.pointer}/name") is not ABSENT
    return is_written and _OF_A_STEP.fullmatch(written.pointer) is not None


class Called(Frozen):
    """A step with the parameters of its call, in the context where their places are known."""

    ctx: Context
    step: Step
    parameters: list[Written]


def with_body(
    ctx: Context, step: Step, operation: Operation, api: ApiDescription, parameters: Sequence[Written]
) -> Called:
    """Make a request body of the parameters that are meant for one, or report them."""
    others = [each for each in parameters if each.location != "body"]
    given = [each for each in parameters if each.location == "body"]
    if not given:
        return Called(ctx, step, others)
    members = _members(operation, api)
    is_here = all(_is_own(ctx, each) for each in given) and step.request_body is None
    payload = body_parameter(operation, given, members) if is_here else None
    if payload is None:
        for each in given:
            ctx.report(calls.misplaced_body(each.name, members, ctx.value(f"{each.pointer}/in")))
        return Called(ctx, step, others)
    pointer = f"{step.pointer}/requestBody"
    fix = Fix("write it as the payload of a requestBody", _edits(ctx, step, given, payload))
    for each in given:
        message = f"'{each.name}' belongs in the request body, which is no parameter"
        span = ctx.value(f"{each.pointer}/in")
        ctx.report(repaired(ctx, rule_name(body_parameter), message, span, fix, refused=True))
    is_whole = len(given) == 1 and payload == given[0].value
    values = [
        (f"{pointer}/payload" if is_whole else join_pointer(f"{pointer}/payload", each.name), f"{each.pointer}/value")
        for each in given
    ]
    places = ctx.arazzo.places.moving([(pointer, given[0].pointer), *values])
    body = RequestBody(None, payload, True, (), pointer)
    moved = replace(ctx, arazzo=replace(ctx.arazzo, places=places))
    return Called(moved, replace(step, request_body=body), others)


def _edits(ctx: Context, step: Step, given: Sequence[Written], payload: Json) -> tuple[Edit, ...]:
    """Write the body, and take the parameters away, the last one first for the sake of the places of the others."""
    written = resolve_pointer(ctx.arazzo.document.root, f"{step.pointer}/parameters")
    add = Add(step.pointer, "requestBody", {"payload": payload}, "parameters")
    if isinstance(written, list) and len(written) == len(given):
        return (add, Remove(f"{step.pointer}/parameters"))
    return (add, *(Remove(each.pointer) for each in reversed(given)))


def _members(operation: Operation, api: ApiDescription) -> tuple[str, ...]:
    """List the members that the schema of a request body declares; nothing where it does not list them all."""
    body = operation.request_body
    media = body.content.get(choose_content_type(body, None, {})) if body else None
    if media is None or media.schema is None:
        return ()
    value = resolve_pointer(api.definitions.get(media.schema.uri), media.schema.pointer)
    start = Node(None if isinstance(value, Absent | bytes) else value, *media.schema, media.schema.pointer)
    pending, found = [start], list[str]()
    resolver = Resolver(dict(api.root), api.uri, Documents(api.documents))
    while pending and len(found) < MOST_MEMBERS:
        try:
            schema = resolver.resolve(pending.pop())
        except UnresolvedReference:
            return ()
        if any(schema.get(keyword).value for keyword in ("anyOf", "oneOf")):
            return ()
        found += [name for name, _ in schema.get("properties").members()]
        pending += schema.get("allOf").items()
    return tuple(dict.fromkeys(found))

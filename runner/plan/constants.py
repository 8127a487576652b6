"""Turns the constants of a call into what the serializer says of them, so that it is said before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.exchange import parse_json
from runner.expressions.nodes import Constant
from runner.openapi.body import encode_body
from runner.openapi.document import Location, Parameter
from runner.openapi.fields import is_header_name
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import cookie_pairs, header_value, path_segment, query_text
from runner.openapi.url import build_url, template_variables
from runner.plan.context import Context
from runner.plan.plan import BoundBody, BoundParameter, OperationCall
from runner.plan.rules import calls
from runner.values import Json

SERIALIZERS: Mapping[Location, Callable[[Parameter, Json], str | None]] = {
    "path": path_segment,
    "query": query_text,
    "querystring": query_text,
    "header": header_value,
    "cookie": cookie_pairs,
}


def check_parameter(ctx: Context, bound: BoundParameter, pointer: str) -> None:
    """Report a header name that cannot be sent, and a constant that has no form where it should go."""
    parameter = bound.parameter
    if parameter.location == "header" and not is_header_name(parameter.name):
        ctx.report(calls.invalid_header_name(parameter.name, ctx.value(f"{pointer}/name")))
    elif isinstance(bound.value, Constant):
        try:
            SERIALIZERS[parameter.location](parameter, bound.value.value)
        except SerializationProblem as problem:
            ctx.report(calls.unusable_value(str(problem), bound.span))


def check_path(ctx: Context, call: OperationCall) -> None:
    """Report a path made of constants, each of which can be sent, that would name another resource."""
    bound = [each for each in call.parameters if each.parameter.location == "path"]
    constants = {each.parameter.name: each.value.value for each in bound if isinstance(each.value, Constant)}
    if not bound or len(constants) < len(bound):
        return
    try:
        segments = {each.parameter.name: path_segment(each.parameter, constants[each.parameter.name]) for each in bound}
    except SerializationProblem:
        return  # told of the parameter
    if segments.keys() != template_variables(call.operation.path).keys():
        return  # one is missing, which is told of the step
    try:
        build_url(call.server, call.operation.path, segments)
    except SerializationProblem as problem:
        dots = (each for each in bound if not segments[each.parameter.name].strip("."))
        ctx.report(calls.unusable_value(str(problem), next(dots, bound[0]).span))


def check_payload(ctx: Context, body: BoundBody, pointer: str) -> None:
    """Report a constant payload that cannot be written in its media type; replacements may still change it."""
    if not isinstance(body.payload, Constant):
        return
    value = body.payload.value
    if body.is_json_text and isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = parse_json(value)
        except ValueError as error:
            ctx.report(calls.unusable_value(f"the payload is not JSON: {error}", ctx.value(pointer)))
            return
    if body.replacements:
        return
    try:
        encode_body(value, body.content_type, body.layout)
    except SerializationProblem as problem:
        ctx.report(calls.unusable_value(str(problem), ctx.value(pointer)))

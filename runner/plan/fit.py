"""Hold what a workflow says of a response or a parameter against what the API description lets be, before any call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from runner.arazzo.document import Step
from runner.criteria.check import Criterion, Simple
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Operator, Or
from runner.diagnostics import Diagnostic, nearest
from runner.exchange import media_type, parse_json
from runner.expressions.faults import SyntaxFault
from runner.expressions.nodes import (
    Accessed,
    ArrayOf,
    Computed,
    Constant,
    Expression,
    HeaderField,
    Node,
    ObjectOf,
    StatusCode,
)
from runner.expressions.parse import parse_expression
from runner.openapi.document import Address, ApiDescription, Operation
from runner.openapi.fit import Misfit, ResponseBody, Shapes
from runner.openapi.media import match_media
from runner.plan.compared import Compared, check_compared
from runner.plan.context import Context
from runner.plan.doubts import is_doubted
from runner.plan.mend import Mended, Reading
from runner.plan.names import Names
from runner.plan.outcomes import HIGHEST, LOWEST, check_outcomes
from runner.plan.plan import BoundBody, BoundParameter, Inputs
from runner.plan.rules import api
from runner.plan.shapes import body_of, described, either
from runner.plan.targets import Found, FoundOperation
from runner.schema import SchemaError, SchemaProblem
from runner.source import Span
from runner.text import scalar_text
from runner.values import Json, is_within, join_pointer, resolve_pointer

At: TypeAlias = Callable[[int, int], Span]
"""Where characters of a text stand in the file."""
LENGTH_WORDS = frozenset({"length", "size", "count"})


def check_expression(scope: Names, expression: Expression, span: Span) -> Iterator[Diagnostic]:
    """Say where an expression goes into a body for what its schemas have no room for, or nearly names a header."""
    if isinstance(expression, HeaderField) and expression.side == "response" and scope.response:
        yield from _check_header(scope.response.operation, expression.name, span)
    body, tokens = body_of(scope, expression)
    if body is None or not tokens:
        return
    found = body.at(tokens).shape
    if not found or not isinstance(found[0], int):
        return
    number, misfit = found
    before = len(body.place)
    if not isinstance(misfit, Misfit) or number < before:
        return  # told of the output that leads there
    place = join_pointer("#", *body.place, *tokens[: number - before])
    written = tokens[number - before]
    if not body.is_met and nearest(written, misfit.known) is None:
        return
    where = f" at '{place}'" if place != "#" else ""
    why = f"no response of {body.operation.title} has '{written}'{where}"
    why += f": {misfit.why}" if misfit.why else ""
    yield api.unfitting_pointer(written, why, misfit.known, _token_span(span, expression, number - before))


def _check_header(operation: Operation, name: str, span: Span) -> Iterator[Diagnostic]:
    declared = [known for response in operation.responses.values() for known in response.headers]
    if name.casefold() in map(str.casefold, declared):
        return
    if meant := nearest(name, declared):
        at = span.start + span.text.rindex(name) if name in span.text else span.start
        yield api.unknown_header(name, operation.title, meant, Span(span.source, at, at + len(name)))


def bodies(ctx: Context, step: Step, found: Found | None) -> Mapping[str, ResponseBody]:
    """Give the outputs of a step that are a part of its response."""
    if not isinstance(found, FoundOperation):
        return {}
    response = ResponseBody(found.operation, Shapes.of_api(found.api))
    scope = Names(Inputs(True, None), {}, frozenset(), response=response)
    known: dict[str, ResponseBody] = {}
    for name, value in step.outputs.items():
        if isinstance(value, str) and value.startswith("$response.body"):
            with suppress(SyntaxFault):
                body, tokens = body_of(scope, parse_expression(value, ctx.grammar))
                known |= {name: body.at(tokens)} if body else {}
    return known


def check_condition(scope: Names, criterion: Criterion, mended: Mended) -> Iterator[Diagnostic]:
    """Say what a simple condition compares that can never be equal, and which operands no answer has room for."""
    if not isinstance(criterion, Simple):
        return
    is_answered = scope.response is not None and scope.response.is_met
    yield from check_outcomes(criterion.condition, mended.text, mended.span, is_answered=is_answered)
    for each in _operands(criterion.condition):
        if not _is_length(each.expression):  # of which more is said where it is understood
            yield from check_expression(scope, each.expression, mended.span(each.start, each.end))
    for comparison in _comparisons(criterion.condition):
        operand, literal = comparison.left, comparison.right
        if isinstance(operand, Literal):
            operand, literal = literal, operand
        if not isinstance(operand, Operand) or not isinstance(literal, Literal):
            continue
        span = mended.span(literal.start, literal.end)
        if isinstance(operand.expression, StatusCode):
            yield from _check_status(scope, comparison.operator, literal, span)
        elif literal.value is not None:
            place = f"'{operand.expression}'"
            written = mended.text[literal.start : literal.end]
            compared = Compared(place, comparison.operator, literal.value, written, span)
            yield from check_compared(described(scope, operand.expression), compared)


def _operands(condition: Condition) -> Iterator[Operand]:
    match condition:
        case Operand():
            yield condition
        case Comparison(_, left, right):
            yield from (*_operands(left), *_operands(right))
        case Not(inner):
            yield from _operands(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _operands(part)
        case _:
            return


def _is_length(expression: Expression) -> bool:
    return str(expression).rpartition(".")[2] in LENGTH_WORDS


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    match condition:
        case Comparison():
            yield condition
        case Not(inner):
            yield from _comparisons(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _comparisons(part)
        case _:
            return


def _check_status(scope: Names, operator: Operator, literal: Literal, span: Span) -> Iterator[Diagnostic]:
    value = literal.value
    number = int(value) if isinstance(value, str) and len(value) < 4 and value.isdecimal() else value
    if isinstance(number, bool) or not isinstance(number, int) or not LOWEST <= number <= HIGHEST + 1:
        if operator in ("==", "!=") and number is not None:
            yield api.impossible_status(span.text, span)
        return
    operation = scope.response.operation if scope.response and scope.response.is_met else None
    if operation is None or operator != "==" or number >= 400 or "default" in operation.responses:
        return
    good = [status for status in operation.responses if status[:1] in ("2", "3")]
    if good and not operation.declares(number):
        yield api.undeclared_status(number, operation.title, good, span)


_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})


def hold_parameter(ctx: Context, scope: Names, source: ApiDescription, bound: BoundParameter) -> Iterator[Diagnostic]:
    """Say where a parameter's value breaks its schema, or is a structure where its schema has a single value."""
    schema = bound.parameter.schema
    if schema is None:
        return
    if isinstance(bound.value, Constant):
        value = bound.value.value
        named = f"'{bound.parameter.name}'"
        reading = Reading(ctx, scope, "")
        yield from _check_constant(source, schema, Given(_readings(value), named), lambda _: bound.span, reading)
    elif isinstance(bound.value, Computed):
        body, tokens = body_of(scope, bound.value.expression)
        here = body.at(tokens) if body else None
        given = here.shapes.types(here.known) if here and here.known else frozenset[str]()
        if not given - {"null"} or not given - {"null"} <= {"object", "array"}:
            return
        shapes = Shapes.of_api(source)
        wanted = shapes.types((shapes.node(schema),))
        if wanted and wanted <= _SCALARS:
            named = bound.parameter.name
            yield api.structure_as_text(named, either(wanted), either(given), bound.span)


def hold_body(
    source: ApiDescription, operation: Operation, body: BoundBody, at: Callable[[str], Span], reading: Reading
) -> Iterator[Diagnostic]:
    """Say where a payload breaks the schema of its media type, as far as it is constant, unless that is replaced."""
    declared = operation.request_body
    media = match_media(declared.content, body.content_type) if declared else None
    if media is None or media.schema is None or not media_type(body.content_type).is_json:
        return
    if body.replacements:
        return
    if body.is_json_text and isinstance(body.payload, Constant) and isinstance(body.payload.value, str):
        with suppress(ValueError, RecursionError):  # that it is no JSON is told where it would be written
            value = Given((parse_json(body.payload.value),), "the payload")
            yield from _check_constant(source, media.schema, value, lambda _: at(""), reading)
    elif isinstance(body.payload, Constant | ObjectOf | ArrayOf):
        holes: list[str] = []
        value = Given((_with_holes(body.payload, "", holes),), "the payload", holes)
        yield from _check_constant(source, media.schema, value, at, reading)


class Given(NamedTuple):
    """What is sent, in each of the ways in which it may be read, and what it is called.

    `holes` are the pointers of what is not known: something stands there for an expression.
    """

    readings: tuple[Json, ...]
    what: str
    holes: Sequence[str] = ()

    def is_certain(self, error: SchemaError) -> bool:
        """Say whether something is wrong whatever the expressions give."""
        inside = any(is_within(error.instance, hole) for hole in self.holes)
        around = any(hole.startswith(f"{error.instance}/") for hole in self.holes)
        return not inside and (not around or error.keyword in _OF_THE_WHOLE)


# What is certain of an object or array, whatever the expressions within it give.
_OF_THE_WHOLE = frozenset({"type", "required", "additionalProperties"})


def _with_holes(node: Node, pointer: str, holes: list[str]) -> Json:
    """Give a payload with something in the place of each expression, and note where."""
    match node:
        case Constant(value):
            return value
        case ObjectOf(members):
            return {name: _with_holes(each, join_pointer(pointer, name), holes) for name, each in members}
        case ArrayOf(items):
            return [_with_holes(each, join_pointer(pointer, place), holes) for place, each in enumerate(items)]
        case _:
            holes.append(pointer)
            return ""


def _check_constant(
    source: ApiDescription, schema: Address, given: Given, at: Callable[[str], Span], reading: Reading
) -> Iterator[Diagnostic]:
    compiled = source.schemas.at(*schema, "request")
    if isinstance(compiled, SchemaProblem) or any(compiled.schema.valid(value) for value in given.readings):
        return  # what is wrong with a schema is told by the contract check
    for error in filter(given.is_certain, compiled.schema.errors(given.readings[0], given.holes)):
        broken = resolve_pointer(given.readings[0], error.instance)
        if isinstance(broken, str) and is_doubted(broken, reading):
            continue  # which is why
        where = f"{given.what} at '{error.instance}'" if error.instance else given.what
        yield api.invalid_value(where, error.message, at(error.instance))
        return


def _readings(value: Json) -> tuple[Json, ...]:
    """Give what a constant may stand for where everything is sent as text: `5` for `'5'`, and the other way round."""
    if isinstance(value, str):
        with suppress(ValueError):
            return value, parse_json(value)
        return (value,)
    return (value, scalar_text(value)) if isinstance(value, int | float | bool) else (value,)


def _token_span(span: Span, expression: Expression, number: int) -> Span:
    """Narrow the span of an expression to one token of its pointer or path, where it stands as it is spelled."""
    text = str(expression)
    if span.text != text or isinstance(expression, Accessed) or "#" not in text:
        return span
    start = text.index("#") + 1
    tokens = text[start:].split("/")[1:]
    start += sum(len(token) + 1 for token in tokens[:number]) + 1
    return Span(span.source, span.start + start, span.start + start + max(len(tokens[number]), 1))

"""Turns an expression into its value in a scope; what is not there is ABSENT."""

from __future__ import annotations

from typing import assert_never

from runner.exchange import Request, Response, header
from runner.expressions.nodes import (
    Accessed,
    Body,
    ComponentReference,
    Expression,
    HeaderField,
    Input,
    Method,
    Output,
    PathParameter,
    Payload,
    QueryParameter,
    SelfUri,
    Side,
    SourceReference,
    StatusCode,
    StepOutput,
    Url,
    WorkflowValue,
)
from runner.expressions.scope import Scope
from runner.expressions.text import plain_name
from runner.values import ABSENT, Value, member, split_pointer

_LONGEST_INDEX = 15


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Give the value an expression refers to, with its type, or ABSENT; never raise.

    `$message` has no message here, and a component is resolved before the run: both are ABSENT.
    """
    match expression:  # what is asked for most often comes first
        case Body(side, pointer):
            return _of_body(_message(side, scope), pointer)
        case StepOutput(step_id, name, pointer):
            return _at(scope.steps.get(step_id, {}).get(name, ABSENT), pointer)
        case StatusCode():
            return ABSENT if scope.response is None else scope.response.status
        case Accessed(base, path):
            return _walk(evaluate(base, scope), path)
        case Input(name, pointer):
            return _at(scope.inputs.get(name, ABSENT), pointer)
        case Output(name, pointer):
            return _at(scope.outputs.get(name, ABSENT), pointer)
        case WorkflowValue(workflow_id, field, name, pointer):
            return _at(scope.workflows.get(workflow_id, {}).get(field, {}).get(name, ABSENT), pointer)
        case SourceReference(source, reference):
            return scope.sources.get(source, {}).get(plain_name(reference), ABSENT)
        case Payload(side, pointer):
            return _of_body(_message(side, scope), pointer)
        case SelfUri():
            return ABSENT if scope.self_uri is None else scope.self_uri
        case ComponentReference():
            return ABSENT
        case _:
            return _of_exchange(expression, scope)


def _of_exchange(expression: Url | Method | HeaderField | QueryParameter | PathParameter, scope: Scope) -> Value:
    match expression:
        case Url():
            return ABSENT if scope.request is None else scope.request.url
        case Method():
            return ABSENT if scope.request is None else scope.request.method.upper()
        case HeaderField(side, name):
            return _header(_message(side, scope), name)
        case QueryParameter(side, name):
            return _parameter(scope, side, "query", name)
        case PathParameter(side, name):
            return _parameter(scope, side, "path", name)
        case _:
            assert_never(expression)


def _message(side: Side, scope: Scope) -> Request | Response | None:
    match side:
        case "request":
            return scope.request
        case "response":
            return scope.response
        case "message":
            return None
        case _:
            assert_never(side)


def _of_body(message: Request | Response | None, pointer: str | None) -> Value:
    return ABSENT if message is None else _at(message.content.value, pointer)


def _header(message: Request | Response | None, name: str) -> Value:
    found = None if message is None else header(message.headers, name)
    return ABSENT if found is None else found


def _parameter(scope: Scope, side: Side, place: str, name: str) -> Value:
    if side != "request":
        return ABSENT
    return scope.parameters.get((place, plain_name(name)), ABSENT)


def _at(value: Value, pointer: str | None) -> Value:
    return value if not pointer else _walk(value, split_pointer(pointer))


def _walk(value: Value, path: tuple[str | int, ...]) -> Value:
    for token in path:
        if isinstance(value, dict):
            value = value.get(str(token), ABSENT)
        elif isinstance(value, list) and len(str(token)) > _LONGEST_INDEX:
            return ABSENT
        else:
            value = member(value, token)
    return value

"""Turns a criterion into what it wants of a response: statuses that may pass it, and values of places in the body.

Only what speaks of the response alone can be known here; what depends on inputs or on other steps is left to the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from runner.criteria.check import Criterion, QueryCriterion, RegexCriterion, Simple, check
from runner.criteria.compare import compare, truth
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Operator, Or
from runner.exchange import Response
from runner.expressions.nodes import Accessed, Body, Expression, HeaderField, Payload, StatusCode, Template
from runner.expressions.scope import Scope
from runner.values import ABSENT, Json, Value, join_pointer

Member: TypeAlias = tuple[str, Json]
"""A JSON Pointer into a body, and the value to have there."""

_OPPOSITE: dict[Operator, Operator] = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED: dict[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def may_pass(criterion: Criterion, status: int) -> bool:
    """Say whether a response of a status may pass, whatever else it holds."""
    match criterion:
        case Simple(condition):
            return _known(condition, status) is not False
        case RegexCriterion(StatusCode(), pattern) if not isinstance(pattern, Template):
            return check(criterion, Scope(response=Response(status))).passed
        case _:
            return True


def _known(condition: Condition, status: int) -> bool | None:
    """Judge a condition by no more than the status; None where that does not decide."""
    match condition:
        case Literal() | Operand():
            value = _value(condition, status)
            return None if value is ABSENT else truth(value)
        case Comparison(operator, left, right):
            sides = [_value(each, status) if isinstance(each, Literal | Operand) else ABSENT for each in (left, right)]
            return None if ABSENT in sides else compare(operator, sides[0], sides[1]).holds
        case Not(inner):
            verdict = _known(inner, status)
            return None if verdict is None else not verdict
        case And(conditions):
            verdicts = [_known(each, status) for each in conditions]
            return False if False in verdicts else None if None in verdicts else True
        case Or(conditions):
            verdicts = [_known(each, status) for each in conditions]
            return True if True in verdicts else None if None in verdicts else False
        case _:
            assert_never(condition)


def _value(side: Literal | Operand, status: int) -> Value:
    if isinstance(side, Literal):
        return side.value
    return status if isinstance(side.expression, StatusCode) else ABSENT


def statuses(criterion: Criterion) -> list[int]:
    """Give the statuses that a criterion names."""
    literals = _literals(criterion.condition) if isinstance(criterion, Simple) else ()
    return [each for each in literals if isinstance(each, int) and 200 <= each <= 599]


def _literals(condition: Condition) -> Iterator[Json]:
    match condition:
        case Literal(value):
            yield value
        case Operand():
            return
        case _:
            yield from (each for part in _parts(condition) for each in _literals(part))


def _parts(condition: Comparison | Not | And | Or) -> tuple[Condition, ...]:
    match condition:
        case Comparison(_, left, right):
            return left, right
        case Not(inner):
            return (inner,)
        case And(conditions) | Or(conditions):
            return conditions
        case _:
            assert_never(condition)


def members(criterion: Criterion, *, holds: bool) -> list[Member]:
    """Give values that speak for a criterion, or against it."""
    return list(_members(criterion.condition, holds)) if isinstance(criterion, Simple) else []


def _members(condition: Condition, holds: bool) -> Iterator[Member]:
    match condition:
        case Literal():
            return
        case Operand(expression):
            yield from ((pointer, holds) for pointer in _pointers(expression))
        case Comparison(operator, Operand(expression), Literal(value)):
            yield from _compared(operator if holds else _OPPOSITE[operator], expression, value)
        case Comparison(operator, Literal(value), Operand(expression)):
            yield from _compared(_MIRRORED[operator if holds else _OPPOSITE[operator]], expression, value)
        case Comparison():
            return
        case Not(inner):
            yield from _members(inner, not holds)
        case And(conditions) | Or(conditions):
            yield from (each for part in conditions for each in _members(part, holds))
        case _:
            assert_never(condition)


def _compared(operator: Operator, expression: Expression, value: Json) -> Iterator[Member]:
    """Give the value nearest to a literal that compares with it so; of all that are unequal there is none to choose."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    nearest: Json | None = value
    match operator:
        case "!=" if not isinstance(value, bool):
            return
        case "!=":
            nearest = not value
        case "<" | ">" if isinstance(value, int | float) and is_number:
            nearest = value + (1 if operator == ">" else -1)
        case _:
            pass
    yield from ((pointer, nearest) for pointer in _pointers(expression))


def _pointers(expression: Expression) -> Iterator[str]:
    """Give the place in the response body that an expression means, if it means one."""
    match expression:
        case Body("response", pointer) | Payload("response", pointer):
            yield pointer or ""
        case Accessed(base, path):
            yield from (join_pointer(start, *path) for start in _pointers(base))
        case _:
            return


def is_of_response(criterion: Criterion) -> bool:
    """Say whether a criterion speaks of the response alone."""
    match criterion:
        case Simple(condition):
            return all(map(_is_response, _operands(condition)))
        case RegexCriterion(context, pattern):
            return _is_response(context) and not isinstance(pattern, Template)
        case QueryCriterion(context, query):
            return _is_response(context) and not isinstance(query, Template)
        case _:
            assert_never(criterion)


def _operands(condition: Condition) -> Iterator[Expression]:
    match condition:
        case Operand(expression):
            yield expression
        case Literal():
            return
        case _:
            yield from (each for part in _parts(condition) for each in _operands(part))


def _is_response(expression: Expression) -> bool:
    match expression:
        case StatusCode() | Body("response") | Payload("response") | HeaderField("response"):
            return True
        case Accessed(base):
            return _is_response(base)
        case _:
            return False

"""The parts of a simple condition, one frozen class each; `start` and `end` are offsets in its text."""

from __future__ import annotations

from typing import Literal as OneOf
from typing import TypeAlias

from runner.expressions.nodes import Expression
from runner.records import Frozen

Operator: TypeAlias = OneOf["==", "!=", "<", "<=", ">", ">="]


class Literal(Frozen):
    """A boolean, null, number or string."""

    value: bool | int | float | str | None
    start: int
    end: int


class Operand(Frozen):
    """A runtime expression."""

    expression: Expression
    start: int
    end: int


class Comparison(Frozen):
    """Two values under one of the six operators; a condition in parentheses stands for true or false."""

    operator: Operator
    left: Condition
    right: Condition
    start: int
    end: int


class Not(Frozen):
    condition: Condition
    start: int
    end: int


class And(Frozen):
    """Two or more conditions joined by `&&`."""

    conditions: tuple[Condition, ...]
    start: int
    end: int


class Or(Frozen):
    """Two or more conditions joined by `||`."""

    conditions: tuple[Condition, ...]
    start: int
    end: int


Condition: TypeAlias = Literal | Operand | Comparison | Not | And | Or

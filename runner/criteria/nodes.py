"""The parts of a simple condition, one frozen class each; `start` and `end` are offsets in its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from runner.expressions.nodes import Expression

Operator: TypeAlias = OneOf["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Literal:
    """A boolean, null, number or string."""

    value: bool | int | float | str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Operand:
    """A runtime expression."""

    expression: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values under one of the six operators; a condition in parentheses stands for true or false."""

    operator: Operator
    left: Condition
    right: Condition
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions joined by `&&`."""

    conditions: tuple[Condition, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions joined by `||`."""

    conditions: tuple[Condition, ...]
    start: int
    end: int


Condition: TypeAlias = Literal | Operand | Comparison | Not | And | Or

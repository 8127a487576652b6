"""What the paths of a bare comparison mean: which ask how long a value is, and what each is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runner.criteria.bare import Bare, BarePath
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Operator, Or
from runner.expressions.nodes import Expression
from runner.expressions.parse import Grammar
from runner.plan.repairs.operands import TURNED, has_length, in_place
from runner.plan.shapes import Shape
from runner.records import Frozen


class Unclear(Exception):  # noqa: N818 - it is data about a text, raised
    """A path that could mean two things, or for which the specification has no words; `advice` says what to do."""

    def __init__(self, path: BarePath, message: str, advice: str) -> None:
        super().__init__(message)
        self.path, self.message, self.advice = path, message, advice


class Length(NamedTuple):
    """A path's length under an operator and a whole number."""

    path: BarePath
    operator: Operator
    number: int


class Written(NamedTuple):
    """The characters `start` to `end` of a condition, and what stands for them."""

    start: int
    end: int
    text: str


class Comparer(Frozen):
    """A comparison with what its paths start from: the criterion's context, and what is known of that."""

    bare: Bare
    context: Expression
    shape: Shape
    grammar: Grammar

    def path(self, side: Condition) -> BarePath | None:
        return self.bare.paths.get(side.start) if isinstance(side, Operand) else None

    def shape_of(self, path: BarePath) -> Shape:
        """Give what is known of the value before `.length`."""
        return self.shape.at(*(path.steps or ()))

    def is_length(self, path: BarePath) -> bool:
        """Say whether `.length` is how long a value is: it is a member, where the description says so."""
        if not path.is_length or path.steps is None:
            return False
        known = self.shape_of(path)
        return has_length(known) is not False or "object" not in known.types

    def steps(self, path: BarePath) -> tuple[str | int, ...]:
        """Give the steps of a path of one value, `length` as a member among them."""
        return (*(path.steps or ()), *(("length",) if path.is_length else ()))

    def is_there_or_true(self, path: BarePath) -> bool:
        """Say whether it is the same that a value is there and that it is true, as of arrays and objects."""
        types = self.shape.at(*self.steps(path)).types
        return bool(types) and types <= {"array", "object"}

    def length(self, comparison: Comparison) -> Length | None:
        """Read a comparison of a length with a whole number, whichever stands left."""
        left, right = comparison.left, comparison.right
        for side, other, operator in (
            (left, right, comparison.operator),
            (right, left, TURNED[comparison.operator]),
        ):
            path = self.path(side)
            count = other.value if isinstance(other, Literal) else None
            if path and self.is_length(path) and type(count) is int and count >= 0:
                return Length(path, operator, count)
        return None


def parts(condition: Condition) -> Iterator[Condition]:
    """Give what a condition joins by operators of logic: comparisons, and operands that stand alone."""
    match condition:
        case Not(inner):
            yield from parts(inner)
        case And(conditions) | Or(conditions):
            for each in conditions:
                yield from parts(each)
        case Comparison(_, left, right) if not all(isinstance(each, Literal | Operand) for each in (left, right)):
            yield from (*parts(left), *parts(right))
        case _:
            yield condition


def put(text: str, written: list[Written]) -> str:
    """Put texts in their places, which are given in order."""
    result, position = "", 0
    for each in written:
        result += text[position : each.start] + in_place(each.text, text, each.start, each.end)
        position = each.end
    return result + text[position:]

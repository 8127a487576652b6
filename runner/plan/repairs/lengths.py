"""Lengths in simple conditions, which have no word for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from runner.criteria.nodes import Comparison, Literal, Operand, Operator
from runner.criteria.parse import parse_condition
from runner.expressions.faults import SyntaxFault
from runner.expressions.nodes import Accessed, Expression, Structured
from runner.plan.mend import Reading, Slip
from runner.plan.names import settle
from runner.plan.repairs.comparison import parts
from runner.plan.repairs.operands import TURNED, has_length, in_place, length_test
from runner.plan.shapes import Shape, shape_of
from runner.records import replace

WORDS = frozenset({"length", "size", "count"})


class CountedLength(NamedTuple):
    """The comparison of `value.word` with a whole number, or with None for anything else, at `start` to `end`."""

    value: Expression
    word: str
    operator: Operator
    number: int | None
    start: int
    end: int
    shape: Shape


def length_member(text: str, reading: Reading) -> Slip | None:
    """A simple condition asks how long an array or a text is.

    Why: `.length` is a member there, and an array has none, so that the condition could not hold. Where the API
    description says that the value is an array, an item is looked for: there are more than `n` where there is one at
    the index `n`. Where nothing says what the value is, an array is looked at beside the member, if that is exact.
    Example: `$response.body#/items.length > 0`, or `$response.body.items.size == 0`.
    Instead: `$response.body#/items/0 != null`.
    """
    for found in counted_lengths(text, reading):
        if not (test := _test(found, reading)):
            continue
        is_length = has_length(found.shape, found.word)
        message = f"an array or text has no member '{found.word}'"
        if is_length:
            return Slip(message, found.start, found.end, in_place(test, text, found.start, found.end))
        holds_of_more = found.operator in (">", ">=") or (found.operator, found.number) == ("!=", 0)
        if is_length is None and found.word == "length" and holds_of_more and test not in text:
            return Slip(message, found.start, found.end, f"({test} || {text[found.start : found.end]})")
    return None


def _test(found: CountedLength, reading: Reading) -> str | None:
    if found.number is None:
        return None
    return length_test(found.value, found.operator, found.number, found.shape, reading.ctx.grammar)


def unknown_lengths(text: str, reading: Reading) -> Iterator[CountedLength]:
    """Give the lengths that are compared so that nothing else can be written for certain."""
    for found in counted_lengths(text, reading):
        test = _test(found, reading)
        is_length = has_length(found.shape, found.word)
        if is_length or (is_length is None and found.word == "length" and not (test and test in text)):
            yield found


def counted_lengths(text: str, reading: Reading) -> Iterator[CountedLength]:
    """Find comparisons of `.length`, `.size` or `.count`: with whole numbers, or where it is known to be a length."""
    if not any(word in text for word in WORDS):
        return
    try:
        condition = parse_condition(text, reading.ctx.grammar)
    except SyntaxFault:
        return
    for comparison in parts(condition):
        if isinstance(comparison, Comparison):
            yield from _counted(comparison, reading)


def _counted(comparison: Comparison, reading: Reading) -> Iterator[CountedLength]:
    quiet = replace(reading.ctx, report=lambda _: None)
    left, right, operator = comparison.left, comparison.right, comparison.operator
    for side, other, read in ((left, right, operator), (right, left, TURNED[operator])):
        count = other.value if isinstance(other, Literal) else None
        if not isinstance(side, Operand):
            continue
        number = count if type(count) is int and count >= 0 else None
        settled = settle(quiet, reading.scope, side.expression, reading.ctx.value(reading.pointer))
        for word, value in _without_length(settled):
            known = shape_of(value, reading.scope)
            if has_length(known, word) or (isinstance(settled, Accessed) and number is not None):
                yield CountedLength(value, word, read, number, comparison.start, comparison.end, known)


def _without_length(settled: Expression) -> Iterator[tuple[str, Expression]]:
    """Give the word that an operand ends with, and the operand before it; a JSON Pointer may hold the word as well."""
    if isinstance(settled, Accessed):
        *above, last = settled.path
        if last in WORDS:
            yield str(last), replace(settled, path=tuple(above)) if above else settled.base
        return
    pointer = settled.pointer if isinstance(settled, Structured) else None
    before, _, word = (pointer or "").rpartition(".")
    if word in WORDS and isinstance(settled, Structured):
        yield word, replace(settled, pointer=before)

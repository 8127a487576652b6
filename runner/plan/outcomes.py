"""Turn a simple condition into those parts of it that come out the same whatever the API answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from runner.criteria.compare import compare, kind_of, truth
from runner.criteria.nodes import And, Comparison, Condition, Literal, Not, Operand, Or
from runner.diagnostics import Diagnostic
from runner.expressions.nodes import Expression, StatusCode
from runner.plan.rules.conditions import constant_condition
from runner.source import Span
from runner.values import ABSENT, Value

LOWEST, HIGHEST = 100, 599  # RFC 9110, section 15
MOST = 50  # comparisons of one value: the work grows with their square
_EQUALITY = ("==", "!=")
_COMPARE = "compare it with what the API answers"
_STATUS = f"a status is a number from {LOWEST} to {HIGHEST}"
_JOINED = {And: "join them by '||', if one of them is enough", Or: "join them by '&&', if all of them have to hold"}


def check_outcomes(
    condition: Condition, text: str, at: Callable[[int, int], Span], *, is_answered: bool
) -> Iterator[Diagnostic]:
    """Say which parts of a condition, with its text, check nothing; `is_answered` says that there is a status."""
    for part, what, start, end, advice in _told(condition, text, is_answered):
        yield constant_condition(part, what, at(start, end), advice)


class _Told(NamedTuple):
    """A part of a condition, what is said of it, and where it stands in the text."""

    part: str
    what: str
    start: int
    end: int
    advice: str


@lru_cache(256)  # most documents check the same few things
def _told(condition: Condition, text: str, is_answered: bool) -> tuple[_Told, ...]:
    if isinstance(condition, Literal) and isinstance(condition.value, bool):
        return ()  # which is meant
    return tuple(_Outcomes(text, is_answered).told(condition))


class _Outcomes:
    def __init__(self, text: str, is_answered: bool) -> None:
        self.text, self.is_answered = text, is_answered

    def told(self, condition: Condition) -> Iterator[_Told]:
        match condition:
            case Literal():
                yield self.constant(condition, "is the same whatever the API answers: nothing is checked", _COMPARE)
            case Operand(StatusCode()):
                advice = f"compare it: {condition.expression} == 200"
                yield self.constant(condition, "alone is true whatever the API answers: nothing is checked", advice)
            case Comparison():
                yield from self.compared(condition)
            case Not(inner):
                yield from self.told(inner) if not _is_boolean(inner) else ()
            case And(parts) | Or(parts):
                yield from self.joined(condition, parts)
            case _:
                return

    def compared(self, comparison: Comparison) -> Iterator[_Told]:
        if isinstance(comparison.left, Literal) and isinstance(comparison.right, Literal):
            yield self.constant(comparison, "is the same whatever the API answers: nothing is checked", _COMPARE)
        elif not _is_no_status(comparison) and (outcome := self.outcome(comparison)) is not None:
            yield self.constant(comparison, _SAID[outcome], _STATUS)

    def joined(self, whole: And | Or, parts: Sequence[Condition]) -> Iterator[_Told]:
        """Say it of each part, and of those parts together that are about the same value."""
        about = dict[Expression, list[Condition]]()
        for part in parts:
            if isinstance(part, Literal) and isinstance(part.value, bool):
                decides = part.value == isinstance(whole, Or)
                what = "decides this condition, whatever the API answers" if decides else "changes nothing here"
                yield self.constant(part, what, "leave it out")
                continue
            is_bound = isinstance(whole, And) and isinstance(part, Comparison) and self.outcome(part) is True
            told = [] if is_bound else list(self.told(part))  # `>= 100` may be one end of what is allowed
            yield from told
            subject = None if told or _is_no_status(part) else _subject(part)
            if subject is not None:
                about.setdefault(subject, []).append(part)
        for same in about.values():
            if len(same) > 1:
                yield from self.together(whole, same)

    def together(self, whole: And | Or, same: Sequence[Condition]) -> Iterator[_Told]:
        outcome = self.outcome(type(whole)(tuple(same), 0, 0))
        if outcome is None:
            return
        other = self.outcome((Or if isinstance(whole, And) else And)(tuple(same), 0, 0))
        advice = _JOINED[type(whole)] if other is None else "leave one of them out"
        advice = _STATUS if any(self.outcome(each) is not None for each in same) else advice
        is_all = len(same) == len(whole.conditions)
        start, end = (whole.start, whole.end) if is_all else (same[0].start, same[-1].end)
        sign = " && " if isinstance(whole, And) else " || "
        written = [self.text[each.start : each.end] for each in same]
        named = [f"({text})" if isinstance(each, And | Or) else text for each, text in zip(same, written, strict=True)]
        yield _Told(sign.join(named), _SAID[outcome], start, end, advice)

    def outcome(self, condition: Condition) -> bool | None:
        """Give what a condition about one value always comes out as, or None where it depends on the value."""
        subject = _subject(condition)
        if subject is None:
            return None
        literals = [each.value for each in _literals(condition)]
        if len(literals) > MOST:
            return None
        is_status = isinstance(subject, StatusCode)
        values = _statuses(literals, is_answered=self.is_answered) if is_status else _values(literals)
        found = {truth(_outcome(condition, value)) for value in values}
        return found.pop() if len(found) == 1 else None

    def constant(self, condition: Condition, what: str, advice: str) -> _Told:
        start, end = condition.start, condition.end
        return _Told(self.text[start:end], what, start, end, advice)


_SAID = {
    True: "is true whatever the API answers: nothing is checked",
    False: "is never true, whatever the API answers",
}


def _is_boolean(condition: Condition) -> bool:
    return isinstance(condition, Literal) and isinstance(condition.value, bool)


def _subject(condition: Condition) -> Expression | None:
    """Give the one expression that everything in a condition compares with literals; but for a status only by `==`."""
    match condition:
        case Comparison(operator, Operand(expression), Literal()) | Comparison(
            operator, Literal(), Operand(expression)
        ):
            return expression if operator in _EQUALITY or isinstance(expression, StatusCode) else None
        case Not(inner):
            return _subject(inner)
        case And(parts) | Or(parts):
            subjects = {_subject(part) for part in parts}
            return subjects.pop() if len(subjects) == 1 else None
        case _:
            return None


def _literals(condition: Condition) -> Iterator[Literal]:
    match condition:
        case Literal():
            yield condition
        case Comparison(_, left, right):
            yield from (*_literals(left), *_literals(right))
        case Not(inner):
            yield from _literals(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _literals(part)
        case _:
            return


def _outcome(condition: Condition, value: Value) -> Value:
    """Evaluate a condition whose expressions all give this value."""
    match condition:
        case Literal(literal):
            return literal
        case Operand():
            return value
        case Comparison(operator, left, right):
            return compare(operator, _outcome(left, value), _outcome(right, value)).holds
        case Not(inner):
            return not truth(_outcome(inner, value))
        case And(parts):
            return all(truth(_outcome(part, value)) for part in parts)
        case Or(parts):
            return any(truth(_outcome(part, value)) for part in parts)


def _statuses(literals: Sequence[Value], *, is_answered: bool) -> Iterator[Value]:
    """Give a status of each kind that comparisons with these literals can tell apart."""
    yield from (LOWEST, HIGHEST)
    if not is_answered:
        yield ABSENT
    for number in map(_number, literals):
        if number is not None:
            nearest = int(min(max(number, LOWEST - 1), HIGHEST + 1))
            yield from (each for each in range(nearest - 1, nearest + 2) if LOWEST <= each <= HIGHEST)


def _values(literals: Sequence[Value]) -> Iterator[Value]:
    """Give a value of each kind that `==` with these literals can tell apart."""
    yield from literals
    yield from (number for literal in literals if (number := _number(literal)) is not None)
    yield {}  # which equals none of them


def _number(literal: Value) -> float | None:
    return float(str(literal)) if kind_of(literal) in ("number", "numeral") else None


def _is_no_status(condition: Condition) -> bool:
    """Say whether a status is compared with what no status is, of which another rule tells."""
    if not isinstance(condition, Comparison) or not isinstance(_subject(condition), StatusCode):
        return False
    numbers = [_number(each.value) or 0 for each in _literals(condition) if each.value is not None]
    return condition.operator in _EQUALITY and not all(LOWEST <= each <= HIGHEST + 1 for each in numbers)

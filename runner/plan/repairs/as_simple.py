"""Turn a bare comparison into a simple condition on the criterion's context."""

from __future__ import annotations

from runner.criteria.bare import BarePath
from runner.criteria.nodes import Comparison, Condition
from runner.plan.repairs.comparison import Comparer, Length, Unclear, Written, parts, put
from runner.plan.repairs.operands import below, length_test, part


def as_simple(comparer: Comparer) -> str:
    """Write a comparison as a simple condition, or raise Unclear.

    What is absent compares as null there, texts without case, and a numeric text as a number: what an author who
    compares means. `.length` becomes a look for an item.
    """
    found = [each for one in parts(comparer.bare.condition) for each in _written(comparer, one)]
    return put(comparer.bare.text, found)


def _written(comparer: Comparer, condition: Condition) -> list[Written]:
    if isinstance(condition, Comparison):
        length = comparer.length(condition)
        if length:
            return [Written(condition.start, condition.end, _length(comparer, length))]
        sides = ((side, comparer.path(side)) for side in (condition.left, condition.right))
        return [Written(side.start, side.end, _operand(comparer, path)) for side, path in sides if path]
    path = comparer.path(condition)
    if path is None:
        return []
    text = _operand(comparer, path)
    if not comparer.is_there_or_true(path):
        message = f"'{path.text}' on its own may ask whether there is a value, or whether the value is true"
        raise Unclear(path, message, f"write {text} != null, or {text} == true")
    return [Written(condition.start, condition.end, text)]


def _operand(comparer: Comparer, path: BarePath) -> str:
    if path.steps is None:
        message = f"'{path.text}' may give several values, and a comparison is of one"
        raise Unclear(path, message, "write the comparison into a filter, as in $.items[?@.status == 'done']")
    if comparer.is_length(path):
        raise Unclear(path, f"the length '{path.text}' is compared with what is no whole number", "compare it with one")
    text = part(comparer.context, comparer.steps(path), comparer.grammar)
    if text is None:
        message = f"no operand of a simple condition gives '{path.text}'"
        raise Unclear(path, message, "name the value as an output, and compare that")
    return text


def _length(comparer: Comparer, length: Length) -> str:
    path, operator, number = length
    value, known = below(comparer.context, path.steps or ()), comparer.shape_of(path)
    if known.types and not known.types & {"array", "string"}:
        value_text, kinds = path.text.rsplit(".", 1)[0], " or ".join(sorted(known.types))
        raise Unclear(path, f"'{value_text}' is of type {kinds}, which has no length", f"compare {value_text} itself")
    text = value and length_test(value, operator, number, known, comparer.grammar)
    if not text:
        message = f"no condition says exactly that '{path.text}' is {operator} {number}"
        raise Unclear(path, message, "compare what the array or text holds")
    return text

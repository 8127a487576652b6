"""Turn the text of one expression, however it is written, into what the names in its reach say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import wraps
from typing import NamedTuple, TypeAlias

from runner.criteria.nodes import Literal, Operand
from runner.criteria.parse import parse_condition
from runner.expressions.faults import ExpressionSyntax, SyntaxFault
from runner.expressions.nodes import Expression, Input, Output, StepOutput, WorkflowValue
from runner.expressions.parse import parse_expression
from runner.plan.mend import Mended, Reading, Repair, Slip, mend
from runner.plan.names import Names, is_known, named, settled_quietly
from runner.records import replace

Holder: TypeAlias = Input | Output | StepOutput | WorkflowValue

_BODY = re.compile(r"\$(?:request|response)\.body|\$message\.payload")
_BY_NAME = re.compile(r"\$(?:inputs|steps|outputs)\.[A-Za-z0-9_.-]+")
_GOES_ON = re.compile(r"[A-Za-z0-9_-]")
_OPERATOR = re.compile(r"[=!]=|&&|\|\||\s[<>]=?\s|^!")
_SCALARS = ("string", "number", "integer", "boolean")


class Reached(NamedTuple):
    """An expression up to the value that it is about, and the rest of its text: a path, a pointer, or anything."""

    base: str
    rest: str


def reached(text: str, reading: Reading) -> Reached | None:
    """Split a text behind the body, or behind the longest declared name, that it begins with."""
    if body := _BODY.match(text):
        return Reached(body[0], text[body.end() :])
    for holder, written in _holders(text, reading):
        declared = longest(written, named(reading.ctx, reading.scope, holder) or ())
        if declared is not None:
            return Reached(str(replace(holder, name=declared)), written[len(declared) :])
    return None


def longest(text: str, names: Collection[str]) -> str | None:
    """Give the longest of some names that a text begins with, if the name ends there.

    Of the names and the beginnings of the text those that are fewer are looked through.
    """
    beginnings = (text[:end] for end in range(1, len(text) + 1))
    found = (each for each in beginnings if each in names) if len(text) < len(names) else filter(text.startswith, names)
    return max((name for name in found if name and not _GOES_ON.match(text, len(name))), key=len, default=None)


def step_of(text: str, reading: Reading) -> Reached | None:
    """Split a text behind the `$steps.<id>` that it begins with, if there is such a step."""
    if not text.startswith("$steps."):
        return None
    step_id = longest(text[7:], reading.scope.steps)
    return None if step_id is None else Reached(f"$steps.{step_id}", text[7 + len(step_id) :])


def workflow_of(text: str, reading: Reading) -> Reached | None:
    """Split a text behind the `$workflows.<id>` that it begins with, if there is such a workflow."""
    if not text.startswith("$workflows."):
        return None
    known = {each.workflow_id for each in reading.ctx.arazzo.document.workflows}
    workflow_id = longest(text[11:], known)
    return None if workflow_id is None else Reached(f"$workflows.{workflow_id}", text[11 + len(workflow_id) :])


def _holders(text: str, reading: Reading) -> Iterator[tuple[Holder, str]]:
    """Give what an expression looks its name up in, and the text from the name on."""
    if text.startswith("$inputs."):
        yield Input(""), text[8:]
    elif text.startswith("$outputs."):
        yield Output(""), text[9:]
    elif (step := step_of(text, reading)) and step.rest.startswith(".outputs."):
        yield StepOutput(step.base[7:], ""), step.rest[9:]
    elif workflow := workflow_of(text, reading):
        if workflow.rest.startswith(".inputs."):
            yield WorkflowValue(workflow.base[11:], "inputs", ""), workflow.rest[8:]
        elif workflow.rest.startswith(".outputs."):
            yield WorkflowValue(workflow.base[11:], "outputs", ""), workflow.rest[9:]


def declared_type(base: str, scope: Names) -> str | None:
    """Give the type of an input that is declared as something without parts: a text, a number or a boolean."""
    schema = scope.inputs.schema
    if not base.startswith("$inputs.") or not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    written = properties.get(base[8:]) if isinstance(properties, dict) else None
    found = written.get("type") if isinstance(written, dict) else None
    return found if isinstance(found, str) and found in _SCALARS else None


def is_conformant(text: str, reading: Reading) -> bool:
    """Say whether a text is one expression of the grammar all of whose names are declared."""
    try:
        expression = parse_expression(text, reading.ctx.grammar)
    except ExpressionSyntax:
        return False
    return is_known(reading.ctx, reading.scope, expression)


def value_by_name(text: str, reading: Reading) -> Expression | None:
    """Give the expression that a text is, where it names what is declared and there, so that nothing is to be said."""
    if not _BY_NAME.fullmatch(text):
        return None
    try:
        expression = parse_expression(text, reading.ctx.grammar)
    except ExpressionSyntax:
        return None
    settled, found = settled_quietly(reading.ctx, reading.scope, expression)
    return settled if settled == expression and not found else None


def conformant(repairs: Iterable[Repair], written: str, reading: Reading) -> Mended:
    """Apply repairs to a text, as `mend` does: there are none for one that is conformant already."""
    return Mended(written, reading) if is_conformant(written, reading) else mend(repairs, written, reading)


def is_comparison(text: str, reading: Reading) -> bool:
    """Say whether a text that begins with an expression is a condition with an operator in it."""
    if not text.lstrip("!(").startswith("$") or not _OPERATOR.search(text):
        return False
    try:
        return not isinstance(parse_condition(text, reading.ctx.grammar), Literal | Operand)
    except SyntaxFault:
        return False


def understood(repairs: Iterable[Repair], text: str, reading: Reading) -> str | None:
    """Give the conformant text of what is meant as one expression, or None where that is not known."""
    known = tuple(repairs)
    for _ in range(len(known) + 1):
        slip = next((slip for repair in known if (slip := repair(text, reading)) is not None), None)
        if slip is None:
            return text if is_conformant(text, reading) else None
        text = text[: slip.start] + slip.text + text[slip.end :]
    return None


def on_each(repair: Repair, places: Callable[[str], Iterable[tuple[int, int]]]) -> Repair:
    """Try a repair of one expression on each of those that stand in a text."""

    @wraps(repair)
    def tried(text: str, reading: Reading) -> Slip | None:
        for start, end in places(text):
            slip = repair(text[start:end], reading)
            if slip is not None:
                return replace(slip, start=slip.start + start, end=slip.end + start)
        return None

    return tried

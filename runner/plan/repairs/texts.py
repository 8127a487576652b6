"""Texts with expressions in them as people write them: values, headers, JSON written as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from runner.diagnostics import Diagnostic, Fix, Rewrite
from runner.expressions.faults import ExpressionSyntax
from runner.expressions.grammar import ACCESS
from runner.expressions.nodes import Accessed, Constant, Expression, Input, Node, Template
from runner.expressions.parse import parse_expression
from runner.plan.context import Context
from runner.plan.mend import Mended, Reading, Repair, Slip, repaired, rule_name
from runner.plan.names import Names
from runner.plan.repairs.expressions import EXPRESSION, as_declared
from runner.plan.rules import language
from runner.plan.shapes import shape_of
from runner.values import Json

_BRACED = re.compile(r"\{(\$[^{}]*)\}")
_SPACED = re.compile(r"\{(\s*\$[A-Za-z][^{}]*?\s*)\}")
_NAMED = re.compile(
    r"\$(?:inputs|outputs|steps\.[A-Za-z0-9_-]+\.outputs|workflows\.[A-Za-z0-9_-]+\.(?:inputs|outputs))\."
)
_PLAIN = re.compile(
    r"\$(?:statusCode|url|method|(?:request|response)\.(?:header|query|path)\.[A-Za-z0-9_-]+"
    r"|(?:request|response)\.body(?:#(?:/[A-Za-z0-9_~.%-]+)+)?)(?![A-Za-z0-9_])"
)
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_POINTER = re.compile(r"#(?:/[A-Za-z0-9_~.%-]*[A-Za-z0-9_~%-])+")
_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})


def bare_expression(text: str, reading: Reading) -> Slip | None:
    """An expression stands in the middle of a text without braces.

    Why: only an expression in braces is a part of a text; without them it would be sent as it is written. What is
    declared is understood, up to where its name ends.
    Example: `Bearer $inputs.apiKey`.
    Instead: `Bearer {$inputs.apiKey}`.
    """
    if "$" not in text or as_whole(text, reading):
        return None
    inside = [found.span() for found in _BRACED.finditer(text)]
    for start, end in _bare(text, reading):
        if not any(first < start < last for first, last in inside):
            written = text[start:end]
            return Slip("an expression within a text stands in braces", start, end, f"{{{written}}}")
    return None


def as_whole(text: str, reading: Reading) -> bool:
    """Say whether a text is one expression, rather than a text with expressions in it."""
    if not text.startswith("$"):
        return False
    if as_declared(text, reading) is not None:
        return True
    try:
        parse_expression(text, reading.ctx.grammar)
    except ExpressionSyntax:
        return False
    return not any(start == 0 and end < len(text) for start, end in _bare(text, reading))


def _bare(text: str, reading: Reading) -> Iterator[tuple[int, int]]:
    """Find the expressions in a text whose names are declared, wherever they stand."""
    for found in re.finditer(r"\$(?=[a-z])", text):
        end = _end(text, found.start(), reading)
        if end is not None:
            yield found.start(), end


def _end(text: str, start: int, reading: Reading) -> int | None:
    """Give where an expression ends that begins at an offset: behind the longest declared name, and its path."""
    plain = _PLAIN.match(text, start)
    if plain:
        return plain.end()
    head = _NAMED.match(text, start)
    name = _NAME.match(text, head.end()) if head else None
    if head is None or name is None:
        return None
    parts = name[0].split(".")
    for count in range(len(parts), 0, -1):
        end = head.end() + len(".".join(parts[:count]))
        expression = as_declared(text[start:end], reading)
        if expression is not None and not isinstance(expression, Accessed):
            return _tail(text, end, expression, reading)
    return None


def _tail(text: str, end: int, expression: Expression, reading: Reading) -> int:
    """Give where the JSON Pointer or the path behind a name ends; what is a single value has no parts."""
    pointer = _POINTER.match(text, end)
    if pointer:
        return pointer.end()
    types = shape_of(expression, reading.scope).types if isinstance(expression, Input) else frozenset[str]()
    while not (types and types <= _SCALARS) and (step := ACCESS.match(text, end)):
        word = re.match(r"[A-Za-z0-9_-]+", step[1]) if step[1] else None
        if step[1] and word is None:
            break
        end = step.start(1) + word.end() if word else step.end()
        if word and word.end() < len(step[1] or ""):
            break
    return end


def spaced_expression(text: str, reading: Reading) -> Slip | None:
    """An expression in braces has white space around it.

    Why: an expression has no white space at its ends.
    Example: `{ $inputs.id }`.
    Instead: `{$inputs.id}`.
    """
    for found in _SPACED.finditer(text):
        inner = found[1].strip()
        if inner != found[1] and _is_expression(inner, reading):
            return Slip("white space around an expression", *found.span(), f"{{{inner}}}")
    return None


def _is_expression(text: str, reading: Reading) -> bool:
    try:
        parse_expression(text, reading.ctx.grammar)
    except ExpressionSyntax:
        return False
    return True


def braced_expression(text: str, reading: Reading) -> Slip | None:
    """A field that has to be an expression has braces around it.

    Why: braces embed an expression in a text; here it stands alone.
    Example: `context: '{$response.body}'`.
    Instead: `context: $response.body`.
    """
    found = _BRACED.fullmatch(text)
    if found is None:
        return None
    return Slip("an expression that stands alone takes no braces", 0, len(text), found[1])


def on_whole(*repairs: Repair) -> tuple[Repair, ...]:
    """Make repairs of expressions repairs of texts that are one."""
    return tuple(_on_whole(each) for each in repairs)


def _on_whole(repair: Repair) -> Repair:
    def of_text(text: str, reading: Reading) -> Slip | None:
        slip = repair(text, reading) if text.startswith("$") else None
        return slip if slip is None or slip.text == "" or "{" not in slip.text else None

    return _as(repair, of_text)


def on_embedded(*repairs: Repair) -> tuple[Repair, ...]:
    """Make repairs of expressions repairs of texts, which look at each expression in braces."""
    return tuple(_on_embedded(each) for each in repairs)


def _on_embedded(repair: Repair) -> Repair:
    def of_text(text: str, reading: Reading) -> Slip | None:
        for found in _BRACED.finditer(text):
            slip = repair(found[1], reading)
            if slip is not None:
                at = found.start(1)
                return replace(slip, start=slip.start + at, end=slip.end + at)
        return None

    return _as(repair, of_text)


def _as(repair: Repair, wrapped: Repair) -> Repair:
    wrapped.__name__, wrapped.__doc__ = repair.__name__, repair.__doc__
    return wrapped


def whole_inputs(ctx: Context, scope: Names, pointer: str) -> dict[str, Json]:
    """All inputs are given at once, by `$inputs` alone.

    Why: an expression names one input; an object of all of them is written out.
    Example: `payload: $inputs`.
    Instead: `payload: {name: $inputs.name, email: $inputs.email}`.
    """
    written: dict[str, Json] = {name: f"$inputs.{name}" for name in sorted(scope.inputs.names or ())}
    fix = Fix("write an object with each input", (Rewrite(pointer, written),))
    message = "'$inputs' alone is no expression; it is read as an object of all inputs"
    ctx.report(repaired(ctx, rule_name(whole_inputs), message, ctx.value(pointer), fix))
    return written


def stray_expressions(mended: Mended, node: Node) -> Iterator[Diagnostic]:
    """Say which text would be sent with an expression in it as it is written, since nothing declares its name."""
    pieces = [node.value] if isinstance(node, Constant) else node.parts if isinstance(node, Template) else ()
    if not any(isinstance(piece, str) and "$" in piece for piece in pieces):
        return
    inside = [found.span() for found in _BRACED.finditer(mended.text)]
    for found in _STRAY.finditer(mended.text):
        if not any(start <= found.start() < end for start, end in inside):
            yield language.stray_expression(found[0], mended.span(*found.span()))


_STRAY = re.compile(r"\$(?:inputs|outputs|steps|workflows)\.[A-Za-z0-9_][A-Za-z0-9_.-]*")


VALUE: tuple[Repair, ...] = (
    *on_whole(*EXPRESSION),
    spaced_expression,
    *on_embedded(*EXPRESSION),
    bare_expression,
)
"""What is tried on a text that stands for a value: an expression, a template or plain text."""

CONTEXT: tuple[Repair, ...] = (braced_expression, *EXPRESSION)
"""What is tried on a field that has to be one expression."""

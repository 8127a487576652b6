"""Turns a node into its value at a moment, or says which expression is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never, cast, final
from urllib.parse import quote

from runner.expressions.evaluate import evaluate
from runner.expressions.faults import SelectorFailure, SelectorSyntax
from runner.expressions.nodes import (
    Accessed,
    ArrayOf,
    Computed,
    Constant,
    Escaped,
    Expression,
    Input,
    Node,
    ObjectOf,
    Part,
    Quoted,
    Selected,
    Template,
)
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import compile_selector
from runner.expressions.text import as_text
from runner.records import Frozen
from runner.text import json_text
from runner.values import ABSENT, Absent, Json, Value

MEBIBYTE = 1024 * 1024
LARGEST = 64 * MEBIBYTE
"""What a value that is put together may come to, in characters: steps that double what they are given end here."""

_LEAST = 64
"""Characters that each part of a value is taken for at the least: so much memory it takes, written or not."""

_TOO_LARGE = f"makes a value of more than {LARGEST // MEBIBYTE} MiB"
_ABSENT = "is not there"
_BINARY = "is a binary body, which can only be used whole"
_SCALAR = "is no structured data, which a Selector Object searches"


@final
class Missing(Frozen):
    """An expression whose value cannot be used, and why, as a predicate ("is not there"): nothing may be sent."""

    expression: Expression
    reason: str

    @property
    def message(self) -> str:
        return f"'{self.expression}' {self.reason}"


def fill(node: Node, scope: Scope, *, files: bool = False) -> Value | Missing:
    """Give the value of a node; never raise.

    ABSENT means "leave it out" and comes from exactly an input that was not given, or a part of one that is not in it;
    in an object or array such a member or item is left out. Anything else that is absent is Missing, and so is what
    comes to more than `LARGEST`. With `files` a member or item may be a binary body, for which a multipart form has a
    part.
    """
    value = _filled(node, scope, files)
    if (type(node) is ObjectOf or type(node) is ArrayOf) and type(value) is not Missing and is_too_large(value):
        return Missing(next(_expressions(node)), _TOO_LARGE)
    return value


def is_too_large(value: Value) -> bool:
    """Say whether a value would be longer than `LARGEST` where all of it is written out.

    What several of its parts share is counted each time, for it is written each time: a value that has itself twice,
    again and again, takes little memory and could never be written.
    """
    left, pending = LARGEST, [value]
    while pending and left >= 0:
        part = pending.pop()
        left -= _LEAST
        if isinstance(part, str):
            left -= len(part)
        elif isinstance(part, dict):
            left -= sum(map(len, part)) + _LEAST * len(part)
            pending += part.values()
        elif isinstance(part, list):
            pending += part
    return left < 0


def _expressions(node: Node) -> Iterator[Expression]:
    """Give the expressions of a node; it has one, or it would be a constant."""
    match node:
        case Computed(expression) | Selected(context=expression):
            yield expression
        case Template(parts):
            for part in parts:
                if not isinstance(part, str):
                    yield part.expression if isinstance(part, Quoted | Escaped) else part
        case ObjectOf(members):
            for _, member in members:
                yield from _expressions(member)
        case ArrayOf(items):
            for item in items:
                yield from _expressions(item)
        case Constant():
            pass
        case _:
            assert_never(node)


def _filled(node: Node, scope: Scope, files: bool) -> Value | Missing:
    match node:
        case Computed(expression):
            value = evaluate(expression, scope)
            return Missing(expression, _ABSENT) if value is ABSENT and not _is_input(expression) else value
        case Constant(constant):
            return constant
        case Template():
            return fill_text(node, scope)
        case Selected():
            return _selected(node, scope)
        case ObjectOf(members):
            return _object(members, scope, files)
        case ArrayOf(items):
            return _array(items, scope, files)
        case _:
            assert_never(node)


def fill_text(template: Template, scope: Scope) -> str | Missing:
    """Give the text of a template, its values written as its style says."""
    texts: list[str] = []
    room = LARGEST
    for part in template.parts:
        text = part if isinstance(part, str) else _part_text(part, template.style, scope)
        if type(text) is Missing:
            return text
        room -= len(text)
        if room < 0:
            return Missing(next(_expressions(template)), _TOO_LARGE)
        texts.append(text)
    return "".join(texts)


def text_of(expression: Expression, scope: Scope) -> str | Missing:
    """Give the text an expression becomes where it is embedded in plain text."""
    return _part_text(expression, "text", scope)


def _is_input(expression: Expression) -> bool:
    return isinstance(expression.base if isinstance(expression, Accessed) else expression, Input)


def _part_text(part: Expression | Quoted | Escaped, style: str, scope: Scope) -> str | Missing:
    expression = part.expression if type(part) is Quoted or type(part) is Escaped else part
    value = evaluate(expression, scope)
    if value is ABSENT:
        return Missing(expression, _ABSENT)
    if isinstance(value, bytes):
        return Missing(expression, _BINARY)
    try:
        return _write(value, part, style)
    except (ValueError, RecursionError):
        return Missing(expression, "cannot be written as text")


def _write(value: Json, part: Part, style: str) -> str:
    match part:
        case Quoted():
            return json_text(value) if isinstance(value, str | list | dict) else f'"{as_text(value)}"'
        case Escaped():
            return json_text(as_text(value))[1:-1]
        case _ if style == "json":
            text = json_text(value)  # refuses what JSON cannot spell
            return as_text(value) if isinstance(value, float) else text
        case _ if style == "form":
            return quote(as_text(value), safe="", errors="replace")
        case _:
            return as_text(value)


def _selected(node: Selected, scope: Scope) -> Value | Missing:
    """Apply a Selector Object: what is singular gives the value, anything else an array of what it selects."""
    context = evaluate(node.context, scope)
    if context is ABSENT:
        return Missing(node.context, _ABSENT)
    if not isinstance(context, list | dict | bytes) and not (node.type == "xpath" and isinstance(context, str)):
        return Missing(node.context, _SCALAR)
    try:
        selector = compile_selector(node.type, node.version, node.selector)
        found = scope.apply(selector, context).value
    except (SelectorSyntax, SelectorFailure) as failure:
        return Missing(node.context, f"cannot be searched by '{node.selector}': {failure}")
    return Missing(node.context, f"has nothing at '{node.selector}'") if found is ABSENT else found


def _object(members: tuple[tuple[str, Node], ...], scope: Scope, files: bool) -> Value | Missing:
    result: dict[str, Json] = {}
    for name, node in members:
        value = _inner(node, scope, files)
        if type(value) is Missing:
            return value
        if value is not ABSENT:
            result[name] = value
    return result


def _array(items: tuple[Node, ...], scope: Scope, files: bool) -> Value | Missing:
    result: list[Json] = []
    for node in items:
        value = _inner(node, scope, files)
        if type(value) is Missing:
            return value
        if value is not ABSENT:
            result.append(value)
    return result


def _inner(node: Node, scope: Scope, files: bool) -> Json | Absent | Missing:
    value = _filled(node, scope, files)
    if not isinstance(value, bytes):
        return value
    if files:
        return cast(Json, value)
    assert isinstance(node, Computed)
    return Missing(node.expression, _BINARY)

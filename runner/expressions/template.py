"""Turns a value of a document into the node that computes it: constants, expressions, templates, Selector Objects.

Only `{$` opens an embedded expression, and only before a word: JSON text, `{petId}` and `{$100}` are text.
"literal-char" would exclude every brace, but the specification's own JSON payloads are full of them. In a JSON text,
`\\u0024` writes a `$` that opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from runner.expressions.faults import ExpressionSyntax, UnknownRoot
from runner.expressions.nodes import (
    ArrayOf,
    Computed,
    Constant,
    Escaped,
    Expression,
    Node,
    ObjectOf,
    Part,
    Quoted,
    Template,
)
from runner.expressions.parse import ARAZZO_1_1, Grammar, Settle, as_parsed, parse_expression
from runner.expressions.selectors.compile import DEFAULT_VERSIONS
from runner.late import late_pattern
from runner.values import Json, join_pointer

Style: TypeAlias = Literal["text", "json", "form"]

_OPEN = late_pattern(r"\{\$(?=\s*[A-Za-z_{$])")
_BRACES = late_pattern(r"[{}]")
_QUOTES = late_pattern(r'\\.|"', re.DOTALL)
_LOOKS_LIKE_ONE = late_pattern(r"\$[A-Za-z_]")


class Parsed(NamedTuple):
    """A node; and, where a text looks like an expression but is taken as data, what is odd about it."""

    node: Node
    warning: UnknownRoot | None = None


class SelectorFields(NamedTuple):
    """A Selector Object as written, with the version its type stands for."""

    context: str
    selector: str
    type: str
    version: str


def parse_value(text: str, grammar: Grammar = ARAZZO_1_1, style: Style = "text", settle: Settle = as_parsed) -> Parsed:
    """Parse a text that stands for a value: a whole expression, a template, or a constant.

    A text that starts like an expression but with an unknown root is data, with a warning; a known root with a fault
    behind it raises ExpressionSyntax.
    """
    if not _LOOKS_LIKE_ONE.match(text):
        return Parsed(parse_text(text, grammar, style, settle))
    try:
        expression = parse_expression(text, grammar)
    except UnknownRoot as fault:
        return Parsed(parse_text(text, grammar, style, settle), fault)
    return Parsed(Computed(settle(expression, 0, len(text))))


def parse_text(
    text: str, grammar: Grammar = ARAZZO_1_1, style: Style = "text", settle: Settle = as_parsed
) -> Template | Constant:
    """Parse a text with expressions in braces; without any, it is a constant."""
    parts = _json_parts(text, grammar, settle) if style == "json" else _parts(text, grammar, settle)
    return Template(parts, style) if any(not isinstance(part, str) for part in parts) else Constant(text)


class _Embedded(NamedTuple):
    expression: Expression
    start: int
    end: int


def _embedded(text: str, grammar: Grammar, settle: Settle) -> list[_Embedded]:
    """Find the expressions in braces; `start` and `end` enclose the braces."""
    found: list[_Embedded] = []
    opening = _OPEN.search(text)
    while opening:
        start = opening.start()
        end = _closing(text, start)
        try:
            expression = parse_expression(text[start + 1 : end - 1], grammar)
        except ExpressionSyntax as fault:
            raise fault.shifted(start + 1) from None
        found.append(_Embedded(settle(expression, start + 1, end - 1), start, end))
        opening = _OPEN.search(text, end)
    return found


def embedded_texts(text: str) -> Iterator[tuple[int, int]]:
    """Give where the texts between the braces of a template begin and end, whatever they say."""
    opening = _OPEN.search(text)
    while opening:
        try:
            end = _closing(text, opening.start())
        except ExpressionSyntax:
            return
        yield opening.start() + 1, end - 1
        opening = _OPEN.search(text, end)


def _closing(text: str, start: int) -> int:
    """Give the offset behind the brace that closes the one at `start`."""
    depth = 0
    for brace in _BRACES.finditer(text, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.end()
    raise ExpressionSyntax("'{$' opens an expression that no '}' closes", start, start + 2)


def _parts(text: str, grammar: Grammar, settle: Settle) -> tuple[Part, ...]:
    parts: list[Part] = []
    position = 0
    for expression, start, end in _embedded(text, grammar, settle):
        parts += [text[position:start], expression]
        position = end
    return tuple(part for part in (*parts, text[position:]) if part != "")


def _json_parts(text: str, grammar: Grammar, settle: Settle) -> tuple[Part, ...]:
    """Split a JSON text, telling what stands alone in quotes, within a string, and outside strings."""
    parts: list[Part] = []
    position, inside = 0, False
    for expression, start, end in _embedded(text, grammar, settle):
        chunk = text[position:start]
        inside, opened = _quotes(chunk, inside)
        if not inside:
            parts += [chunk, expression]
        elif opened and text.startswith('"', end):
            parts += [chunk[:-1], Quoted(expression)]
            end, inside = end + 1, False
        else:
            parts += [chunk, Escaped(expression)]
        position = end
    return tuple(part for part in (*parts, text[position:]) if part != "")


def _quotes(chunk: str, inside: bool) -> tuple[bool, bool]:
    """Follow the quotes of a piece of JSON: is its end inside a string, and is an opening quote its last character?"""
    opened = False
    for found in _QUOTES.finditer(chunk):
        if found.group() == '"':
            inside = not inside
            opened = inside and found.end() == len(chunk)
    return inside, opened


def compile_node(
    value: Json,
    text: Callable[[str, str], Node],
    selector: Callable[[SelectorFields, str], Node] | None = None,
    pointer: str = "",
) -> Node:
    """Compile a value of a document, however deep; keys are never expressions.

    `text` is given each string and its JSON Pointer; `selector` each Selector Object and its pointer. Without
    `selector`, as in 1.0, such an object is a literal.
    """
    match value:
        case str():
            return text(value, pointer)
        case list():
            items = tuple(compile_node(item, text, selector, join_pointer(pointer, n)) for n, item in enumerate(value))
            return Constant(value) if all(isinstance(item, Constant) for item in items) else ArrayOf(items)
        case dict():
            fields = selector_fields(value) if selector else None
            if selector and fields:
                return selector(fields, pointer)
            members = tuple((k, compile_node(v, text, selector, join_pointer(pointer, k))) for k, v in value.items())
            return Constant(value) if all(isinstance(node, Constant) for _, node in members) else ObjectOf(members)
        case _:
            return Constant(value)


def selector_fields(value: Json) -> SelectorFields | None:
    """Read a Selector Object: exactly `context`, `selector` and `type`, of the types these have. Else None.

    `type` is the name of a selector language, or an Expression Type Object with exactly `type` and `version`; an object
    with any other `type` is a payload that happens to have these members.
    """
    match value:
        case {"context": str(context), "selector": str(selector), "type": str(kind), **others}:
            known = kind in DEFAULT_VERSIONS and not others
            return SelectorFields(context, selector, kind, DEFAULT_VERSIONS[kind]) if known else None
        case {
            "context": str(context),
            "selector": str(selector),
            "type": {"type": str(kind), "version": str(version), **more},
            **others,
        }:
            return None if more or others else SelectorFields(context, selector, kind, version)
        case _:
            return None

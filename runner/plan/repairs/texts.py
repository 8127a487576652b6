"""Texts with expressions in them, as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from runner.expressions.template import embedded_texts
from runner.plan.mend import Reading, Repair, Slip
from runner.plan.repairs.expressions import EMBEDDED, EXPRESSION, spaced_expression
from runner.plan.repairs.reach import is_comparison, is_conformant, on_each, understood

_WORD = re.compile(
    r"(?<![$\\{])\$(?P<root>[A-Za-z]+)(?:\.[A-Za-z0-9_-]+|\[[0-9]+\]|\[(['\"])[A-Za-z0-9_-]+\2\])*"
    r"(?:#/?[^\s\"'<>{},;&)]*)?"
)
_DASHES = re.compile(r"(?<![-_])[-_]+\Z")
_LAST = re.compile(r"[.\[#][^.\[#]*\Z")
_GOES_ON = re.compile(r"\[|\.[\[.*$@]|\(")  # a path that no expression has
_BODY_PATH = re.compile(r"\$(?:request|response)\.body/")  # rather a JSON Pointer without its '#'
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_SPACED = re.compile(r"\{(\s+\$[^{}]+|\$[^{}]+\s+)\}")
MOST_CUTS = 50
"""Names that are taken off the end of a text to find an expression in it: nobody writes more behind one."""

FOREIGN = re.compile(r"\{\{\s*\$?(?P<in_two>[\w.#/-]+?)\s*\}\}|\$\{\s*\$?(?P<in_one>[\w.#/-]+?)\s*\}")
"""A template of another language: `{{name}}` or `${name}`, with a `$` in it or not."""

# A `$url` or `$method` in a text is as likely a variable of another language; `$inputs` names nothing by itself.
_NOT_ALONE = frozenset({"url", "method", "self", "message", "inputs", "outputs"})


def meanings(template: re.Match[str]) -> tuple[str, str]:
    """Give the expressions that a template of another language may stand for."""
    name = template["in_two"] or template["in_one"]
    return f"$inputs.{name}", f"${name}"


def bare_expression(text: str, reading: Reading) -> Slip | None:
    """An expression stands in a longer text without braces.

    Why: only `{$...}` embeds an expression; anything else in a text is sent as it is written. It is understood if all
    its names are declared.
    Example: `Bearer $inputs.token`, or `"customer": $inputs.customer` in a JSON text.
    Instead: `Bearer {$inputs.token}`, `"customer": {$inputs.customer}`.
    """
    for start, end in bare_words(text, reading):
        found = _meant(text, start, end, reading)
        if found is not None:
            message = "an expression within a text stands in braces"
            lost = "{" not in text and text.startswith("}", found.end)  # its first brace alone
            return Slip(message, start, found.end + lost, f"{{{found.text}}}")
    return None


class _Meant(NamedTuple):
    text: str
    end: int


def _meant(text: str, start: int, end: int, reading: Reading) -> _Meant | None:
    """Give as much of the text as is one expression: a name may be followed by a dot, a dash, or what is no path."""
    if _GOES_ON.match(text, end) or _BODY_PATH.match(text, start):
        return None
    for _ in range(MOST_CUTS):
        found = understood(EMBEDDED, text[start:end], reading)
        if found is not None:
            return _Meant(found, end)
        cut = _DASHES.search(text, start, end) or _LAST.search(text, start, end)
        if cut is None or cut.start() == start:
            return None
        end = cut.start()
    return None


def bare_words(text: str, reading: Reading) -> Iterator[tuple[int, int]]:
    """Find what looks like expressions within a longer text, outside of braces."""
    if "$" not in text or is_conformant(text, reading) or is_comparison(text, reading):
        return
    braces = [(start - 1, end + 1) for start, end in embedded_texts(text)]
    braces += [found.span() for found in FOREIGN.finditer(text)]
    for word in _WORD.finditer(text):
        is_root = word["root"] in reading.ctx.grammar.roots
        is_whole = word[0] == text.strip()
        is_braced = any(start < word.start() < end for start, end in braces)
        if is_root and not is_whole and not is_braced and word[0][1:] not in _NOT_ALONE:
            yield word.span()


def literals(text: str) -> Iterator[tuple[int, int]]:
    """Find the strings of a query, with their quotes."""
    return (found.span() for found in _LITERAL.finditer(text))


def _spaced(text: str) -> Iterator[tuple[int, int]]:
    """Give what stands between braces with white space, where an expression would open a template."""
    foreign = {found.start() for found in FOREIGN.finditer(text)}
    return (found.span(1) for found in _SPACED.finditer(text) if found.start() - 1 not in foreign)


_EMBEDDED: tuple[Repair, ...] = (
    on_each(spaced_expression, _spaced),
    *(on_each(each, embedded_texts) for each in EMBEDDED),
)
_WITHIN: tuple[Repair, ...] = (*_EMBEDDED, bare_expression)

QUERY: tuple[Repair, ...] = (*_EMBEDDED, on_each(bare_expression, literals))
"""What is tried on a JSONPath or XPath, whose strings are texts with expressions in them."""

VALUE: tuple[Repair, ...] = (spaced_expression, *EMBEDDED, *_WITHIN)
"""What is tried on a text that stands for a value: an expression, a template or plain text."""

OUTPUT: tuple[Repair, ...] = (*EXPRESSION, *_WITHIN)
"""What is tried on an output, which has to be an expression."""

"""Turns a query with embedded expressions into the query to run.

"Runtime expressions within `{}` are evaluated and converted to strings. The resulting string is the final condition
expression." A value inside a quoted literal must not end that literal: it could rewrite the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product

from runner.expressions.faults import SelectorSyntax
from runner.expressions.fill import Missing, text_of
from runner.expressions.nodes import Escaped, Quoted, Template
from runner.expressions.scope import Scope
from runner.expressions.selectors.compile import compile_selector
from runner.late import late_pattern
from runner.records import Frozen


class _Language(Frozen):
    """What opens and closes an enclosure, and by what it begins: what a value in it must not hold, and is told so."""

    signs: re.Pattern[str]
    unsafe: Mapping[str, tuple[re.Pattern[str], str]]


_EMBEDDED = late_pattern(r"\{\$[A-Za-z_][^{}]*\}")
_MOST_HOLES = 4
_ESCAPED = (
    late_pattern(r"['\"\\\x00-\x1f]"),
    "has a quote or backslash, which could end the quoted text it stands in",
)
_LANGUAGES: Mapping[str, _Language] = {
    "jsonpath": _Language(late_pattern(r"\\.|['\"]", re.DOTALL), {"'": _ESCAPED, '"': _ESCAPED}),
    # A backslash means nothing in XPath, a quote is escaped by its double, and comments nest.
    "xpath": _Language(
        late_pattern(r"['\"]|\(:|:\)"),
        {
            "'": (late_pattern("'"), "has a quote, which would end the quoted text it stands in"),
            '"': (late_pattern('"'), "has a quote, which would end the quoted text it stands in"),
            "(": (late_pattern(r"[(:)]"), "has a sign that could end the comment it stands in"),
        },
    ),
}


def fill_query(template: Template, language: str, scope: Scope) -> str | Missing:
    """Fill in a query; a value that could end the literal or comment it stands in is refused."""
    texts: list[str] = []
    known, enclosure = _LANGUAGES[language], ""
    for part in template.parts:
        if isinstance(part, str):
            texts.append(part)
            enclosure = _enclosure_at_end(part, enclosure, known.signs)
            continue
        expression = part.expression if isinstance(part, Quoted | Escaped) else part
        text = text_of(expression, scope)
        if isinstance(text, Missing):
            return text
        if enclosure:
            unsafe, reason = known.unsafe[enclosure[0]]
            if unsafe.search(text):
                return Missing(expression, reason)
        texts.append(text)
    return "".join(texts)


def _enclosure_at_end(chunk: str, enclosure: str, signs: re.Pattern[str]) -> str:
    """Give the quote that is open at the end of a piece of a query, a `(:` for each open comment, or nothing."""
    for found in signs.finditer(chunk):
        sign = found.group()
        in_comment = enclosure.startswith("(:")
        if sign == "(:" and (in_comment or not enclosure):
            enclosure += sign
        elif sign == ":)" and in_comment:
            enclosure = enclosure[2:]
        elif sign in ("'", '"') and not enclosure:
            enclosure = sign
        elif sign == enclosure:
            enclosure = ""
    return enclosure


def may_be_jsonpath(text: str, version: str) -> bool:
    """Say whether a text is a JSONPath, with whatever its expressions in braces may give."""
    holes = len(_EMBEDDED.findall(text))
    if holes > _MOST_HOLES:
        return True
    return any(_is_jsonpath(text, version, values) for values in product(("0", "x", "$"), repeat=holes))


def _is_jsonpath(text: str, version: str, values: Sequence[str]) -> bool:
    rest = iter(values)
    try:
        compile_selector("jsonpath", version, _EMBEDDED.sub(lambda _: next(rest), text))
    except SelectorSyntax:
        return False
    return True

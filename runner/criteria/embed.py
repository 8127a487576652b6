"""Turns a query with embedded expressions into the query to run.

"Runtime expressions within `{}` are evaluated and converted to strings. The resulting string is the final condition
expression." A value inside a quoted literal must not end that literal: it could rewrite the query.
"""

from __future__ import annotations

import re

from runner.expressions.fill import Missing, text_of
from runner.expressions.nodes import Escaped, Quoted, Template
from runner.expressions.scope import Scope

_QUOTE = re.compile(r"\\.|['\"]", re.DOTALL)
_UNQUOTABLE = re.compile(r"['\"\\\x00-\x1f]")


def fill_query(template: Template, scope: Scope) -> str | Missing:
    """Fill in a query; a value with a quote, a backslash or a control character is refused inside quotes."""
    texts: list[str] = []
    quote = ""
    for part in template.parts:
        if isinstance(part, str):
            texts.append(part)
            quote = _quote_at_end(part, quote)
            continue
        expression = part.expression if isinstance(part, Quoted | Escaped) else part
        text = text_of(expression, scope)
        if isinstance(text, Missing):
            return text
        if quote and _UNQUOTABLE.search(text):
            return Missing(expression, "has a quote or backslash, which could end the quoted text it stands in")
        texts.append(text)
    return "".join(texts)


def _quote_at_end(chunk: str, quote: str) -> str:
    """Give the quote that is open at the end of a piece of a query, or nothing."""
    for found in _QUOTE.finditer(chunk):
        sign = found.group()
        if not quote and sign in ("'", '"'):
            quote = sign
        elif sign == quote:
            quote = ""
    return quote

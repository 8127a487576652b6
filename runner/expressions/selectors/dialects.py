"""Turns a text that is no JSONPath of RFC 9535 into what is wrong with it, where another dialect or language tells."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from runner.expressions.faults import SelectorSyntax

_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


class _Way(NamedTuple):
    """A way of writing, what is said of it, and what should stand there; all may name groups of the pattern."""

    pattern: str
    message: str
    suggestion: str | None = None
    advice: str = ""


_WAYS = (
    _Way(
        r"^\$(?=(?:response|request|message|inputs|outputs|steps|workflows)[.#])",
        "a JSONPath begins at its context, not with a runtime expression",
        advice="write the expression as the context, and $ for what it gives",
    ),
    _Way(
        r"(?<!\{)\$(?:inputs|outputs|steps|workflows|response|request|message)[.#][\w.#/-]*|\$(?:statusCode|url|method)\b",
        "a runtime expression in a JSONPath stands in braces",
        advice=r"write '{\g<0>}' where it gives a text, and {\g<0>} where it gives a number",
    ),
    _Way(
        r"^#?/", "this is a JSON Pointer, and a JSONPath begins with '$'", advice="write names behind '.', as in $.a.b"
    ),
    _Way(r"^@?(?P<rest>\[.*)", "a JSONPath begins with '$'", r"$\g<rest>"),
    _Way(r"^@?\.?(?P<rest>[^\W\d][^\s=<>!&|]*)", "a JSONPath begins with '$'", r"$.\g<rest>"),
    _Way(
        r"\[\(\s*@\.length\s*-\s*(?P<n>[1-9][0-9]*)\s*\)\]",
        "RFC 9535 counts from the end with a negative index",
        r"[-\g<n>]",
    ),
    _Way(r"\[\(", "RFC 9535 has no script expressions", advice="write an index or a filter: [-1], or [?@.a == 1]"),
    _Way(r"=~", "RFC 9535 has no operator '=~'", advice="write search(@.name, 'pattern') in a filter"),
    _Way(
        r"\.(?P<f>length|size|count|min|max|sum|avg|keys|first|last)\(\)",
        r"RFC 9535 has no function '\g<f>()' behind a path",
        advice="length() and count() stand in filters, round a path: [?length(@.a) > 0]",
    ),
    _Way(
        r"\s(?P<w>contains|matches|startsWith|endsWith)\b",
        r"RFC 9535 has no operator '\g<w>'",
        advice="write search(@.name, 'pattern') in a filter",
    ),
    _Way(
        r"\s(?P<w>in|nin|subsetof|anyof|noneof|size|empty)\b",
        r"RFC 9535 has no operator '\g<w>'",
        advice="write comparisons, joined by '||' or '&&'",
    ),
    _Way(r"===", "'===' is written '=='", "=="),
    _Way(r"!==|<>", "RFC 9535 writes 'not equal' as '!='", "!="),
    _Way(r"\s(?P<w>and)(?=\s)", r"'\g<w>' is written '&&'", "&&"),
    _Way(r"\s(?P<w>or)(?=\s)", r"'\g<w>' is written '||'", "||"),
    _Way(r"\.(?P<n>\w+(?:-[^\W\d]\w*)+)", "a name with '-' stands in brackets and quotes", r"['\g<n>']"),
)
LONGEST: Final = 2_000
"""Characters beyond which nobody has written it by hand, and to look for what was meant takes its time."""
_COMPILED = tuple((re.compile(way.pattern, re.DOTALL), way) for way in _WAYS)


def explained(text: str, fault: SelectorSyntax) -> SelectorSyntax:
    """Say what is wrong with a JSONPath better than its parser can, where it is written in a way that is known."""
    if len(text) > LONGEST:
        return fault
    bare = _LITERAL.sub(lambda found: "_" * len(found[0]), text)
    for pattern, way in _COMPILED:
        found = pattern.search(bare)
        if found:
            start, end = found.start() + len(found[0]) - len(found[0].lstrip()), found.end()
            written = pattern.search(text) or found
            suggestion = None if way.suggestion is None else written.expand(way.suggestion)
            advice = written.expand(way.advice)
            return SelectorSyntax(written.expand(way.message), start, end, suggestion=suggestion, advice=advice)
    return fault

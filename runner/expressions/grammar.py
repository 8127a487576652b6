"""The terminals of the expression grammar as regular expressions, rule by rule, and what each version allows.

Runtime Expressions, Arazzo 1.1.0. Version 1.0 knows one rule for names, `name = *( CHAR )`, and explains `#` in its
examples only; so its names end at a `#`. Braces, which 1.1 excludes "for unambiguous embedded expression parsing",
end a name in both.
"""

from __future__ import annotations

import re

from runner.late import late_pattern
from runner.records import Frozen


class Grammar(Frozen):
    """What the expressions of a version may say.

    `roots` are the words after `$`, `parts` what may follow `$request.` and its kin. `strict` takes the identifiers of
    1.1, otherwise a name is nearly any text.
    """

    roots: tuple[str, ...]
    parts: tuple[str, ...]
    strict: bool


ARAZZO_1_0 = Grammar(
    roots=(
        "url",
        "method",
        "statusCode",
        "request",
        "response",
        "inputs",
        "outputs",
        "steps",
        "workflows",
        "sourceDescriptions",
        "components",
    ),
    parts=("header", "query", "path", "body"),
    strict=False,
)
ARAZZO_1_1 = Grammar(
    roots=(*ARAZZO_1_0.roots[:5], "message", *ARAZZO_1_0.roots[5:], "self"),
    parts=(*ARAZZO_1_0.parts, "payload"),
    strict=True,
)

ROOT = late_pattern(r"\$([A-Za-z_][A-Za-z0-9_-]*)")
WORD = late_pattern(r"[A-Za-z0-9_-]*")

# identifier-strict = 1*( ALPHA / DIGIT / "-" / "_" )
IDENTIFIER_STRICT = late_pattern(r"[A-Za-z0-9_-]+")

# identifier = 1*( ALPHA / DIGIT / "." / "-" / "_" )
IDENTIFIER = late_pattern(r"[A-Za-z0-9._-]+")

# tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
# token = 1*tchar
TOKEN = late_pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# unescape = %x20-21 / %x23-5B / %x5D-7A / %x7C / %x7E-10FFFF
# CHAR = unescape / escape ( %x22 / %x5C / %x2F / %x62 / %x66 / %x6E / %x72 / %x74 / %x75 4HEXDIG )
_ESCAPED = r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})'
_CHAR = rf"(?:[^\x00-\x1F\x22\x5C\x7B\x7D]|{_ESCAPED})"  # what is excluded: a class of all of Unicode compiles slowly

# name = *( CHAR )
NAME = late_pattern(f"{_CHAR}*")

# 1.0: "$inputs." name / "$outputs." name / "$steps." name / "$workflows." name / "$sourceDescriptions." name
LOOSE_NAME = late_pattern(f"(?:(?!#){_CHAR})*")
LOOSE_STEP_ID = late_pattern(rf"(?:(?!#|\.outputs\.){_CHAR})*")
LOOSE_WORKFLOW_ID = late_pattern(rf"(?:(?!#|\.(?:inputs|outputs)\.){_CHAR})*")
LOOSE_SOURCE_NAME = late_pattern(rf"(?:(?!#|\.){_CHAR})*")

# unescaped = %x00-2E / %x30-7A / %x7C / %x7F-10FFFF
# escaped = "~" ( "0" / "1" )
# reference-token = *( unescaped / escaped )
# json-pointer = *( "/" reference-token )
POINTER = late_pattern(r"(?:/(?:[^/~{}]|~[01])*)*")

# 1.0: unescaped = %x00-2E / %x30-7D / %x7F-10FFFF
LOOSE_POINTER = late_pattern(r"(?:/(?:(?!\{\$)[^/~]|~[01])*)*")

# Operators of conditions: "." Property de-reference, "[]" Index (0-based)
ACCESS = late_pattern(r"\.([^.\[\]\"'{}#*]+)|\[(0|[1-9][0-9]{0,14})\]")

# Where an expression ends in a condition: at white space, a parenthesis or an operator. `!`, `&`, `|` on their own are
# characters of a header name; a single `=` is no operator, but nobody means it as a character either.
OPERAND = late_pattern(r"(?:(?![\s()<>=]|&&|\|\||!=).)*", re.DOTALL)


def read_path(text: str) -> tuple[str | int, ...] | None:
    """Read a sequence of `.name` and `[0]`, or give None where the text is anything else."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        found = ACCESS.match(text, position)
        if found is None:
            return None
        path.append(found[1] if found[2] is None else int(found[2]))
        position = found.end()
    return tuple(path)

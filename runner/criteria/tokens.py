"""Turns the text of a simple condition into tokens, and says what to write instead of what is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from runner.criteria.nodes import Literal, Operand
from runner.expressions.faults import SyntaxFault
from runner.expressions.parse import Grammar, Settle, parse_operand


class ConditionSyntax(SyntaxFault):
    """A text that is not a condition."""


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator, a parenthesis, or the end of the text, whose `text` is empty."""

    text: str
    start: int
    end: int


Token: TypeAlias = Sign | Literal | Operand

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})

_SPACE = re.compile(r"\s*")
_SIGN = re.compile(r"===?|!==?|<>|<=|>=|=<|=>|=~|&&?|\|\|?|[=!<>()]")
_STRING = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.:/+-])")
_BRACED = re.compile(r"\{(\$[^{}]*)\}")
_WORD = re.compile(r"[^\s()&|<>=!'\"]+")
_PHRASE = re.compile(r"(?:(?!&&|\|\|)[^()<>=!'\"$])*[^\s()<>=!'\"$&|]")
_NAME = re.compile(r"[^\W\d_][\w /+-]*")

_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}

# What other languages write, and what it is here; these have no second reading.
_INSTEAD: Mapping[str, str] = {
    "===": "==",
    "!==": "!=",
    "=": "==",
    "<>": "!=",
    "&": "&&",
    "|": "||",
    "=<": "<=",
    "=>": ">=",
    "and": "&&",
    "or": "||",
    "not": "!",
    "none": "null",
    "nil": "null",
    "undefined": "null",
}
_LONGEST_NUMBER = 1000


def next_token(text: str, position: int, grammar: Grammar, settle: Settle, before: Token | None) -> Token:
    """Read the token at or after `position`; `before` is the one that was read last."""
    space = _SPACE.match(text, position)
    start = space.end() if space else position
    if start == len(text):
        return Sign("", start, start)
    char = text[start]
    if char == "$":
        expression, end = parse_operand(text, start, grammar)
        return Operand(settle(expression, start, end), start, end)
    if char == "'":
        return _string(text, start)
    sign = _SIGN.match(text, start)
    if sign:
        return _sign(sign.group(), start)
    return _number(text, start) or _word(text, start) or _refuse(text, start, before)


def _string(text: str, start: int) -> Literal:
    found = _STRING.match(text, start)
    if found is None:
        raise ConditionSyntax('a string that no "\'" closes', start, len(text))
    return Literal(found[1].replace("''", "'"), start, found.end())


def _sign(sign: str, start: int) -> Sign:
    end = start + len(sign)
    if sign in _INSTEAD:
        instead = _INSTEAD[sign]
        certain = sign not in ("=>", "=<")
        raise ConditionSyntax(f"'{sign}' is written '{instead}'", start, end, suggestion=instead, certain=certain)
    if sign == "=~":
        raise ConditionSyntax("there is no '=~': a condition of type regex matches a pattern", start, end)
    return Sign(sign, start, end)


def _number(text: str, start: int) -> Literal | None:
    found = _NUMBER.match(text, start)
    if found is None or len(found.group()) > _LONGEST_NUMBER:
        return None
    fraction, exponent = found[1], found[2]
    return Literal(float(found[0]) if fraction or exponent else int(found[0]), start, found.end())


def _word(text: str, start: int) -> Literal | None:
    found = _WORD.match(text, start)
    word = found.group() if found else ""
    return Literal(_WORDS[word], start, start + len(word)) if word in _WORDS else None


def _refuse(text: str, start: int, before: Token | None) -> Token:
    """Raise the fault that explains a text which is no token."""
    quoted = _DOUBLE_QUOTED.match(text, start)
    if quoted:
        message = "a string stands in single quotes"
        raise ConditionSyntax(message, start, quoted.end(), suggestion=_single(quoted.group()), certain=True)
    if text[start] == '"':
        raise ConditionSyntax("a string stands in single quotes", start, len(text))
    braced = _BRACED.match(text, start)
    if braced:
        message = "an expression in a simple condition takes no braces"
        raise ConditionSyntax(message, start, braced.end(), suggestion=braced[1], certain=True)
    raise _unknown_word(text, start, before)


def _single(quoted: str) -> str:
    try:
        plain = str(json.loads(quoted, strict=False))
    except ValueError:
        plain = quoted[1:-1]
    return "'" + plain.replace("'", "''") + "'"


def _unknown_word(text: str, start: int, before: Token | None) -> ConditionSyntax:
    found = _WORD.match(text, start)
    word = found.group() if found else text[start]
    end = start + len(word)
    lower = word.casefold()
    if isinstance(before, Sign) and before.text in COMPARISONS and lower not in _WORDS:
        return _unquoted(text, start, end)
    if lower in _WORDS:
        return ConditionSyntax(f"'{word}' is written '{lower}'", start, end, suggestion=lower, certain=True)
    if lower in _INSTEAD:
        instead = _INSTEAD[lower]
        return ConditionSyntax(f"'{word}' is written '{instead}'", start, end, suggestion=instead, certain=True)
    if text.startswith("(", end):
        return ConditionSyntax(f"there is no function '{word}' in a simple condition", start, end)
    if word[0] in "+-*/%,?:":
        return ConditionSyntax(f"there is no '{word[0]}' in a simple condition", start, start + 1)
    if isinstance(before, Literal | Operand):
        return ConditionSyntax(f"there is no operator '{word}'", start, end)
    message = f"'{word}' is neither an expression, which starts with '$', nor a literal"
    return ConditionSyntax(message, start, end, suggestion=f"'{word}'")


def _unquoted(text: str, start: int, end: int) -> ConditionSyntax:
    """A text without quotes behind a comparison: one word, or several up to the next operator."""
    found = _PHRASE.match(text, start)
    phrase = found.group() if found else text[start:end]
    certain = bool(_NAME.fullmatch(phrase)) and phrase.casefold() not in _INSTEAD
    suggestion = "'" + phrase + "'"
    if text.startswith("(", start + len(phrase)):
        return ConditionSyntax(f"there is no function '{phrase}' in a simple condition", start, start + len(phrase))
    message = f"the text '{phrase}' needs single quotes"
    return ConditionSyntax(message, start, start + len(phrase), suggestion=suggestion, certain=certain)

"""Turns the text of a simple condition into tokens, and says what to write instead of what is none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

from runner.criteria.nodes import Literal, Operand
from runner.diagnostics import nearest
from runner.expressions.faults import SyntaxFault
from runner.expressions.parse import Grammar, Settle, parse_operand
from runner.late import late_pattern
from runner.records import Frozen


class ConditionSyntax(SyntaxFault):
    """A text that is not a condition."""


class Sign(Frozen):
    """An operator, a parenthesis, or the end of the text, whose `text` is empty."""

    text: str
    start: int
    end: int


Token: TypeAlias = Sign | Literal | Operand

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})

_SPACE = late_pattern(r"\s*")
_SIGN = late_pattern(r"===?|!==?|<>|<=|>=|=<|=>|=~|&&?|\|\|?|[=!<>()]")
_STRING = late_pattern(r"'((?:[^']|'')*)'")
_DOUBLE_QUOTED = late_pattern(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER = late_pattern(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.:/+-])")
_BRACED = late_pattern(r"\{(\$[^{}]*)\}")
_WORD = late_pattern(r"[^\s()&|<>=!'\"]+")
_PHRASE = late_pattern(r"(?:(?!&&|\|\|)[^()<>=!'\"$])*[^\s()<>=!'\"$&|]")
NAME = late_pattern(r"[^\W\d_][\w /+-]*")
_JOINED = late_pattern(r"\s(?:and|or)\b", re.IGNORECASE)
_HEAD = late_pattern(r"[.\[#]")

WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}

# What other languages write, and what it is here; these have no second reading.
INSTEAD: Mapping[str, str] = {
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

# What other languages have and simple conditions have not, and what to do about it.
_PATTERN = "search the text with a criterion of type regex, whose context is the left side"
_LENGTH = "look for an item, as in $response.body#/items/0 != null, or count with a JSONPath: $[?length($.items) > 0]"
_VALUE = "write == null or != null"
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys(("contains", "includes", "matches", "like", "startswith", "endswith", "~"), _PATTERN),
    **dict.fromkeys(("length", "count", "size", "len"), _LENGTH),
    **dict.fromkeys(("exists", "is", "isnull", "defined", "empty"), _VALUE),
    **dict.fromkeys(("in", "nin", "between"), "write each comparison, and join them by '||' or '&&'"),
    **dict.fromkeys("+-*/%", "there is no arithmetic: compare the values as they are"),
    **dict.fromkeys("?:", "join conditions by '&&' and '||'"),
}
_OPEN = "close it, or leave it out; for a quote within a text write ''"
_QUOTE = "write '' for a quote within a text"
_NO_FUNCTIONS = "write operators, or a criterion of type regex or jsonpath"


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
    return _number(text, start) or _word(text, start) or _refuse(text, start, before, grammar)


def _string(text: str, start: int) -> Literal:
    found = _STRING.match(text, start)
    if found is None:
        raise ConditionSyntax('a string that no "\'" closes', start, len(text), advice=_OPEN)
    return Literal(found[1].replace("''", "'"), start, found.end())


def _sign(sign: str, start: int) -> Sign:
    end = start + len(sign)
    if sign in INSTEAD:
        instead = INSTEAD[sign]
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
    return Literal(WORDS[word], start, start + len(word)) if word in WORDS else None


def _refuse(text: str, start: int, before: Token | None, grammar: Grammar) -> Token:
    """Raise the fault that explains a text which is no token."""
    quoted = _DOUBLE_QUOTED.match(text, start)
    if quoted:
        message = "a string stands in single quotes"
        raise ConditionSyntax(message, start, quoted.end(), suggestion=in_single_quotes(quoted.group()), certain=True)
    if text[start] == '"':
        raise ConditionSyntax("a string stands in single quotes", start, len(text))
    braced = _BRACED.match(text, start)
    if braced:
        message = "an expression in a simple condition takes no braces"
        raise ConditionSyntax(message, start, braced.end(), suggestion=braced[1], certain=True)
    raise _unknown_word(text, start, before, grammar)


def in_single_quotes(quoted: str) -> str:
    """Write a text in double quotes, read as JSON reads it, as a string of simple conditions."""
    try:
        plain = str(json.loads(quoted, strict=False))
    except ValueError:
        plain = quoted[1:-1]
    return "'" + plain.replace("'", "''") + "'"


def _unknown_word(text: str, start: int, before: Token | None, grammar: Grammar) -> ConditionSyntax:
    found = _WORD.match(text, start)
    word = found.group() if found else text[start]
    end = start + len(word)
    lower = word.casefold()
    if isinstance(before, Sign) and before.text in COMPARISONS and lower not in WORDS:
        return _unquoted(text, start, end)
    if lower in WORDS:
        return ConditionSyntax(f"'{word}' is written '{lower}'", start, end, suggestion=lower, certain=True)
    if lower in INSTEAD:
        instead = INSTEAD[lower]
        round_it = ", with a comparison behind it in parentheses" if instead == "!" else ""
        message = f"'{word}' is written '{instead}'{round_it}"
        return ConditionSyntax(message, start, end, suggestion=instead, certain=True)
    if text.startswith("(", end):
        return no_function(word, start, end)
    if word[0] in "+-*/%,?:":
        advice = _ADVICE.get(word[0], "")
        return ConditionSyntax(f"there is no '{word[0]}' in a simple condition", start, start + 1, advice=advice)
    if isinstance(before, Literal | Operand):
        advice = _QUOTE if text[start - 1] == "'" else _ADVICE.get(lower, "")
        return ConditionSyntax(f"there is no operator '{word}'", start, end, advice=advice)
    message = f"'{word}' is neither an expression, which starts with '$', nor a literal"
    root = nearest(_HEAD.split(word, maxsplit=1)[0], grammar.roots)
    meant = f"${root}{word[len(_HEAD.split(word, maxsplit=1)[0]) :]}" if root else f"'{word}'"
    return ConditionSyntax(message, start, end, suggestion=meant)


def no_function(name: str, start: int, end: int) -> ConditionSyntax:
    """Refuse a call, and say what there is instead."""
    advice = _ADVICE.get(name.casefold(), _NO_FUNCTIONS)
    return ConditionSyntax(f"there is no function '{name}' in a simple condition", start, end, advice=advice)


def _unquoted(text: str, start: int, end: int) -> ConditionSyntax:
    """A text without quotes behind a comparison: one word, or several up to the next operator."""
    found = _PHRASE.match(text, start)
    phrase = found.group() if found else text[start:end]
    certain = bool(NAME.fullmatch(phrase)) and phrase.casefold() not in INSTEAD
    suggestion, end = "'" + phrase + "'", start + len(phrase)
    if text.startswith("(", end):
        return no_function(phrase, start, end)
    if phrase.casefold() in INSTEAD:
        advice = f"write {INSTEAD[phrase.casefold()]}, or {suggestion} for the text"
        return ConditionSyntax(f"'{phrase}' is no literal", start, end, advice=advice)
    if _JOINED.search(phrase):
        advice = "set the text in single quotes, or join two whole comparisons by '&&' or '||'"
        return ConditionSyntax(f"'{phrase}' may be one text, or more than one condition", start, end, advice=advice)
    message = f"the text '{phrase}' needs single quotes"
    return ConditionSyntax(message, start, end, suggestion=suggestion, certain=certain)

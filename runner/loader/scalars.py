"""Turns the text of a plain YAML scalar into its value by the core schema of YAML 1.2 (section 10.3.2), and no other.

So `no`, `on`, `12:30`, dates, `1_000` and `0b1` are text, and `014` is the integer 14.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from runner.values import Json

WORDS: Mapping[str, Json] = MappingProxyType(
    {
        "": None,
        "~": None,
        **dict.fromkeys(("null", "Null", "NULL")),
        **dict.fromkeys(("true", "True", "TRUE"), True),
        **dict.fromkeys(("false", "False", "FALSE"), False),
    }
)
# Digits of an octal or hexadecimal integer: fewer than Python converts to decimal ones.
LONGEST_OF_BASE = 2000
# A plain scalar that starts otherwise is text; the empty one is not.
WORD_STARTS = "~nNtTfF"
NUMBER_STARTS = "-+.0123456789"

_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def plain_value(text: str) -> Json:
    """Resolve a plain scalar; ValueError says why a number has no value here."""
    if text in WORDS:
        return WORDS[text]
    number = _number(text)
    return text if number is None else number


def tagged_value(tag: str, text: str) -> Json:
    """Resolve a scalar by the tag it carries, such as `!!int`; ValueError where the text is nothing of that kind."""
    value = _TAGGED[tag](text)
    if value is None and tag != "null":
        raise ValueError(f"'{text}' is not {_KINDS[tag]}")
    return value


def is_scalar_tag(tag: str) -> bool:
    """Say whether scalars may carry the tag `!!tag` (YAML 1.2, 10.1: the JSON schema)."""
    return tag in _TAGGED


def _number(text: str) -> int | float | None:
    if _DECIMAL.fullmatch(text):
        return whole_number(text)
    if _OCTAL.fullmatch(text):
        return _of_base(8, text)
    if _HEXADECIMAL.fullmatch(text):
        return _of_base(16, text)
    if _FLOAT.fullmatch(text):
        return finite_number(text)
    if _INFINITY.fullmatch(text):
        raise ValueError(f"'{text}' is not a JSON value")
    return None


def whole_number(text: str) -> int:
    """Read an integer however big it is, up to the number of digits that Python converts."""
    try:
        return int(text)
    except ValueError:
        limit = sys.get_int_max_str_digits()
        raise ValueError(f"this number has {len(text):,} digits, more than {limit:,}") from None


def _of_base(base: int, text: str) -> int:
    """Read an integer of base 8 or 16: no bigger than a decimal one may be, for it is shown as such."""
    if len(text) > LONGEST_OF_BASE:
        raise ValueError(f"this number has {len(text):,} digits, more than {LONGEST_OF_BASE:,}")
    return int(text[2:], base)


def finite_number(text: str) -> float:
    """Read a number; one beyond the range of a double has no JSON value."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"'{text[:40]}' is too large for a number")
    return value


def _text(text: str) -> Json:
    return text


def _whole(text: str) -> Json:
    value = _number(text)
    return value if isinstance(value, int) else None


def _real(text: str) -> Json:
    value = _number(text)
    return None if value is None else finite_number(str(value))


def _truth(text: str) -> Json:
    value = WORDS.get(text)
    return value if isinstance(value, bool) else None


def _null(text: str) -> Json:
    if text not in WORDS or WORDS[text] is not None:
        raise ValueError(f"'{text}' is not {_KINDS['null']}")
    return None


_TAGGED: Mapping[str, Callable[[str], Json]] = {
    "str": _text,
    "int": _whole,
    "float": _real,
    "bool": _truth,
    "null": _null,
}
_KINDS = {"str": "text", "int": "an integer", "float": "a number", "bool": "true or false", "null": "null"}

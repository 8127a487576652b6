"""Turns JSON values into text: scalars as ECMA-262 writes them, structures as compact JSON; and names their types."""

from __future__ import annotations

import json
import math
from typing import assert_never

from runner.values import Json


def scalar_text(value: bool | int | float | str | None) -> str:
    """Write a scalar as text: strings as they are, `true`, `false`, `null`, numbers by `number_text`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return number_text(value)


def number_text(value: int | float) -> str:
    """Write a number as ECMA-262 does (`Number::toString`, radix 10): `1.0` is `1`, `1e21` is `1e+21`.

    Integers stay whole however big they are: ECMA-262 would round them, and an identifier must not change on its way.
    """
    if isinstance(value, int):
        return str(int(value))
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign, digits, point = _digits(value)
    return sign + _place(digits, point)


def _digits(value: float) -> tuple[str, str, int]:
    """Give the sign, the shortest digits that read back as `value`, and where the decimal point stands among them."""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent or 0)
    return "-" if value < 0 else "", digits.rstrip("0"), point


def _place(digits: str, point: int) -> str:
    """Write digits with their decimal point; ECMA-262 turns to exponents beyond 21 digits and below 1e-6."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{point - 1:+d}"


def json_text(value: Json, *, ascii_only: bool = False) -> str:
    """Write a value as compact JSON; ValueError for `NaN` and the infinities, which JSON cannot spell.

    A lone surrogate has no UTF-8 form, so text that holds one is escaped.
    """
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False)
    if ascii_only or text.isprintable() or _is_unicode(text):
        return text
    return json_text(value, ascii_only=True)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def describe(value: Json) -> str:
    """Name the JSON type of a value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            assert_never(value)

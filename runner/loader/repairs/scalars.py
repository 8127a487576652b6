"""Single values as people write them."""

from __future__ import annotations

import re

from runner.arazzo.dialect import Anything, Number, Schema, Text, TypeName
from runner.diagnostics import Remove, Rewrite
from runner.loader.mend import Reading, Repair, Slip
from runner.text import describe
from runner.values import Json, pointer_name

_SCALAR = re.compile(r"[\w.+-]+")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER = re.compile(r"(?:0|[1-9]\d{0,14})(\.\d{1,14})?")


def empty_field(value: Json, reading: Reading) -> Slip | None:
    """An optional field is there, but empty.

    Why: editors write every field that there is; what says nothing counts as if it were not there.
    Example: `operationPath: ''` beside an `operationId`, or `parameters:` with nothing behind it.
    Instead: leave the field out.
    """
    if reading.field.required or isinstance(reading.shape, Anything) or (value is not None and value != ""):
        return None
    if value is None and reading.places.value(reading.pointer).text.strip() not in _NULLS:
        return None  # it stands for what cannot be read
    if value == "" and isinstance(reading.shape, Schema):
        return None
    if isinstance(reading.shape, Text) and reading.shape.may_be_empty:
        return None
    what = "null" if value is None else "empty"
    is_allowed = value == "" and isinstance(reading.shape, Text) and not reading.shape.choices
    return Slip(
        f"'{reading.name}' is {what}, as if it were not there",
        reading.pointer,
        "leave it out",
        (Remove(reading.pointer),),
        refused=not is_allowed,
        at_key=value is None,
    )


def unquoted_text(value: Json, reading: Reading) -> Slip | None:
    """A text is written without quotes, and is a number or a boolean so.

    Why: `1.0` is a number in YAML, and the field is a string.
    Example: `version: 1.0` in the `info` of a document.
    Instead: `version: '1.0'`.
    """
    if not isinstance(reading.shape, Text) or reading.shape.choices or not isinstance(value, int | float):
        return None
    written = reading.places.value(reading.pointer).text
    if not _SCALAR.fullmatch(written):
        return None
    return Slip(
        f"'{pointer_name(reading.pointer)}' is a string, not {describe(value)}",
        reading.pointer,
        f"write it in quotes: '{written}'",
        (Rewrite(reading.pointer, written),),
    )


def quoted_number(value: Json, reading: Reading) -> Slip | None:
    """A number is written as text.

    Why: the field is a number, and a number in quotes is a string.
    Example: `retryAfter: '5'`.
    Instead: `retryAfter: 5`.
    """
    found = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if not isinstance(reading.shape, Number) or found is None or (reading.shape.whole and found[1]):
        return None
    number: Json = float(found[0]) if found[1] else int(found[0])
    message = f"'{reading.name}' is a number, not text"
    return Slip(message, reading.pointer, f"write {found[0]} without quotes", (Rewrite(reading.pointer, number),))


def value_case(value: Json, reading: Reading) -> Slip | None:
    """A value is one of those there are, but for upper and lower case.

    Why: values are case-sensitive, as all names of the specification are.
    Example: `in: Query`, or `type: END` in an action.
    Instead: `in: query`, `type: end`.
    """
    choices = reading.shape.choices if isinstance(reading.shape, Text | TypeName) else ()
    if not isinstance(value, str) or value in choices:
        return None
    meant = [choice for choice in choices if choice.casefold() == value.strip().casefold()]
    if len(meant) != 1:
        return None
    message = f"'{value}' is written '{meant[0]}'"
    return Slip(message, reading.pointer, f"write {meant[0]}", (Rewrite(reading.pointer, meant[0]),))


SCALARS: tuple[Repair, ...] = (empty_field, unquoted_text, quoted_number, value_case)
"""What is tried on single values, in this order."""

"""Turns a value and what the specification wants there into whether that is all it is, to its last part."""

from __future__ import annotations

import re
from typing import assert_never

from runner.arazzo.dialect import (
    Anything,
    Dialect,
    Fields,
    ListOf,
    MapOf,
    Number,
    Of,
    Schema,
    Shape,
    Text,
    TextOrFlag,
    Texts,
    TypeName,
)
from runner.values import Json, Value

# Numbers count seconds, milliseconds and attempts; this is the last integer that every reader of JSON agrees on.
MOST = 2**53 - 1
KEY = re.compile(r"[a-zA-Z0-9.\-_]+")
WHOLE = frozenset({"workflow", "step"})
"""Objects of a document that does not conform, of which is asked whether they do: these are not gone through."""
_OF_RETRY = frozenset({"retryAfter", "retryLimit"})


def is_text(value: Value, choices: tuple[str, ...]) -> bool:
    """Say whether a value is a text that says something, one of `choices` where there are any."""
    return isinstance(value, str) and value != "" and (not choices or value in choices)


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def conforms(value: Value, shape: Shape, dialect: Dialect) -> bool:
    """Say whether nothing of a value is to be mended or refused; no of what is allowed beside what is specified."""
    match shape:
        case Text(choices) | TypeName(choices):
            return is_text(value, choices)
        case Anything():
            return True
        case Of(name):
            return isinstance(value, dict) and _is_whole(value, dialect.objects[name], dialect)
        case ListOf(item, at_least):
            if not isinstance(value, list) or len(value) < at_least:
                return False
            return all(conforms(each, item, dialect) for each in value)
        case MapOf(item):
            if not isinstance(value, dict) or not all(map(KEY.fullmatch, value)):
                return False
            return all(conforms(each, item, dialect) for each in value.values())
        case Schema():
            return isinstance(value, dict)
        case Number(whole):
            kinds = int if whole else int | float
            return isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value <= MOST
        case Texts():
            return is_text(value, ()) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
        case TextOrFlag():
            return is_text(value, ()) or isinstance(value, bool)
        case _:
            assert_never(shape)


def _is_whole(members: dict[str, Json], fields: Fields, dialect: Dialect) -> bool:
    for name, field in fields.items():
        if name in members:
            if not conforms(members[name], field.shape, dialect):
                return False
        elif field.required:
            return False
    is_idle = members.get("type") in ("end", "goto") and not _OF_RETRY.isdisjoint(members)
    return members.keys() <= fields.keys() and not is_idle

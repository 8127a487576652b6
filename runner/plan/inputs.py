"""A workflow's inputs: what its schema declares, and values checked against it with defaults filled in."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from runner.plan.plan import Inputs
from runner.schema import SchemaError, with_defaults
from runner.values import InputValue, Json, unescape_token


class Accepted(NamedTuple):
    """The inputs as the workflow sees them, and why they are refused."""

    values: Mapping[str, InputValue]
    problems: tuple[str, ...]


# Python converts no more digits than these, so that every text with a longer number has been refused before.
_TOO_LONG = 10**4300


def accept(inputs: Inputs, values: Mapping[str, InputValue]) -> Accepted:
    """Fill in defaults and check values against the schema; the values given are never changed.

    A file is a text to the schema, of which it says the type and nothing else.
    """
    files = {name: value for name, value in values.items() if isinstance(value, bytes)}
    given: dict[str, Json] = {name: "" if isinstance(value, bytes) else value for name, value in values.items()}
    unusable = tuple(f"{name}: {fault}" for name, value in given.items() if (fault := _fault(value)) is not None)
    if unusable:
        return Accepted(dict(values), unusable)
    if inputs.schema is True or inputs.schema == {}:
        return Accepted(dict(values), ())
    filled = with_defaults(inputs.schema, given)
    assert isinstance(filled, dict)
    problems = tuple(filter(None, (_problem(error, files) for error in inputs.validator.errors(filled))))
    return Accepted({**filled, **files}, problems)


def _problem(error: SchemaError, files: Container[str]) -> str | None:
    place = error.instance.removeprefix("/")
    if unescape_token(place) not in files:
        return f"{place or 'the inputs'}: {error.message}"
    return f"{place}: is a file, for which its schema says type: string" if error.keyword == "type" else None


def _fault(value: Json) -> str | None:
    """Say what cannot be used in a value: an integer that cannot be written, or bytes; only a program gives these."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
        elif isinstance(current, int) and abs(current) >= _TOO_LONG:
            return "a number has too many digits"
        elif isinstance(current, bytes):
            return "a file can be an input, but no part of one"
    return None

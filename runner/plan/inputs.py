"""A workflow's inputs: what its schema declares, and values checked against it with defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from runner.plan.plan import Inputs
from runner.schema import with_defaults
from runner.values import Json


class Accepted(NamedTuple):
    """The inputs as the workflow sees them, and why they are refused."""

    values: Mapping[str, Json]
    problems: tuple[str, ...]


# Python converts no more digits than these, so that every text with a longer number has been refused before.
_TOO_LONG = 10**4300


def accept(inputs: Inputs, values: Mapping[str, Json]) -> Accepted:
    """Fill in defaults and check values against the schema; the values given are never changed."""
    unwritable = tuple(f"{name}: a number has too many digits" for name, value in values.items() if _is_too_long(value))
    if unwritable:
        return Accepted(dict(values), unwritable)
    if inputs.schema is True or inputs.schema == {}:
        return Accepted(dict(values), ())
    filled = with_defaults(inputs.schema, dict(values))
    assert isinstance(filled, dict)
    problems = tuple(
        f"{error.instance.removeprefix('/') or 'the inputs'}: {error.message}"
        for error in inputs.validator.errors(filled)
    )
    return Accepted(filled, problems)


def _is_too_long(value: Json) -> bool:
    """Say whether a value holds an integer that cannot be written; only a program can give one."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)
        elif isinstance(current, int) and abs(current) >= _TOO_LONG:
            return True
    return False

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


def accept(inputs: Inputs, values: Mapping[str, Json]) -> Accepted:
    """Fill in defaults and check values against the schema; the values given are never changed."""
    if inputs.schema is True or inputs.schema == {}:
        return Accepted(dict(values), ())
    filled = with_defaults(inputs.schema, dict(values))
    assert isinstance(filled, dict)
    problems = tuple(
        f"{error.instance.removeprefix('/') or 'the inputs'}: {error.message}"
        for error in inputs.validator.errors(filled)
    )
    return Accepted(filled, problems)

"""Turns a compiled schema into the types that it may allow at a place of a value."""

from __future__ import annotations

from collections.abc import Sequence

from runner.schema.check import Schema
from runner.schema.keywords import applied, within
from runner.schema.messages import type_names


def declared_types(schema: Schema, path: Sequence[str] = ()) -> frozenset[str]:
    """Name the types that a schema mentions for the value at `path`, in any branch; none where it says nothing."""
    root = schema.gathered.schema
    current = applied(root, root, branches=True)
    for token in path:
        parts = [part for each in current for part in within(each, token)]
        current = list({id(found): found for part in parts for found in applied(part, root, branches=True)}.values())
    return frozenset(name for each in current if "type" in each for name in type_names(each["type"]))

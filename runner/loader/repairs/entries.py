"""Lists as people write them."""

from __future__ import annotations

from collections.abc import Mapping

from runner.arazzo.dialect import ListOf, Of, Text
from runner.diagnostics import Rewrite
from runner.loader.mend import Reading, Repair, Slip
from runner.values import Json, join_pointer

# What tells an object of each kind from any other.
_MARKS: Mapping[str, tuple[frozenset[str], ...]] = {
    "sourceDescription": (frozenset({"name", "url"}),),
    "workflow": (frozenset({"workflowId", "steps"}),),
    "step": (frozenset({"stepId"}),),
    "parameter": (frozenset({"name", "value"}), frozenset({"reference"})),
    "successAction": (frozenset({"type"}), frozenset({"reference"})),
    "failureAction": (frozenset({"type"}), frozenset({"reference"})),
    "criterion": (frozenset({"condition"}),),
    "replacement": (frozenset({"target", "value"}),),
}
_OF_PARAMETERS = frozenset({"name", "in", "value", "reference", "$ref"})


def single_entry(value: Json, reading: Reading) -> Slip | None:
    """One entry stands where a list of them is wanted.

    Why: the field is a list, of one entry too.
    Example: `onFailure: {name: stop, type: end}`, or `dependsOn: login`.
    Instead: `onFailure: [{name: stop, type: end}]`, `dependsOn: [login]`.
    """
    item = reading.shape.item if isinstance(reading.shape, ListOf) else None
    is_text = isinstance(item, Text) and isinstance(value, str)
    if not is_text and not (isinstance(item, Of) and isinstance(value, dict) and _is_marked(value, item.name)):
        return None
    return Slip(
        f"'{reading.name}' is a list, also of one entry",
        reading.pointer,
        "make it a list",
        (Rewrite(reading.pointer, [value]),),
        ((join_pointer(reading.pointer, 0), reading.pointer),),
        at_key=True,
    )


def _is_marked(value: dict[str, Json], kind: str) -> bool:
    return any(marks <= value.keys() for marks in _MARKS.get(kind, ()))


def bare_condition(value: Json, reading: Reading) -> Slip | None:
    """A condition stands where a Criterion Object is wanted.

    Why: a criterion is an object with a `condition`, beside which a `type` and a `context` may stand.
    Example: `successCriteria: [$statusCode == 200]`.
    Instead: `successCriteria: [{condition: $statusCode == 200}]`.
    """
    if not isinstance(value, str) or not value:
        return None
    criterion: Json = {"condition": value}
    if reading.shape == Of("criterion"):
        edits, moved = (Rewrite(reading.pointer, criterion),), reading.pointer
    elif isinstance(reading.shape, ListOf) and reading.shape.item == Of("criterion"):
        edits, moved = (Rewrite(reading.pointer, [criterion]),), join_pointer(reading.pointer, 0)
    else:
        return None
    moves = ((join_pointer(moved, "condition"), reading.pointer),)
    return Slip("a criterion is an object with a condition", reading.pointer, f"write condition: {value}", edits, moves)


def parameter_map(value: Json, reading: Reading) -> Slip | None:
    """Parameters are written as a map of names to values.

    Why: parameters are a list of objects with a `name` and a `value`, and for an operation an `in`.
    Example: `parameters: {limit: 10}`.
    Instead: `parameters: [{name: limit, in: query, value: 10}]`.
    """
    if not isinstance(reading.shape, ListOf) or reading.shape.item != Of("parameter", or_reusable=True):
        return None
    if not isinstance(value, dict) or value.keys() & _OF_PARAMETERS:
        return None
    if not all(not isinstance(each, dict) or _says_value(each) for each in value.values()):
        return None
    entries: list[Json] = []
    moves: list[tuple[str, str]] = []
    for place, (name, each) in enumerate(value.items()):
        now, written = join_pointer(reading.pointer, place), join_pointer(reading.pointer, name)
        fields = each if isinstance(each, dict) else {"value": each}
        entries.append({"name": name, **fields})
        moves += [(now, written)]
        moves += [] if isinstance(each, dict) else [(join_pointer(now, "value"), written)]
    return Slip(
        "parameters are a list of objects with a name and a value",
        reading.pointer,
        "make it a list, with '- name:' before each",
        (Rewrite(reading.pointer, entries),),
        tuple(moves),
        at_key=True,
    )


def _says_value(members: dict[str, Json]) -> bool:
    return "value" in members and members.keys() <= {"in", "value"}


ENTRIES: tuple[Repair, ...] = (bare_condition, single_entry, parameter_map)
"""What is tried on lists and their items, in this order."""

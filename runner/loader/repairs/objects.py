"""Objects as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.arazzo.dialect import Of
from runner.diagnostics import Add, Remove, Rename, Rewrite
from runner.loader.mend import ACTIONS, Reading, Repair, Slip
from runner.values import Json, join_pointer, unescape_token

_LOCAL = re.compile(r"#/components/(parameters|successActions|failureActions)/([^/]+)")
_UNSPELLABLE = re.compile(r"[^A-Za-z0-9_.-]+")


def reference_spelling(value: Json, reading: Reading) -> Slip | None:
    """A Reusable Object refers to a component in the way of JSON Schema.

    Why: only the schemas of `inputs` know `$ref`; a parameter or action is reused by its `reference`, an expression.
    Example: `$ref: '#/components/parameters/page'`.
    Instead: `reference: $components.parameters.page`.
    """
    if not isinstance(reading.shape, Of) or not reading.shape.or_reusable or not isinstance(value, dict):
        return None
    name = "reference" if "reference" in value else "$ref"
    written = value.get(name)
    found = _LOCAL.fullmatch(written) if isinstance(written, str) else None
    meant = f"$components.{found[1]}.{unescape_token(found[2])}" if found else written
    if not isinstance(meant, str) or not meant.startswith("$components.") or (name, meant) == ("reference", written):
        return None
    place, now = join_pointer(reading.pointer, name), join_pointer(reading.pointer, "reference")
    rewrite = (Rewrite(place, meant),) if meant != written else ()
    return Slip(
        "a component is reused by its reference",
        place,
        f"write reference: {meant}",
        (*rewrite, *((Rename(place, "reference"),) if name == "$ref" else ())),
        ((now, place),) if name == "$ref" else (),
        at_key=name == "$ref",
    )


def empty_reference(value: Json, reading: Reading) -> Slip | None:
    """A `reference` is there, but empty, in an object that says everything itself.

    Why: editors write every field that there is; with a `reference` the object would be taken for a Reusable Object.
    Example: `{reference: '', name: stop, type: end}`.
    Instead: `{name: stop, type: end}`.
    """
    if not isinstance(reading.shape, Of) or not reading.shape.or_reusable or not isinstance(value, dict):
        return None
    if value.get("reference", "absent") not in ("", None) or not {"name", "type"} & value.keys():
        return None
    place = join_pointer(reading.pointer, "reference")
    message = "'reference' is empty, as if it were not there"
    return Slip(message, place, "leave it out", (Remove(place),), at_key=True)


def action_condition(value: Json, reading: Reading) -> Slip | None:
    """A condition stands directly in an action.

    Why: an action has `criteria`; a `condition` beside its `type` would be dropped, and the action always taken.
    Example: `{name: wait, type: retry, condition: $statusCode == 503}`.
    Instead: `{name: wait, type: retry, criteria: [{condition: $statusCode == 503}]}`.
    """
    if reading.kind not in ACTIONS or not isinstance(value, dict) or "reference" in value:
        return None
    condition = value.get("condition")
    if not isinstance(condition, str) or not condition or value.get("criteria") or "context" in value:
        return None
    place, criteria = join_pointer(reading.pointer, "condition"), join_pointer(reading.pointer, "criteria")
    written: Json = [{"condition": condition}]
    edit = Rewrite(criteria, written) if "criteria" in value else Add(reading.pointer, "criteria", written, "condition")
    return Slip(
        "the condition of an action is one of its criteria",
        place,
        f"write criteria: [condition: {condition}]",
        (edit, Remove(place)),
        ((f"{criteria}/0", place), (f"{criteria}/0/condition", place)),
        at_key=True,
    )


def unnamed_action(value: Json, reading: Reading) -> Slip | None:
    """An action has no name.

    Why: the name is REQUIRED; a step overrides an action of its workflow by it, and reports show it.
    Example: `onFailure: [{type: end}]`.
    Instead: `onFailure: [{name: end, type: end}]`.
    """
    if reading.kind not in ACTIONS or not isinstance(value, dict) or value.keys() & {"name", "reference", "$ref"}:
        return None
    if not isinstance(value.get("type"), str):
        return None  # it is not clear that it is an action
    name = _action_name(value, set(_names(reading.root)))
    message = "an action has no name"
    edits = (Add(reading.pointer, "name", name),)
    return Slip(message, join_pointer(reading.pointer, "type"), f"add name: {name}", edits, at_key=True)


def _action_name(action: dict[str, Json], taken: set[str]) -> str:
    """Name an action by what it does, as nothing in the document is named."""
    target = action.get("stepId") or action.get("workflowId")
    if isinstance(target, str) and target.startswith("$"):
        target = target.rpartition(".")[2]  # an expression names its goal last
    parts = (action["type"], target) if isinstance(target, str) else (action["type"],)
    base = _UNSPELLABLE.sub("-", "-".join(str(part) for part in parts)).strip("-") or "action"
    return next(name for place in range(1, 10_000) if (name := base if place == 1 else f"{base}-{place}") not in taken)


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        name = value.get("name")
        yield from [name] if isinstance(name, str) else []
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(each)


def idle_retry(value: Json, reading: Reading) -> Slip | None:
    """A field of retrying is 0 in an action that does not retry.

    Why: editors write every field that there is; `retryAfter` and `retryLimit` belong to `type: retry` alone.
    Example: `{name: stop, type: end, retryAfter: 0}`.
    Instead: `{name: stop, type: end}`.
    """
    if reading.kind not in ACTIONS or not isinstance(value, dict) or value.get("type") not in ("end", "goto"):
        return None
    for name in ("retryAfter", "retryLimit"):
        if value.get(name) in (0, "0", "") and value.get(name) is not False and name in value:
            place = join_pointer(reading.pointer, name)
            message = f"'{name}' says nothing in an action that does not retry"
            return Slip(message, place, "leave it out", (Remove(place),), refused=False, at_key=True)
    return None


OBJECTS: tuple[Repair, ...] = (reference_spelling, empty_reference, action_condition, unnamed_action, idle_retry)
"""What is tried on objects, in this order."""

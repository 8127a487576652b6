"""Turns what authors write for an operation into the operation of a description, or into why it is none."""

from __future__ import annotations

import re
from urllib.parse import unquote

from runner.openapi.document import ApiDescription, Operation
from runner.values import ABSENT, join_pointer, resolve_pointer, split_pointer

_METHOD_AND_PATH = re.compile(r"([A-Za-z]+)\s+(/\S*)")


def find_operation(api: ApiDescription, text: str) -> Operation | None:
    """Find an operation by pointer (`/paths/~1pets/get`, also as a fragment), `METHOD /path`, or operationId."""
    if text.startswith(("/", "#")):
        found = operations_at(api, text.removeprefix("#"))
        return found[0] if len(found) == 1 else None
    if (match := _METHOD_AND_PATH.fullmatch(text)) and (operation := _by_path(api, match[1], match[2])):
        return operation
    return api.by_id.get(text)


def operations_at(api: ApiDescription, pointer: str) -> tuple[Operation, ...]:
    """Find the operation that a JSON Pointer leads to, be it percent-encoded or not (RFC 6901, section 6).

    One that stands in a path item which several paths share is as many operations.
    """
    for text in (pointer, unquote(pointer)):
        if text in api.by_pointer:
            return (api.by_pointer[text],)
        if text in api.elsewhere:
            return tuple(api.by_pointer[place] for place in api.elsewhere[text])
    return ()


def _by_path(api: ApiDescription, method: str, path: str) -> Operation | None:
    standard, additional = join_pointer("/paths", path, method.lower()), ("additionalOperations", method)
    return api.by_pointer.get(standard) or api.by_pointer.get(join_pointer("/paths", path, *additional))


def why_not_callable(api: ApiDescription, pointer: str) -> str | None:
    """Say what stands at a pointer that leads to no operation which can be called; None where there is nothing."""
    for text in (pointer, unquote(pointer)):
        if resolve_pointer(dict(api.root), text) is ABSENT:
            continue
        tokens = split_pointer(text)
        if tokens[0] == "webhooks":
            return "is a webhook: a request that the API sends, and nobody can call"
        if "callbacks" in tokens:
            return "is a callback: a request that the API sends, and nobody can call"
        if tokens[:2] == ("components", "pathItems"):
            return "is in a path item that no path refers to: it has no URL"
        below = next((place for place in api.by_pointer if place.startswith(f"{text}/")), None)
        return "is not an operation" if below is None else f"is not an operation, but '{below}' is one"
    return None

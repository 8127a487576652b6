"""Turns a JSON value and a JSON Patch into the patched value (RFC 6902): all of its operations or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from runner.criteria.compare import same_json
from runner.values import ABSENT, Absent, Json, member, split_pointer

Tokens: TypeAlias = tuple[str, ...]


class PatchError(ValueError):
    """The patch cannot be applied; `conflict` says that it is well written and what it expects is not there."""

    def __init__(self, message: str, *, conflict: bool = False) -> None:
        super().__init__(message)
        self.conflict = conflict


def patched(document: Json, patch: Json) -> Json:
    """Apply the operations of a patch, an array, in turn to a document, which stays as it is."""
    if not isinstance(patch, list):
        raise PatchError("a patch must be an array of operations")
    for index, operation in enumerate(patch):
        try:
            document = _apply(document, operation)
        except PatchError as error:
            raise PatchError(f"operation {index}: {error}", conflict=error.conflict) from None
    return document


def _apply(document: Json, operation: Json) -> Json:
    if not isinstance(operation, dict):
        raise PatchError("it must be an object")
    apply = _OPERATIONS.get(str(operation.get("op")))
    if apply is None:
        raise PatchError(f"op must be one of {', '.join(_OPERATIONS)}")
    return apply(document, _pointer(operation, "path"), operation)


def _add(document: Json, path: Tokens, operation: dict[str, Json]) -> Json:
    return _put(document, path, _value(operation))


def _remove(document: Json, path: Tokens, _operation: dict[str, Json]) -> Json:
    return _without(document, path)


def _replace(document: Json, path: Tokens, operation: dict[str, Json]) -> Json:
    value = _value(operation)
    return _put(_without(document, path), path, value) if path else value


def _move(document: Json, path: Tokens, operation: dict[str, Json]) -> Json:
    source = _pointer(operation, "from")
    if len(source) < len(path) and path[: len(source)] == source:
        raise PatchError("a value cannot be moved into itself")
    value = _get(document, source)
    return document if source == path else _put(_without(document, source), path, value)


def _copy(document: Json, path: Tokens, operation: dict[str, Json]) -> Json:
    return _put(document, path, _get(document, _pointer(operation, "from")))


def _test(document: Json, path: Tokens, operation: dict[str, Json]) -> Json:
    if not same_json(_get(document, path), _value(operation)):
        raise PatchError("the test failed: another value is there", conflict=True)
    return document


_OPERATIONS: dict[str, Callable[[Json, Tokens, dict[str, Json]], Json]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _value(operation: dict[str, Json]) -> Json:
    if "value" not in operation:
        raise PatchError("value is missing")
    return operation["value"]


def _pointer(operation: dict[str, Json], name: str) -> Tokens:
    text = operation.get(name)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchError(f"{name} must be a JSON Pointer")
    return split_pointer(text)


def _get(document: Json, path: Tokens) -> Json:
    for token in path:
        inner = member(document, token)
        if isinstance(inner, Absent | bytes):
            raise _nothing(token)
        document = inner
    return document


def _put(document: Json, path: Tokens, value: Json) -> Json:
    """Add a member, or insert an item before the one that has its index; `-` is behind the last."""
    if not path:
        return value
    token, *rest = path
    if rest:
        return _with(document, token, _put(_get(document, (token,)), tuple(rest), value))
    if isinstance(document, dict):
        return {**document, token: value}
    if isinstance(document, list):
        index = len(document) if token in ("-", str(len(document))) else _index(document, token)
        return [*document[:index], value, *document[index:]]
    raise _nothing(token)


def _without(document: Json, path: Tokens) -> Json:
    if not path:
        raise PatchError("the whole cannot be removed")
    token, *rest = path
    inner = _get(document, (token,))
    if rest:
        return _with(document, token, _without(inner, tuple(rest)))
    if isinstance(document, dict):
        return {name: value for name, value in document.items() if name != token}
    assert isinstance(document, list)
    index = int(token)
    return [*document[:index], *document[index + 1 :]]


def _with(document: Json, token: str, value: Json) -> Json:
    """Exchange a member or item that is there."""
    if isinstance(document, dict):
        return {**document, token: value}
    assert isinstance(document, list)
    index = int(token)
    return [*document[:index], value, *document[index + 1 :]]


def _index(items: list[Json], token: str) -> int:
    if member(items, token) is ABSENT:
        raise _nothing(token)
    return int(token)


def _nothing(token: str) -> PatchError:
    return PatchError(f"there is no '{token}'", conflict=True)

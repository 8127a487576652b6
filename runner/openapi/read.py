"""Turns a parsed OpenAPI 3.0, 3.1 or 3.2 document into an ApiDescription and what is wrong with it.

Descriptions are big and flows use few operations: one pass over the paths makes an index, and an Operation is read when
it is first asked for. Nothing in a description stops the rest of it from being used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from urllib.parse import unquote

from runner.diagnostics import Diagnostic, Label
from runner.openapi.document import ApiDescription, Operation
from runner.openapi.operations import Defaults, Reader, Slot, check_servers, read_operation
from runner.openapi.references import Documents, Node, Resolver
from runner.source import SourceMap
from runner.values import Json, join_pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The fields of a Path Item Object that are operations; `query` since OpenAPI 3.2."""

_VERSION = re.compile(r"3\.[012](?:[.-].*)?")
_METHOD_AND_PATH = re.compile(r"([A-Za-z]+)\s+(/\S*)")
_RUNS = "OpenAPI 3.0, 3.1 and 3.2 are read"


class Operations(Mapping[str, Operation]):
    """Operations by a key of theirs, read when first asked for; `pointers` gives each key's place."""

    def __init__(self, pointers: Mapping[str, str], read: Callable[[str], Operation]) -> None:
        self._pointers = pointers
        self._read = read

    def __getitem__(self, key: str) -> Operation:
        return self._read(self._pointers[key])

    def __contains__(self, key: object) -> bool:
        return key in self._pointers

    def __iter__(self) -> Iterator[str]:
        return iter(self._pointers)

    def __len__(self) -> int:
        return len(self._pointers)


def read_openapi(
    value: Json, uri: str, places: SourceMap, documents: Documents | None = None
) -> tuple[ApiDescription, tuple[Diagnostic, ...]]:
    """Read a description; `documents` are the others it refers to.

    A document of another kind or version gives an error and a description without operations.
    """
    resolver = Resolver(value, uri, documents or Documents())
    entry = resolver.entry
    refused = _refused(entry, places)
    reader = Reader(resolver, places)
    slots = {} if refused else _read_paths(reader)
    ids = _ids(reader, slots)
    defaults = Defaults(entry, resolver)

    @cache
    def read(pointer: str) -> Operation:
        return read_operation(slots[pointer], pointer, defaults, places)

    title = entry.get("info").get("title").value
    api = ApiDescription(
        uri=uri,
        version=_version(entry),
        title=title if isinstance(title, str) else "",
        root=value if isinstance(value, dict) else {},
        places=places,
        by_id=Operations(ids, read),
        by_pointer=Operations({pointer: pointer for pointer in slots}, read),
        documents=resolver.documents.read,
        other_places=resolver.documents.places,
        dialect="openapi-3.0" if _version(entry).startswith("3.0") else "2020-12",
    )
    return api, (*refused, *reader.problems)


def _version(entry: Node) -> str:
    """Give the version as text: `openapi: 3.1` without quotes is a number."""
    version = entry.get("openapi").value
    return str(version) if isinstance(version, str | int | float) else ""


def _refused(entry: Node, places: SourceMap) -> tuple[Diagnostic, ...]:
    """Say why a document is not read at all, if so."""
    if _VERSION.fullmatch(_version(entry)):
        return ()
    if entry.get("swagger").value is not None:
        message, pointer = f"this is a Swagger {entry.get('swagger').value} document: {_RUNS}", "/swagger"
    elif entry.get("openapi").value is not None:
        message, pointer = f"OpenAPI version '{_version(entry)}' is unknown: {_RUNS}", "/openapi"
    else:
        message, pointer = "this is not an OpenAPI description: it has no field 'openapi'", ""
    return (Diagnostic("unsupported-openapi", "error", message, places.value(pointer)),)


def _read_paths(reader: Reader) -> dict[str, Slot]:
    """Find the operations, and warn of what keeps a description from having any that can be called."""
    entry = reader.resolver.entry
    paths = entry.get("paths")
    check_servers(reader, entry.get("servers"))
    reader.expect(dict, paths)
    if paths.value is None:
        span = reader.places.key(paths.pointer)
        message = "the description has no 'paths', and so no operations"
        reader.problems.append(Diagnostic("malformed-openapi", "warning", message, span))
    return dict(_slots(reader, paths))


def _check_path(reader: Reader, path: str, node: Node) -> None:
    reader.expect(dict, node)
    if not path.startswith("/"):
        message = f"the path '{path}' does not begin with '/'"
        reader.problems.append(Diagnostic("malformed-openapi", "warning", message, reader.places.key(node.pointer)))


def _slots(reader: Reader, paths: Node) -> Iterator[tuple[str, Slot]]:
    """Find the operations below `paths`, by pointer."""
    for path, node in paths.members():
        if path.startswith("x-"):
            continue
        _check_path(reader, path, node)
        if not isinstance(node.value, dict):
            continue
        layers = reader.chain(node) if "$ref" in node.value else (node,)
        for layer in reversed(layers):  # beside a `$ref`, the path item's own operations win
            for tokens, operation in _operations(reader, layer):
                method = tokens[-1].upper() if len(tokens) == 1 else tokens[-1]
                yield join_pointer(node.pointer, *tokens), Slot(path, method, operation, layers)


def _operations(reader: Reader, path_item: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Give the operations of a path item, each with its place in it."""
    for method in METHODS:
        operation = path_item.get(method)
        reader.expect(dict, operation)
        if isinstance(operation.value, dict):
            yield (method,), operation
    for method, operation in path_item.get("additionalOperations").members():
        if isinstance(operation.value, dict):
            yield ("additionalOperations", method), operation


def _ids(reader: Reader, slots: Mapping[str, Slot]) -> dict[str, str]:
    """Map each operationId to the place of its operation; the first one wins."""
    ids: dict[str, str] = {}
    for pointer, slot in slots.items():
        name = slot.node.get("operationId").value
        if isinstance(name, str) and ids.setdefault(name, pointer) != pointer:
            reader.problems.append(_duplicate(reader.places, name, slots[ids[name]], slot))
    return ids


def _duplicate(places: SourceMap, name: str, first: Slot, second: Slot) -> Diagnostic:
    return Diagnostic(
        "duplicate-operation-id",
        "warning",
        f"operationId '{name}' is used twice",
        places.value(second.node.get("operationId").pointer),
        label=f"{second.method} {second.path} has it too",
        related=(Label(places.value(first.node.get("operationId").pointer), f"{first.method} {first.path} keeps it"),),
    )


def find_operation(api: ApiDescription, text: str) -> Operation | None:
    """Find an operation by pointer (`/paths/~1pets/get`, also as a fragment), `METHOD /path`, or operationId."""
    if text.startswith(("/", "#")):
        pointer = text.removeprefix("#")
        return api.by_pointer.get(pointer) or api.by_pointer.get(unquote(pointer))
    if (found := _METHOD_AND_PATH.fullmatch(text)) and (operation := _by_path(api, found[1], found[2])):
        return operation
    return api.by_id.get(text)


def _by_path(api: ApiDescription, method: str, path: str) -> Operation | None:
    standard, additional = join_pointer("/paths", path, method.lower()), ("additionalOperations", method)
    return api.by_pointer.get(standard) or api.by_pointer.get(join_pointer("/paths", path, *additional))

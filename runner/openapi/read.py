"""Turns a parsed document of Swagger 2.0 or OpenAPI 3 into an ApiDescription and what is wrong with it.

Descriptions are big and flows use few operations: one pass over the paths makes an index, and an Operation is read when
it is first asked for. Nothing in a description stops the rest of it from being used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from runner.diagnostics import Diagnostic, Fix, Label
from runner.openapi import operations, swagger
from runner.openapi.document import ApiDescription, Operation
from runner.openapi.reading import Reader, ReadOperation, Slot
from runner.openapi.references import Documents, Node, Resolver
from runner.schema import SchemaDialect
from runner.source import SourceMap
from runner.text import describe
from runner.values import Json, join_pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The fields of a Path Item Object that are operations; `query` since OpenAPI 3.2."""

_MORE = "additionalOperations"  # since OpenAPI 3.2, by method, in its own letters


class Edition(NamedTuple):
    """What versions of the specification mean: how schemas are meant, what reads operations, and what may stand alone.

    `instead` are the fields of which one is enough where there are no `paths`.
    """

    dialect: SchemaDialect
    operation_reader: Callable[[Reader], ReadOperation]
    instead: tuple[str, ...] = ()


_NEWEST = Edition("2020-12", operations.operation_reader, ("webhooks", "components"))
_EDITIONS = (
    (re.compile(r"openapi 3\.0(?:[.-].*)?"), Edition("openapi-3.0", operations.operation_reader)),
    (re.compile(r"openapi 3\.[12](?:[.-].*)?"), _NEWEST),
    (re.compile(r"swagger 2(?:\.0.*)?"), Edition("swagger-2.0", swagger.operation_reader)),
)
_READ = "Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2 are read"

# The drafts that the schema layer knows, and the dialects of OpenAPI, which are 2020-12 and words of its own.
_DRAFTS = frozenset(
    {
        *(f"http://json-schema.org/draft-{number}/schema" for number in ("04", "06", "07")),
        *(f"https://json-schema.org/draft/{year}/schema" for year in ("2019-09", "2020-12")),
    }
)
_OPENAPI_DIALECT = re.compile(r"https://spec\.openapis\.org/oas/3\.[0-9]+/dialect/.*")


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
    entry, reader = resolver.entry, Reader(resolver, places)
    field, version = _version(entry)
    known = next((edition for pattern, edition in _EDITIONS if pattern.fullmatch(f"{field} {version}")), None)
    edition = known or _NEWEST
    read = edition.operation_reader(reader)
    slots = _read_paths(reader, edition) if known else {}
    ids = _ids(reader, slots)

    @cache
    def read_at(pointer: str) -> Operation:
        return read(slots[pointer], pointer)

    title = entry.get("info").get("title").value
    api = ApiDescription(
        uri=entry.uri,
        version=version,
        title=title if isinstance(title, str) else "",
        root=value if isinstance(value, dict) else {},
        places=places,
        by_id=Operations(ids, read_at),
        by_pointer=Operations({pointer: pointer for pointer in slots}, read_at),
        documents={name: document.root for name, document in resolver.known.items() if name != entry.uri},
        other_places=_other_places(resolver),
        dialect=edition.dialect,
        json_schema_dialect=_json_schema_dialect(reader) if edition.dialect == "2020-12" else None,
        elsewhere=_elsewhere(entry, slots),
        unread=resolver.documents.unread,
    )
    return api, tuple(reader.problems) if known else _refusal(entry, places)


def _other_places(resolver: Resolver) -> dict[str, SourceMap]:
    places = resolver.documents.places
    return {name: places[each.location] for name, each in resolver.known.items() if each.location in places}


def _version(entry: Node) -> tuple[str, str]:
    """Give the field that says what this is, and the version as text: `openapi: 3.1` without quotes is a number."""
    for field in ("openapi", "swagger", "swaggerVersion"):
        version = entry.get(field).value
        if isinstance(version, str | int | float):
            return field, str(version)
    return next((name for name in ("openapi", "swagger") if entry.get(name).value is not None), ""), ""


def _refusal(entry: Node, places: SourceMap) -> tuple[Diagnostic, ...]:
    """Say why a document is not read at all."""
    field, version = _version(entry)
    if not field:
        message, pointer = "this is not an OpenAPI description: it has no field 'openapi' or 'swagger'", ""
    elif not version:
        what = describe(entry.get(field).value) if entry.get(field).value != "" else "the empty text"
        message, pointer = f"'{field}' is a version as text, not {what}: {_READ}", f"/{field}"
    else:
        name = "OpenAPI" if field == "openapi" else "Swagger"
        message, pointer = f"{name} version '{version}' is unknown: {_READ}", f"/{field}"
    fix = Fix("convert it to OpenAPI 3") if version else None
    return (Diagnostic("unsupported-openapi", "error", message, places.value(pointer), fix=fix),)


def _read_paths(reader: Reader, edition: Edition) -> dict[str, Slot]:
    """Find the operations, and warn of what keeps a description from having any that can be called."""
    entry = reader.resolver.entry
    paths = reader.resolved(entry.get("paths")) or entry.get("paths")
    reader.expect(dict, paths)
    if paths.value is None and not any(isinstance(entry.get(name).value, dict) for name in edition.instead):
        span = reader.places.key(paths.pointer)
        message = "the description has no 'paths', and so no operations"
        reader.problems.append(Diagnostic("malformed-openapi", "warning", message, span))
    return dict(_slots(reader, paths))


def _json_schema_dialect(reader: Reader) -> str | None:
    """Give what `$schema` the schemas of OpenAPI 3.1 have where they name none; None for OpenAPI's own."""
    node = reader.resolver.entry.get("jsonSchemaDialect")
    reader.expect(str, node)
    if not isinstance(node.value, str) or _OPENAPI_DIALECT.fullmatch(node.value):
        return None
    dialect = node.value.rstrip("#")
    if dialect in _DRAFTS:
        return dialect
    message = f"the schema dialect '{node.value}' is not known: its schemas are read as JSON Schema 2020-12"
    reader.warn("unknown-schema-dialect", message, node.pointer, "name a dialect that is published, or none")
    return None


def _elsewhere(entry: Node, slots: Mapping[str, Slot]) -> dict[str, tuple[str, ...]]:
    """Map the places of operations that path items refer to, to those below `paths`."""
    found: dict[str, tuple[str, ...]] = {}
    for pointer, slot in slots.items():
        if slot.node.uri == entry.uri and slot.node.own != pointer:
            found[slot.node.own] = (*found.get(slot.node.own, ()), pointer)
    return found


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
        place = join_pointer("/paths", path)
        layers = reader.chain(node) if "$ref" in node.value else (node,)
        for layer in reversed(layers):  # beside a `$ref`, the path item's own operations win
            for tokens, operation in _operations(reader, layer):
                method = tokens[-1].upper() if len(tokens) == 1 else tokens[-1]
                yield join_pointer(place, *tokens), Slot(path, method, operation, layers)


def _operations(reader: Reader, path_item: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Give the operations of a path item, each with its place in it."""
    fields = path_item.value if isinstance(path_item.value, dict) else {}
    found = [((method,), path_item.get(method)) for method in METHODS if method in fields]
    more = path_item.get(_MORE).members() if _MORE in fields else ()
    for tokens, operation in (*found, *(((_MORE, method), operation) for method, operation in more)):
        reader.expect(dict, operation)
        if isinstance(operation.value, dict):
            yield tokens, operation


def _ids(reader: Reader, slots: Mapping[str, Slot]) -> dict[str, str]:
    """Map each operationId to the place of its operation; the first one wins."""
    ids: dict[str, str] = {}
    for pointer, slot in slots.items():
        name = slot.node.value.get("operationId") if isinstance(slot.node.value, dict) else None
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
        fix=Fix("rename one of them, or call it by operationPath"),
    )

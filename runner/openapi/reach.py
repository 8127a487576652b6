"""Turns the operations that are called into warnings of the references in their schemas that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.diagnostics import Diagnostic, Fix, nearest
from runner.openapi.document import Address, ApiDescription, MediaTypeObject, Operation
from runner.schema import Dangling, dangling_references
from runner.values import Json, split_pointer


def unresolved_schemas(api: ApiDescription, operations: Iterable[Operation]) -> Iterator[Diagnostic]:
    """Say which references in the schemas of operations lead nowhere, each of them once.

    Only what these schemas reach is looked at: the rest of a large description harms nobody. And what is known to be
    sound from another time is not looked at again.
    """
    sound = api.schemas.sound
    starts = dict.fromkeys(each for operation in operations for each in _schemas(operation) if each not in sound)
    dangling = tuple(dangling_references(starts, api.schemas.definitions, api.dialect)) if starts else ()
    if not dangling:
        sound.update(starts)
    for found in dangling:
        message = f"reference '{found.reference}' cannot be resolved: {_why(api, found.target)}"
        span = api.span(Address(found.document, found.pointer))
        yield Diagnostic("unresolved-reference", "warning", message, span, fix=_meant(api, found))


def _why(api: ApiDescription, target: str) -> str:
    if target in api.definitions:
        return "there is nothing at that place"
    return ": ".join(filter(None, ("that document cannot be read", api.unread.get(target))))


def _schemas(operation: Operation) -> Iterator[Address]:
    """Give where the schemas of an operation stand: of its parameters, its body and its responses."""
    found = [parameter.schema for parameter in operation.parameters]
    if operation.request_body is not None:
        found += _of_media(operation.request_body.content.values())
    for response in operation.responses.values():
        found += [header.schema for header in response.headers.values()]
        found += _of_media(response.content.values())
    yield from (address for address in found if address is not None)


def _of_media(content: Iterable[MediaTypeObject]) -> list[Address | None]:
    return [address for media in content for address in (media.schema, media.item_schema)]


def _meant(api: ApiDescription, found: Dangling) -> Fix | None:
    """Offer the schema of the description whose name ends the reference, or comes close to that."""
    place = "definitions" if api.dialect == "swagger-2.0" else "components/schemas"
    schemas: Json = dict(api.root)
    for token in place.split("/"):
        schemas = schemas.get(token) if isinstance(schemas, dict) else None
    last = split_pointer("/" + found.reference.rpartition("#")[2])[-1]
    best = nearest(last, schemas) if isinstance(schemas, dict) else None
    return Fix(f"did you mean '#/{place}/{best}'?") if best else None

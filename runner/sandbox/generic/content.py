"""Turns a value into a body of a media type: JSON and sequences of it, forms, XML, text, and bytes beyond values."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType

from runner.exchange import MediaType, media_type
from runner.openapi.body import encode_body, is_json_sequence
from runner.openapi.document import ApiDescription, MediaTypeObject
from runner.openapi.encoding import PLAIN, layout_of
from runner.openapi.media import is_form, matches
from runner.openapi.sequential import EVENTS, SEQUENTIAL, items_of
from runner.sandbox.generic.dice import Dice
from runner.sandbox.generic.generate.formats import plain_text
from runner.sandbox.generic.xml import xml_text
from runner.schema import Schema
from runner.text import json_text, scalar_text
from runner.values import Json, split_pointer

# What stands for a range of media types: something in it that can be made.
_CONCRETE: Mapping[str, str] = MappingProxyType(
    {
        "*/*": "application/json",
        "application/*": "application/json",
        "audio/*": "audio/mpeg",
        "image/*": "image/png",
        "text/*": "text/plain",
        "video/*": "video/mp4",
    }
)
_FIELDS = frozenset({"data", "event", "id", "retry"})
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_PDF = "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"  # noqa: E501
_FILES: Mapping[str, bytes] = MappingProxyType(
    {
        "application/pdf": _PDF.encode(),
        "application/zip": b"PK\x05\x06" + bytes(18),
        "image/gif": base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
        "image/png": base64.b64decode(_PNG),
    }
)


def concrete(key: str, wanted: str | None, *, is_file: bool) -> str:
    """Give a media type for a key of `content`: of a range one that the client wants, else one that can be made."""
    essence = media_type(key).essence
    if "*" not in essence:
        return key
    for part in (wanted or "").split(","):
        asked = media_type(part).essence
        if asked and "*" not in asked and matches(asked, key):
            return asked
    if is_file and essence in ("*/*", "application/*"):
        return "application/octet-stream"
    return _CONCRETE.get(essence, "application/octet-stream")


def holds_value(content_type: str) -> bool:
    """Say whether a body of this type is a value written out; one that is not is just bytes."""
    kind = media_type(content_type)
    return kind.is_text or is_form(content_type) or is_json_sequence(kind)


def file_bytes(content_type: str, dice: Dice) -> bytes:
    """Give the bytes of a file of a type: the smallest there is of a few, and of others text that nobody can read."""
    return _FILES.get(media_type(content_type).essence) or plain_text(dice, 0, None).encode()


def encode(
    value: Json, content_type: str, api: ApiDescription, media: MediaTypeObject, schema: Schema | None
) -> tuple[bytes, str]:
    """Write a value as its media type has it, or raise SerializationProblem; a form gives its type a boundary."""
    kind = media_type(content_type)
    if kind.essence in SEQUENTIAL and not (isinstance(value, str) and _is_written(value, kind)):
        value = value if isinstance(value, list) else [value]
    if kind.essence == EVENTS and isinstance(value, list):
        return "".join(map(_event, value)).encode(), content_type
    if kind.is_json or is_json_sequence(kind):
        return encode_body(value, content_type)
    if is_form(content_type):
        return encode_body(value, content_type, layout_of(api, media, content_type) if media.written else PLAIN)
    if isinstance(value, str):
        return encode_body(value, content_type)
    if kind.is_xml and schema is not None:
        root = schema.gathered.schema
        text = xml_text(value, {"$ref": root["$ref"]}, root, _name(media))
        return text.encode(), content_type
    text = json_text(value) if isinstance(value, list | dict) else scalar_text(value)
    return encode_body(text, content_type)


def _name(media: MediaTypeObject) -> str:
    """Name what a body is: the schema that it refers to."""
    reference = media.written.get("schema")
    target = reference.get("$ref") if isinstance(reference, dict) else None
    pointer = target.partition("#")[2] if isinstance(target, str) else ""
    return split_pointer(pointer)[-1] if pointer.startswith("/") else "root"


def _is_written(text: str, kind: MediaType) -> bool:
    """Say whether a text is a sequence that is written out already, as an example may be."""
    try:
        return bool(items_of(text.encode(), kind))
    except ValueError:
        return False


def _event(item: Json) -> str:
    """Write a server-sent event (HTML, section 9.2.6): from an object of its fields, or from its data."""
    is_event = isinstance(item, dict) and "data" in item and item.keys() <= _FIELDS
    event = item if isinstance(item, dict) and is_event else {"data": item}
    fields = {name: _line(value) for name, value in event.items()}
    others = "".join(f"{name}: {fields[name]}\n" for name in ("event", "id", "retry") if name in fields)
    lines = fields.get("data", "").split("\n")
    return others + "".join(f"data: {line}\n" for line in lines) + "\n"


def _line(value: Json) -> str:
    return value if isinstance(value, str) else json_text(value)

"""Turns the body of a `multipart/form-data` request into its parts (RFC 7578)."""

from __future__ import annotations

from email import message_from_string
from email.message import Message
from typing import NamedTuple


class Part(NamedTuple):
    """One part: its name, the name of the file that it is, the media type it says it has, and its content."""

    name: str
    filename: str | None
    media_type: str | None
    content: bytes


def read_parts(body: bytes, content_type: str) -> tuple[Part, ...]:
    """Read the parts of a body; ValueError says why it has none."""
    boundary = _head(f"Content-Type: {content_type}").get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise ValueError("its Content-Type has no boundary")
    # "The boundary delimiter MUST occur at the beginning of a line" (RFC 2046, 5.1.1), of the first one too.
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("utf-8", "surrogateescape"))
    if not pieces or not pieces[-1].startswith(b"--"):
        raise ValueError("it does not end with its boundary")
    return tuple(_part(piece) for piece in pieces[:-1])


def _part(piece: bytes) -> Part:
    fields, blank, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
    if not blank:
        raise ValueError("a part has no end of its header fields")
    head = _head(fields.decode("utf-8", "replace").lstrip("\r\n"))
    name = head.get_param("name", header="content-disposition")
    if head.get_content_disposition() != "form-data" or not isinstance(name, str):
        raise ValueError("a part has no name")
    media_type = head.get_content_type() if "content-type" in head else None
    return Part(name, head.get_filename(), media_type, content)


def _head(fields: str) -> Message:
    return message_from_string(fields + "\n\n")

"""Turns the media types that an operation declares into the ones a request names: Content-Type and Accept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from runner.exchange import media_type
from runner.openapi.document import Operation, RequestBody
from runner.values import File, Value

OCTETS = "application/octet-stream"

# RFC 9110, section 8.3.1: type "/" subtype parameters, in visible characters
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+[ \t]*(?:;[\x20-\x7e]*)?", re.ASCII)

_M = TypeVar("_M")


def choose_content_type(body: RequestBody | None, wanted: str | None, value: Value) -> str:
    """Choose a request's Content-Type.

    What the workflow wants wins, even where the API does not offer it. Else the only type offered, else
    `application/json` if it is offered, else the first. Where nothing is offered: JSON, or plain bytes for bytes.
    A file goes as what it is, where the API takes that. A range such as `image/*` stays one where nothing in it can be
    chosen.
    """
    if wanted:
        return wanted
    offered = [key for key in body.content if _MEDIA_TYPE.fullmatch(key)] if body else []
    if isinstance(value, bytes):
        return _for_bytes(offered, value.content_type if isinstance(value, File) else None)
    json = [key for key in offered if media_type(key).essence == "application/json"]
    return _concrete((json or offered or ["application/json"])[0], "application/json")


def _for_bytes(offered: Sequence[str], own: str | None) -> str:
    if own is not None and (not offered or any(matches(own, each) for each in offered)):
        return own
    binary = [each for each in offered if not media_type(each).is_json and not is_form(each)]
    return _concrete((binary or offered or [OCTETS])[0], OCTETS)


def _concrete(offered: str, plain: str) -> str:
    if offered.startswith("text/*"):
        return "text/plain"
    return plain if offered.startswith(("*/*", "application/*")) else offered


def is_form(content_type: str) -> bool:
    """Say whether a media type is made from named values."""
    essence = media_type(content_type).essence
    return essence == "application/x-www-form-urlencoded" or essence.startswith("multipart/")


def matches(content_type: str, offered: str) -> bool:
    """Say whether a media type is the one, or in the range, that is offered; parameters do not count."""
    essence, wanted = media_type(content_type).essence, media_type(offered).essence
    return wanted in (essence, f"{essence.partition('/')[0]}/*", "*/*")


def match_media(content: Mapping[str, _M], content_type: str | None) -> _M | None:
    """Find what is declared for a media type: "only the most specific key is applicable", so ranges come last."""
    essence = media_type(content_type).essence
    by_essence: dict[str, _M] = {}
    for key, value in content.items():
        by_essence.setdefault(media_type(key).essence, value)
    for key in (essence, f"{essence.partition('/')[0]}/*", "*/*"):
        if key in by_essence:
            return by_essence[key]
    return None


def accept_header(operation: Operation) -> str | None:
    """Give the Accept header for the media types that the responses declare, JSON first; None if they declare none."""
    declared: dict[str, None] = {}
    for response in operation.responses.values():
        declared |= {key: None for key in response.content if _MEDIA_TYPE.fullmatch(key)}
    in_order = sorted(declared, key=lambda key: not media_type(key).is_json)
    return ", ".join(in_order) or None

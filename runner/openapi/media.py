"""Turns the media types that an operation declares into the ones a request names: Content-Type and Accept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from runner.exchange import media_type
from runner.late import late_pattern
from runner.openapi.document import Operation, RequestBody, ResponseObject
from runner.values import File, Value

OCTETS = "application/octet-stream"

# RFC 9110, section 8.3.1: type "/" subtype parameters, in visible characters
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+[ \t]*(?:;[\x20-\x7e]*)?", re.ASCII)
_PARAMETER = late_pattern(r""";[ \t]*([^\s;="]+)=("(?:[^"\\]|\\.)*"|[^;"]*)""")

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
    offered = [key for key in body.content if is_media_type(key)] if body else []
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


def is_media_type(text: str) -> bool:
    """Say whether a text is a media type or a range of them, with or without parameters."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_form(content_type: str) -> bool:
    """Say whether a media type is made from named values."""
    essence = media_type(content_type).essence
    return essence == "application/x-www-form-urlencoded" or essence.startswith("multipart/")


def matches(content_type: str, offered: str) -> bool:
    """Say whether a media type is the one, or in the range, that is offered; parameters do not count."""
    essence, wanted = media_type(content_type).essence, media_type(offered).essence
    return wanted in (essence, f"{essence.partition('/')[0]}/*", "*/*")


def match_media(content: Mapping[str, _M], content_type: str | None) -> _M | None:
    """Find what is declared for a media type: "only the most specific key is applicable".

    First a key whose parameters the media type has all, the more the better; then the type without parameters, then
    `type/*`, then `*/*`. A structured suffix makes another type: `application/problem+json` is not `application/json`.
    """
    if content_type is not None and content_type in content:
        return content[content_type]
    essence, given = _parsed(content_type or "")
    by_essence: dict[str, _M] = {}
    parameters: dict[str, int] = {}
    for key, value in content.items():
        name, wanted = _parsed(key)
        if wanted <= given and len(wanted) > parameters.get(name, -1):
            by_essence[name], parameters[name] = value, len(wanted)
    for key in (essence, f"{essence.partition('/')[0]}/*", "*/*"):
        if key in by_essence:
            return by_essence[key]
    return None


@lru_cache(maxsize=512)
def _parsed(content_type: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """Split a media type into what it is and the parameters that tell it from others of its kind.

    How its text is encoded, and where its parts end, are properties of the one message.
    """
    pairs = ((name.lower(), value.strip().strip('"')) for name, value in _PARAMETER.findall(content_type))
    return media_type(content_type).essence, frozenset(pair for pair in pairs if pair[0] not in ("charset", "boundary"))


def match_status(responses: Mapping[str, ResponseObject], status: int) -> tuple[str, ResponseObject] | None:
    """Find what is declared for a status code, and its key: the code itself, then its range, then `default`."""
    for key in (str(status), f"{status // 100}XX", "default"):
        if key in responses:
            return key, responses[key]
    return None


def accept_header(operation: Operation) -> str | None:
    """Give the Accept header for the media types that the responses declare, JSON first; None if they declare none."""
    declared: dict[str, None] = {}
    for response in operation.responses.values():
        declared |= {key: None for key in response.content if is_media_type(key)}
    in_order = sorted(declared, key=lambda key: not media_type(key).is_json)
    return ", ".join(in_order) or None

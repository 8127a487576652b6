"""Turns an object into a form, `application/x-www-form-urlencoded`, and the values of any form into text.

Encoding by name (OpenAPI 3.2 spells out what 3.0 and 3.1 mean): an array gives one entry for each of its items, an
object is JSON, anything else is text. Null is left out. An Encoding Object with `style`, `explode` or `allowReserved`
replaces all of this by the rules for query parameters.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping

from runner.exchange import media_type
from runner.openapi.encoding import Encoding, Layout
from runner.openapi.percent import encode_form
from runner.openapi.problem import SerializationProblem
from runner.openapi.serialize import NO_NUMBER, query_text
from runner.records import replace
from runner.text import json_text, scalar_text
from runner.values import InputValue, Json

NOT_JSON = "a number or binary content that JSON cannot spell"

NOTHING_SAID = Encoding()


def urlencoded_body(value: Mapping[str, Json], layout: Layout) -> str:
    """Write an object as a URL-encoded form."""
    pieces: list[str] = []
    for name, item in value.items():
        encoding = layout.named.get(name, NOTHING_SAID)
        if encoding.style is not None:
            pieces.append(query_text(replace(encoding.style, name=name), item))
        else:
            content_type = first_type(encoding)
            texts = (value_text(name, one, content_type, encoding) for one in entries(item))
            pieces += [f"{encode_form(name)}={encode_form(text)}" for text in texts]
    return "&".join(filter(None, pieces))


def first_type(encoding: Encoding) -> str | None:
    """Give the first media type of an Encoding Object that is not a range."""
    return next((text for text in encoding.content_types if "*" not in text), None)


def entries(value: Json) -> list[Json]:
    """Give the values that a member of a form amounts to: each item of an array; null is none."""
    return [item for item in (value if isinstance(value, list) else [value]) if item is not None]


def value_text(name: str, value: InputValue, content_type: str | None, encoding: Encoding) -> str:
    """Write one value as the text that a form holds for it."""
    kind = media_type(content_type)
    if isinstance(value, bytes):
        if encoding.text_encoding is None:
            raise SerializationProblem(f"'{name}' is binary and has no form as text")
        encode = base64.urlsafe_b64encode if encoding.text_encoding == "base64url" else base64.b64encode
        return encode(value).decode("ascii")
    if not isinstance(value, list | dict) and not kind.is_json:
        if isinstance(value, float) and not math.isfinite(value):
            raise SerializationProblem(f"'{name}' holds {NO_NUMBER}")
        return scalar_text(value)
    if kind.essence and not kind.is_json:
        raise SerializationProblem(f"'{name}' is {kind.essence}: give it as text")
    try:
        return json_text(value)
    except (TypeError, ValueError):
        raise SerializationProblem(f"'{name}' holds {NOT_JSON}") from None

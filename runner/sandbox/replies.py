"""Turns JSON values into responses."""

from __future__ import annotations

import json
from http import HTTPStatus

from runner.exchange import Headers, Response
from runner.values import Json

JSON_TYPE = "application/json; charset=utf-8"


def reply(value: Json, status: int = 200, headers: Headers = ()) -> Response:
    """Answer with a JSON body."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, (("Content-Type", JSON_TYPE), *headers), body, phrase(status))


def phrase(status: int) -> str:
    """Give the reason phrase of a status; a made-up one has none."""
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(HTTPStatus)

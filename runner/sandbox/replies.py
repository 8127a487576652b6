"""Turns JSON values into responses."""

from __future__ import annotations

import json
from http import HTTPStatus

from runner.exchange import Headers, Response
from runner.records import replace
from runner.values import Json

JSON_TYPE = "application/json; charset=utf-8"


def reply(value: Json, status: int = 200, headers: Headers = ()) -> Response:
    """Answer with a JSON body; in it stands a question mark for half of a surrogate pair, which is no character."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(status, (("Content-Type", JSON_TYPE), *headers), body, phrase(status))


def phrase(status: int) -> str:
    """Give the reason phrase of a status; a made-up one has none."""
    return HTTPStatus(status).phrase if status in _KNOWN else ""


_KNOWN = frozenset(HTTPStatus)
_NO_CONTENT = (204, 304)


def bodiless(response: Response) -> Response:
    """Give what HEAD is told: the fields that GET would be told, and the length of the body that is left out.

    "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx (Informational)
    or 204 (No Content)" (RFC 9110, 8.6).
    """
    length = () if response.status in _NO_CONTENT else (("Content-Length", str(len(response.body))),)
    return replace(response, headers=(*response.headers, *length), body=b"")

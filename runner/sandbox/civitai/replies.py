"""Turns what an operation refuses into the errors of its API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from runner.exchange import Headers
from runner.values import Json

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "insufficient_buzz",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "content_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    421: "misdirected_request",
    422: "unprocessable",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}


class Refusal(Exception):  # noqa: N818 - what an operation raises to answer no; it never leaves the sandbox
    """The answer is a client or server error: a status, a sentence, and the header fields and the code beside them."""

    def __init__(self, status: int, message: str, headers: Headers = (), code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.code = code or _CODES.get(status, f"status_{status}")


# What the Site API says in `error` for programs to compare with.
_SHORT = {"unauthorized": "Unauthorized", "insufficient_scope": "insufficient_scope"}

ErrorShape: TypeAlias = Callable[[Refusal, str], dict[str, Json]]
"""Give the body of an API's Error schema for a refusal and a trace id."""


def site_error(refusal: Refusal, _trace_id: str) -> dict[str, Json]:
    """Shape a refusal as the Site API's Error."""
    short = _SHORT.get(refusal.code, refusal.message)
    return {"error": short, "message": refusal.message, "code": refusal.code}


def orchestration_error(refusal: Refusal, trace_id: str) -> dict[str, Json]:
    """Shape a refusal as the Orchestration API's Error."""
    return {"code": refusal.code, "message": refusal.message, "traceId": trace_id}


def not_found(what: str) -> Refusal:
    """Refuse for something that is not there."""
    return Refusal(404, f"no {what}")


def unauthorized(message: str, *, presented: bool = False) -> Refusal:
    """Refuse for want of a token, or for the one that was presented (RFC 6750, section 3)."""
    challenge = 'Bearer error="invalid_token"' if presented else "Bearer"
    return Refusal(401, message, (("WWW-Authenticate", challenge),))


def too_many(message: str, retry_after: int) -> Refusal:
    """Refuse for now; `retry_after` in seconds."""
    return Refusal(429, message, (("Retry-After", str(retry_after)),))

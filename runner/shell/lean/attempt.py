"""Turns a Request into what is sent, and what comes of it into one Reply: the same however it is waited for."""

from __future__ import annotations

from typing import NamedTuple

from runner.exchange import Request, Response, TransportFailure, header
from runner.shell.codings import CodingError, TooLargeError, undo
from runner.shell.failures import (
    INVALID_REQUEST,
    UNASKED_PROTOCOL,
    FailedError,
    cut_off,
    no_connection,
    not_http,
    not_unpacked,
    too_large,
)
from runner.shell.lean.head import NotHttpError, Written, head_of
from runner.shell.lean.pool import Way
from runner.shell.lean.reading import CutOffError, Progress, Whole
from runner.shell.trust import Trust
from runner.shell.wire import IDEMPOTENT, Place, place_of


class Outgoing(NamedTuple):
    """A request that is ready to be sent, and the way it goes."""

    request: Request
    place: Place
    written: Written
    way: Way


def ready(request: Request, trust: Trust) -> Outgoing | TransportFailure:
    """Write a request, or say why it cannot be sent."""
    place = place_of(request.url)
    if not isinstance(place, Place):
        return place
    written = head_of(request, place)
    if written is None:
        return INVALID_REQUEST
    terms = trust.terms(place.name, place.port) if place.scheme == "https" else None
    return Outgoing(request, place, written, Way(place.host, place.port, terms))


def may_repeat(outgoing: Outgoing, error: Exception, progress: Progress) -> bool:
    """Say whether a request that failed on a connection that had been used before may go out again on another.

    "A client SHOULD NOT automatically retry a request with a non-idempotent method" (RFC 9110, 9.2.2), for the server
    may have closed the connection after it did what it was asked for.
    """
    was_closed = isinstance(error, CutOffError | OSError) and not isinstance(error, TimeoutError)
    return was_closed and not progress.begun and outgoing.request.method.upper() in IDEMPOTENT


def response_of(whole: Whole, request: Request, max_body: int) -> Response:
    """Give the response, content codings undone; raises what `failure_of` knows."""
    head, body = whole.head, whole.body
    if head.status == 101 and header(request.headers, "upgrade") is None:
        raise NotHttpError(UNASKED_PROTOCOL)
    if head.coding:
        body = undo(body, head.coding, max_body)
    return Response(head.status, head.headers, body, head.reason)


def unreached(error: Exception, outgoing: Outgoing) -> FailedError:
    """Say why there is no connection."""
    return FailedError(no_connection(error, outgoing.place.name, outgoing.way.port))


def failure_of(error: Exception, progress: Progress, max_body: int) -> TransportFailure:
    """Say in one line why there is no response; an exception that is none of the world's doing is raised again."""
    match error:
        case FailedError():
            return error.failure
        case CutOffError():
            return cut_off(progress.answered, str(error))
        case NotHttpError():
            return not_http(str(error))
        case TooLargeError():
            return too_large(max_body)
        case CodingError():
            return not_unpacked(error)
        case OSError():
            return cut_off(progress.answered)
        case _:
            raise error

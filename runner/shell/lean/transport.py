"""Turns one Request into bytes on a connection of its own making, and the bytes that come back into one Reply.

It keeps what `shell/http.py` promises: one hop, nothing added, never an exception for what the world does, the timeout
for the whole attempt; and its failures are the same, word for word.

A request is repeated in one case, on a new connection: nothing at all came back on one that had been used before, and
the method is idempotent. "A client SHOULD NOT automatically retry a request with a non-idempotent method" (RFC 9110,
9.2.2), for the server may have closed the connection after it did what it was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from runner.exchange import Reply, Request, Response, TransportFailure, header
from runner.shell.clock import never
from runner.shell.codings import CodingError, TooLargeError, undo
from runner.shell.failures import (
    INVALID_REQUEST,
    UNASKED_PROTOCOL,
    FailedError,
    cut_off,
    late,
    no_connection,
    not_http,
    not_unpacked,
    too_large,
)
from runner.shell.lean.connection import Connection, Patience, connect, secure
from runner.shell.lean.head import NotHttpError, Written, head_of
from runner.shell.lean.pool import Pool, Way
from runner.shell.lean.reading import CutOffError, Progress, Whole, read
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.trust import Trust
from runner.shell.wire import IDEMPOTENT, Place, place_of


class Outgoing(NamedTuple):
    """A request that is ready to be sent, the way it goes, and how long that may take."""

    request: Request
    place: Place
    written: Written
    way: Way
    patience: Patience


class LeanTransport:
    """A Transport over sockets; a context manager, to be used by any number of threads."""

    def __init__(self, options: HttpOptions = DEFAULTS) -> None:
        self._options = options
        self._trust = Trust(options)
        self._pool = Pool()

    def send(self, request: Request, timeout: float | None, cancelled: Callable[[], bool] = never) -> Reply:
        """Send as every Transport does; raise KeyboardInterrupt as soon as it is `cancelled`, which is asked often."""
        timeout = self._options.timeout if timeout is None else timeout
        patience = Patience(timeout, cancelled)
        place = place_of(request.url)
        if isinstance(place, TransportFailure):
            return place
        written = head_of(request, place)
        if written is None:
            return INVALID_REQUEST
        terms = self._trust.terms(place.host, place.port) if place.scheme == "https" else None
        outgoing = Outgoing(request, place, written, Way(place.host, place.port, terms), patience)
        progress = Progress()
        try:
            return self._sent(outgoing, progress)
        except FailedError as error:
            return error.failure
        except TimeoutError:
            return late(timeout, progress.answered)

    def _sent(self, outgoing: Outgoing, progress: Progress) -> Response:
        if (kept := self._pool.take(outgoing.way)) is not None:
            try:
                return self._exchanged(outgoing, kept, progress)
            except FailedError as error:
                nothing_came = error.failure.kind == "closed" and not progress.begun
                if not nothing_came or outgoing.request.method.upper() not in IDEMPOTENT:
                    raise
        self._pool.tidy()
        return self._exchanged(outgoing, self._opened(outgoing), progress)

    def _opened(self, outgoing: Outgoing) -> Connection:
        (host, port, terms), patience = outgoing.way, outgoing.patience
        context = self._trust.context(terms) if terms else None
        try:
            connection = connect(host, port, patience)
            return connection if context is None else secure(connection, context, host, patience)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            raise FailedError(no_connection(error, outgoing.place.name, port)) from error

    def _exchanged(self, outgoing: Outgoing, connection: Connection, progress: Progress) -> Response:
        """Send and receive on a connection, and keep it where it can be used again."""
        try:
            whole = self._received(outgoing, connection, progress)
        except BaseException:  # Ctrl-C too: what is under way on this connection belongs to nobody any more
            connection.close()
            raise
        if whole.persists and not outgoing.written.closes:
            self._pool.put(outgoing.way, connection)
        else:
            connection.close()
        if whole.head.status == 101 and header(outgoing.request.headers, "upgrade") is None:
            raise FailedError(not_http(UNASKED_PROTOCOL))
        return self._unpacked(whole)

    def _received(self, outgoing: Outgoing, connection: Connection, progress: Progress) -> Whole:
        try:
            return carried(outgoing, connection, progress, self._options.max_body)
        except TimeoutError:
            raise
        except OSError as error:
            raise FailedError(cut_off(progress.answered)) from error
        except CutOffError as error:
            raise FailedError(cut_off(progress.answered, str(error))) from error
        except NotHttpError as error:
            raise FailedError(not_http(str(error))) from error
        except TooLargeError as error:
            raise FailedError(too_large(self._options.max_body)) from error

    def _unpacked(self, whole: Whole) -> Response:
        head, body = whole.head, whole.body
        try:
            if head.coding:
                body = undo(body, head.coding, self._options.max_body)
            return Response(head.status, head.headers, body, head.reason)
        except CodingError as error:
            raise FailedError(not_unpacked(error)) from error
        except TooLargeError as error:
            raise FailedError(too_large(self._options.max_body)) from error

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._pool.close()

    def __enter__(self) -> LeanTransport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def carried(outgoing: Outgoing, connection: Connection, progress: Progress, max_body: int) -> Whole:
    """Move a request out and its response in; raises what `read` does, OSError and TimeoutError."""
    reading = read(outgoing.request.method, progress, max_body)
    next(reading)
    sent = True
    try:
        connection.send(outgoing.written.data, outgoing.request.body, outgoing.patience)
    except TimeoutError:
        raise
    except OSError:
        sent = False  # a server may refuse a body and close before it has read it all: its answer is there
    while True:
        try:
            reading.send(connection.receive(outgoing.patience))
        except StopIteration as stop:
            whole: Whole = stop.value
            return whole if sent else whole._replace(persists=False)

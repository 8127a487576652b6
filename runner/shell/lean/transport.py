"""Turns one Request into bytes on a connection of its own making, and the bytes that come back into one Reply.

It keeps what `shell/http.py` promises: one hop, nothing added, never an exception for what the world does, the timeout
for the whole attempt; and its failures are the same, word for word. A request is repeated in one case, on a new
connection: nothing at all came back on one that had been used before, and the method is idempotent.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.exchange import Reply, Request, Response
from runner.shell.clock import never
from runner.shell.failures import late
from runner.shell.lean.attempt import Outgoing, failure_of, may_repeat, ready, response_of, unreached
from runner.shell.lean.connection import Connection, Patience, connect, secure
from runner.shell.lean.pool import Pool
from runner.shell.lean.reading import Progress, Reading, Whole, read
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.reach import Reach
from runner.shell.trust import Trust
from runner.shell.turn import ALONE, Turn


class LeanTransport:
    """A Transport over sockets; a context manager, to be used by any number of threads.

    Each leaves its turn where it waits for others.
    """

    def __init__(self, options: HttpOptions = DEFAULTS, turn: Turn = ALONE) -> None:
        self._options = options
        self._turn = turn
        self._trust = Trust(options)
        self._reach = Reach(options)
        self._pool: Pool[Connection] = Pool()

    def send(self, request: Request, timeout: float | None, cancelled: Callable[[], bool] = never) -> Reply:
        """Send as every Transport does; raise KeyboardInterrupt as soon as it is `cancelled`, which is asked often."""
        timeout = self._options.timeout if timeout is None else timeout
        patience, progress = Patience(timeout, cancelled, self._turn), Progress()
        outgoing = ready(request, self._trust)
        if not isinstance(outgoing, Outgoing):
            return outgoing
        try:
            return self._sent(outgoing, patience, progress)
        except TimeoutError:
            return late(timeout, progress.answered)
        except Exception as error:
            return failure_of(error, progress, self._options.max_body)

    def _sent(self, outgoing: Outgoing, patience: Patience, progress: Progress) -> Response:
        if (kept := self._pool.take(outgoing.way)) is not None:
            try:
                return self._exchanged(outgoing, kept, patience, progress)
            except Exception as error:
                if not may_repeat(outgoing, error, progress):
                    raise
        self._pool.tidy()
        return self._exchanged(outgoing, self._opened(outgoing, patience), patience, progress)

    def _opened(self, outgoing: Outgoing, patience: Patience) -> Connection:
        host, port, terms = outgoing.way
        context = self._trust.context(terms) if terms else None
        try:
            with self._turn.left():
                connection = connect(host, port, patience, self._reach)
                return connection if context is None else secure(connection, context, host, patience)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            raise unreached(error, outgoing) from error

    def _exchanged(
        self, outgoing: Outgoing, connection: Connection, patience: Patience, progress: Progress
    ) -> Response:
        """Send and receive on a connection, and keep it where it can be used again."""
        reading = read(outgoing.request.method, progress, self._options.max_body)
        try:
            whole = _carried(outgoing, connection, patience, reading)
        except BaseException:  # Ctrl-C too: what is under way on this connection belongs to nobody any more
            connection.close()
            raise
        if whole.persists and not outgoing.written.closes:
            self._pool.put(outgoing.way, connection)
        else:
            connection.close()
        return response_of(whole, outgoing.request, self._options.max_body)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._pool.close()

    def __enter__(self) -> LeanTransport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _carried(outgoing: Outgoing, connection: Connection, patience: Patience, reading: Reading) -> Whole:
    """Move a request out and its response in."""
    next(reading)
    sent = True
    try:
        connection.send(outgoing.written.data, outgoing.request.body, patience)
    except TimeoutError:
        raise
    except OSError:
        sent = False  # a server may refuse a body and close before it has read it all: its answer is there
    while True:
        try:
            reading.send(connection.receive(patience))
        except StopIteration as stop:
            whole: Whole = stop.value
            return whole if sent else whole._replace(persists=False)

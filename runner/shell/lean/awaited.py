"""`transport`, awaited: the same requests and the same reading of answers, on the connections of asyncio."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from runner.exchange import Reply, Request, Response, TransportFailure
from runner.shell.failures import late
from runner.shell.lean.attempt import Outgoing, failure_of, may_repeat, ready, response_of, unreached
from runner.shell.lean.connection import HEAD_START, Address, in_turns, is_ready
from runner.shell.lean.pool import Pool
from runner.shell.lean.reading import Progress, Reading, Whole, read
from runner.shell.options import DEFAULTS, HttpOptions
from runner.shell.reach import Reach
from runner.shell.trust import Trust

NEVER = 1e6
"""Seconds: the timeout of a request bounds its handshake, and asyncio knows no "none"."""


class Conversation(asyncio.Protocol):
    """A connection: what comes in is read where it arrives, and whoever waits is woken once, by the whole response."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reading: Reading | None = None
        self._whole: asyncio.Future[Whole] | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    async def exchange(self, data: bytes, body: bytes, reading: Reading) -> Whole:
        """Send a request, and give the response; raises what `reading` does, and OSError."""
        assert self._transport is not None
        next(reading)
        self._reading, self._whole = reading, asyncio.get_running_loop().create_future()
        if self._lost:
            raise ConnectionResetError
        self._transport.writelines([data, body])
        return await self._whole

    def data_received(self, data: bytes) -> None:
        if self._reading is None or self._whole is None or self._whole.done():
            self.close()  # nobody asked for it
            return
        try:
            self._reading.send(data)
        except StopIteration as stop:
            self._whole.set_result(stop.value)
        except Exception as error:
            self._whole.set_exception(error)

    def eof_received(self) -> None:
        self._ended(ConnectionResetError() if self._is_cut_off() else None)

    def _is_cut_off(self) -> bool:
        """Say whether TLS was not ended by who spoke it: anybody may have cut the connection off (RFC 9112, 9.8)."""
        spoken = self._transport.get_extra_info("ssl_object") if self._transport else None
        try:
            return spoken is not None and bool(spoken.read(1))  # nothing: the farewell was read
        except OSError:  # there is more to come
            return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)

    def _ended(self, error: Exception | None) -> None:
        self._lost = True
        if self._whole is None or self._whole.done():
            return
        if error is None:
            self.data_received(b"")
        else:
            self._whole.set_exception(error)

    def is_stale(self) -> bool:
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return self._lost or sock is None or is_ready(sock.fileno(), "read", 0)

    def close(self) -> None:
        """Close at once: a farewell is of no use to anybody."""
        self._lost = True
        if self._transport is not None:
            self._transport.abort()


class AsyncLeanTransport:
    """An AsyncTransport over the sockets of asyncio; an asynchronous context manager."""

    def __init__(self, options: HttpOptions = DEFAULTS) -> None:
        self._options = options
        self._trust = Trust(options)
        self._reach = Reach(options)
        self._pool: Pool[Conversation] = Pool()

    async def send(self, request: Request, timeout: float | None) -> Reply:
        timeout = self._options.timeout if timeout is None else timeout
        progress = Progress()
        outgoing = ready(request, self._trust)
        if isinstance(outgoing, TransportFailure):
            return outgoing
        try:
            async with asyncio.timeout(timeout):
                return await self._sent(outgoing, progress)
        except TimeoutError:
            return late(timeout, progress.answered)
        except Exception as error:
            return failure_of(error, progress, self._options.max_body)

    async def _sent(self, outgoing: Outgoing, progress: Progress) -> Response:
        if (kept := self._pool.take(outgoing.way)) is not None:
            try:
                return await self._exchanged(outgoing, kept, progress)
            except Exception as error:
                if not may_repeat(outgoing, error, progress):
                    raise
        self._pool.tidy()
        return await self._exchanged(outgoing, await self._opened(outgoing), progress)

    async def _opened(self, outgoing: Outgoing) -> Conversation:
        host, port, terms = outgoing.way
        loop = asyncio.get_running_loop()
        secured: dict[str, Any] = {}
        if terms:
            secured = {"ssl": self._trust.context(terms), "server_hostname": host, "ssl_handshake_timeout": NEVER}
        try:
            sock = await _connected(host, port, self._reach)
            _, conversation = await loop.create_connection(Conversation, sock=sock, **secured)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:
            raise unreached(error, outgoing) from error
        return conversation

    async def _exchanged(self, outgoing: Outgoing, conversation: Conversation, progress: Progress) -> Response:
        """Send and receive on a connection, and keep it where it can be used again."""
        request, written = outgoing.request, outgoing.written
        reading = read(request.method, progress, self._options.max_body)
        try:
            whole = await conversation.exchange(written.data, request.body, reading)
        except BaseException:  # a cancelled task too: what is under way here belongs to nobody any more
            conversation.close()
            raise
        if whole.persists and not written.closes:
            self._pool.put(outgoing.way, conversation)
        else:
            conversation.close()
        return response_of(whole, request, self._options.max_body)

    async def aclose(self) -> None:
        """Close the connections that are kept alive."""
        self._pool.close()
        await asyncio.sleep(0)  # asyncio closes an aborted connection in its next turn

    async def __aenter__(self) -> AsyncLeanTransport:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def _connected(host: str, port: int, reach: Reach) -> socket.socket:
    """Open a socket to the first address of a host that takes one, as `connection.connect` does."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = in_turns(reach.permitted(host, port, found))
    refusal: BaseException = OSError()
    running: set[asyncio.Task[socket.socket]] = set()
    try:
        while addresses or running:
            if addresses:
                address, *addresses = addresses
                running.add(asyncio.create_task(_connected_to(address)))
            pause = HEAD_START if addresses else None
            done, running = await asyncio.wait(running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (error := task.exception()) is None:
                    return task.result()
                refusal = error
        raise refusal
    finally:
        for task in running:
            task.add_done_callback(_given_up)
            task.cancel()


async def _connected_to(address: Address) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address.where)
    except BaseException:
        sock.close()
        raise
    return sock


def _given_up(task: asyncio.Task[socket.socket]) -> None:
    """Close a connection that came too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()

"""Turns the bytes that come in on a connection into one response, as a generator that knows no sockets.

It yields when it needs more, is sent what came (`b""` is the end), and returns what it read.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import NamedTuple, TypeAlias

from runner.late import late_pattern
from runner.records import Mutable
from runner.shell.codings import TooLargeError
from runner.shell.lean.head import Head, NotHttpError, read_fields, read_head

HEAD_TOO_LONG = "its head is longer than 100 KiB"
LONGEST_HEAD = 100 * 1024
"""Bytes that a head, the trailer, or the line before a chunk may have come to while its end is still to come."""

_EMPTY_LINE = re.compile(rb"\n\r?\n")
# RFC 9112, 7.1: chunk = chunk-size [ chunk-ext ] CRLF; nobody needs more digits, and some send spaces after these
_CHUNK = late_pattern(rb"([0-9A-Fa-f]{1,20})(?:;[^\n]*)?[ \t]*")


class CutOffError(Exception):
    """The connection was closed before all had come; `str()` is a detail, or nothing."""


class Whole(NamedTuple):
    """A response as it came, content codings not undone. `persists`: the connection may be used again."""

    head: Head
    body: bytes
    persists: bool


class Progress(Mutable):
    """How far an answer has come: a byte of it, and its whole head."""

    begun: bool = False
    answered: bool = False


Reading: TypeAlias = Generator[None, bytes, Whole]


class _Buffer:
    """What came, and how much of it has been read: `at` moves on, for a copy of the rest would cost more each time."""

    __slots__ = ("at", "data", "progress")

    def __init__(self, progress: Progress) -> None:
        self.data = b""
        self.at = 0
        self.progress = progress

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def more(self) -> Generator[None, bytes, bool]:
        """Wait for more, and say whether any came; raises NotHttpError where what is waited for has no end."""
        left = self.left
        if left > LONGEST_HEAD:
            raise NotHttpError(HEAD_TOO_LONG)
        came = yield
        self.data, self.at = (self.data[self.at :] + came if left else came), 0
        self.progress.begun = self.progress.begun or bool(came)
        return bool(came)

    def to(self, end: int) -> bytes:
        """Take what stands before an index of `data`."""
        taken = self.data[self.at : end]
        self.at += len(taken)
        return taken

    def exactly(self, count: int) -> Generator[None, bytes, bytes]:
        """Take so many bytes; raises CutOffError with the number of those that came."""
        parts = [self.to(self.at + count)]
        missing = count - len(parts[0])
        while missing:
            came = yield
            if not came:
                raise CutOffError(count - missing)
            parts.append(came[:missing])
            self.data, self.at = came, len(parts[-1])
            missing -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)


def read(method: str, progress: Progress, max_body: int) -> Reading:
    """Read the response to a request with this method; raises NotHttpError, CutOffError or TooLargeError."""
    buffer = _Buffer(progress)
    head = yield from _final_head(buffer)
    progress.answered = True
    if method == "HEAD" or head.status in (204, 304):
        return Whole(head, b"", head.persists and not buffer.left)
    if head.status == 101 or (method == "CONNECT" and head.status < 300):
        return Whole(head, b"", False)  # what follows is another protocol
    if head.chunked:
        body = yield from _chunked(buffer, max_body)
    elif head.length is None:
        body = yield from _to_the_end(buffer, max_body)
        return Whole(head, body, False)
    else:
        body = yield from _counted(buffer, head.length, max_body)
    return Whole(head, body, head.persists and not buffer.left)  # what is left over is no answer to anything


def _final_head(buffer: _Buffer) -> Generator[None, bytes, Head]:
    """Read heads up to the one that is the answer (RFC 9110, 15.2: a client must be able to parse 1xx before it)."""
    while True:
        if not buffer.left and not (yield from buffer.more()):
            raise CutOffError
        if buffer.data[buffer.at] < 0x20 and buffer.data[buffer.at] not in b"\r\n":
            raise NotHttpError("illegal status line")  # a record of TLS, say, which may never have an empty line
        head = read_head((yield from _block(buffer)))
        if head.status >= 200 or head.status == 101:
            return head


def _block(buffer: _Buffer) -> Generator[None, bytes, bytes]:
    """Take everything up to an empty line, and that line."""
    seen = 0
    while True:
        data, at = buffer.data, buffer.at
        if data.startswith((b"\n", b"\r\n"), at):
            return buffer.to(data.index(b"\n", at) + 1)
        if found := _EMPTY_LINE.search(data, at + seen):
            return buffer.to(found.end())
        seen = max(0, buffer.left - 2)
        if not (yield from buffer.more()):
            raise CutOffError


def _counted(buffer: _Buffer, length: int, max_body: int) -> Generator[None, bytes, bytes]:
    if length > max_body:
        raise TooLargeError
    if (end := buffer.at + length) <= len(buffer.data):
        return buffer.to(end)
    try:
        return (yield from buffer.exactly(length))
    except CutOffError as error:
        raise CutOffError(f"(received {error} bytes, expected {length})") from None


def _to_the_end(buffer: _Buffer, max_body: int) -> Generator[None, bytes, bytes]:
    """Take everything that comes before the connection closes."""
    parts = [buffer.to(len(buffer.data))]
    size = len(parts[0])
    while size <= max_body:
        came = yield
        if not came:
            return b"".join(parts)
        parts.append(came)
        size += len(came)
    raise TooLargeError


def _chunked(buffer: _Buffer, max_body: int) -> Generator[None, bytes, bytes]:
    """Take a body in chunks, and the trailer, which is of no use to anybody here (RFC 9112, 7.1)."""
    try:
        body = bytearray()  # not a list of parts, which may be tiny
        while count := _chunk_size((yield from _line(buffer))):
            if len(body) + count > max_body:
                raise TooLargeError
            body += yield from buffer.exactly(count)
            if (yield from buffer.exactly(2)) != b"\r\n":
                raise NotHttpError("malformed chunk footer")
        read_fields((yield from _block(buffer)).decode("latin-1").replace("\r\n", "\n"))
    except CutOffError:
        raise CutOffError("(incomplete chunked read)") from None
    return bytes(body)


def _chunk_size(line: bytes) -> int:
    matched = _CHUNK.fullmatch(line)
    if matched is None:
        raise NotHttpError("illegal chunk header")
    return int(matched[1], 16)


def _line(buffer: _Buffer) -> Generator[None, bytes, bytes]:
    """Take a line that ends with CRLF, without that."""
    seen = 0
    while (end := buffer.data.find(b"\r\n", buffer.at + seen)) < 0:
        seen = max(0, buffer.left - 1)
        if not (yield from buffer.more()):
            raise CutOffError
    return buffer.to(end + 2)[:-2]

"""One table of what servers do wrong, and of what comes instead of their answer.

A behaviour begins when the request has been read, and the connection ends when it is over.
"""

from __future__ import annotations

import contextlib
import gzip
import random
import time
import zlib
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from tests.shell.server import Behaviour, Connection, answer

PATIENT, HASTY = 20_000, 250
"""Milliseconds that a step may take: so long that only a hang is late, and so short that every trickle is."""
MOST = 64 * 1024
"""Bytes that a body may have here."""

Answering: TypeAlias = Callable[[Connection], None]


class Fault(NamedTuple):
    """What a server does, and how a step ends that asks it: `kind` and the beginning of the message, or it passes."""

    behaviour: Answering
    kind: str = ""
    said: str = ""
    timeout: int = PATIENT


def says(*pieces: bytes, pause: float = 0.0) -> Answering:
    """Send pieces and close, in good order."""

    def behave(connection: Connection) -> None:
        for piece in pieces:
            connection.send(piece)
            time.sleep(pause)

    return behave


def breaks_off(*pieces: bytes) -> Answering:
    """Send pieces, let them arrive, and reset the connection."""

    def behave(connection: Connection) -> None:
        says(*pieces)(connection)
        time.sleep(0.05)
        connection.reset()

    return behave


def goes_on(start: bytes, more: bytes) -> Answering:
    """Send a beginning, and then the same for ever, as fast as it is taken."""

    def behave(connection: Connection) -> None:
        connection.send(start)
        while True:
            connection.send(more)

    return behave


def trickles(start: bytes, more: bytes) -> Answering:
    """Send a beginning, and then one byte after the other: no single read is ever late."""

    def behave(connection: Connection) -> None:
        connection.send(start)
        for at in range(1000):
            connection.send(more[at % len(more) :][:1])
            time.sleep(0.02)

    return behave


def stays(start: bytes = b"") -> Answering:
    """Send a beginning, and nothing more for as long as the client waits."""

    def behave(connection: Connection) -> None:
        connection.send(start)
        connection.wait()

    return behave


def hangs_up_later(connection: Connection) -> None:
    """Answer, promise to stay, and go: the next request finds the connection closed, or half of it."""
    connection.send(answer("Connection: keep-alive"))


def hangs_up_on_the_next(connection: Connection) -> None:
    """Answer, and reset the connection as soon as something else is asked."""
    connection.send(answer())
    connection.sock.recv(1)
    connection.reset()


def half_closes(connection: Connection) -> None:
    """Close one direction in the middle of the body, and keep the other open."""
    connection.send(answer("Content-Length: 99", body=b"half"))
    connection.sock.shutdown(1)
    with contextlib.suppress(OSError):
        connection.wait()


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = "Transfer-Encoding: chunked"
CLOSED = "the server closed the connection before it answered"
CUT = "the connection was closed before the body was complete"
HEAD = "the answer is not valid HTTP: its head is longer than 100 KiB"
STATUS_LINE = "the answer is not valid HTTP: illegal status line"
LATE = "no response within 0.25 s"
LATE_BODY = "the body was not complete within 0.25 s"
DAMAGED = "the body cannot be unpacked: it is damaged"
SHORT = "the body cannot be unpacked: it ends too early"
LARGE = f"the body is larger than {MOST} bytes"

NOISE = random.Random(9).randbytes(3000)
ZIPPED = gzip.compress(NOISE)


def packed(coding: str, body: bytes) -> Answering:
    return says(answer(f"Content-Encoding: {coding}", body=body))


def flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


FAULTS: dict[str, Fault] = {
    "closes at once": Fault(says(), "closed", CLOSED),
    "resets at once": Fault(breaks_off(), "closed", CLOSED),
    "resets in the status line": Fault(breaks_off(b"HTTP/1.1 20"), "closed", CLOSED),
    "resets in the head": Fault(breaks_off(OK + b"Content-Le"), "closed", CLOSED),
    "resets in the body": Fault(breaks_off(answer("Content-Length: 99", body=b"half")), "protocol", CUT),
    "resets in a chunk": Fault(breaks_off(answer(CHUNKED, body=b"9\r\nhalf")), "protocol", CUT),
    "closes one direction in the body": Fault(half_closes, "protocol", CUT),
    "says nothing": Fault(stays(), "timeout", LATE, HASTY),
    "trickles its head": Fault(trickles(OK, b"X-A: b\r\n"), "timeout", LATE, HASTY),
    "trickles its body": Fault(trickles(answer("Content-Length: 5000"), b"x"), "timeout", LATE_BODY, HASTY),
    "trickles its chunks": Fault(trickles(answer(CHUNKED), b"1\r\nx\r\n"), "timeout", LATE_BODY, HASTY),
    "stops in the body": Fault(stays(answer("Content-Length: 9", body=b"half")), "timeout", LATE_BODY, HASTY),
    "sends less than it announced": Fault(says(answer("Content-Length: 9", body=b"half")), "protocol", CUT),
    "sends more than it announced": Fault(says(answer("Content-Length: 2", body=b"{}, and so on"))),
    "sends an answer nobody asked for": Fault(says(answer(body=b"{}") * 3)),
    "announces a length that is none": Fault(
        says(answer("Content-Length: 0x10", body=b"{}")), "protocol", "the answer is not valid HTTP: bad Content-Length"
    ),
    "announces more than may come": Fault(
        goes_on(answer(f"Content-Length: {10**15}"), b"x" * 8192), "too-large", LARGE
    ),
    "sends a body without end": Fault(goes_on(OK + b"\r\n", b"x" * 8192), "too-large", LARGE),
    "sends chunks without end": Fault(goes_on(answer(CHUNKED), b"400\r\n" + b"x" * 1024 + b"\r\n"), "too-large", LARGE),
    "sends tiny chunks without end": Fault(goes_on(answer(CHUNKED), b"1\r\nx\r\n" * 999), "too-large", LARGE),
    "sends a trailer without end": Fault(
        goes_on(answer(CHUNKED, body=b"0\r\n"), b"X-A: b\r\n" * 999), "protocol", HEAD
    ),
    "sends fields without end": Fault(goes_on(OK, b"X-A: b\r\n" * 999), "protocol", HEAD),
    "sends one field without end": Fault(goes_on(OK + b"X-A: ", b"b" * 8192), "protocol", HEAD),
    "sends a status line without end": Fault(goes_on(OK[:-2], b"K" * 8192), "protocol", HEAD),
    "sends a folded field without end": Fault(goes_on(OK + b"X-A: b\r\n", b" more\r\n" * 999), "protocol", HEAD),
    "sends interim answers without end": Fault(
        goes_on(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 99), "timeout", LATE, HASTY
    ),
    "sends a thousand interim answers": Fault(says(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, answer(body=b"{}"))),
    "speaks another protocol": Fault(says(b"220 mail.example ESMTP ready\r\n\r\n"), "protocol", STATUS_LINE),
    "speaks another protocol and stays": Fault(stays(b"\x00\x00\x12\x04" * 9), "protocol", STATUS_LINE),
    "changes to another protocol": Fault(
        says(answer("Upgrade: x", "Connection: upgrade", "Content-Length: 0", status="101 Switching Protocols")),
        "protocol",
        "the answer is not valid HTTP: it changes to another protocol",
    ),
    "speaks HTTP/2": Fault(says(b"HTTP/2 200 OK\r\n\r\n"), "protocol", STATUS_LINE),
    "sends text for gzip": Fault(packed("gzip", b"this is not gzip"), "protocol", DAMAGED),
    "sends half of a gzip": Fault(packed("gzip", ZIPPED[:1000]), "protocol", SHORT),
    "sends gzip without its sum": Fault(packed("gzip", ZIPPED[:-8]), "protocol", SHORT),
    "sends gzip with a wrong sum": Fault(packed("gzip", flipped(ZIPPED, -6)), "protocol", DAMAGED),
    "sends gzip with a wrong bit": Fault(packed("gzip", flipped(ZIPPED, 13)), "protocol", DAMAGED),
    "sends gzip with a tail": Fault(packed("gzip", ZIPPED + b"tail"), "protocol", DAMAGED),
    "sends half of a deflate": Fault(packed("deflate", zlib.compress(NOISE)[:1000]), "protocol", SHORT),
    "sends a bomb": Fault(packed("gzip", gzip.compress(bytes(9_999_999))), "too-large", LARGE),
    "sends a coding nobody asked for": Fault(packed("br", b"\x0b\x01\x80")),
    "sends another coding nobody asked for": Fault(packed("zstd", b"\x28\xb5\x2f\xfd")),
    "keeps no connection it promised": Fault(hangs_up_later),
    "resets the connection it kept": Fault(hangs_up_on_the_next),
}

FINE = answer("Content-Type: application/json", body=b'{"fine": true}')


def rude(fault: Answering) -> Behaviour:
    """Answer `/fine` well, and do to every other request what the table says."""

    def behave(connection: Connection) -> None:
        while received := connection.request():
            if received.line.split(" ")[1] != "/fine":
                fault(connection)
                return
            connection.send(FINE)

    return behave

"""Turns what went wrong on the way to an answer into a TransportFailure in one plain line, for every transport."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from runner.exchange import TransportFailure
from runner.shell.options import MEBIBYTE

UNASKED_PROTOCOL = "it changes to another protocol, for which nobody asked"
INVALID_REQUEST = TransportFailure("protocol", "the request is not valid HTTP")


class FailedError(Exception):
    """There will be no response; `failure` says why."""

    def __init__(self, failure: TransportFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def bad_url(reason: str) -> TransportFailure:
    """Say why a URL cannot be requested."""
    return TransportFailure("url", f"the URL cannot be requested: {reason}")


def late(timeout: float | None, answered: bool) -> TransportFailure:
    """Say that time ran out; `answered`: status line and headers were there."""
    what = "the body was not complete" if answered else "no response"
    return TransportFailure("timeout", f"{what} within {timeout or 0:g} s")


def cut_off(answered: bool, detail: str = "") -> TransportFailure:
    """Say that the connection ended too early; `detail` is a clause in brackets."""
    if answered:
        detail = f" {detail}" if detail else ""
        return TransportFailure("protocol", f"the connection was closed before the body was complete{detail}")
    return TransportFailure("closed", "the server closed the connection before it answered")


def too_large(limit: int) -> TransportFailure:
    """Say that a body, as it came or as it unpacks, has more bytes than it may have."""
    return TransportFailure("too-large", f"the body is larger than {_size(limit)}")


def _size(count: int) -> str:
    return f"{count / MEBIBYTE:g} MiB" if count >= MEBIBYTE else f"{count} bytes"


def not_unpacked(error: Exception) -> TransportFailure:
    """Say that a body is not what its Content-Encoding says."""
    return TransportFailure("protocol", f"the body cannot be unpacked: {error}")


def not_http(detail: str) -> TransportFailure:
    """Say what is wrong with an answer; what the server sent stays out of it."""
    return TransportFailure("protocol", f"the answer is not valid HTTP: {detail[:1].lower()}{detail[1:80]}")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception and everything it was raised from or while handling, outermost first."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for part in error.exceptions:
                yield from causes(part)
        error = error.__cause__ or error.__context__


def no_connection(error: BaseException, host: str, port: int) -> TransportFailure:
    """Say why no connection to `host` came about."""
    import ssl  # late: a run that meets no https does without

    for cause in causes(error):
        match cause:
            case socket.gaierror():
                return TransportFailure("dns", f"cannot resolve host '{host}'")
            case ssl.SSLCertVerificationError():
                reason = _clause(cause.verify_message)
                return TransportFailure("tls", f"the certificate of '{host}' is not trusted: {reason}")
            case ssl.SSLError():
                reason = _clause((cause.reason or "the connection was closed").replace("_", " "))
                return TransportFailure("tls", f"no TLS connection to '{host}': {reason}")
            case ConnectionRefusedError():
                return TransportFailure("connect", f"connection to {_address(host, port)} refused")
            case OSError() if cause.strerror:
                reason = _clause(cause.strerror)
                return TransportFailure("connect", f"no connection to {_address(host, port)}: {reason}")
    return TransportFailure("connect", f"no connection to {_address(host, port)}")


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _clause(text: str) -> str:
    """Make a library's sentence part of ours."""
    text = text.strip().rstrip(".")
    return text.lower() if text.isupper() else text[:1].lower() + text[1:]

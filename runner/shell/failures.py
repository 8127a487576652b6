"""Turns what went wrong below HTTP (names, sockets, TLS) into a TransportFailure in one plain line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from runner.exchange import TransportFailure


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

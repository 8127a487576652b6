"""Turns what the user and the machine say of certificates into TLS contexts: whom we trust, and who we say we are."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import UsageError
from runner.exchange import TransportFailure
from runner.shell.failures import FailedError
from runner.shell.options import ClientCertificate, HttpOptions

if TYPE_CHECKING:
    import ssl


class Terms(NamedTuple):
    """How TLS is spoken with a host: its certificate is `checked`, and ours is `shown` to it."""

    checked: bool
    shown: bool


def unchecked(options: HttpOptions) -> tuple[str, ...]:
    """Say, for reports, whose certificates are not checked."""
    if options.verify is False:
        return ("no certificate is checked: anybody may answer",)
    return tuple(
        f"the certificate of '{host}' is not checked: anybody may answer in its name"
        for host in sorted(options.insecure)
    )


class Trust:
    """The TLS contexts of one transport, each made when first needed, for that takes longer than a request.

    Files that the user names are read at once; UsageError says why one cannot be.
    """

    def __init__(self, options: HttpOptions) -> None:
        self._options = options
        self._contexts: dict[Terms, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        if isinstance(options.verify, str) or options.client:
            self._contexts[Terms(True, True)] = self._context(Terms(True, True))

    def terms(self, host: str, port: int) -> Terms:
        """Say how TLS is spoken with a host."""
        host, client = host.lower(), self._options.client
        checked = not {host, f"{host}:{port}"} & self._options.insecure
        shown = client is not None and (not client.hosts or host in client.hosts)
        return Terms(checked, shown)

    def context(self, terms: Terms) -> ssl.SSLContext:
        """Give the context for these terms; raises FailedError."""
        with self._lock:
            try:
                if terms not in self._contexts:
                    self._contexts[terms] = self._context(terms)
                return self._contexts[terms]
            except (OSError, UsageError) as error:
                raise FailedError(TransportFailure("tls", "the trusted certificates cannot be read")) from error

    def _context(self, terms: Terms) -> ssl.SSLContext:
        verify = self._options.verify if terms.checked else False
        if isinstance(verify, str):
            context = trusting(verify)
        else:
            context = _by_the_machine(self._options.trust_env) if verify else _trusting_anybody()
        context.set_alpn_protocols(["http/1.1"])
        if terms.shown and self._options.client:
            show(context, self._options.client)
        return context


def _by_the_machine(trust_env: bool) -> ssl.SSLContext:
    """Make a context that trusts whom SSL_CERT_FILE or SSL_CERT_DIR name, else the authorities that browsers trust."""
    import ssl

    if trust_env and (file := os.environ.get("SSL_CERT_FILE")):
        return ssl.create_default_context(cafile=file)
    if trust_env and (folder := os.environ.get("SSL_CERT_DIR")):
        return ssl.create_default_context(capath=folder)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _trusting_anybody() -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting(file: str) -> ssl.SSLContext:
    """Make a context that trusts the authorities in a PEM file, and no others."""
    import ssl

    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise UsageError(f"no certificates can be read from '{file}'", _reason(error)) from error


def show(context: ssl.SSLContext, client: ClientCertificate) -> None:
    """Put our certificate into a context; a passphrase is never asked for on the terminal, as OpenSSL would."""
    asked: list[bool] = []

    def passphrase() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(client.file, client.key, passphrase)
    except (OSError, ValueError) as error:
        key = client.key or client.file
        if asked:
            raise UsageError(
                f"the key in '{key}' is locked by a passphrase", "give the path of an unlocked one: --key FILE"
            ) from error
        where = f"'{client.file}'" + (f" and '{client.key}'" if client.key else "")
        raise UsageError(f"no certificate with its key can be read from {where}", _reason(error)) from error


def _reason(error: Exception) -> str:
    import ssl

    if isinstance(error, ssl.SSLError):
        return "they do not belong together" if "MISMATCH" in (error.reason or "") else "PEM text is expected"
    return getattr(error, "strerror", None) or ""

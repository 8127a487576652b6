"""Turns files that the user names into TLS contexts: whom we trust, and who we say we are."""

from __future__ import annotations

import ssl

from runner.errors import UsageError
from runner.shell.options import ClientCertificate


def trusting(file: str) -> ssl.SSLContext:
    """Make a context that trusts the authorities in a PEM file, and no others."""
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
    if isinstance(error, ssl.SSLError):
        return "they do not belong together" if "MISMATCH" in (error.reason or "") else "PEM text is expected"
    return getattr(error, "strerror", None) or ""

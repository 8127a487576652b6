"""Turns what names the database of a fleet into what it names, and into what may be shown of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from runner.errors import UsageError

INSTALL: Final = "pip install 'arazzo[durable]'"
ENCODED: Final = "postgresql://user@host:port/name; in a password '@' is %40, '/' %2F, ':' %3A, '%' %25"
WRITE: Final = "write postgresql://host/name, or a path"
_SETTINGS = re.compile(r"postgres(ql)?:|(.*\s)?(host|hostaddr|dbname|user|password|service)\s*=", re.IGNORECASE)
_PLACE = re.compile(r"(\[[^\]/]*\]|[^:/#]*)(:\d*)?(/[^#]*)?")


class StoreError(UsageError):
    """The database of a fleet cannot be used; the message says why, without the password in its URL."""


def is_postgres(url: str) -> bool:
    return url.startswith("postgresql://")


def path_of(url: str) -> Path:
    """Give the file that a store's URL or path names."""
    if "://" in url:
        raise StoreError(f"--store {shown(url)}: this is no database", WRITE)
    if _SETTINGS.match(url):  # a file of this name would have the password in it
        raise StoreError("--store: these are settings of a Postgres connection, and no URL", WRITE)
    if url.endswith(":memory:"):
        raise StoreError(f"--store {url}: what is kept there is gone with its process", WRITE)
    return Path(url.removeprefix("sqlite:"))


def shown(url: str) -> str:
    """Give a URL without the password in it, also where nobody can tell for sure where that ends."""
    scheme, mark, rest = url.partition("://")
    place = rest.partition("?")[0]
    if not mark:
        return url.partition("?")[0]
    if "@" in place:
        user = re.split("[:/#@]", place, maxsplit=1)[0]
        return f"{scheme}://{user}@{place.rpartition('@')[2]}"
    return f"{scheme}://{place}" if _PLACE.fullmatch(place) else f"{scheme}://…"

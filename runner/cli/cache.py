"""`arazzo cache`: say where what documents came to is kept, or remove it; and the cache of a run or a check."""

from __future__ import annotations

import click

from runner.cli.terminal import Terminal, look
from runner.shell.cache import DiskCache, user_places

NO_CACHE = "Read every document anew, and keep none (or ARAZZO_NO_CACHE=1)."


def cache_of(terminal: Terminal, no_cache: bool, verbose: bool = False) -> DiskCache | None:
    """Give the user's cache, unless it is unwanted or the user has no place for one."""
    places = user_places(terminal.environ)
    if no_cache or places is None or terminal.environ.get("ARAZZO_NO_CACHE", "0") not in ("", "0"):
        return None
    return DiskCache(places, terminal.warn, terminal.warn if verbose else None)


@click.group("cache")
def command() -> None:
    """Say where is kept what documents came to, or remove it.

    A document is read once: its plan, and what is wrong with it, are kept until a file that it was read from changes.
    Big API descriptions are kept as well. What was not used for longest goes when 512 MiB are full. ARAZZO_CACHE_DIR
    names another folder.
    """


@command.command("path")
def path() -> None:
    """Print the folder."""
    print(_cache().places.folder)


@command.command("clear")
def clear() -> None:
    """Remove everything that is kept."""
    cache = _cache()
    try:
        removed = cache.clear()
    except OSError as error:
        raise click.UsageError(f"the cache cannot be cleared: {error.strerror}: {cache.places.folder}") from error
    print(f"{removed} {'entry' if removed == 1 else 'entries'} removed")


def _cache() -> DiskCache:
    places = user_places(look().environ)
    if places is None:
        raise click.UsageError("there is no place for a cache: HOME is not set")
    return DiskCache(places)

"""The options that `run` and `check` share: where descriptions are, where requests go, whom the network trusts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from runner.cli.cache import NO_CACHE
from runner.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

WHERE = (
    click.option("--source", multiple=True, metavar="NAME=PATH", help="Where a source description really is."),
    click.option("--source-root", multiple=True, metavar="DIR", help="A second base for relative source URLs."),
    click.option("--offline", is_flag=True, help="Fetch no description from the network."),
    click.option("--no-cache", is_flag=True, help=NO_CACHE),
    click.option("--config", metavar="FILE", help="Defaults and profiles, instead of the arazzo.toml that is found."),
    click.option("--profile", metavar="NAME", help="Servers, credentials and inputs that arazzo.toml names so."),
    click.option("--server", multiple=True, metavar="NAME=URL", help="The base URL of a source; implies --live."),
    click.option(
        "--server-var", multiple=True, metavar="[SOURCE.]NAME=VALUE", help="A variable in the URL of a server."
    ),
    click.option("--cacert", metavar="FILE", help="Trust the authorities in a PEM file, and no others."),
    click.option("--insecure", multiple=True, metavar="HOST", help="Do not check this host's certificate."),
    click.option("--proxy", metavar="URL", help="Send through a proxy (HTTPS_PROXY and NO_PROXY work too)."),
)


TAPE = (
    click.option("--record", metavar="DIR", help="Keep every exchange in a folder, without secrets, to be replayed."),
    click.option("--replay", metavar="DIR", help="Answer from a recorded folder: no network, no waiting."),
    click.option(
        "--replay-drift",
        metavar="WHAT",
        help="Which drift from the recording fails: any, request (default: one that is not in it) or none.",
    ),
)


@dataclass(frozen=True)
class WhereOptions:
    """What was said of places on the command line, as click gives it."""

    source: tuple[str, ...]
    source_root: tuple[str, ...]
    offline: bool
    no_cache: bool
    config: str | None
    profile: str | None
    server: tuple[str, ...]
    server_var: tuple[str, ...]
    cacert: str | None
    insecure: tuple[str, ...]
    proxy: str | None = field(repr=False)


def where_options(command: F) -> F:
    """Give a command the shared options."""
    for option in reversed(WHERE):
        command = option(command)
    return command


def tape_options(command: F) -> F:
    """Give a command the options that record and replay."""
    for option in reversed(TAPE):
        command = option(command)
    return command


def pairs(texts: Iterable[str], form: str) -> Iterable[tuple[str, str]]:
    """Split `name=value` options; a name may be given once."""
    seen = set()
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise UsageError(f"'{text}' is not of the form {form}")
        if name in seen:
            raise UsageError(f"'{name}' is given twice: {form}")
        seen.add(name)
        yield name, value

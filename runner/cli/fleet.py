"""What the commands of a fleet share: its database, the key of what it keeps, and some of the options of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from runner.cli.options import execute_options
from runner.cli.terminal import Terminal
from runner.errors import ArazzoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.cli.test import SuiteOptions
    from runner.fleet.database import Database

F = TypeVar("F", bound=Callable[..., Any])
VARIABLE: Final = "ARAZZO_STORE"
DEFAULT: Final = ".arazzo/fleet.db"

store_option = click.option(
    "--store",
    metavar="URL",
    help=f"The database: postgresql://host/name, or a file for one machine ({VARIABLE}; {DEFAULT}).",
)


@contextmanager
def opened(store: str | None, terminal: Terminal, *, is_there: bool = False) -> Iterator[Database]:
    """Open the database of a fleet, which is made where it is not there, unless it has to be."""
    from runner.fleet.database import Database
    from runner.fleet.store_url import StoreError, path_of

    url = store or terminal.environ.get(VARIABLE) or DEFAULT
    if is_there and "://" not in url and not path_of(url).exists():
        raise StoreError(f"--store {url}: there is no such database", f"arazzo submit makes one; {VARIABLE} names it")
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def some_options(names: Iterable[str]) -> Callable[[F], F]:
    """Give a command those of the options of a run that have these names."""
    wanted = frozenset(names)

    def decorate(command: F) -> F:
        own: list[click.Parameter] = list(getattr(command, "__click_params__", ()))
        execute_options(command)
        params: list[click.Parameter] = command.__click_params__  # type: ignore[attr-defined]
        params[:] = [each for each in params if each in own or each.name in wanted]
        return command

    return decorate


def with_defaults(**given: Any) -> SuiteOptions:
    """Give the options of a suite of which only some were said."""
    from runner.cli.test import SuiteOptions, command

    params = command.make_context("arazzo", []).params
    return SuiteOptions(**{**params, **given})


def absolute(path: str) -> str:
    return path if "://" in path else Path(path).absolute().as_uri()


def fail(terminal: Terminal, error: ArazzoError) -> NoReturn:
    """Say what is wrong and exit; diagnostics have been drawn."""
    from runner.cli.prepare import say_error
    from runner.errors import DescriptionError

    if not isinstance(error, DescriptionError):
        say_error(terminal, error)
    sys.exit(error.exit_code)

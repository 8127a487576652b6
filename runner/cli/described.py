"""Turns API descriptions, named on the command line, into a server that stands in for what they describe."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner import api
from runner.cli.cache import cache_of
from runner.cli.documents import refuse_empty
from runner.cli.prepare import say_error
from runner.cli.stage import check_faults
from runner.cli.terminal import Terminal, look
from runner.diagnostics import Diagnostic
from runner.errors import DescriptionError, UsageError
from runner.openapi.document import ApiDescription
from runner.records import Frozen, replace
from runner.reporters.diagnostics import render_full, summary
from runner.reporters.text import one_line

if TYPE_CHECKING:
    from runner.sandbox.faults import Fault


class Serving(Frozen):
    """What was said of descriptions to serve, and of where."""

    descriptions: tuple[str, ...]
    host: str
    port: int
    seed: str | None
    fault: tuple[str, ...]
    offline: bool
    no_cache: bool


def serve_described(serving: Serving) -> int:
    """Serve stand-ins for descriptions until Ctrl-C, and give the exit code."""
    from runner.sandbox.fault_text import read_fault

    terminal = look()
    try:
        faults = [read_fault(text) for text in serving.fault]
        described = load_all(serving, terminal)
        check_faults(faults, [each for _, each in described])
        _serve(described, serving, faults)
    except DescriptionError as error:
        return error.exit_code
    except UsageError as error:
        say_error(terminal, error)
        return error.exit_code
    return 0


def load_all(serving: Serving, terminal: Terminal) -> list[tuple[str, ApiDescription]]:
    """Read every description; what is wrong with them is drawn, and what cannot be served is refused."""
    refuse_empty(*serving.descriptions)
    sources = replace(api.Sources(offline=serving.offline), cache=cache_of(terminal, serving.no_cache))
    read = [(name, api.load_api_description(name, sources)) for name in dict.fromkeys(serving.descriptions)]
    told = (problem for _, loaded in read for problem in (*loaded.diagnostics, *_of_operations(loaded.api)))
    found = list(dict.fromkeys(told))
    for diagnostic in found:
        print(render_full(diagnostic, terminal.err_style) + "\n", file=sys.stderr)
    if found:
        print(summary(found), file=sys.stderr)
    usable = [(name, loaded.api) for name, loaded in read if loaded.api is not None]
    if len(usable) < len(read):
        raise DescriptionError(tuple(found))
    for name, described in usable:
        if not described.by_pointer:
            raise UsageError(f"{name} has no operations to serve", "an operation stands below 'paths'")
    return usable


def _of_operations(described: ApiDescription | None) -> Sequence[Diagnostic]:
    """Give what is wrong with single operations: a request to one of these may be answered by less than it says."""
    operations = described.by_pointer.values() if described is not None else ()
    return [replace(problem, severity="warning") for each in operations for problem in each.problems]


def _serve(described: Sequence[tuple[str, ApiDescription]], serving: Serving, faults: Sequence[Fault]) -> None:
    from runner.sandbox.generic import SEED, GenericSandbox, lay_out
    from runner.sandbox.server import serve_descriptions

    served = lay_out(described)
    mounts = [mount for each in served for mount in each.mounts]

    def lines(url: str) -> list[str]:
        width = max(len(each.path) for each in served)
        return [f"  {url}{each.path:<{width}}  {_title(each.api)}  {each.name}" for each in served]

    def announce(url: str) -> None:
        print("\n".join([f"serving on {url} (Ctrl-C stops)", *lines(url)]), flush=True)

    def make(url: str) -> GenericSandbox:
        page = "\n".join(["Stand-ins for what these descriptions describe:", "", *lines(url), ""])
        seed = SEED if serving.seed is None else serving.seed
        return GenericSandbox(mounts, seed, page, faults=faults)

    serve_descriptions(serving.host, serving.port, make, announce)


def _title(described: ApiDescription) -> str:
    count = len(described.by_pointer)
    return f"{one_line(described.title) or 'an API'} ({count} operation{'' if count == 1 else 's'})"

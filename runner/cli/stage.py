"""Turns what is said of the sandbox on the command line, its scenario and its faults, into its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.diagnostics import Diagnostic
from runner.errors import DescriptionError, UsageError
from runner.loader.text import decode_bytes, read_text
from runner.source import Source

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--scenario", metavar="FILE", help="How the sandbox begins: balances, vaults, models, its clock and its pace."
    ),
    click.option(
        "--fault",
        multiple=True,
        metavar="FAULT",
        help="Let the sandbox fail: status=503, drop, latency=S or job=fail; with rate=, seed=, times=, operation=.",
    ),
    click.option("--live-like", is_flag=True, help="Answer as the live APIs do where their descriptions differ."),
)


def stage_options(command: F) -> F:
    """Give a command the options of the sandbox."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def read_stage(
    scenario: str | None, faults: Sequence[str], live_like: bool, draw: Callable[[Iterable[Diagnostic]], None]
) -> Settings:
    """Read the settings; what is wrong with a scenario is drawn before it is refused."""
    from dataclasses import replace

    from runner.sandbox.civitai.scenario import read_scenario
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.fault_text import read_fault

    start = Settings(faults=tuple(map(read_fault, faults)))
    if scenario is not None:
        read = read_scenario(read_text(Source(scenario, scenario, _text(scenario))), start)
        draw(read.problems)
        if read.problems:
            raise DescriptionError(read.problems)
        start = read.settings
    return replace(start, live_like=start.live_like or live_like)


def _text(path: str) -> str:
    try:
        return decode_bytes(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read --scenario {path}: {reason}") from error

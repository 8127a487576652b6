"""Turns what is said of the sandbox on the command line, its scenario and its faults, into its settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runner.diagnostics import Diagnostic, did_you_mean
from runner.errors import DescriptionError, UsageError
from runner.openapi.document import ApiDescription
from runner.records import Frozen

if TYPE_CHECKING:
    from runner.sandbox.civitai.settings import Settings
    from runner.sandbox.faults import Fault

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
    click.option("--seed", metavar="TEXT", help="Make other values of descriptions: the same seed, the same replies."),
)


class Stage(Frozen):
    """How the sandbox begins, and the seed of what is made of no more than a description."""

    said: Settings | None
    seed: str | None

    @property
    def start(self) -> float | None:
        """When a scenario begins, in seconds since 1970, if it says so."""
        return None if self.said is None else self.said.start

    @property
    def settings(self) -> Settings:
        from runner.sandbox.civitai.settings import Settings

        return self.said or Settings()


def stage_options(command: F) -> F:
    """Give a command the options of the sandbox."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def read_stage(
    scenario: str | None, faults: Sequence[str], live_like: bool, draw: Callable[[Iterable[Diagnostic]], None]
) -> Settings:
    """Read the settings; what is wrong with a scenario is drawn before it is refused."""
    from runner.embedded import Sandbox

    try:
        return Sandbox(scenario, faults, live_like).settings()
    except DescriptionError as error:
        draw(error.diagnostics)
        raise


def stands_in(url: str) -> bool:
    """Say whether a server is one of Civitai's, which have stand-ins of their own."""
    from runner.sandbox.civitai.places import AUTH_ORIGIN, BLOB_ORIGIN, ORCHESTRATION_ORIGIN, SITE_ORIGIN
    from runner.sandbox.civitai.sandbox import origin_of

    return origin_of(url) in (AUTH_ORIGIN, BLOB_ORIGIN, ORCHESTRATION_ORIGIN, SITE_ORIGIN)


def check_faults(faults: Sequence[Fault], apis: Sequence[ApiDescription], *, has_jobs: bool = False) -> None:
    """Refuse faults that never happen: in a job where there are no more than descriptions, or in no operation."""
    for fault in faults:
        if fault.job is not None and not has_jobs:
            reason = f"the fault 'job={fault.job}' is for the stand-ins of Civitai's APIs: a description has no jobs"
            raise UsageError(reason, "any API can meet status=503, drop and latency=S")
    found = (operation.operation_id for api in apis for operation in api.by_pointer.values())
    check_operations(faults, [name for name in found if name is not None])


def check_operations(faults: Iterable[Fault], names: Collection[str]) -> None:
    """Refuse a fault of an operation that there is not."""
    for fault in faults:
        if fault.operation is not None and fault.operation not in names:
            meant = did_you_mean(fault.operation, names)
            reason = f"a fault is for the operation '{fault.operation}', and no description has one of that name"
            raise UsageError(reason, meant.title if meant else "an operationId is meant")
